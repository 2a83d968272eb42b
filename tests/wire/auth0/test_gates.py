"""Cases A20 to A40 of contract auth0 §9: what is refused before a password is seen."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.wire.auth0.conftest import (
    ORIGIN,
    PW,
    Auth0Client,
    refused,
    ro_body,
)
from tests.wire.client import FORM
from tests.wire.instance import Instance

JSON = "application/json"
RO_NAME = "http://auth0.com/oauth/legacy/grant-type/ro"
CALL = re.compile(r"/\*\*/ typeof (\S+) === 'function' && (\S+)\((.*)\);")


@pytest.fixture
def untouched(auth0_server: Instance) -> Iterator[None]:
    """Nothing that is asked in the test moves a counter."""
    before = auth0_server.guesses(), auth0_server.rows("SELECT * FROM buckets")
    yield
    assert (
        auth0_server.guesses(),
        auth0_server.rows("SELECT * FROM buckets"),
    ) == before


pytestmark = pytest.mark.usefixtures("untouched")


def test_a20_without_client_id(d: Auth0Client) -> None:
    """The parameter is named."""
    told = refused(d.ro("client_id"), 400, "invalid_request")
    assert told == "missing client_id parameter"


def test_a21_unknown_client(d: Auth0Client) -> None:
    """403, as there is no client authentication that could fail (§10)."""
    told = refused(d.ro(client_id="nope"), 403, "unauthorized_client")
    assert told == "invalid client"


@pytest.mark.parametrize(
    ("name", "case"),
    [("connection", "A22"), ("username", "A23"), ("password", "A24")],
)
@pytest.mark.parametrize("how", ["absent", "null", "empty"])
def test_a22_a23_a24_missing_parameters(
    d: Auth0Client, name: str, case: str, how: str
) -> None:
    """Absent, null and empty are the same; the parameter is named."""
    sent = {"null": None, "empty": ""}
    answer = d.ro(name) if how == "absent" else d.ro(**{name: sent[how]})
    assert refused(answer, 400, "invalid_request") == f"missing {name} parameter", case


@pytest.mark.parametrize("scope", [["openid"], 5, {"openid": True}, False])
def test_a25_scope_is_a_string(d: Auth0Client, scope: object) -> None:
    """Whatever else JSON knows is refused."""
    told = refused(d.ro(scope=scope), 400, "invalid_request")
    assert told == "scope parameter must be a string"


@pytest.mark.parametrize("scope", ['open"id', "openid e\\mail", "openid naïve"])
def test_scope_has_a_syntax(d: Auth0Client, scope: str) -> None:
    """RFC 6749 §3.3; told whatever the password is, as it is looked at before."""
    right, wrong = d.ro(scope=scope), d.ro(scope=scope, password="bad")
    told = refused(right, 400, "invalid_scope")
    assert told == f"The scope '{scope.removeprefix('openid ')}' is not valid."
    assert right.content == wrong.content


def test_a26_unknown_connection(d: Auth0Client) -> None:
    """By name, not by strategy."""
    for name in ("nowhere", "auth0", "username-password-authentication"):
        told = refused(d.ro(connection=name), 400, "invalid_request")
        assert told == "the connection was not found"


@pytest.mark.parametrize("name", ["off-db", "other-db"])
def test_a27_disabled_connection(d: Auth0Client, name: str) -> None:
    """Switched off, or not enabled for this client: where the tenant tells."""
    told = refused(d.ro(connection=name), 400, "invalid_request")
    assert told == "the connection was disabled"


def test_a27_hidden_connections_are_not_told_apart(contoso: Auth0Client) -> None:
    """Unknown, off, not enabled: one answer, unless the tenant tells (interface §3)."""
    answers = [
        contoso.ro(connection=name) for name in ("nowhere", "off-db", "other-db")
    ]
    told = {refused(answer, 400, "invalid_request") for answer in answers}
    assert told == {"the connection was not found"}
    assert len({answer.content for answer in answers}) == 1


def test_a28_passive_strategy(d: Auth0Client) -> None:
    """Nobody's password is checked at a social connection."""
    told = refused(d.ro(connection="goog"), 400, "invalid_request")
    assert told == "specified strategy does not support requested operation"


def test_a29_client_without_the_grant(d: Auth0Client) -> None:
    """Right and wrong password: one answer, which names the grant."""
    right, wrong = d.ro(client_id="NOGRANT"), d.ro(client_id="NOGRANT", password="x")
    told = refused(right, 403, "unauthorized_client")
    assert told == f"Grant type '{RO_NAME}' not allowed for the client."
    assert right.content == wrong.content


def test_a30_oidc_conformant_client(d: Auth0Client) -> None:
    """A text that Auth0.Android compares."""
    told = refused(d.ro(client_id="OIDC"), 400, "invalid_request")
    assert told == "OIDC conformant clients cannot use /oauth/ro"


def test_a31_the_tenants_switch_is_off(shut: Auth0Client) -> None:
    """404 in JSON; nothing else is told, not even whether the client exists."""
    answers = [shut.ro(), shut.ro(client_id="nope"), shut.ro("password")]
    told = {refused(answer, 404, "endpoint_disabled") for answer in answers}
    assert len(told) == 1


def test_a32_unknown_grant_type(d: Auth0Client) -> None:
    """A grant of another endpoint, and one of nobody's."""
    for sent in ("authorization_code", "PASSWORD", "x" * 500):
        refused(d.ro(grant_type=sent), 400, "unsupported_grant_type")


def test_a33_without_grant_type(d: Auth0Client) -> None:
    """RFC 6749 knows no default either."""
    told = refused(d.ro("grant_type"), 400, "invalid_request")
    assert told == "missing grant_type parameter"


def query(**more: str) -> str:
    """RO{} as an address."""
    fields = {**ro_body(), **more}
    return "/oauth/ro?" + "&".join(
        f"{k}={quote(v, safe='')}" for k, v in fields.items()
    )


def test_a34_get_is_not_a_method_here(d: Auth0Client) -> None:
    """Unless the tenant has switched JSONP on; the headers name what is."""
    for method in ("GET", "HEAD", "PUT"):
        answer = d.wire.send(method, d.prefix + query(cbx="__auth0jp0"))
        assert answer.status_code == 405
        assert "POST" in answer.headers["allow"].split(", ")
        assert method not in answer.headers["allow"].split(", ")
        assert PW not in answer.text
    refused(d.get(query(cbx="__auth0jp0")), 405, "method_not_allowed")


def called(answer: httpx.Response) -> tuple[str, dict[str, Any]]:
    """The function that a script calls, and its argument."""
    found = CALL.fullmatch(answer.text)
    assert found is not None, answer.text
    assert found[1] == found[2]
    argument: dict[str, Any] = json.loads(found[3])
    return found[1], argument


def test_a35_jsonp_with_the_right_password(contoso: Auth0Client) -> None:
    """A script that calls back with the tokens, never to be stored."""
    answer = contoso.get(query(cbx="__auth0jp0"))
    name, argument = called(answer)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/javascript")
    assert answer.headers["cache-control"] == "no-store"
    assert (name, argument["status"]) == ("__auth0jp0", 200)
    assert {"access_token", "token_type", "id_token"} <= set(argument)
    assert "error" not in argument


def test_a37_the_name_of_a_callback_is_a_name(contoso: Auth0Client) -> None:
    """Nothing else is, and none of it comes back."""
    for name in ("alert(1)//", "a" * 65, "1a", "a b", "a;b", "é", "", "a\n"):
        answer = contoso.get(query(cbx=name))
        refused(answer, 400, "invalid_request")
        assert "alert" not in answer.text


def test_a38_a_preflight_of_an_allowed_origin(d: Auth0Client) -> None:
    """Without `Auth0-Client` among the headers every SDK's sign-in would die."""
    asked = "auth0-client,content-type"
    headers = {"origin": ORIGIN, "access-control-request-headers": asked}
    answer = d.wire.send(
        "OPTIONS",
        "/oauth/ro",
        b"",
        {**headers, "access-control-request-method": "POST"},
    )
    allowed = answer.headers["access-control-allow-headers"].lower().split(", ")
    assert answer.status_code == 204
    assert {"auth0-client", "content-type"} <= set(allowed)
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert "origin" in answer.headers["vary"].lower()


@pytest.mark.parametrize(
    "origin", ["https://evil.test", ORIGIN + ".evil.test", ORIGIN.upper(), "null", "*"]
)
def test_a38_a_preflight_of_another_origin(d: Auth0Client, origin: str) -> None:
    """Nobody registered it: the browser is told nothing."""
    answer = d.wire.send("OPTIONS", "/oauth/ro", b"", {"origin": origin})
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_an_origin_is_judged_per_client_on_the_real_request(d: Auth0Client) -> None:
    """A client that registered no origin is read by no script (§0)."""
    sent = {"origin": ORIGIN}
    mine = d.post("/oauth/ro", ro_body(connection="nowhere"), sent)
    theirs = d.post("/oauth/ro", ro_body(client_id="NOGRANT"), sent)
    assert mine.headers["access-control-allow-origin"] == ORIGIN
    assert "access-control-allow-origin" not in theirs.headers
    assert mine.status_code == 400


MALFORMED = {
    "array": (b"[]", JSON),
    "cut off": (b"{", JSON),
    "text": (b"client_id=LEG", "text/plain"),
    "no type": (b"client_id=LEG", ""),
    "twice in a form": (b"client_id=LEG&client_id=LEG", FORM),
    "twice in JSON": (b'{"client_id":"LEG","client_id":"LEG"}', JSON),
    "no UTF-8": (b'{"client_id":"\xff"}', JSON),
    "deep": (b'{"a":' * 20_000 + b"1" + b"}" * 20_000, JSON),
    "not a number": (b'{"a":NaN}', JSON),
    "a lone surrogate": (b'{"client_id":"\\ud800"}', JSON),
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_a40_bodies_that_cannot_be_read(d: Auth0Client, kind: str) -> None:
    """A refusal in JSON, with a text."""
    body, media = MALFORMED[kind]
    answer = d.wire.send("POST", "/oauth/ro", body, {"content-type": media})
    refused(answer, 400, "invalid_request")
    assert answer.headers["content-type"].startswith(JSON)


def test_the_order_of_gates(d: Auth0Client) -> None:
    """The first failing row of §1.5 answers, as rows are mended one by one."""
    steps: list[tuple[dict[str, object], str]] = [
        ({}, "missing client_id parameter"),
        ({"client_id": "nope"}, "invalid client"),
        ({"client_id": "OIDC"}, "OIDC conformant clients cannot use /oauth/ro"),
        ({"client_id": "NOGRANT"}, "missing grant_type parameter"),
        ({"grant_type": "x"}, "The grant type is not supported."),
        (
            {"grant_type": "password"},
            f"Grant type '{RO_NAME}' not allowed for the client.",
        ),
        ({"client_id": "LEG"}, "missing connection parameter"),
        ({"connection": "nowhere"}, "missing username parameter"),
        ({"username": "alice"}, "missing password parameter"),
        ({"password": "x", "scope": 5}, "scope parameter must be a string"),
        ({"scope": ""}, "the connection was not found"),
        ({"connection": "off-db"}, "the connection was disabled"),
        (
            {"connection": "goog"},
            "specified strategy does not support requested operation",
        ),
    ]
    body: dict[str, object] = {}
    told = []
    for change, _ in steps:
        body |= change
        told.append(d.post("/oauth/ro", body).json()["error_description"])
    assert told == [text for _, text in steps]


def test_connections_that_are_not_set_up(d: Auth0Client) -> None:
    """Nobody checks passwords there yet; the text begins as clients know it."""
    told = d.ro(connection="corp-ad")
    text = refused(told, told.status_code, told.json()["error"])
    if told.status_code == 400:
        assert text.startswith("The connection is not yet configured")
    else:  # a directory that is not there is away, never a wrong password
        refused(told, 503, "temporarily_unavailable")
        assert told.headers["retry-after"]
