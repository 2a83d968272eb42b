"""The public promises at the doors of this dialect, by the ids of their cases.

What the other dialect promises stands in tests/wire; ADM-01 in test_management.py.
"""

import base64
import copy
import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.wire.auth0.conftest import (
    DB,
    PW,
    URN,
    Auth0Client,
    refused,
    ro_body,
    tk_body,
)
from tests.wire.auth0.test_refusals import alike, wrongs
from tests.wire.auth0.test_success import ALICE
from tests.wire.auth0.test_token import renew, sign_in
from tests.wire.client import FORM, encode
from tests.wire.instance import Instance

Fresh = Callable[[], str]
Door = Callable[[Auth0Client, str, str], httpx.Response]


def at_ro(d: Auth0Client, username: str, password: str) -> httpx.Response:
    """`/oauth/ro`."""
    return d.ro(username=username, password=password)


def at_verify(d: Auth0Client, username: str, password: str) -> httpx.Response:
    """`/passwordless/verify`, documented as the same."""
    body = ro_body(username=username, password=password)
    return d.post("/passwordless/verify", body)


def at_realm(d: Auth0Client, username: str, password: str) -> httpx.Response:
    """`/oauth/token`, password-realm."""
    return d.tk(username=username, password=password)


def at_password(d: Auth0Client, username: str, password: str) -> httpx.Response:
    """`/oauth/token`, password."""
    return d.tk("realm", grant_type="password", username=username, password=password)


DOORS: dict[str, Door] = {
    "ro": at_ro,
    "verify": at_verify,
    "realm": at_realm,
    "password": at_password,
}
JSON_DOORS = {
    "/oauth/ro": ro_body,
    "/oauth/token": tk_body,
}


@pytest.fixture
def untouched(auth0_server: Instance) -> Iterator[None]:
    """Nothing that is asked in the test moves a counter."""
    before = auth0_server.guesses()
    yield
    assert auth0_server.guesses() == before


@pytest.mark.parametrize("door", DOORS)
def test_ropc_01_no_answer_tells_whether_an_account_exists(
    contoso: Auth0Client, door: str, fresh: Fresh
) -> None:
    """Unknown, wrong, disabled, without a password, second factor: one answer."""
    password = f"Wrong-{uuid.uuid4()}"
    ghost = f"ghost-{uuid.uuid4()}"
    names = (ghost, f"{ghost}@example.test", fresh(), "bob", "nopass", "carol", "erin")
    answers = [DOORS[door](contoso, name, password) for name in names]
    assert answers[0].status_code in (401, 403)
    alike(answers)


@pytest.mark.parametrize("path", JSON_DOORS)
@pytest.mark.usefixtures("untouched")
def test_ropc_03_a_client_that_may_do_nothing(d: Auth0Client, path: str) -> None:
    """Right and wrong password get one answer."""
    body = JSON_DOORS[path]
    answers = [d.post(path, body(client_id="NOGRANT", password=w)) for w in (PW, "bad")]
    refused(answers[0], 403, "unauthorized_client")
    alike(answers)


def test_ropc_03_a_tenant_whose_door_is_shut(
    shut: Auth0Client, auth0_server: Instance
) -> None:
    """As long as `password_grant` is not set, whatever the client may."""
    before = auth0_server.guesses()

    def door(state: bool) -> Callable[[dict[str, Any]], None]:
        def change(document: dict[str, Any]) -> None:
            # Tenants share what YAML anchors made: this one alone is meant.
            document["tenants"][2] = copy.deepcopy(document["tenants"][2])
            document["tenants"][2]["password_grant"] = state

        return change

    assert shut.tk().status_code == 200
    auth0_server.apply(door(False))
    try:
        answers = [shut.tk(password=word) for word in (PW, "bad")]
        refused(answers[0], 403, "unauthorized_client")
        alike(answers)
    finally:
        auth0_server.apply(door(True))
    assert auth0_server.guesses() == before


@pytest.mark.parametrize("path", JSON_DOORS)
@pytest.mark.usefixtures("untouched")
def test_ropc_05_no_parameter_may_come_twice(d: Auth0Client, path: str) -> None:
    """In a form, in JSON, or in body and address."""
    body = JSON_DOORS[path](password="Wrong-1", device="x", audience="y")
    written, form = json.dumps(body), encode(body)
    for name in body:
        for value in (body[name], "another"):
            twice = written[:-1] + f", {json.dumps(name)}: {json.dumps(value)}}}"
            pair = encode({name: str(value)})
            answers = [
                d.wire.post_json(f"{path}?{pair}", body),
                d.wire.post(path, f"{form}&{pair}".encode()),
                d.wire.send(
                    "POST", path, twice.encode(), {"content-type": "application/json"}
                ),
            ]
            for answer in answers:
                refused(answer, 400, "invalid_request")


SENSITIVE = ["password", "client_secret", "client_assertion", "refresh_token", "otp"]


@pytest.mark.parametrize("path", [*JSON_DOORS, "/oauth/revoke", "/passwordless/verify"])
@pytest.mark.parametrize("name", SENSITIVE)
@pytest.mark.usefixtures("untouched")
def test_ropc_06_a_credential_in_the_address_is_refused(
    d: Auth0Client, auth0_server: Instance, path: str, name: str
) -> None:
    """Even beside a complete body; nothing of it is written down or told."""
    marked = f"Marked-{uuid.uuid4()}"
    body = ro_body() if "token" not in path else tk_body()
    body.pop(name, None)
    for spelled in (name, name.upper(), f"%{ord(name[0]):02x}{name[1:]}"):
        answer = d.wire.post_json(f"{path}?{spelled}={marked}", body)
        refused(answer, 400, "invalid_request")
        assert marked not in answer.text
    for place, content in auth0_server.kept().items():
        assert marked.encode() not in content, place


@pytest.mark.parametrize("tenant", ["d", "contoso"])
def test_ropc_06_jsonp_is_never_written_down(
    request: pytest.FixtureRequest, auth0_server: Instance, tenant: str
) -> None:
    """Where it is off the address is refused, where it is on it is forgotten."""
    client: Auth0Client = request.getfixturevalue(tenant)
    marked = f"Marked-{uuid.uuid4()}"
    fields = encode(ro_body(password=marked, username=f"ghost-{uuid.uuid4()}"))
    answer = client.get(f"/oauth/ro?{fields}&cbx=f")
    assert answer.status_code == (405 if tenant == "d" else 200)
    assert marked not in answer.text
    for place, content in auth0_server.kept().items():
        assert marked.encode() not in content, place


@pytest.mark.parametrize("path", JSON_DOORS)
@pytest.mark.usefixtures("untouched")
def test_ropc_10_nul_is_in_no_field(d: Auth0Client, path: str) -> None:
    """Wherever it stands, in JSON and in forms."""
    body = JSON_DOORS[path](password="Wrong-1", other="x")
    for name in body:
        for value in ("\0", f"{body[name]}\0", f"\0{body[name]}"):
            sent = {**body, name: value}
            refused(d.post(path, sent), 400, "invalid_request")
            form = encode(sent).encode()
            answer = d.wire.send("POST", path, form, {"content-type": FORM})
            refused(answer, 400, "invalid_request")
    refused(d.post(path, {**body, "a\0b": "x"}), 400, "invalid_request")


@pytest.mark.parametrize("path", JSON_DOORS)
@pytest.mark.usefixtures("untouched")
def test_ropc_12_a_password_must_be_sent(contoso: Auth0Client, path: str) -> None:
    """Empty, null or missing, for users and nobodies: identical."""
    answers = []
    for name in ("alice", f"ghost-{uuid.uuid4()}"):
        body = JSON_DOORS[path](username=name)
        for password in ("", None):
            answers.append(contoso.post(path, {**body, "password": password}))
        del body["password"]
        answers.append(contoso.post(path, body))
    told = refused(answers[0], 400, "invalid_request")
    assert "password" in told
    alike(answers)


def test_ro_02_connections_are_not_told_apart(
    contoso: Auth0Client, auth0_server: Instance
) -> None:
    """Missing is named; unknown, not enabled and another tenant's are one answer."""

    def add(document: dict[str, Any]) -> None:
        first = document["tenants"][0] = copy.deepcopy(document["tenants"][0])
        first["connections"].append({"name": "only-at-d", "strategy": "auth0"})

    auth0_server.apply(add)
    before = auth0_server.guesses()
    told = refused(contoso.ro("connection"), 400, "invalid_request")
    assert told == "missing connection parameter"
    names = ("nowhere", "other-db", "off-db", "only-at-d")
    answers = [contoso.ro(connection=name) for name in names]
    refused(answers[0], 400, "invalid_request")
    alike(answers)
    realms = [contoso.tk(realm=name) for name in names]
    refused(realms[0], 400, "invalid_request")
    alike(realms)
    assert auth0_server.guesses() == before


def entra(d: Auth0Client, username: str, password: str) -> httpx.Response:
    """The other dialect's door of the same tenant."""
    form = {
        "client_id": "OIDC",
        "grant_type": "password",
        "username": f"{username}@example.test",
        "password": password,
        "scope": "openid",
    }
    return d.wire.post("/example.test/oauth2/v2.0/token", form)


def at_devices(d: Auth0Client, username: str, password: str) -> httpx.Response:
    """The door of `/api/v2/device-credentials` (contract auth0 §2, way B)."""
    plain = f"{DB}\\{username}:{password}".encode()
    basic = base64.urlsafe_b64encode(plain).decode().rstrip("=")
    address = f"/api/v2/device-credentials?client_id=LEG&user_id={quote(ALICE)}"
    return d.get(address, {"authorization": f"Basic {basic}"})


def test_ro_04_ten_wrong_passwords_over_all_doors(d: Auth0Client, fresh: Fresh) -> None:
    """The next try is locked at every door, with the right password too."""
    name = fresh()
    doors = [*DOORS.values(), entra, at_devices]
    for number, password in enumerate(wrongs(10)):
        answer = doors[number % len(doors)](d, name, password)
        assert answer.status_code in (400, 401, 403), answer.text
    for door in DOORS.values():
        refused(door(d, name, PW), 429, "too_many_attempts")
    assert at_devices(d, name, PW).status_code == 429
    locked = entra(d, name, PW)
    assert (locked.status_code, locked.json()["error"]) == (400, "invalid_grant")
    assert 50053 in locked.json()["error_codes"]
    assert "retry-after" not in locked.headers


def test_ro_04_doors_of_another_tenant_are_others(
    d: Auth0Client, contoso: Auth0Client, fresh: Fresh
) -> None:
    """The same name there is somebody else (promise 6)."""
    name = fresh()
    for password in wrongs(10):
        refused(d.ro(username=name, password=password), 401, "invalid_user_password")
    assert contoso.ro(username=name).status_code == 200


HOSTILE = {
    "x-forwarded-host": "evil.test",
    "x-forwarded-proto": "http",
    "x-forwarded-port": "1",
    "x-forwarded-server": "evil.test",
    "x-original-host": "evil.test",
    "forwarded": "host=evil.test;proto=http",
}


def test_key_01_headers_say_nothing_of_who_we_are(
    d: Auth0Client, auth0_server: Instance
) -> None:
    """Issuer and addresses are configured; a token says the same."""
    base = f"https://localhost:{auth0_server.port}/"
    document = d.get("/.well-known/openid-configuration", HOSTILE)
    assert document.json()["issuer"] == base
    assert "evil" not in document.text
    body = d.post("/oauth/token", tk_body(), HOSTILE).json()
    claims = json.loads(base64.urlsafe_b64decode(body["id_token"].split(".")[1] + "=="))
    assert claims["iss"] == base


@pytest.mark.parametrize("host", ["evil.test", "localhost.evil.test", "localhost:1"])
@pytest.mark.parametrize(
    "path", ["/.well-known/openid-configuration", "/oauth/token", "/oauth/ro"]
)
def test_key_01_another_host_is_nobodys(d: Auth0Client, path: str, host: str) -> None:
    """421, and nothing of the name comes back (RFC 9110 §15.5.20)."""
    method = "GET" if "well-known" in path else "POST"
    headers = {"host": host, "content-type": "application/json"}
    answer = d.wire.send(method, path, json.dumps(ro_body()).encode(), headers)
    refused(answer, 421, "misdirected_request")
    assert "evil" not in answer.text + str(answer.headers)


def test_ten_02_tokens_of_one_tenant_are_nothing_in_another(
    d: Auth0Client, contoso: Auth0Client
) -> None:
    """UserInfo refuses, revocation changes nothing, refreshing is refused."""
    refresh = sign_in(contoso)
    access = contoso.ro().json()["access_token"]
    headers = {"authorization": f"Bearer {access}"}
    refused(d.get("/userinfo", headers), 401, "invalid_token")
    refused(renew(d, refresh), 403, "invalid_grant")
    for token in (access, refresh):
        gone = d.post("/oauth/revoke", {"client_id": "OIDC", "token": token})
        assert gone.status_code == 200
    assert contoso.get("/userinfo", headers).status_code == 200
    assert renew(contoso, refresh).status_code == 200


def test_log_01_passwords_typed_elsewhere_are_not_kept(
    d: Auth0Client, auth0_server: Instance
) -> None:
    """In place of the name, the connection, the grant or the device; as Basic."""
    marked = f"Marked-{uuid.uuid4()}"
    for name in ("username", "connection", "grant_type", "scope", "device", "nonce"):
        d.ro(**{name: marked})
        d.tk(**{name: marked, "realm": marked})
    d.post("/oauth/token", {}, {"authorization": f"Basic {marked}"})
    d.post("/oauth/revoke", {"client_id": "OIDC", "token": marked})
    d.get(f"/client/{marked}.js")
    d.get("/userinfo", {"authorization": f"Bearer {marked}"})
    at_devices(d, marked, marked)
    d.post("/oauth/token", tk_body(grant_type=f"{URN}mfa-otp", mfa_token=marked))
    for place, content in auth0_server.kept().items():
        assert marked.encode() not in content, place


def test_ropc_01_other_ways_to_a_name_lock_nobody_apart(
    d: Auth0Client, fresh: Callable[[], str]
) -> None:
    """Five wrong ones at one connection and five at another: a lock that came then for
    names of nobody alone would tell them (promise 2).
    """
    known, ghost = f"{fresh()}@example.test", f"{uuid.uuid4()}@example.test"
    told = []
    for name in (known, ghost):
        answers = [
            d.ro(username=name, password=f"guess-{n}", connection=connection)
            for connection in (DB, "email")
            for n in range(5)
        ]
        answers.append(d.ro(username=name, password="the eleventh"))
        told.append([(each.status_code, each.json()["error"]) for each in answers])
    assert told[0] == told[1]
    assert told[0][-1] == (401, "invalid_user_password")


@pytest.mark.parametrize(
    "query",
    [
        "client_id=LEG%00&grant_type=password&cbx=f",
        "username=alice&username=bob&cbx=f",
        "nonce=%00&cbx=f",
        "device=a%00b&scope=openid&cbx=f",
        "username=%ff&cbx=f",
    ],
)
def test_ropc_05_10_by_jsonp_too(
    contoso: Auth0Client, auth0_server: Instance, query: str
) -> None:
    """An address is held to the same rules as a body, and nothing is counted."""
    before = auth0_server.guesses()
    answer = contoso.get(f"/oauth/ro?{query}")
    assert answer.status_code == 200
    assert '"status":400' in answer.text
    assert '"error":"invalid_request"' in answer.text
    assert auth0_server.guesses() == before
