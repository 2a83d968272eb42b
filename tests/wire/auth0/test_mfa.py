"""Cases A61 to A64, A96 and A97 of contract auth0 §9: second factors on the wire.

Enrolling and removing them is in `test_mfa_enrolment`. Each test takes a user of its
own, as a code works once in its thirty seconds.
"""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.services.authenticator import SEED, other_than, totp
from tests.wire.auth0.conftest import ORIGIN, URN, Auth0Client, refused, ro_body
from tests.wire.auth0.test_success import claims_of
from tests.wire.instance import Instance

Factored = Callable[[str], str]
OTP = URN + "mfa-otp"
REQUIRED = "Multifactor authentication required"
API = "https://api.test"


def bring(d: Auth0Client, grant: str, **fields: Any) -> httpx.Response:
    """Go on with a sign-in at the token endpoint."""
    body = {"client_id": "OIDC", "grant_type": URN + grant, **fields}
    return d.post("/oauth/token", body)


def ticket(d: Auth0Client, name: str, **changes: Any) -> str:
    """The `mfa_token` of a right password."""
    answer = d.tk(username=name, **changes)
    refused(answer, 403, "mfa_required")
    token: str = answer.json()["mfa_token"]
    return token


def challenge(d: Auth0Client, token: str, **fields: Any) -> httpx.Response:
    """`POST /mfa/challenge`."""
    return d.post("/mfa/challenge", {"client_id": "OIDC", "mfa_token": token, **fields})


# --- /oauth/ro ----------------------------------------------------------------------


def test_a61_the_password_alone_is_not_enough(d: Auth0Client) -> None:
    """The code that old clients know; there is no `mfa_token` here (§1.6)."""
    answer = d.ro(username="carol")
    refused(answer, 401, "a0.mfa_required")
    assert set(answer.json()) == {"error", "error_description"}


def test_a62_the_same_request_with_the_code(d: Auth0Client, factored: Factored) -> None:
    """Tokens; the same code again and a wrong one are refused."""
    name, code = factored("mfa"), totp(SEED)
    answer = d.ro(username=name, mfa_code=code)
    assert answer.status_code == 200, answer.text
    assert answer.json()["id_token"]
    refused(d.ro(username=name, mfa_code=code), 401, "a0.mfa_invalid_code")
    refused(d.ro(username=name, mfa_code="000000"), 401, "a0.mfa_invalid_code")


def test_a63_who_has_not_enrolled_is_sent_to_do_so(d: Auth0Client) -> None:
    """With and without a code."""
    refused(d.ro(username="dan"), 401, "a0.mfa_registration_required")
    answer = d.ro(username="dan", mfa_code="123456")
    refused(answer, 401, "a0.mfa_registration_required")


def test_a64_a_wrong_password_tells_nothing_of_it(d: Auth0Client) -> None:
    """As A50, with and without a code."""
    plain = d.ro(username="alice", password="bad 64")
    for more in ({}, {"mfa_code": totp(SEED)}):
        answer = d.ro(username="carol", password="bad 64", **more)
        refused(answer, 401, "invalid_user_password")
        assert answer.content == plain.content


def test_codes_are_guessed_ten_times_at_either_door(
    d: Auth0Client, factored: Factored
) -> None:
    """The eleventh is 429 with integers in its headers, also for the right code."""
    name, wrong = factored("mfa"), other_than(totp(SEED))
    for _ in range(5):
        refused(d.ro(username=name, mfa_code=wrong), 401, "a0.mfa_invalid_code")
        answer = bring(d, "mfa-otp", mfa_token=ticket(d, name), otp=wrong)
        refused(answer, 403, "invalid_grant")
    answers = [
        d.ro(username=name, mfa_code=totp(SEED)),
        bring(d, "mfa-otp", mfa_token=ticket(d, name), otp=totp(SEED)),
        challenge(d, ticket(d, name)),
    ]
    for answer in answers:
        refused(answer, 429, "too_many_attempts")
        assert 0 < int(answer.headers["retry-after"]) <= 360
        assert int(answer.headers["x-ratelimit-limit"]) == 10
        assert int(answer.headers["x-ratelimit-reset"]) > 1_700_000_000


def test_a_form_and_a_number_of_digits_are_as_good(
    d: Auth0Client, factored: Factored
) -> None:
    """Old browsers post forms."""
    body = ro_body(username=factored("mfa"), mfa_code=totp(SEED))
    assert d.form("/oauth/ro", body).status_code == 200


# --- /oauth/token -------------------------------------------------------------------


def test_a96_challenge_and_code(d: Auth0Client, factored: Factored) -> None:
    """403 with `mfa_token`, the challenge, tokens; the token is useless afterwards."""
    name = factored("mfa")
    answer = d.tk(username=name)
    assert refused(answer, 403, "mfa_required") == REQUIRED
    body = answer.json()
    assert body["mfa_requirements"] == {"challenge": [{"type": "otp"}]}
    token = body["mfa_token"]
    made = challenge(d, token)
    assert (made.status_code, made.json()) == (200, {"challenge_type": "otp"})
    assert made.headers["cache-control"] == "no-store"
    granted = bring(d, "mfa-otp", mfa_token=token, otp=totp(SEED))
    assert granted.status_code == 200, granted.text
    assert granted.json()["token_type"] == "Bearer"
    assert claims_of(d, granted.json()["id_token"])["aud"] == "OIDC"
    again = bring(d, "mfa-otp", mfa_token=token, otp=totp(SEED, steps=1))
    assert refused(again, 403, "invalid_grant") == "Malformed mfa_token"
    assert refused(challenge(d, token), 403, "invalid_grant") == "Malformed mfa_token"
    bearer = {"authorization": f"Bearer {token}"}
    refused(d.get("/mfa/authenticators", bearer), 403, "invalid_grant")


def test_a97_wrong_code_and_garbage(d: Auth0Client, factored: Factored) -> None:
    """The very texts that Auth0.Android compares (§3.4)."""
    token, code = ticket(d, factored("mfa")), totp(SEED)
    answer = bring(d, "mfa-otp", mfa_token=token, otp=other_than(code))
    assert refused(answer, 403, "invalid_grant") == "Invalid otp_code."
    answer = bring(d, "mfa-otp", mfa_token="garbage", otp=code)
    assert refused(answer, 403, "invalid_grant") == "Malformed mfa_token"
    assert bring(d, "mfa-otp", mfa_token=token, otp=code).status_code == 200


def test_audience_scope_and_nonce_are_those_of_the_password(
    d: Auth0Client, factored: Factored
) -> None:
    """The second request says nothing of them."""
    asked = {"audience": API, "scope": "openid read:x offline_access", "nonce": "n-0"}
    token = ticket(d, factored("mfa"), **asked)
    body = bring(d, "mfa-otp", mfa_token=token, otp=totp(SEED)).json()
    claims = claims_of(d, body["access_token"])
    assert claims["aud"][0] == API
    assert claims["scope"] == "openid offline_access read:x"
    assert claims_of(d, body["id_token"])["nonce"] == "n-0"
    renewal = {"client_id": "OIDC", "grant_type": "refresh_token"}
    renewed = d.post(
        "/oauth/token", {**renewal, "refresh_token": body["refresh_token"]}
    )
    assert renewed.status_code == 200, renewed.text


def test_who_has_not_enrolled_is_told_what_may_be(d: Auth0Client) -> None:
    """`enroll` in place of `challenge`; there is nothing to challenge."""
    answer = d.tk(username="dan")
    assert refused(answer, 403, "mfa_required") == REQUIRED
    ways = ["otp", "phone", "email"]
    wanted = {"enroll": [{"type": way} for way in ways]}
    assert answer.json()["mfa_requirements"] == wanted
    refused(challenge(d, answer.json()["mfa_token"]), 403, "association_required")


def test_a_wrong_password_gets_no_ticket(d: Auth0Client) -> None:
    """ROPC-20: as for anybody else."""
    answer = d.tk(username="carol", password="bad ticket")
    refused(answer, 403, "invalid_grant")
    assert answer.content == d.tk(username="alice", password="bad ticket").content


@pytest.mark.parametrize(
    ("grant", "fields", "missing"),
    [
        ("mfa-otp", {"otp": "123456"}, "mfa_token"),
        ("mfa-otp", {"mfa_token": "x"}, "otp"),
        ("mfa-oob", {"mfa_token": "x", "binding_code": "1"}, "oob_code"),
        ("mfa-oob", {"mfa_token": "x", "oob_code": "x"}, "binding_code"),
        ("mfa-recovery-code", {"mfa_token": "x"}, "recovery_code"),
    ],
)
def test_parameters_that_are_missing(
    d: Auth0Client, grant: str, fields: dict[str, str], missing: str
) -> None:
    """As everywhere at this endpoint."""
    text = refused(bring(d, grant, **fields), 400, "invalid_request")
    assert text == f"Missing required parameter: {missing}"


def test_a_ticket_is_for_one_client_and_one_tenant(
    d: Auth0Client, contoso: Auth0Client, factored: Factored
) -> None:
    """Tenants are walls (promise 6), and another client gets nothing by it."""
    name = factored("mfa")
    token, code = ticket(d, name), totp(SEED)
    foreign = bring(contoso, "mfa-otp", mfa_token=token, otp=code)
    assert refused(foreign, 403, "invalid_grant") == "Malformed mfa_token"
    other = {"client_id": "CONF", "client_secret": "SEC-0123456789abcdef"}
    answer = bring(d, "mfa-otp", mfa_token=token, otp=code, **other)
    assert refused(answer, 403, "invalid_grant") == "Malformed mfa_token"
    assert bring(d, "mfa-otp", mfa_token=token, otp=code).status_code == 200
    theirs = ticket(contoso, name)
    assert bring(contoso, "mfa-otp", mfa_token=theirs, otp=code).status_code == 200


def test_a_ticket_opens_nothing_else_and_nothing_else_is_one(
    d: Auth0Client, factored: Factored
) -> None:
    """Neither UserInfo nor a token endpoint takes it for a token, nor the reverse."""
    name = factored("mfa")
    token = ticket(d, name)
    refused(
        d.get("/userinfo", {"authorization": f"Bearer {token}"}), 401, "invalid_token"
    )
    renewal = {"client_id": "OIDC", "grant_type": "refresh_token"}
    refused(
        d.post("/oauth/token", {**renewal, "refresh_token": token}),
        403,
        "invalid_grant",
    )
    granted = bring(d, "mfa-otp", mfa_token=token, otp=totp(SEED)).json()
    for other in (granted["access_token"], granted["id_token"]):
        answer = bring(d, "mfa-otp", mfa_token=other, otp=totp(SEED, steps=1))
        assert refused(answer, 403, "invalid_grant") == "Malformed mfa_token"


def test_a_ticket_in_the_address_is_refused(d: Auth0Client) -> None:
    """Where logs would keep it (ROPC-06)."""
    answer = d.post("/mfa/challenge?mfa_token=x", {"client_id": "OIDC"})
    refused(answer, 400, "invalid_request")


# --- /mfa/challenge -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "status", "error"),
    [
        ({"challenge_type": "oob"}, 400, "unsupported_challenge_type"),
        ({"challenge_type": "push carrier-pigeon"}, 400, "unsupported_challenge_type"),
        ({"oob_channel": "sms"}, 400, "unsupported_challenge_type"),
        ({"authenticator_id": "totp|dev_0"}, 400, "unsupported_challenge_type"),
        ({"mfa_token": None}, 400, "invalid_request"),
        ({"mfa_token": "garbage"}, 403, "invalid_grant"),
        ({"client_id": None}, 400, "invalid_request"),
        ({"client_id": "nope"}, 401, "access_denied"),
        ({"client_id": "CONF"}, 401, "access_denied"),
    ],
)
def test_challenges_that_are_refused(
    d: Auth0Client, fields: dict[str, Any], status: int, error: str
) -> None:
    """Client first, as at the token endpoint (§3.5)."""
    refused(challenge(d, ticket(d, "carol"), **fields), status, error)


@pytest.mark.parametrize("wish", [{}, {"challenge_type": "oob otp"}])
def test_what_the_client_can_handle_is_asked_for(
    d: Auth0Client, wish: dict[str, str]
) -> None:
    """Nothing said means anything; a form is as good."""
    token = ticket(d, "carol")
    assert challenge(d, token, **wish).json() == {"challenge_type": "otp"}
    fields = {"client_id": "OIDC", "mfa_token": token, **wish}
    assert d.form("/mfa/challenge", fields).json() == {"challenge_type": "otp"}


def test_scripts_of_registered_origins_may_ask(d: Auth0Client) -> None:
    """Preflight, answer and refusal (§0)."""
    asked = {
        "origin": ORIGIN,
        "access-control-request-method": "POST",
        "access-control-request-headers": "auth0-client,content-type",
    }
    answer = d.wire.send("OPTIONS", "/mfa/challenge", b"", asked)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    body = {"client_id": "OIDC", "mfa_token": "garbage"}
    told = d.post("/mfa/challenge", body, {"origin": ORIGIN})
    assert told.headers["access-control-allow-origin"] == ORIGIN


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_other_methods_are_refused(d: Auth0Client, method: str) -> None:
    """405, in this dialect's words."""
    refused(d.wire.send(method, "/mfa/challenge"), 405, "method_not_allowed")


def test_discovery_tells_where_challenges_are_made(d: Auth0Client) -> None:
    """The address that is told answers."""
    found = d.get("/.well-known/openid-configuration").json()
    address = found["mfa_challenge_endpoint"]
    path = address.removeprefix(found["issuer"].rstrip("/"))
    assert path == "/mfa/challenge"
    refused(d.post(path, {"client_id": "OIDC"}), 400, "invalid_request")


def test_every_step_is_on_record(
    d: Auth0Client, auth0_server: Instance, factored: Factored
) -> None:
    """The refusal that asked for the factor, and the tokens (promise 10)."""
    name = factored("mfa")
    token = ticket(d, name)
    assert bring(d, "mfa-otp", mfa_token=token, otp=totp(SEED)).status_code == 200
    records = auth0_server.rows(
        "SELECT outcome, reason, grant_type FROM audit WHERE username = ? "
        "AND tenant_id = '99999999-0000-4000-8000-000000000001' ORDER BY id",
        f"{name}@example.test",
    )
    assert records == [
        ("refused", "mfa_required", "password"),
        ("granted", "", "mfa_otp"),
    ]
