"""Cases A70 to A78 of contract auth0 §9 and DEV-02: signing in with a device's key."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from urllib.parse import quote

import jwt
import pytest

from tests.keys.forms import bare, compact
from tests.keys.phones import HEADER, VECTOR, Phone
from tests.wire.auth0.conftest import (
    Auth0Client,
    refused,
)
from tests.wire.auth0.phones import (
    CREDENTIALS,
    JWTG,
    Registered,
    application_token,
    basic,
    bearer,
    by_device,
    delete,
    id_of,
    key_of,
    stored_id,
)
from tests.wire.instance import Instance

ALICE = "auth0|5f7c8ec7c33c6c004bbafe82"
Fresh = Callable[[], str]


@pytest.fixture(scope="session")
def manager(d: Auth0Client, auth0_server: Instance) -> dict[str, str]:
    """An application that may do everything at the management API."""
    return application_token(d, auth0_server)


@pytest.fixture
def bob(d: Auth0Client, fresh: Fresh) -> Registered:
    """A fresh user with a telephone."""
    return Registered(d, fresh())


def test_a70_a_key_is_registered_by_way_b_and_listed(d: Auth0Client) -> None:
    """GET, POST with the vector of §2, GET: as Lock does it."""
    where = f"{CREDENTIALS}?client_id=LEG&type=public_key&user_id={quote(ALICE)}"
    for entry in d.get(where, basic("alice")).json():
        assert (
            delete(d, f"{CREDENTIALS}/{entry['id']}", basic("alice")).status_code == 204
        )
    added = d.post(CREDENTIALS, key_of(VECTOR), basic("alice"))
    assert added.status_code == 201
    listed = d.get(where, basic("alice"))
    assert listed.status_code == 200
    assert listed.json() == [
        {
            "id": added.json()["id"],
            "device_name": "Bob's iPhone",
            "device_id": "6A5F",
            "type": "public_key",
            "user_id": ALICE,
            "client_id": "LEG",
        }
    ]


def test_a71_a_key_is_registered_by_way_a(d: Auth0Client, fresh: Fresh) -> None:
    """DELETE of nothing, then POST, with the user's own id_token; then it signs in."""
    name, phone = fresh(), Phone.new()
    user_id, token = id_of(d, name), d.ro(username=name).json()["id_token"]
    where = f"/api/users/{quote(user_id, safe='')}/publickey"
    assert "%7C" in where
    gone = delete(d, where, bearer(token), {"device": "BobsiPhone"})
    assert gone.is_success
    added = d.post(
        where, {"public_key": phone.pem, "device": "BobsiPhone"}, bearer(token)
    )
    assert added.is_success, added.text
    signed = phone.token(user_id, time.time())
    answer = d.ro(
        "username", "password", grant_type=JWTG, device="BobsiPhone", id_token=signed
    )
    assert answer.status_code == 200, answer.text
    assert delete(d, where, bearer(token), {"device": "BobsiPhone"}).is_success
    fails = phone.token(user_id, time.time() - 1)
    answer = d.ro("username", "password", grant_type=JWTG, device="x", id_token=fails)
    refused(answer, 400, "invalid_grant")


def test_a71_nobody_elses_id_token_will_do(
    d: Auth0Client, contoso: Auth0Client
) -> None:
    """Another user's, another tenant's, an access token, a tampered one, none."""
    where = f"/api/users/{quote(ALICE, safe='')}/publickey"
    body = {"public_key": Phone.new().pem, "device": "x"}
    alice = d.ro().json()
    there = contoso.ro().json()["id_token"]
    others = d.ro(username="norules", scope="openid")
    head, claims, signature = alice["id_token"].split(".")
    flipped = ("B" if signature[5] != "B" else "C").join((signature[:5], signature[6:]))
    tokens = [there, alice["access_token"], f"{head}.{claims}.{flipped}", "x"]
    tokens += [others.json()["id_token"]] if others.is_success else []
    for token in tokens:
        refused(d.post(where, body, bearer(token)), 401, "invalid_token")
    refused(d.post(where, body), 401, "invalid_token")
    assert d.post(where, body, bearer(alice["id_token"])).status_code == 201


def test_a71_the_token_of_a_user_is_not_good_for_another(
    d: Auth0Client, fresh: Fresh
) -> None:
    """The subject must be the user of the path."""
    token = d.ro(username=fresh()).json()["id_token"]
    where = f"/api/users/{quote(ALICE, safe='')}/publickey"
    body = {"public_key": Phone.new().pem, "device": "x"}
    refused(d.post(where, body, bearer(token)), 401, "invalid_token")
    refused(delete(d, where, bearer(token), {"device": "x"}), 401, "invalid_token")


def test_a72_a_device_signs_its_user_in(d: Auth0Client, bob: Registered) -> None:
    """The raw name in the claim, the stripped one as parameter; with refresh token."""
    body = bob.sign_in()
    assert body.status_code == 200, body.text
    told = body.json()
    claims = jwt.decode(told["id_token"], options={"verify_signature": False})
    assert (claims["sub"], claims["aud"]) == (bob.user_id, "LEG")
    assert told["refresh_token"]
    assert told["token_type"].lower() == "bearer"
    profile = d.get("/userinfo", bearer(told["access_token"]))
    assert profile.json()["user_id"] == bob.user_id


def test_a73_with_nulls(bob: Registered) -> None:
    """As auth0-python 3.x sends it."""
    answer = bob.sign_in(username=None, password=None)
    assert answer.status_code == 200, answer.text
    assert answer.json()["refresh_token"]


@pytest.mark.parametrize("name", ["device", "id_token"])
def test_a74_what_is_missing_is_named(bob: Registered, name: str) -> None:
    """Row 11 of §1.5."""
    text = refused(bob.sign_in(name), 400, "invalid_request")
    assert text == f"missing {name} parameter"


def wrong_tokens(bob: Registered, stranger: str) -> dict[str, str]:
    """Case A75: tokens that must not sign bob in."""
    now = time.time()
    claims = bob.phone.claims(bob.user_id, now)
    payload, other = bare(json.dumps(claims).encode()), Phone.new()
    none, hs256 = (
        bare(json.dumps({"alg": alg, "typ": "JWT"}).encode())
        for alg in ("none", "HS256")
    )
    mac = hmac.digest(
        bob.phone.pem.encode(), f"{hs256}.{payload}".encode(), hashlib.sha256
    )
    jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(other.key.public_key()))
    return {
        "expired": bob.phone.token(bob.user_id, now - 91),
        "lives too long": bob.token(exp=int(now) + 400),
        "of tomorrow": bob.phone.token(bob.user_id, now + 86400),
        "no exp": bob.token(exp=None),
        "alg none": f"{none}.{payload}.",
        "HS256 keyed with the PEM": f"{hs256}.{payload}.{bare(mac)}",
        "other key": compact(other.key, HEADER, claims),
        "key in the header": compact(other.key, {**HEADER, "jwk": jwk}, claims),
        "unknown key": bob.token(sub="00" + ":00" * 15),
        "unknown user": bob.token(iss="auth0|000000000000000000000000"),
        "user of another strategy": bob.token(iss="sms|000000000000000000000000"),
        "user without that key": bob.token(iss=stranger),
        "for somebody else": bob.token(aud="https://elsewhere.test/"),
        "no token": "garbage",
    }


def test_a75_whatever_is_wrong_the_answer_is_one(
    d: Auth0Client, auth0_server: Instance, fresh: Fresh
) -> None:
    """400 invalid_grant and the same bytes; a second use as well (DEV-02)."""
    stranger = id_of(d, fresh())
    bodies = set()
    for number in range(2):  # of one user no more fail than lockout lets pass
        bob = Registered(d, fresh())
        wrong = sorted(wrong_tokens(bob, stranger).items())[number::2]
        for why, token in wrong:
            answer = bob.sign_in(id_token=token)
            assert answer.status_code == 400, (why, answer.text)
            refused(answer, 400, "invalid_grant")
            bodies.add(answer.content)
        once = bob.token()
        assert bob.sign_in(id_token=once).status_code == 200
        bodies.add(bob.sign_in(id_token=once).content)
    assert len(bodies) == 1, bodies


def test_a75_the_log_knows_what_was_wrong(
    bob: Registered, auth0_server: Instance
) -> None:
    """The true cause is in the audit record, not in the answer."""
    bob.sign_in(id_token=bob.token(exp=int(time.time()) + 1000))
    [[reason, detail]] = auth0_server.rows(
        "SELECT reason, detail FROM audit WHERE username = ? ORDER BY id DESC LIMIT 1",
        f"{bob.name}@example.test",
    )
    assert reason == "device_assertion"
    assert json.loads(detail)["cause"] == "lives too long"


def test_a75_the_audience_may_be_ours(bob: Registered, auth0_server: Instance) -> None:
    """Absent in those clients, and our issuer otherwise."""
    ours = f"https://localhost:{auth0_server.port}/"
    assert bob.sign_in(id_token=bob.token(aud=ours)).status_code == 200
    there = bob.sign_in(id_token=bob.token(aud=f"{ours}contoso/"))
    refused(there, 400, "invalid_grant")


def test_a76_a_deleted_key_signs_nobody_in(d: Auth0Client, bob: Registered) -> None:
    """By way B: 204, and 404 for what is not there any more."""
    where = f"{CREDENTIALS}/{bob.key_id}"
    assert delete(d, where, basic(bob.name)).status_code == 204
    refused(bob.sign_in(), 400, "invalid_grant")
    refused(delete(d, where, basic(bob.name)), 404, "not_found")


def test_a77_a_token_of_ours_is_none_of_a_device(
    d: Auth0Client, bob: Registered
) -> None:
    """Neither id_token nor access token."""
    ours = d.ro(username=bob.name).json()
    for token in (ours["id_token"], ours["access_token"]):
        refused(bob.sign_in(id_token=token), 400, "invalid_grant")


def test_a78_the_client_needs_the_grant(bob: Registered) -> None:
    """Right and wrong tokens alike; the text names the grant."""
    for token in (bob.token(), "garbage"):
        text = refused(
            bob.sign_in(client_id="NOGRANT", id_token=token), 403, "unauthorized_client"
        )
        assert "http://auth0.com/oauth/legacy/grant-type/ro/jwt-bearer" in text


def test_the_key_of_one_client_is_no_key_of_another(
    d: Auth0Client, bob: Registered
) -> None:
    """It was stored for LEG; one stored for none is good at each that may use keys."""
    refused(bob.sign_in(client_id="LEGHS"), 400, "invalid_grant")
    assert bob.sign_in().status_code == 200


@pytest.mark.parametrize(
    ("connection", "text"),
    [
        ("nowhere", "the connection was not found"),
        ("goog", "specified strategy does not support requested operation"),
    ],
)
def test_connection_rules_come_first(
    bob: Registered, connection: str, text: str
) -> None:
    """As with passwords, before the token is looked at."""
    answer = bob.sign_in(connection=connection, id_token="garbage")
    assert refused(answer, 400, "invalid_request") == text


def test_a_user_of_another_connection_is_nobody_here(bob: Registered) -> None:
    """The token names a user of the connection that the request names."""
    refused(bob.sign_in(connection="sms"), 400, "invalid_grant")


def test_guesses_are_counted_with_those_of_passwords(
    d: Auth0Client, bob: Registered
) -> None:
    """Ten bad tokens, and neither token nor password is looked at any more."""
    for number in range(10):
        answer = bob.sign_in(id_token=bob.token(exp=int(time.time()) + 1000 + number))
        refused(answer, 400, "invalid_grant")
    refused(bob.sign_in(), 429, "too_many_attempts")
    refused(d.ro(username=bob.name), 429, "too_many_attempts")
    refused(d.get(CREDENTIALS, basic(bob.name)), 429, "too_many_attempts")


def test_a_blocked_user_is_told_so_after_the_proof(
    d: Auth0Client, auth0_server: Instance, manager: dict[str, str]
) -> None:
    """A right token of a blocked user gets the text that Lock looks for."""
    phone, user_id = Phone.new(), stored_id(auth0_server, "bob@example.test")
    added = d.post(CREDENTIALS, key_of(phone.pem, user_id=user_id), manager)
    assert added.status_code == 201, added.text
    wrong = by_device(d, phone.token(user_id, time.time(), exp=int(time.time()) + 999))
    refused(wrong, 400, "invalid_grant")
    right = by_device(d, phone.token(user_id, time.time()))
    assert refused(right, 401, "unauthorized") == "user is blocked"


def test_a_second_factor_is_asked_for(
    d: Auth0Client, auth0_server: Instance, manager: dict[str, str]
) -> None:
    """A key is one factor; so is the password at way B: no key, no list."""
    phone, user_id = Phone.new(), stored_id(auth0_server, "dan@example.test")
    added = d.post(CREDENTIALS, key_of(phone.pem, user_id=user_id), manager)
    assert added.status_code == 201, added.text
    answer = by_device(d, phone.token(user_id, time.time()))
    refused(answer, 401, "a0.mfa_registration_required")
    answer = d.post(CREDENTIALS, key_of(phone.pem), basic("dan"))
    refused(answer, 401, "a0.mfa_registration_required")
    refused(d.get(CREDENTIALS, basic("carol")), 401, "a0.mfa_required")


@pytest.mark.parametrize("path", [CREDENTIALS, "/api/users/x/publickey"])
def test_where_keys_are_off_nothing_answers(contoso: Auth0Client, path: str) -> None:
    """404 endpoint_disabled, whoever asks; the password is not looked at."""
    body = key_of(VECTOR)
    for header in (basic("alice"), basic("alice", "bad"), bearer("x")):
        refused(contoso.post(path, body, header), 404, "endpoint_disabled")


def test_where_keys_are_off_nobody_holds_the_grant(
    d: Auth0Client, contoso: Auth0Client
) -> None:
    """The same answer as to a client without it."""
    phone = Phone.new()
    answer = contoso.ro(
        "username",
        "password",
        grant_type=JWTG,
        device="x",
        id_token=phone.token(ALICE, time.time()),
    )
    text = refused(answer, 403, "unauthorized_client")
    assert "http://auth0.com/oauth/legacy/grant-type/ro/jwt-bearer" in text
