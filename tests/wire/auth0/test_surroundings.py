"""Cases A110 to A113 and A119 of contract auth0 §9, and what else clients ask for."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import jwt
import pytest

from tests.wire.auth0.conftest import (
    DB,
    ORIGIN,
    Auth0Client,
    refused,
    ro_body,
    tk_body,
)
from tests.wire.auth0.test_success import ALICE, claims_of
from tests.wire.instance import Instance

CONFIGURATIONS = [
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
]
Fresh = Callable[[], str]


def bearer(token: str) -> dict[str, str]:
    """The header that brings a token."""
    return {"authorization": f"Bearer {token}"}


# --- documents ------------------------------------------------------------------------


@pytest.mark.parametrize("path", CONFIGURATIONS)
@pytest.mark.parametrize("prefix", ["", "/contoso"])
def test_a110_a112_discovery(
    d: Auth0Client,
    contoso: Auth0Client,
    auth0_server: Instance,
    path: str,
    prefix: str,
) -> None:
    """The issuer ends with one slash and is that of tokens; all lives below it."""
    client = contoso if prefix else d
    document = client.get(path).json()
    base = f"https://localhost:{auth0_server.port}{prefix}/"
    assert document["issuer"] == base
    assert document["jwks_uri"] == f"{base}.well-known/jwks.json"
    assert document["token_endpoint"] == f"{base}oauth/token"
    assert document["userinfo_endpoint"] == f"{base}userinfo"
    assert document["mfa_challenge_endpoint"] == f"{base}mfa/challenge"
    assert document["revocation_endpoint"] == f"{base}oauth/revoke"
    assert claims_of(client, client.ro().json()["id_token"])["iss"] == base
    assert "none" not in document["id_token_signing_alg_values_supported"]
    assert document["code_challenge_methods_supported"] == ["S256"]


def test_a111_keys(d: Auth0Client) -> None:
    """RSA for signing, with id and numbers, and nothing private."""
    answer = d.get("/.well-known/jwks.json")
    keys = answer.json()["keys"]
    assert len(keys) >= 2
    for key in keys:
        assert (key["kty"], key["use"], key["alg"]) == ("RSA", "sig", "RS256")
        assert {"kid", "n", "e", "x5t", "x5c"} <= set(key)
        assert not {"d", "p", "q", "dp", "dq", "qi"} & set(key)
    assert len({key["kid"] for key in keys}) == len(keys)
    assert answer.headers["access-control-allow-origin"] == "*"


def test_a112_tenants_have_keys_of_their_own(
    d: Auth0Client, contoso: Auth0Client
) -> None:
    """None of one is in the other's set (promise 6)."""
    kids = [
        {key["kid"] for key in client.get("/.well-known/jwks.json").json()["keys"]}
        for client in (d, contoso)
    ]
    assert not kids[0] & kids[1]


@pytest.mark.parametrize("host", ["login.hosted.test", "LOGIN.hosted.test:443"])
def test_a_tenant_has_a_host_of_its_own(d: Auth0Client, host: str) -> None:
    """On the same address, told by the host alone; what it issues is its own."""
    there = {"host": host}
    document = d.get("/.well-known/openid-configuration", there).json()
    assert document["issuer"] == "https://login.hosted.test/"
    answer = d.post("/oauth/ro", ro_body(), there)
    claims = jwt.decode(answer.json()["id_token"], options={"verify_signature": False})
    assert claims["iss"] == "https://login.hosted.test/"
    token = bearer(answer.json()["access_token"])
    assert d.get("/userinfo", {**token, **there}).status_code == 200
    assert d.get("/userinfo", token).status_code == 401
    elsewhere = d.post("/contoso/oauth/ro", ro_body(), there)
    assert elsewhere.status_code in (404, 421)


def test_every_answer_can_be_found_in_the_log(
    d: Auth0Client, auth0_server: Instance
) -> None:
    """By the id in its header: a success, a refusal, and what was never understood."""
    answers = [d.ro(), d.ro(password="not the one"), d.ro("client_id")]
    ids = [answer.headers["x-auth0-requestid"] for answer in answers]
    told = [auth0_server.records(each) for each in ids]
    assert told == [
        [("granted", "")],
        [("refused", "password_wrong")],
        [("refused", "parameter_missing")],
    ]


# --- UserInfo -------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a113_userinfo_without_a_good_token(
    d: Auth0Client, contoso: Auth0Client, method: str
) -> None:
    """None, rubbish, another tenant's, one for an API alone, an id_token: 401."""
    theirs = contoso.ro().json()["access_token"]
    mine = d.ro(scope="openid").json()
    api = d.tk(audience="https://api.test", scope="read:x").json()["access_token"]
    others = [
        {},
        {"authorization": "Bearer"},
        bearer("rubbish"),
        bearer(theirs),
        bearer(contoso.tk().json()["access_token"]),
        bearer(mine["id_token"]),
        bearer(api),
        {"authorization": f"Basic {mine['access_token']}"},
        {"authorization": mine["access_token"]},
    ]
    for headers in others:
        answer = d.wire.send(method, "/userinfo", b"", headers)
        refused(answer, 401, "invalid_token")
        assert answer.headers["www-authenticate"].startswith("Bearer")
    assert d.wire.send(method, "/userinfo", b"", bearer(theirs)).status_code == 401
    answer = contoso.get("/userinfo", bearer(theirs))
    assert answer.json()["user_id"] == ALICE


def test_userinfo_by_scope(d: Auth0Client, fresh: Fresh) -> None:
    """A token of the OIDC side tells what was granted (§6)."""
    name = fresh()
    audience = {"audience": "https://api.test"}
    told = {}
    for scope in ("openid", "openid email", "openid profile"):
        token = d.tk(username=name, scope=f"{scope} read:x", **audience)
        told[scope] = d.get("/userinfo", bearer(token.json()["access_token"])).json()
    assert set(told["openid email"]) == {"sub", "email", "email_verified"}
    assert {"sub", "name", "nickname", "picture"} <= set(told["openid profile"])
    assert "email" not in told["openid profile"]
    assert {each["sub"] for each in told.values()} == {told["openid"]["sub"]}


def test_userinfo_is_limited_for_each_user(d: Auth0Client, fresh: Fresh) -> None:
    """Ten at once, then five a minute, as headers say all along (§5)."""
    name, other = fresh(), fresh()
    headers = bearer(d.ro(username=name).json()["access_token"])
    answers = [d.get("/userinfo", headers) for _ in range(11)]
    assert [each.status_code for each in answers] == [200] * 10 + [429]
    left = [int(each.headers["x-ratelimit-remaining"]) for each in answers]
    assert left[0] == 9
    assert left[-2:] == [0, 0]
    assert {each.headers["x-ratelimit-limit"] for each in answers} == {"10"}
    refused(answers[-1], 429, "too_many_requests")
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 12
    assert abs(int(answers[-1].headers["x-ratelimit-reset"]) - time.time()) < 30
    again = bearer(d.ro(username=name).json()["access_token"])
    assert d.get("/userinfo", again).status_code == 429
    theirs = bearer(d.ro(username=other).json()["access_token"])
    assert d.get("/userinfo", theirs).status_code == 200


def test_a_refused_token_costs_the_user_nothing(d: Auth0Client, fresh: Fresh) -> None:
    """Whoever has none cannot use up somebody's allowance."""
    name = fresh()
    headers = bearer(d.ro(username=name).json()["access_token"])
    for _ in range(15):
        d.get("/userinfo", bearer("rubbish"))
    answer = d.get("/userinfo", headers)
    assert answer.headers["x-ratelimit-remaining"] == "9"


# --- scripts of other origins ---------------------------------------------------------

BROWSER_PATHS = [
    "/oauth/ro",
    "/oauth/token",
    "/passwordless/start",
    "/passwordless/verify",
    "/userinfo",
    "/delegation",
    "/dbconnections/signup",
    "/dbconnections/change_password",
    "/co/authenticate",
    "/usernamepassword/login",
    "/user/ssodata",
    "/tokeninfo",
]
WITH_COOKIES = {"/co/authenticate", "/usernamepassword/login", "/user/ssodata"}


def preflight(d: Auth0Client, path: str, headers: str) -> httpx.Response:
    """What a browser asks before a script may send."""
    asked = {
        "origin": ORIGIN,
        "access-control-request-method": "POST",
        "access-control-request-headers": headers,
    }
    return d.wire.send("OPTIONS", d.prefix + path, b"", asked)


@pytest.mark.parametrize("path", BROWSER_PATHS)
def test_preflights_of_every_path_that_sdks_use(d: Auth0Client, path: str) -> None:
    """204, origin, methods and headers named, for an hour (§0)."""
    answer = preflight(d, path, "auth0-client,authorization,content-type")
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    allowed = set(answer.headers["access-control-allow-headers"].lower().split(", "))
    assert allowed == {
        "auth0-client",
        "authorization",
        "content-type",
        "x-request-language",
    }
    assert int(answer.headers["access-control-max-age"]) > 0
    assert "origin" in answer.headers["vary"].lower()
    cookies = answer.headers.get("access-control-allow-credentials")
    assert cookies == ("true" if path in WITH_COOKIES else None)


def test_a119_userinfo_with_a_token(d: Auth0Client) -> None:
    """`Authorization` is allowed there, and the answer can be read."""
    asked = preflight(d, "/userinfo", "authorization")
    assert "authorization" in asked.headers["access-control-allow-headers"].lower()
    headers = bearer(d.ro().json()["access_token"]) | {"origin": ORIGIN}
    answer = d.get("/userinfo", headers)
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    exposed = answer.headers["access-control-expose-headers"].lower().split(", ")
    assert {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"} <= set(
        exposed
    )


@pytest.mark.parametrize("path", BROWSER_PATHS)
def test_another_origin_reads_nothing(d: Auth0Client, path: str) -> None:
    """Neither a preflight nor an answer says that it may."""
    evil = {"origin": "https://evil.test"}
    for answer in (
        d.wire.send("OPTIONS", path, b"", evil),
        d.post(path, ro_body(password="bad", username="nobody-here"), evil),
    ):
        assert "access-control-allow-origin" not in answer.headers


def test_every_answer_to_an_api_call_is_json_and_no_redirect(d: Auth0Client) -> None:
    """Old SDKs cannot read anything else (§0)."""
    bodies: list[tuple[str, dict[str, Any]]] = [
        ("/oauth/ro", ro_body(password="bad", username="nobody-here")),
        ("/oauth/ro", ro_body()),
        ("/oauth/token", tk_body(password="bad", username="nobody-here")),
        ("/oauth/token", {}),
        ("/co/authenticate", {}),
        ("/delegation", {}),
    ]
    for path, body in bodies:
        answer = d.post(path, body)
        assert answer.status_code < 300 or 400 <= answer.status_code < 500
        assert answer.headers["content-type"].startswith("application/json")
        json.loads(answer.content)


# --- what Lock and old SDKs load ------------------------------------------------------


@pytest.mark.parametrize("path", ["/user/ssodata", "/user/ssodata/"])
def test_nobody_has_a_session_here(d: Auth0Client, path: str) -> None:
    """With and without the slash (§0, rule 6)."""
    answer = d.get(path)
    assert (answer.status_code, answer.json()) == (200, {"sso": False})


@pytest.mark.parametrize("path", ["/co/authenticate", "/usernamepassword/login"])
def test_cross_origin_login_is_not_offered(
    d: Auth0Client, auth0_server: Instance, path: str
) -> None:
    """In the contract's words; no password is looked at."""
    before = auth0_server.guesses()
    answer = d.post(path, {"client_id": "OIDC", **ro_body(password="bad")})
    told = refused(answer, 401, "unauthorized_client")
    assert told == "Cross origin login not allowed."
    assert auth0_server.guesses() == before


def script(answer: httpx.Response, function: str) -> dict[str, Any]:
    """What a script tells Lock."""
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/javascript")
    text = answer.text
    assert text.startswith(f"{function}(")
    assert text.endswith(");")
    argument: dict[str, Any] = json.loads(text[len(function) + 1 : -2])
    return argument


def test_lock_loads_what_a_client_may_use(d: Auth0Client) -> None:
    """Its connections by strategy, as registered; secrets and options are not told."""
    answer = d.get("/client/OIDC.js")
    about = script(answer, "Auth0.setClient")
    assert about["id"] == "OIDC"
    strategies = {each["name"]: each["connections"] for each in about["strategies"]}
    assert set(strategies) == {"auth0", "sms", "email", "google-oauth2", "ad"}
    assert [each["name"] for each in strategies["auth0"]] == [DB]
    assert "ldap" not in answer.text
    assert "other-db" not in answer.text


@pytest.mark.parametrize(
    "name", ["nobody.js", "OIDC", "OIDC.json", ".js", "OIDC.js.js"]
)
def test_lock_asks_for_a_client_that_is_not_there(d: Auth0Client, name: str) -> None:
    """404, and nothing of the name comes back."""
    answer = d.get(f"/client/{name}")
    refused(answer, 404, "not_found")
    assert "OIDC" not in answer.text


def test_lock_loads_the_tenant_without_its_clients(d: Auth0Client) -> None:
    """Who is registered is nobody's business."""
    about = script(d.get("/info-v1.js"), "Auth0.setTenant")
    assert about == {"tenant": "example", "clients": []}


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.test/",
        "https://app.example.test/back.evil.test",
        "https://app.example.test/back?x=1",
        "https://APP.example.test/back",
        "http://app.example.test/back",
        "//app.example.test/back",
        "javascript:alert(1)",
    ],
)
def test_logout_goes_nowhere_else(d: Auth0Client, target: str) -> None:
    """Only an address exactly as registered (promise 7); else a plain page."""
    answer = d.get(f"/v2/logout?client_id=OIDC&returnTo={target}")
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert answer.headers["content-type"].startswith("text/html")
    assert "evil" not in answer.text
    assert "alert" not in answer.text


def test_logout_goes_on_to_a_registered_address(
    d: Auth0Client, auth0_server: Instance
) -> None:
    """Of the client that is named, or of any; without an address it says so."""
    back = "https://app.example.test/back"

    def register(document: dict[str, Any]) -> None:
        [oidc] = [
            each
            for each in document["tenants"][0]["applications"]
            if each["client_id"] == "OIDC"
        ]
        oidc["redirect_uris"] = {"web": [back]}

    auth0_server.apply(register)
    for query in (f"client_id=OIDC&returnTo={back}", f"returnTo={back}"):
        answer = d.get(f"/v2/logout?{query}")
        assert answer.status_code == 302
        assert answer.headers["location"] == back
    other = d.get(f"/v2/logout?client_id=CONF&returnTo={back}")
    assert other.status_code == 400
    assert d.get("/v2/logout").status_code == 200


def test_telemetry_and_basic_do_not_disturb_documents(d: Auth0Client) -> None:
    """Headers that nobody asked for change nothing."""
    basic = base64.b64encode(b"x:y").decode()
    headers = {"authorization": f"Basic {basic}", "auth0-client": "garbage"}
    assert d.get(CONFIGURATIONS[0], headers).json() == d.get(CONFIGURATIONS[0]).json()
