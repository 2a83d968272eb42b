"""Cases 1 to 3, 7 to 11, 46 to 49 and 83 of contract entra §12: who gets tokens."""

import base64
import json
import re
from collections.abc import Callable

import pytest

from tests.wire.answers import GUID, assert_error, assert_tokens
from tests.wire.client import FORM, WireClient, encode
from tests.wire.entra.cases import (
    FULL,
    GRAPH,
    NOCONSENT,
    OID,
    PREAUTH,
    PUB,
    TID,
    TOKEN,
    changing_user,
    p,
    peek,
    token_path,
    words,
)
from tests.wire.instance import Instance


def test_case_01_the_base_request_gets_three_tokens(wire: WireClient) -> None:
    """P answers as the seeds' sample does: registered spelling, `email` unasked."""
    body = assert_tokens(wire.post(TOKEN, p()), "refresh_token", "id_token")
    assert words(body["scope"]) == {"User.Read", "profile", "openid", "email"}
    assert body["expires_in"] == body["ext_expires_in"] == 3599
    assert type(body["expires_in"]) is int
    assert "client_info" not in body
    assert "refresh_in" not in body
    assert "foci" not in body
    assert len(body["refresh_token"]) >= 32


def test_case_02_client_info_names_user_and_tenant(wire: WireClient) -> None:
    """`client_info=1` gets unpadded base64url of the two ids."""
    body = assert_tokens(
        wire.post(TOKEN, p(client_info="1")), "refresh_token", "id_token"
    )
    told = body["client_info"]
    assert re.fullmatch(r"[A-Za-z0-9_-]+", told)
    decoded = json.loads(base64.urlsafe_b64decode(told + "=" * (-len(told) % 4)))
    assert decoded == {"uid": OID, "utid": TID}


@pytest.mark.parametrize(
    "segment",
    ["contoso.test", "CONTOSO.TEST", TID.upper(), "pta.test", "organizations"],
)
def test_case_03_every_name_of_the_tenant_serves(
    wire: WireClient, ostiary: Instance, segment: str
) -> None:
    """Domain, its case, GUID and `organizations` serve; the issuer has the GUID."""
    body = assert_tokens(
        wire.post(token_path(segment), p()), "refresh_token", "id_token"
    )
    assert peek(body["id_token"])["iss"] == f"{ostiary.base}/{TID}/v2.0"
    assert peek(body["id_token"])["tid"] == TID


def test_case_07_without_scope_there_is_an_access_token_alone(wire: WireClient) -> None:
    """No `scope`: everything consented of the default resource, no other token."""
    body = assert_tokens(wire.post(TOKEN, p(scope=None)))
    assert words(body["scope"]) == {"User.Read", "profile", "openid", "email"}


def test_case_08_a_resource_scope_brings_no_other_token(wire: WireClient) -> None:
    """`user.read` alone gets neither id_token nor refresh_token."""
    assert "User.Read" in words(
        assert_tokens(wire.post(TOKEN, p(scope="user.read")))["scope"]
    )


def test_case_09_openid_brings_the_id_token(wire: WireClient) -> None:
    """`openid` gets an id_token and no refresh_token."""
    body = assert_tokens(wire.post(TOKEN, p(scope="openid")), "id_token")
    assert "openid" in words(body["scope"])


def test_case_10_the_qualified_form_is_kept(wire: WireClient) -> None:
    """Who asks with the resource in front is told with the resource in front."""
    scope = f"{GRAPH}/User.Read openid"
    body = assert_tokens(wire.post(TOKEN, p(scope=scope)), "id_token")
    assert f"{GRAPH}/User.Read" in words(body["scope"])
    assert "User.Read" not in words(body["scope"])


def test_case_11_default_means_all_that_is_consented(wire: WireClient) -> None:
    """`.default` lists what is consented, and itself last."""
    body = assert_tokens(wire.post(TOKEN, p(scope=f"{GRAPH}/.default")))
    listed = body["scope"].split(" ")
    assert listed[-1] == f"{GRAPH}/.default"
    assert f"{GRAPH}/User.Read" in listed
    assert "User.Read" in peek(body["access_token"])["scp"].split(" ")


def test_case_11_another_resources_scopes_are_always_qualified(
    wire: WireClient,
) -> None:
    """The example of §5.2, at a client that the resource trusts without consent."""
    scope = "https://vault.test/.default openid profile offline_access"
    answer = wire.post(TOKEN, p(client_id=PREAUTH, scope=scope))
    body = assert_tokens(answer, "refresh_token", "id_token")
    listed = "https://vault.test/user_impersonation https://vault.test/.default"
    assert body["scope"] == listed
    claims = peek(body["access_token"])
    assert claims["aud"] == "https://vault.test"
    assert claims["scp"] == "user_impersonation"


def test_case_46_passwords_are_compared_verbatim(wire: WireClient) -> None:
    """Blanks around a password belong to it; nothing is trimmed."""
    named = f"client_id={PUB}&grant_type=password&username=blanks%40contoso.test"
    assert_tokens(wire.post(TOKEN, f"{named}&password=+Pw+".encode()))
    for wrong in ("Pw", "+Pw", "Pw+"):
        answer = wire.post(TOKEN, f"{named}&password={wrong}".encode())
        assert_error(answer, 400, "invalid_grant", 50126)


CORRELATION = "8a1d2c3b-4444-4000-8000-00000000abcd"


def test_case_47_the_clients_request_id_comes_back(wire: WireClient) -> None:
    """A GUID in the header is the correlation id, and is echoed when asked for."""
    headers = {"client-request-id": CORRELATION, "return-client-request-id": "true"}
    answer = wire.post(TOKEN, p(scope="User.Nonsense"), headers)
    body = assert_error(answer, 400, "invalid_scope", 70011)
    assert body["correlation_id"] == CORRELATION
    assert answer.headers["client-request-id"] == CORRELATION
    unasked = wire.post(TOKEN, p(), {"client-request-id": CORRELATION})
    assert "client-request-id" not in unasked.headers


@pytest.mark.parametrize("where", ["body", "query"])
def test_case_47_the_request_id_may_come_as_a_parameter(
    wire: WireClient, where: str
) -> None:
    """msal-node sends it in body and address (contract §3.2)."""
    query = f"?client-request-id={CORRELATION}" if where == "query" else ""
    more = {"client-request-id": CORRELATION} if where == "body" else {}
    answer = wire.post(TOKEN + query, {**p(scope="User.Nonsense"), **more})
    body = assert_error(answer, 400, "invalid_scope", 70011)
    assert body["correlation_id"] == CORRELATION


def test_case_47_what_is_no_guid_is_replaced(wire: WireClient) -> None:
    """Anything else is not repeated; a fresh id stands in its place."""
    answer = wire.post(
        TOKEN, p(scope="User.Nonsense"), {"client-request-id": "no-guid"}
    )
    body = assert_error(answer, 400, "invalid_scope", 70011)
    assert GUID.fullmatch(body["correlation_id"])


def test_case_48_errors_have_the_whole_body(wire: WireClient) -> None:
    """Every member of §6.1, CR LF between the lines, fresh ids for each request."""
    first = assert_error(wire.post(TOKEN, p(scope="X.Y")), 400, "invalid_scope", 70011)
    again = assert_error(wire.post(TOKEN, p(scope="X.Y")), 400, "invalid_scope", 70011)
    assert first["trace_id"] != again["trace_id"]
    assert first["correlation_id"] != again["correlation_id"]
    assert first["error_description"].count("\r\n") == 3


def test_case_49_plus_and_percent_20_mean_a_space(wire: WireClient) -> None:
    """Both spellings of a blank in `scope`."""
    plus = encode(p()).replace("%20", "+")
    assert "+" in plus
    assert_tokens(wire.post(TOKEN, plus.encode()), "refresh_token", "id_token")
    assert_tokens(wire.post(TOKEN, p()), "refresh_token", "id_token")


def test_case_49_slashes_and_charset_are_tolerated(wire: WireClient) -> None:
    """A slash at the end, doubled slashes, `;charset=utf-8`, a bare `?`."""
    for path in (f"{TOKEN}/", TOKEN.replace("/oauth2", "//oauth2"), f"{TOKEN}?"):
        assert_tokens(wire.post(path, p()), "refresh_token", "id_token")
    header = {"content-type": f"{FORM};charset=utf-8"}
    assert_tokens(wire.post(TOKEN, p(), header), "refresh_token", "id_token")


def test_case_83_headers_may_hold_latin_1(wire: WireClient, ostiary: Instance) -> None:
    """MSAL Python sends `X-AnchorMailbox: upn:müller@…` as raw Latin-1."""
    body = encode(p(scope="openid")).encode()
    head = (
        f"POST {TOKEN} HTTP/1.1\r\nHost: localhost:{ostiary.port}\r\n"
        f"Content-Type: {FORM}\r\nContent-Length: {len(body)}\r\n"
        "X-AnchorMailbox: upn:müller@contoso.test\r\nConnection: close\r\n\r\n"
    )
    answer = wire.raw(head.encode("latin-1") + body)
    assert answer.startswith(b"HTTP/1.1 200 ")
    told = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert {"access_token", "id_token"} <= told.keys()


def test_user_names_match_without_case(wire: WireClient) -> None:
    """The UPN is matched without case, and told as registered (contract §3.4)."""
    answer = wire.post(TOKEN, p(username="ALICE@Contoso.TEST", scope=FULL))
    body = assert_tokens(answer, "refresh_token", "id_token")
    assert peek(body["id_token"])["preferred_username"] == "alice@contoso.test"


def test_case_36_consent_counts_at_once(
    wire: WireClient, ostiary: Instance, fresh_user: Callable[[str], str]
) -> None:
    """Case 35, then the consent is applied, then the same request is served."""
    user = fresh_user("contoso.test")
    form = p(client_id=NOCONSENT, username=user, scope="User.Read")
    refused = wire.post(TOKEN, form)
    assert_error(refused, 400, "invalid_grant", 65001, "consent_required")
    consent = {"client_id": NOCONSENT, "scopes": ["User.Read"]}
    ostiary.apply(changing_user(user, consents=[consent]))
    body = assert_tokens(wire.post(TOKEN, form))
    assert words(body["scope"]) == {"User.Read"}
