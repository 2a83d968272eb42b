"""The management API: who may use it, and what it tells (interface §3; promise ADM-01).

Jobs that bring users in are in test_import_jobs.py.
"""

import time
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx
import jwt
import pytest

from tests.wire.auth0.conftest import DB, Auth0Client, refused
from tests.wire.auth0.test_refusals import assert_locked, guess
from tests.wire.auth0.test_success import ALICE
from tests.wire.auth0.test_token import SECRET
from tests.wire.instance import Instance

ALICE_PATH = quote(ALICE, safe="")
ROUTES = [
    ("GET", "connections", "read:connections"),
    ("GET", "connections/con_0123456789abcdef", "read:connections"),
    ("POST", "connections", "create:connections"),
    ("PATCH", "connections/con_0123456789abcdef", "update:connections"),
    ("DELETE", "connections/con_0123456789abcdef", "delete:connections"),
    ("GET", f"users/{ALICE_PATH}", "read:users"),
    ("GET", "users-by-email?email=alice@example.test", "read:users"),
    ("GET", "user-blocks?identifier=alice", "read:users"),
    ("DELETE", "user-blocks?identifier=alice", "update:users"),
    ("GET", f"user-blocks/{ALICE_PATH}", "read:users"),
    ("DELETE", f"user-blocks/{ALICE_PATH}", "update:users"),
    ("GET", "anomaly/blocks/ips/192.0.2.1", "read:anomaly_blocks"),
    ("DELETE", "anomaly/blocks/ips/192.0.2.1", "delete:anomaly_blocks"),
    ("POST", "jobs/users-imports", "create:users"),
    ("GET", "jobs/job_x", "create:users"),
    ("GET", "jobs/job_x/errors", "create:users"),
]
NAMES = [f"{method} {path}" for method, path, _ in ROUTES]
Fresh = Callable[[], str]


def domain(d: Auth0Client, server: Instance) -> str:
    """The domain of the tenant, as an SDK is given it."""
    return f"localhost:{server.port}{d.prefix}"


def manager(
    d: Auth0Client, server: Instance, scope: str | None = None
) -> dict[str, str]:
    """The header of a token of CONF's, for all that it may do or for `scope`."""
    fields = {
        "client_id": "CONF",
        "client_secret": SECRET,
        "grant_type": "client_credentials",
        "audience": f"https://{domain(d, server)}/api/v2/",
        "scope": scope,
    }
    answer = d.post("/oauth/token", fields)
    assert answer.status_code == 200, answer.text
    return {"authorization": f"Bearer {answer.json()['access_token']}"}


@pytest.fixture(scope="session")
def bearer(d: Auth0Client, auth0_server: Instance) -> dict[str, str]:
    """A token for everything at D."""
    return manager(d, auth0_server)


def holding(role: str) -> Callable[[dict[str, Any]], None]:
    """CONF's role at the management API, changed."""

    def change(document: dict[str, Any]) -> None:
        [conf] = [
            each
            for each in document["tenants"][0]["applications"]
            if each["client_id"] == "CONF"
        ]
        conf["roles"][-1]["role"] = role

    return change


def ask(
    d: Auth0Client, method: str, path: str, headers: dict[str, str]
) -> httpx.Response:
    """A request of the management API."""
    return d.wire.send(method, f"{d.prefix}/api/v2/{path}", b"", headers)


def own_words(answer: httpx.Response, status: int, code: str) -> str:
    """The message of a refusal in this API's own shape."""
    body = answer.json()
    assert (answer.status_code, body["statusCode"]) == (status, status), answer.text
    assert body["errorCode"] == code
    assert (
        body["error"]
        == {
            400: "Bad Request",
            401: "Unauthorized",
            403: "Forbidden",
            404: "Not Found",
            409: "Conflict",
        }[status]
    )
    assert body["message"] == body["error_description"]
    message: str = body["message"]
    return message


@pytest.mark.parametrize(("method", "path", "scope"), ROUTES, ids=NAMES)
def test_adm_01_who_may_not(
    d: Auth0Client,
    contoso: Auth0Client,
    auth0_server: Instance,
    method: str,
    path: str,
    scope: str,
) -> None:
    """No token, a user's, another API's, another tenant's, a changed one: 401."""
    api = {"audience": "https://api.test"}
    user = d.tk(scope="openid").json()["access_token"]
    user_api = d.tk(**api).json()["access_token"]
    own = manager(d, auth0_server)["authorization"].removeprefix("Bearer ")
    head, payload, signature = own.split(".")
    others = [
        {},
        {"authorization": "Bearer rubbish"},
        {"authorization": f"Bearer {user}"},
        {"authorization": f"Bearer {user_api}"},
        {"authorization": f"Bearer {d.ro().json()['access_token']}"},
        {"authorization": f"Basic {own}"},
        {"authorization": f"Bearer {head}.{payload}.{signature[::-1]}"},
        manager(contoso, auth0_server),
    ]
    for headers in others:
        answer = ask(d, method, path, headers)
        own_words(answer, 401, "invalid_token")
        assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("method", "path", "scope"), ROUTES, ids=NAMES)
def test_adm_01_each_route_has_its_scope(
    d: Auth0Client, auth0_server: Instance, method: str, path: str, scope: str
) -> None:
    """With another one 403, which names what is needed; with it, not."""
    other = "delete:users" if scope != "delete:users" else "read:users"
    denied = ask(d, method, path, manager(d, auth0_server, other))
    message = own_words(denied, 403, "insufficient_scope")
    assert message.startswith("Insufficient scope, expected any of: ")
    assert scope in message
    allowed = ask(d, method, path, manager(d, auth0_server, scope))
    assert allowed.status_code not in (401, 403)
    assert allowed.status_code < 500


def test_adm_01_a_token_ends_with_what_the_client_may(
    d: Auth0Client, auth0_server: Instance
) -> None:
    """A role that is taken away is gone at once, whatever the token says."""
    headers = manager(d, auth0_server)
    auth0_server.apply(holding("read:connections"))
    try:
        assert ask(d, "GET", "connections", headers).status_code == 200
        denied = ask(d, "GET", f"users/{ALICE_PATH}", headers)
        own_words(denied, 403, "insufficient_scope")
    finally:
        auth0_server.apply(holding("*"))


def test_without_a_role_there_is_no_token(
    d: Auth0Client, auth0_server: Instance
) -> None:
    """For this API; ordinary ones have tokens for whoever may ask (interface §3)."""
    api = f"https://{domain(d, auth0_server)}/api/v2/"
    fields = {
        "client_id": "CONF",
        "client_secret": SECRET,
        "grant_type": "client_credentials",
    }
    auth0_server.apply(holding("no:such"))
    try:
        denied = d.post("/oauth/token", {**fields, "audience": api})
        text = refused(denied, 403, "access_denied")
        assert text == f"Service not enabled within domain: {api}"
        other = d.post("/oauth/token", {**fields, "audience": "https://api.test"})
        assert other.status_code == 200
    finally:
        auth0_server.apply(holding("*"))


def test_a_token_for_management_is_a_jwt_for_it_alone(
    d: Auth0Client, auth0_server: Instance, bearer: dict[str, str]
) -> None:
    """Its audience is the API; UserInfo refuses it."""
    token = bearer["authorization"].removeprefix("Bearer ")
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["aud"] == f"https://{domain(d, auth0_server)}/api/v2/"
    assert claims["sub"] == "CONF@clients"
    refused(d.get("/userinfo", bearer), 401, "invalid_token")


def test_other_methods_and_paths(d: Auth0Client, bearer: dict[str, str]) -> None:
    """405 for a method that a path has not; nothing is served elsewhere."""
    wrong = d.wire.send("PATCH", "/api/v2/connections", b"", bearer)
    assert wrong.status_code == 405
    assert wrong.json()["errorCode"] == "method_not_allowed"
    assert ask(d, "GET", "rules", bearer).status_code == 404


# --- connections ----------------------------------------------------------------------


def test_connections_have_ids_and_no_options(
    d: Auth0Client, bearer: dict[str, str]
) -> None:
    """All of them, then one by name, by strategy and by id (interface §3)."""
    every = ask(d, "GET", "connections", bearer).json()
    names = {each["name"] for each in every}
    assert names >= {DB, "sms", "email", "off-db", "other-db", "goog", "corp-ad"}
    assert all(each["options"] == {} for each in every)
    [found] = ask(d, "GET", f"connections?name={DB}", bearer).json()
    assert found["id"].startswith("con_")
    assert len(found["id"]) == len("con_") + 16
    assert found["strategy"] == "auth0"
    assert set(found["enabled_clients"]) >= {"LEG", "OIDC", "CONF"}
    assert ask(d, "GET", f"connections/{found['id']}", bearer).json() == found
    by_strategy = ask(d, "GET", "connections?strategy=sms", bearer).json()
    assert [each["name"] for each in by_strategy] == ["sms"]
    assert ask(d, "GET", "connections?name=nowhere", bearer).json() == []


def test_connections_come_in_pages(d: Auth0Client, bearer: dict[str, str]) -> None:
    """With totals where they are asked for; odd numbers are refused."""
    path = "connections?per_page=2&page=1&include_totals=true"
    body = ask(d, "GET", path, bearer).json()
    assert (body["start"], body["limit"], body["length"]) == (2, 2, 2)
    every = ask(d, "GET", "connections", bearer).json()
    assert body["total"] == len(every)
    assert body["connections"] == every[2:4]
    for odd in ("per_page=x", "per_page=101", "page=-1", "page=%D9%A1"):
        own_words(
            ask(d, "GET", f"connections?{odd}", bearer), 400, "invalid_query_string"
        )


def test_ids_of_another_tenant_are_nothing_here(
    d: Auth0Client,
    contoso: Auth0Client,
    auth0_server: Instance,
    bearer: dict[str, str],
) -> None:
    """Promise 6: the same names have other ids."""
    theirs = ask(contoso, "GET", "connections", manager(contoso, auth0_server)).json()
    for each in theirs:
        own_words(ask(d, "GET", f"connections/{each['id']}", bearer), 404, "not_found")


# --- users ----------------------------------------------------------------------------


def test_a_user_by_id_and_by_mail(d: Auth0Client, bearer: dict[str, str]) -> None:
    """The profile, and whether somebody is blocked; no credential."""
    alice = ask(d, "GET", f"users/{ALICE_PATH}", bearer).json()
    assert alice["user_id"] == ALICE
    assert alice["email"] == "alice@example.test"
    assert alice["identities"][0]["connection"] == DB
    assert "blocked" not in alice
    assert not [name for name in alice if "password" in name or "hash" in name]
    email = "users-by-email?email=ALICE@example.test"
    assert ask(d, "GET", email, bearer).json() == [alice]
    [bob] = ask(d, "GET", "users-by-email?email=bob@example.test", bearer).json()
    assert bob["blocked"] is True
    assert ask(d, "GET", "users-by-email?email=no@example.test", bearer).json() == []


@pytest.mark.parametrize("user_id", ["auth0|nobody", "rubbish", "sms|1", "|", "%00"])
def test_a_user_whom_nobody_knows(
    d: Auth0Client, bearer: dict[str, str], user_id: str
) -> None:
    """404, or 400 for what can be no id."""
    path = user_id if user_id == "%00" else quote(user_id, safe="")
    assert ask(d, "GET", f"users/{path}", bearer).status_code in (400, 404)


# --- blocks ---------------------------------------------------------------------------


def test_a59_an_administrator_ends_a_lock(
    d: Auth0Client, fresh: Fresh, bearer: dict[str, str]
) -> None:
    """204, and the right password is good at once."""
    name = fresh()
    guess(d, name, 10)
    assert_locked(d.ro(username=name))
    path = f"user-blocks?identifier={name}"
    [told] = ask(d, "GET", path, bearer).json()["blocked_for"]
    assert (told["identifier"], told["connection"]) == (name, DB)
    ended = ask(d, "DELETE", path, bearer)
    assert (ended.status_code, ended.content) == (204, b"")
    assert ask(d, "GET", path, bearer).json() == {"blocked_for": []}
    assert d.ro(username=name).status_code == 200


def test_a59_by_the_mail_address_and_by_the_id(
    d: Auth0Client, fresh: Fresh, bearer: dict[str, str]
) -> None:
    """Whatever name the user was guessed by."""
    for by_id in (False, True):
        name = fresh()
        guess(d, name, 10)
        email = f"{name}@example.test"
        [user] = ask(d, "GET", f"users-by-email?email={email}", bearer).json()
        path = f"user-blocks?identifier={quote(email)}"
        if by_id:
            path = f"user-blocks/{quote(user['user_id'], safe='')}"
        assert len(ask(d, "GET", path, bearer).json()["blocked_for"]) == 1
        assert ask(d, "DELETE", path, bearer).status_code == 204
        assert d.ro(username=name).status_code == 200


def test_a59_the_name_of_nobody_too(d: Auth0Client, bearer: dict[str, str]) -> None:
    """A ghost's lock is seen and ended like a user's."""
    ghost = f"ghost-{uuid.uuid4()}"
    guess(d, ghost, 10)
    assert_locked(d.ro(username=ghost))
    path = f"user-blocks?identifier={ghost}"
    assert ask(d, "GET", path, bearer).json()["blocked_for"] == [{"identifier": ghost}]
    assert ask(d, "DELETE", path, bearer).status_code == 204
    refused(d.ro(username=ghost), 401, "invalid_user_password")


def test_a_lock_that_was_ended_is_on_record(
    d: Auth0Client, fresh: Fresh, bearer: dict[str, str], auth0_server: Instance
) -> None:
    """Who did it, and to whom."""
    name = fresh()
    query = "SELECT COUNT(*) FROM audit WHERE reason = 'user.unlock'"
    [[before]] = auth0_server.rows(query)
    ask(d, "DELETE", f"user-blocks?identifier={name}", bearer)
    [[after]] = auth0_server.rows(query)
    assert after - before == 2


def test_tenants_locks_are_apart(
    d: Auth0Client,
    contoso: Auth0Client,
    fresh: Fresh,
    bearer: dict[str, str],
) -> None:
    """Ending a lock here leaves the one of the same name there."""
    name = fresh()
    guess(contoso, name, 10)
    assert ask(d, "DELETE", f"user-blocks?identifier={name}", bearer).status_code == 204
    refused(contoso.ro(username=name), 429, "too_many_attempts")


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1"])
def test_an_address_that_is_not_blocked(
    d: Auth0Client, bearer: dict[str, str], address: str
) -> None:
    """404 to a question, and nothing to end."""
    path = f"anomaly/blocks/ips/{address}"
    own_words(ask(d, "GET", path, bearer), 404, "not_found")
    assert ask(d, "DELETE", path, bearer).status_code == 204
    wrong = ask(d, "GET", "anomaly/blocks/ips/localhost", bearer)
    own_words(wrong, 400, "invalid_query_string")


def test_a_revoked_token_is_dead(d: Auth0Client, auth0_server: Instance) -> None:
    """On the very next request (promise 5)."""
    headers = manager(d, auth0_server)
    token = headers["authorization"].removeprefix("Bearer ")
    fields = {"client_id": "CONF", "client_secret": SECRET, "token": token}
    assert ask(d, "GET", "connections", headers).status_code == 200
    assert d.post("/oauth/revoke", fields).status_code == 200
    began = time.monotonic()
    own_words(ask(d, "GET", "connections", headers), 401, "invalid_token")
    assert time.monotonic() - began < 5


def test_adm_01_a_token_that_has_expired(
    shut: Auth0Client, auth0_server: Instance
) -> None:
    """Good until then, and not a second longer."""

    def live(document: dict[str, Any]) -> None:
        document["tenants"][2]["access_token_lifetime"] = "3s"

    auth0_server.apply(live)
    headers = manager(shut, auth0_server)
    token = headers["authorization"].removeprefix("Bearer ")
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 3
    assert ask(shut, "GET", "connections", headers).status_code == 200
    time.sleep(max(0.0, claims["exp"] + 0.1 - time.time()))
    own_words(ask(shut, "GET", "connections", headers), 401, "invalid_token")


@pytest.mark.parametrize(
    "path",
    [
        "user-blocks?identifier=a%00b",
        "user-blocks",
        "user-blocks?identifier=",
        "user-blocks?identifier=a&identifier=b",
        "users-by-email?email=%00",
        "users-by-email",
        "connections?name=%00",
        "connections?strategy=a&strategy=%00",
    ],
)
def test_parameters_that_cannot_be_read(
    d: Auth0Client, bearer: dict[str, str], path: str
) -> None:
    """NUL, missing, empty, twice: 400 in this API's own words."""
    own_words(ask(d, "GET", path, bearer), 400, "invalid_query_string")
