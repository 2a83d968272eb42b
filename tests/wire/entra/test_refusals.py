"""Cases 4 to 6, 12 to 22 and 82 of contract entra §12: requests that are refused."""

import json
from uuid import uuid4

import pytest

from tests.wire.answers import assert_error
from tests.wire.client import FORM, WireClient, encode
from tests.wire.entra.cases import GRAPH, PUB, SINGLE, TID, TOKEN, p, token_path
from tests.wire.instance import Instance

AUTHORIZE = f"/{TID}/oauth2/v2.0/authorize"


@pytest.mark.parametrize(
    "segment", ["common", "consumers", "9188040d-6c67-4c5b-b112-36a304b66dad"]
)
def test_case_04_common_and_consumers_are_refused(
    wire: WireClient, segment: str
) -> None:
    """The password grant needs a tenant, or `organizations`."""
    answer = wire.post(token_path(segment), p())
    body = assert_error(answer, 400, "invalid_request", 9001023)
    assert "organizations" in body["error_description"]


def test_case_05_an_unknown_tenant_is_a_malformed_request(wire: WireClient) -> None:
    """At the token endpoint `error` is `invalid_request`."""
    answer = wire.post(token_path("nosuch.test"), p())
    assert_error(answer, 400, "invalid_request", 90002)


def test_case_06_a_segment_must_look_like_a_tenant(wire: WireClient) -> None:
    """Neither GUID nor domain: 900023."""
    answer = wire.post(token_path("bad%20name!"), p())
    assert_error(answer, 400, "invalid_request", 900023)


def test_case_12_scopes_of_two_resources(wire: WireClient) -> None:
    """One token is for one resource."""
    answer = wire.post(TOKEN, p(scope="user.read api://tasks/x"))
    assert_error(answer, 400, "invalid_request", 28000)


@pytest.mark.parametrize(
    "scope", ["user.read api://tasks/x", "user.read .default", "api://tasks/"]
)
def test_an_unknown_client_beats_a_malformed_scope(
    wire: WireClient, scope: str
) -> None:
    """Step 4 of §6.2 comes before step 7."""
    unknown = "99999999-9999-9999-9999-999999999999"
    answer = wire.post(TOKEN, p(scope=scope, client_id=unknown))
    assert_error(answer, 400, "unauthorized_client", 700016)


def test_case_13_an_unknown_resource(wire: WireClient) -> None:
    """`invalid_resource`."""
    answer = wire.post(TOKEN, p(scope="api://nosuch/x"))
    assert_error(answer, 400, "invalid_resource", 500011)


def test_case_14_an_unknown_scope(wire: WireClient) -> None:
    """A short name belongs to the default resource, which must publish it."""
    answer = wire.post(TOKEN, p(scope="User.Nonsense"))
    assert_error(answer, 400, "invalid_scope", 70011)


def test_case_15_default_stands_alone(wire: WireClient) -> None:
    """`.default` beside another scope of its resource."""
    answer = wire.post(TOKEN, p(scope=f"user.read {GRAPH}/.default"))
    assert_error(answer, 400, "invalid_scope", 70011)


def test_case_16_parameters_in_the_address_are_not_read(
    wire: WireClient, ostiary: Instance
) -> None:
    """The grant's parameters stand in the body; a password in the address is kept
    nowhere.
    """
    password = f"Query-{uuid4()}"
    path = f"{TOKEN}?{encode(p(password=password))}"
    answer = wire.send("POST", path, b"", {"content-type": FORM})
    assert_error(answer, 400, "invalid_request", 900144, naming="grant_type")
    for name, content in ostiary.kept().items():
        assert password.encode() not in content, name


def test_case_17_json_is_no_form(wire: WireClient) -> None:
    """A JSON body lacks `grant_type`."""
    body = json.dumps(p()).encode()
    answer = wire.send("POST", TOKEN, body, {"content-type": "application/json"})
    assert_error(answer, 400, "invalid_request", 900144, naming="grant_type")


def test_case_18_the_authorize_endpoint_takes_no_passwords(wire: WireClient) -> None:
    """There `response_type` is missing, whatever else is sent."""
    for answer in (
        wire.post(AUTHORIZE, p()),
        wire.post(AUTHORIZE, {**p(), "response_mode": "query"}),
        wire.get(f"{AUTHORIZE}?client_id={PUB}"),
    ):
        body = assert_error(
            answer, 400, "invalid_request", 900144, naming="response_type"
        )
        assert "access_token" not in body


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_case_19_tokens_are_for_post(wire: WireClient, method: str) -> None:
    """Another verb is 900561."""
    answer = wire.send(method, TOKEN)
    assert_error(answer, 400, "invalid_request", 900561)


@pytest.mark.parametrize("name", ["client_id", "grant_type", "username", "password"])
@pytest.mark.parametrize("empty", [False, True])
def test_case_20_required_parameters_are_named(
    wire: WireClient, name: str, empty: bool
) -> None:
    """The first parameter that is missing, or empty, is named."""
    form = p(**{name: "" if empty else None})
    answer = wire.post(TOKEN, form)
    assert_error(answer, 400, "invalid_request", 900144, naming=name)


def test_case_21_a_missing_parameter_beats_an_unknown_client(wire: WireClient) -> None:
    """The order of checks of §6.2."""
    answer = wire.post(TOKEN, p(password=None, client_id=str(uuid4())))
    assert_error(answer, 400, "invalid_request", 900144, naming="password")


def test_case_22_an_unknown_grant(wire: WireClient) -> None:
    """`unsupported_grant_type`."""
    answer = wire.post(TOKEN, p(grant_type="foo"))
    assert_error(answer, 400, "unsupported_grant_type", 70003)


def test_organizations_needs_a_domain_that_is_known(wire: WireClient) -> None:
    """The user's tenant comes from the name: none is 50059, unknown 50128 (§6.3)."""
    path = token_path("organizations")
    answer = wire.post(path, p(username="alice"))
    assert_error(answer, 400, "invalid_request", 50059)
    answer = wire.post(path, p(username="alice@nosuch.test"))
    assert_error(answer, 400, "invalid_request", 50128)


def test_organizations_is_for_multi_tenant_applications(wire: WireClient) -> None:
    """A single-tenant application there is 50194 (§6.2, step 6)."""
    answer = wire.post(token_path("organizations"), p(client_id=SINGLE))
    assert_error(answer, 400, "invalid_request", 50194)


def test_malformed_claims_are_refused(wire: WireClient) -> None:
    """`claims` is JSON text; other members of it are ignored (§3.2)."""
    answer = wire.post(TOKEN, p(claims="{not json"))
    assert answer.json()["error"] == "invalid_request"
    assert answer.status_code == 400
    well = '{"access_token":{"xms_cc":{"values":["CP1"]}}}'
    assert wire.post(TOKEN, p(claims=well)).status_code == 200


def test_case_82_plain_http_gets_no_token(wire: WireClient, ostiary: Instance) -> None:
    """HTTP on the TLS port fails; the plain listener serves no token."""
    body = encode(p()).encode()
    head = f"POST {TOKEN} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM}\r\n"
    request = f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    answer = wire.raw(request.encode() + body, tls=False)
    assert b"access_token" not in answer
    assert not answer.startswith(b"HTTP/1.1 2")
    plain = WireClient(
        f"http://127.0.0.1:{ostiary.metrics_port}", ostiary.data / "ca.pem"
    )
    served = plain.post(TOKEN, p())
    plain.close()
    assert served.status_code == 404
    assert "access_token" not in served.text
