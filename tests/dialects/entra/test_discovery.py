"""What clients read before they sign in (contract entra §2.3 to §2.6, §2.9).

The documents as values; how they are served is in tests/wire.
"""

import re
from typing import Any

import pytest

from ostiary.dialects.entra.authority import V1, V2, Surface, parse_tenant
from ostiary.dialects.entra.discovery import (
    adfs_document,
    document,
    instance,
)
from ostiary.dialects.site import Site
from tests.flows.values import TENANT

BASE = "https://localhost:8443"
SITE = Site(BASE, b"key")
CONSUMERS = "9188040d-6c67-4c5b-b112-36a304b66dad"


def of(segment: str, surface: Surface = V2) -> dict[str, Any]:
    """The document of a tenant, or of an alias."""
    ref = parse_tenant(segment)
    return document(SITE, ref, None if ref.alias else TENANT, surface)


def test_the_second_versions_document_names_the_tenants_id() -> None:
    """Whatever segment the client used (§2.3)."""
    told = of("contoso.test")
    expected = {
        "issuer": f"{BASE}/{TENANT}/v2.0",
        "token_endpoint": f"{BASE}/{TENANT}/oauth2/v2.0/token",
        "authorization_endpoint": f"{BASE}/{TENANT}/oauth2/v2.0/authorize",
        "device_authorization_endpoint": f"{BASE}/{TENANT}/oauth2/v2.0/devicecode",
        "end_session_endpoint": f"{BASE}/{TENANT}/oauth2/v2.0/logout",
        "jwks_uri": f"{BASE}/{TENANT}/discovery/v2.0/keys",
        "userinfo_endpoint": f"{BASE}/oidc/userinfo",
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "request_uri_parameter_supported": False,
        "tenant_region_scope": "EU",
        "cloud_instance_name": "localhost:8443",
        "cloud_graph_host_name": "localhost",
        "msgraph_host": "localhost",
    }
    assert {name: told[name] for name in expected} == expected
    assert "kerberos_endpoint" not in told
    assert told["token_endpoint_auth_methods_supported"] == [
        "client_secret_post",
        "private_key_jwt",
        "client_secret_basic",
    ]


def test_the_first_versions_document_has_its_own_paths() -> None:
    """Keys of all tenants, issuer with a slash, one scope (§2.3)."""
    told = of("contoso.test", V1)
    expected = {
        "issuer": f"{BASE}/{TENANT}/",
        "token_endpoint": f"{BASE}/{TENANT}/oauth2/token",
        "authorization_endpoint": f"{BASE}/{TENANT}/oauth2/authorize",
        "jwks_uri": f"{BASE}/common/discovery/keys",
        "userinfo_endpoint": f"{BASE}/{TENANT}/openid/userinfo",
        "scopes_supported": ["openid"],
        "microsoft_multi_refresh_token": True,
    }
    assert {name: told[name] for name in expected} == expected
    assert "check_session_iframe" in told


@pytest.mark.parametrize("alias", ["common", "organizations"])
def test_an_alias_keeps_its_name_and_has_a_template_as_issuer(alias: str) -> None:
    """`{tenantid}` with braces, no region (§2.3)."""
    told = of(alias)
    assert told["issuer"] == f"{BASE}/{{tenantid}}/v2.0"
    assert told["token_endpoint"] == f"{BASE}/{alias}/oauth2/v2.0/token"
    assert told["tenant_region_scope"] is None


def test_consumers_have_an_issuer_of_their_own() -> None:
    """The GUID of personal accounts (§2.3)."""
    assert of("consumers")["issuer"] == f"{BASE}/{CONSUMERS}/v2.0"


def test_adfs_is_found_at_its_customary_addresses() -> None:
    """Endpoints that end in a slash (§2.9)."""
    told = adfs_document(SITE)
    assert told["issuer"] == f"{BASE}/adfs"
    assert told["token_endpoint"] == f"{BASE}/adfs/oauth2/token/"
    assert told["jwks_uri"] == f"{BASE}/adfs/discovery/keys"
    assert told["userinfo_endpoint"] == f"{BASE}/adfs/userinfo"


@pytest.mark.parametrize("host", ["localhost:8443", "localhost", "LOCALHOST:443"])
@pytest.mark.parametrize("form", ["", "/v2.0"])
def test_instance_discovery_names_our_port_even_if_the_question_does_not(
    host: str, form: str
) -> None:
    """Which repairs MSAL Python (§2.4); v2 when the question is."""
    endpoint = f"https://{host}/contoso.test/oauth2{form}/authorize"
    told: Any = instance(SITE, endpoint, "1.1")
    found = f"{BASE}/contoso.test{form}/.well-known/openid-configuration"
    assert told["tenant_discovery_endpoint"] == found
    [row] = told["metadata"]
    assert row["preferred_network"] == row["preferred_cache"] == "localhost:8443"
    assert row["aliases"] == ["localhost:8443", "localhost"]


def test_a_foreign_host_is_not_ours() -> None:
    """Nor one that only looks like it (§2.4)."""
    for host in ("login.example", "localhost.example", "localhost:9", "x@localhost:9"):
        assert instance(SITE, f"https://{host}/contoso.test/authorize", "1.1") is None


@pytest.mark.parametrize(
    "endpoint",
    ["", "nonsense", "http://localhost/x", "https://localhost", "https:///x"],
)
def test_what_is_no_address_of_a_tenant_is_malformed(endpoint: str) -> None:
    """50050 (§2.4)."""
    with pytest.raises(ValueError, match=re.escape(endpoint) or "^$"):
        instance(SITE, endpoint, "1.1")
