"""The first path segment: a tenant, or an alias that stands for many.

Contract entra §2.1 and §2.7; seed 001, parameter `tenant`.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.core.errors import Reason, Refused
from ostiary.core.model import Domain
from ostiary.core.names import (
    CLIENT_CREDENTIALS,
    PASSWORD,
    REFRESH_TOKEN,
    SAML_BEARERS,
)
from ostiary.core.request import TenantRef
from ostiary.dialects.entra.authority import (
    ADFS_SURFACE,
    V1,
    V2,
    is_guid,
    parse_tenant,
    tenant_segments,
)
from tests.flows.values import TENANT, tenant

CONSUMERS = "9188040d-6c67-4c5b-b112-36a304b66dad"


@pytest.mark.parametrize(
    ("segment", "home", "password"),
    [
        ("organizations", True, True),
        ("Organizations", True, True),
        ("common", False, False),
        ("COMMON", False, False),
        ("consumers", False, False),
        (CONSUMERS, False, False),
        (CONSUMERS.upper(), False, False),
    ],
)
def test_aliases_serve_what_the_table_says(
    segment: str, home: bool, password: bool
) -> None:
    """Passwords and what federated users bring in place of them at `organizations`
    only, client credentials at none (§2.1).
    """
    ref = parse_tenant(segment)
    assert (ref.alias, ref.home) == (True, home)
    assert (PASSWORD in ref.grant_types) is password
    assert (REFRESH_TOKEN in ref.grant_types) is password
    assert (ref.grant_types >= SAML_BEARERS) is password
    assert CLIENT_CREDENTIALS not in ref.grant_types


@pytest.mark.parametrize(
    "segment",
    [TENANT, TENANT.upper(), "contoso.test", "Contoso.TEST", "xn--mller-kva.test"],
)
def test_ids_and_domains_name_a_tenant_in_any_case(segment: str) -> None:
    """Folded, and no alias (§2.1)."""
    assert parse_tenant(segment) == TenantRef(segment.lower())


@pytest.mark.parametrize(
    "segment",
    [
        "",
        ".",
        "..",
        "contoso..test",
        ".test",
        "test.",
        "con toso.test",
        "contoso.test\n",
        "contoso/test",
        "müller.test",
        "a" * 64 + ".test",
        ".".join(["a" * 60] * 5),
        "{tenantid}",
        "contoso.test%00",
    ],
)
def test_what_is_neither_is_malformed(segment: str) -> None:
    """900023 (contract entra §6.3)."""
    with pytest.raises(Refused) as caught:
        parse_tenant(segment)
    assert caught.value.reason is Reason.TENANT_MALFORMED


@given(segment=st.text(max_size=80))
def test_no_segment_does_anything_but_read_or_refuse(segment: str) -> None:
    """What is read is folded and plain ASCII."""
    try:
        ref = parse_tenant(segment)
    except Refused:
        return
    assert ref.value.isascii()
    assert parse_tenant(ref.value) == ref


@given(value=st.uuids())
def test_every_guid_is_one(value: object) -> None:
    """In both cases; with braces or without hyphens it is none."""
    text = str(value)
    assert is_guid(text)
    assert is_guid(text.upper())
    assert not any(map(is_guid, [f"{{{text}}}", text.replace("-", ""), text + "\n"]))


def test_issuers_name_the_tenant_by_its_id() -> None:
    """v2 without, v1 with a slash at the end; ADFS has one for all (§2.7, §2.9)."""
    base = "https://localhost:8443"
    assert V2.issuer(base, TENANT) == f"{base}/{TENANT}/v2.0"
    assert V1.issuer(base, TENANT) == f"{base}/{TENANT}/"
    assert ADFS_SURFACE.issuer(base, TENANT) == f"{base}/adfs"


def test_a_tenant_is_addressed_by_id_domain_and_alias() -> None:
    """The segments that a client's assertion may name (§4.3)."""
    known = tenant(domains=(Domain("contoso.test"), Domain("b.test")))
    assert {TENANT, "contoso.test", "b.test"} <= tenant_segments(known)
    assert "consumers" not in tenant_segments(known)
