"""Way B of contract auth0 §2: whose devices may be listed, added to and removed.

By password, by a user's token, by an application's; at every door its own rules.
"""

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from tests.keys.forms import bare
from tests.keys.phones import VECTOR, Phone
from tests.wire.auth0.conftest import (
    DB,
    PW,
    Auth0Client,
    refused,
    tk_body,
)
from tests.wire.auth0.phones import (
    CREDENTIALS,
    JWTG,
    Registered,
    application_token,
    basic,
    bearer,
    delete,
    key_of,
    user_token,
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


# --- way B by tokens ------------------------------------------------------------------


def test_a_user_may_manage_their_own_devices_by_token(
    d: Auth0Client, auth0_server: Instance, bob: Registered
) -> None:
    """With the three scopes of the contract: listed, added, removed."""
    header = user_token(d, auth0_server, bob.name, "read", "create", "delete")
    added = d.post(CREDENTIALS, key_of(Phone.new().pem, device_name="new"), header)
    assert added.status_code == 201, added.text
    listed = d.get(f"{CREDENTIALS}?user_id={quote(bob.user_id)}", header).json()
    assert [each["device_name"] for each in listed] == ["Bob's iPhone", "new"]
    where = f"{CREDENTIALS}/{added.json()['id']}"
    assert delete(d, where, header).status_code == 204
    assert [each["id"] for each in d.get(CREDENTIALS, header).json()] == [bob.key_id]


def test_each_act_needs_its_scope(
    d: Auth0Client, auth0_server: Instance, bob: Registered
) -> None:
    """A token for reading neither adds nor removes (ADM-01)."""
    header = user_token(d, auth0_server, bob.name, "read")
    text = refused(
        d.post(CREDENTIALS, key_of(VECTOR), header), 403, "insufficient_scope"
    )
    assert "create:current_user_device_credentials" in text
    where = f"{CREDENTIALS}/{bob.key_id}"
    refused(delete(d, where, header), 403, "insufficient_scope")
    assert bob.sign_in().status_code == 200


def test_a_user_sees_and_touches_nobody_elses_devices(
    d: Auth0Client, auth0_server: Instance, bob: Registered, fresh: Fresh
) -> None:
    """By password or token: 403 for another's list or key, 404 for another's entry."""
    other = fresh()
    where = f"{CREDENTIALS}?user_id={quote(bob.user_id)}"
    for header in (
        basic(other),
        user_token(d, auth0_server, other, "read", "create", "delete"),
    ):
        refused(d.get(where, header), 403, "insufficient_scope")
        body = key_of(VECTOR, user_id=bob.user_id)
        refused(d.post(CREDENTIALS, body, header), 403, "insufficient_scope")
        gone = delete(d, f"{CREDENTIALS}/{bob.key_id}", header)
        refused(gone, 404, "not_found")
        assert d.get(CREDENTIALS, header).json() == []
    assert bob.sign_in().status_code == 200


def test_an_application_may_manage_everybodys(
    d: Auth0Client, bob: Registered, manager: dict[str, str]
) -> None:
    """It must say whose; unknown users are 404."""
    where = f"{CREDENTIALS}?user_id={quote(bob.user_id)}&type=public_key"
    assert [each["id"] for each in d.get(where, manager).json()] == [bob.key_id]
    refused(d.get(CREDENTIALS, manager), 400, "invalid_request")
    refused(d.get(f"{CREDENTIALS}?user_id=auth0%7Cnobody", manager), 404, "not_found")
    assert delete(d, f"{CREDENTIALS}/{bob.key_id}", manager).status_code == 204
    refused(bob.sign_in(), 400, "invalid_grant")


def test_other_tokens_open_nothing(
    d: Auth0Client, contoso: Auth0Client, auth0_server: Instance, bob: Registered
) -> None:
    """None, garbage, those for UserInfo or an API, an id_token, another tenant's."""
    ours = d.ro(username=bob.name, scope="openid").json()
    api = d.tk(username=bob.name, audience="https://api.test", scope="read:x").json()
    there = application_token(
        contoso,
        auth0_server,
        audience=f"https://localhost:{auth0_server.port}/contoso/api/v2/",
    )
    headers = [bearer(ours["access_token"]), bearer(ours["id_token"]), bearer("x"), {}]
    headers += [bearer(api["access_token"]), there]
    for header in headers:
        for answer in (
            d.get(f"{CREDENTIALS}?user_id={quote(bob.user_id)}", header),
            d.post(CREDENTIALS, key_of(VECTOR), header),
            delete(d, f"{CREDENTIALS}/{bob.key_id}", header),
        ):
            refused(answer, 401, "invalid_token")
    assert bob.sign_in().status_code == 200


# --- way B by password ----------------------------------------------------------------


def test_a_wrong_password_is_refused_as_at_the_old_door(
    d: Auth0Client, auth0_server: Instance, fresh: Fresh
) -> None:
    """The same status, code and bytes for somebody unknown, and it is counted."""
    name = fresh()
    before = auth0_server.guesses()
    wrong = d.get(CREDENTIALS, basic(name, "bad"))
    ghost = d.get(CREDENTIALS, basic("ghost-of-devices", "bad"))
    text = refused(wrong, 401, "invalid_user_password")
    assert text == "Wrong email or password."
    assert wrong.content == ghost.content
    assert len(auth0_server.guesses()) > len(before)


@pytest.mark.parametrize(
    "header",
    [
        "Basic",
        "Basic !!!",
        "Basic " + bare(b"alice:pw"),
        "Basic " + bare(b"DB\\alice"),
        "Basic " + bare(b"DB\\alice:"),
        "Basic " + bare(b"\\alice:pw"),
        "Basic " + bare(b"DB\\:pw"),
        "Basic " + bare(b"DB\\al\0ice:pw"),
        "Basic " + bare(b"DB\\\xff:pw"),
        "Basic " + bare(b"DB\\alice:" + b"x" * 5000),
    ],
)
def test_a_malformed_header_is_no_guess(
    d: Auth0Client, auth0_server: Instance, header: str
) -> None:
    """4xx, and no counter moves (promise 14; contract §5)."""
    before = auth0_server.guesses()
    answer = d.get(CREDENTIALS, {"authorization": header})
    assert answer.status_code in (400, 401)
    assert answer.json()["error_description"]
    assert auth0_server.guesses() == before


def test_both_alphabets_and_padding_are_read(d: Auth0Client, fresh: Fresh) -> None:
    """The clients send base64url without padding; others may write it as RFC 7617."""
    plain = f"{DB}\\{fresh()}:{PW}".encode()
    for text in (bare(plain), base64.b64encode(plain).decode()):
        answer = d.get(CREDENTIALS, {"authorization": f"basic {text}"})
        assert answer.status_code == 200
        assert answer.json() == []


@pytest.mark.parametrize(
    ("client_id", "status", "error"),
    [
        ("nope", 403, "unauthorized_client"),
        ("NOGRANT", 403, "unauthorized_client"),
        ("OIDC", 400, "invalid_request"),
    ],
)
def test_the_client_named_must_be_one_that_may_use_keys(
    d: Auth0Client, auth0_server: Instance, client_id: str, status: int, error: str
) -> None:
    """Whatever the password: it is not looked at."""
    before = auth0_server.guesses()
    for password in (PW, "bad"):
        answer = d.get(f"{CREDENTIALS}?client_id={client_id}", basic("alice", password))
        refused(answer, status, error)
    assert auth0_server.guesses() == before


def test_connection_rules_hold_at_way_b(d: Auth0Client) -> None:
    """The three that may not be told apart are not open here either (RO-02)."""
    for connection in ("nowhere", "off-db", "goog"):
        answer = d.get(
            f"{CREDENTIALS}?client_id=LEG", basic("alice", connection=connection)
        )
        refused(answer, 400, "invalid_request")


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"type": "refresh_token"}, "type"),
        ({"type": None}, "type"),
        ({"value": "!!!"}, "value"),
        ({"value": base64.b64encode(b"no key").decode()}, "public_key"),
        ({"value": ["x"]}, "value"),
        ({"device_name": None}, "device_name"),
        ({"device_name": "x" * 300}, "device_name"),
        ({"client_id": "nope"}, "client_id"),
    ],
)
def test_what_is_no_key_is_not_kept(
    d: Auth0Client, changes: dict[str, Any], name: str
) -> None:
    """400, and the member is named."""
    answer = d.post(CREDENTIALS, key_of(VECTOR, **changes), basic("alice"))
    assert name in refused(answer, 400, "invalid_request")


# --- refresh tokens filed under a device ----------------------------------------------


def test_refresh_tokens_are_listed_and_end_with_their_entry(
    d: Auth0Client, bob: Registered
) -> None:
    """Under the name of the device; both types are listed unless one is named."""
    refresh = bob.sign_in(device="tablet").json()["refresh_token"]
    entries = d.get(CREDENTIALS, basic(bob.name)).json()
    assert [(each["type"], each["device_name"]) for each in entries] == [
        ("public_key", "Bob's iPhone"),
        ("refresh_token", "tablet"),
    ]
    [entry] = d.get(f"{CREDENTIALS}?type=refresh_token", basic(bob.name)).json()
    assert (entry["user_id"], entry["client_id"]) == (bob.user_id, "LEG")
    body = {
        "client_id": "LEG",
        "grant_type": JWTG,
        "refresh_token": refresh,
        "target": "LEG",
        "scope": "openid",
    }
    assert d.post("/delegation", body).status_code == 200
    gone = delete(d, f"{CREDENTIALS}/{entry['id']}", basic(bob.name))
    assert gone.status_code == 204
    refused(d.post("/delegation", body), 403, "invalid_grant")
    assert bob.sign_in().status_code == 200  # the key is another entry


def test_rotating_refresh_tokens_are_a_type_of_their_own(
    d: Auth0Client, fresh: Fresh
) -> None:
    """Those of today's pipeline are told only when asked for; they end as well."""
    name = fresh()
    answer = d.post("/oauth/token", tk_body(username=name, scope="offline_access"))
    refresh = answer.json()["refresh_token"]
    assert d.get(CREDENTIALS, basic(name)).json() == []
    where = f"{CREDENTIALS}?type=rotating_refresh_token"
    [entry] = d.get(where, basic(name)).json()
    assert (entry["type"], entry["client_id"]) == ("rotating_refresh_token", "OIDC")
    assert delete(d, f"{CREDENTIALS}/{entry['id']}", basic(name)).status_code == 204
    body = {
        "client_id": "OIDC",
        "grant_type": "refresh_token",
        "refresh_token": refresh,
    }
    refused(d.post("/oauth/token", body), 403, "invalid_grant")


def test_an_unknown_type_is_refused(d: Auth0Client) -> None:
    """Rather than answered by an empty list."""
    refused(
        d.get(f"{CREDENTIALS}?type=password", basic("alice")), 400, "invalid_request"
    )


def test_browsers_may_ask(d: Auth0Client) -> None:
    """A preflight names the methods and headers (contract §0)."""
    headers = {
        "origin": "https://app.example.test",
        "access-control-request-method": "DELETE",
        "access-control-request-headers": "authorization",
    }
    answer = d.wire.send("OPTIONS", f"{CREDENTIALS}/x", b"", headers)
    assert answer.status_code == 204
    assert "DELETE" in answer.headers["access-control-allow-methods"]
    assert "Authorization" in answer.headers["access-control-allow-headers"]
