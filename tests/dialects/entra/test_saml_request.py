"""How SAML assertions come in (contract entra §3.5)."""

import base64
from urllib.parse import urlencode

import pytest

from ostiary.core.errors import Reason, Refused
from ostiary.core.request import TokenRequest
from ostiary.dialects.entra.authority import V1, V2, Surface
from ostiary.dialects.entra.form import parse_form
from ostiary.dialects.entra.requests import parse_token_request
from ostiary.web import HttpRequest
from tests.flows.values import PUBLIC, TENANT

SAML1 = "urn:ietf:params:oauth:grant-type:saml1_1-bearer"
SAML2 = "urn:ietf:params:oauth:grant-type:saml2-bearer"
XML = "<saml:Assertion>\u00fc?>>>\u00ff~~~ \U0001d11e</saml:Assertion>"
RAW = XML.encode()
STANDARD = base64.b64encode(RAW).decode()
URL_SAFE = base64.urlsafe_b64encode(RAW).decode()


def parsed(assertion: str, surface: Surface = V2, **more: str) -> TokenRequest:
    """The request as understood."""
    form = {"client_id": PUBLIC, "grant_type": SAML1, "assertion": assertion}
    request = HttpRequest(
        id="11111111-0000-4000-8000-000000000000",
        method="POST",
        path="/",
        segments=(),
        raw_path="/",
        query="",
        headers={"content-type": "application/x-www-form-urlencoded"},
        repeated=frozenset(),
        body=urlencode({**form, **more}).encode(),
        source="192.0.2.7",
        scheme="https",
    )
    return parse_token_request(request, parse_form(request), TENANT, surface)


def test_the_sample_needs_both_alphabets() -> None:
    """Or the next test would prove nothing."""
    assert {"+", "/"} & set(STANDARD)
    assert {"-", "_"} & set(URL_SAFE)
    assert STANDARD.endswith("=")


@pytest.mark.parametrize(
    "text",
    [
        STANDARD,
        STANDARD.rstrip("="),
        URL_SAFE,
        URL_SAFE.rstrip("="),
        "\r\n".join([STANDARD[:40], STANDARD[40:], ""]),
        base64.encodebytes(RAW).decode(),
    ],
    ids=["ADAL and Go", "unpadded", "padded, safe", "MSAL Python", "lines", "MIME"],
)
@pytest.mark.parametrize("grant_type", [SAML1, SAML2])
def test_every_base64_is_read(grant_type: str, text: str) -> None:
    """Of either alphabet, padded or not, in lines or not."""
    found = parsed(text, grant_type=grant_type)

    assert found.assertion == XML
    assert found.grant_type == grant_type
    assert "saml:" not in repr(found)


@pytest.mark.parametrize(
    "text", ["a", "<xml/>", "%3D", STANDARD + "!", "/w==", "PHg+ !", "\u00fc\u00fc"]
)
def test_what_is_no_base64_of_text_is_no_assertion(text: str) -> None:
    """Told after the client, like any assertion that proves nothing (§6.2)."""
    assert parsed(text).assertion == ""


def test_an_assertion_must_be_there() -> None:
    """900144 names it; an empty one counts as absent."""
    with pytest.raises(Refused) as refused:
        parsed("")

    assert refused.value.reason is Reason.PARAMETER_MISSING
    assert refused.value.facts == {"name": "assertion"}


def test_name_and_password_beside_it_are_not_read() -> None:
    """Go sends both; even an endless password does no harm."""
    found = parsed(STANDARD, username="eve@corp.test", password="p" * 9999)

    assert (found.username, found.password) == (None, None)


def test_the_first_version_has_a_resource() -> None:
    """`resource` at v1, `scope` at v2 (§2.8)."""
    first = parsed(STANDARD, V1, resource="https://graph.microsoft.com")
    second = parsed(STANDARD, V2, scope="https://graph.microsoft.com/User.Read openid")

    assert first.scope.everything
    assert first.scope.resource == second.scope.resource
    assert second.scope.names == ("User.Read",)
