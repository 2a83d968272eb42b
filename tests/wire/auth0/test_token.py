"""Cases A90 to A95 and A98 to A102 of contract auth0 §9: `/oauth/token`."""

import base64
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import jwt
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
from tests.wire.auth0.test_refusals import alike, assert_locked, wrongs
from tests.wire.auth0.test_success import ALICE, claims_of
from tests.wire.client import FORM, encode
from tests.wire.instance import Instance

SECRET = "SEC-0123456789abcdef"
API = "https://api.test"
Fresh = Callable[[], str]


def conf(d: Auth0Client, *without: str, **changes: Any) -> httpx.Response:
    """Client credentials of CONF, by secret in the body."""
    body = {
        "client_id": "CONF",
        "client_secret": SECRET,
        "grant_type": "client_credentials",
        "audience": API,
        **changes,
    }
    sent = {name: value for name, value in body.items() if name not in without}
    return d.post("/oauth/token", sent)


@pytest.mark.parametrize("media", ["application/json", FORM, f"{FORM};charset=UTF-8"])
def test_a90_realm_password(d: Auth0Client, media: str) -> None:
    """JSON and form alike; an RS256 id_token for the client."""
    if media == "application/json":
        answer = d.tk()
    else:
        octets = encode(tk_body()).encode()
        headers = {"content-type": media}
        answer = d.wire.send("POST", "/oauth/token", octets, headers)
    body = answer.json()
    assert answer.status_code == 200
    assert body["token_type"] == "Bearer"
    assert isinstance(body["expires_in"], int)
    assert answer.headers["cache-control"] == "no-store"
    claims = claims_of(d, body["id_token"])
    assert (claims["sub"], claims["aud"]) == (ALICE, "OIDC")


def test_a91_wrong_password_and_ghost(d: Auth0Client, fresh: Fresh) -> None:
    """403, as it is at this door, in the same bytes for both."""
    ghost = f"ghost-{uuid.uuid4()}"
    answers = [d.tk(username=name, password="bad") for name in (fresh(), ghost)]
    told = refused(answers[0], 403, "invalid_grant")
    assert told == "Wrong email or password."
    alike(answers)


def test_a92_the_default_directory(d: Auth0Client) -> None:
    """Without a realm, or with a null one, which is what auth0-python 6.8 sends."""
    plain = d.tk("realm", grant_type="password")
    nulls = d.tk(realm=None, scope=None, audience=None)
    assert claims_of(d, plain.json()["id_token"])["sub"] == ALICE
    assert nulls.status_code == 200
    assert "id_token" not in nulls.json()


def test_a92_realm_is_nothing_to_the_plain_grant(d: Auth0Client) -> None:
    """It goes to the default directory whatever it says (§3.2)."""
    assert d.tk(grant_type="password", realm="nowhere").status_code == 200
    told = refused(d.tk(realm="nowhere"), 400, "invalid_request")
    assert told == "the connection was not found"


def test_a93_a_token_for_an_api(d: Auth0Client, auth0_server: Instance) -> None:
    """A JWT for it and for UserInfo, and a refresh token as the API allows it."""
    scope = "openid read:x offline_access"
    body = d.tk(audience=API, scope=scope).json()
    claims = claims_of(d, body["access_token"])
    base = f"https://localhost:{auth0_server.port}/"
    assert claims["iss"] == base
    assert claims["aud"] == [API, f"{base}userinfo"]
    assert claims["sub"] == ALICE
    assert claims["azp"] == "OIDC"
    assert set(claims["scope"].split()) >= {"openid", "read:x"}
    assert claims["exp"] - claims["iat"] == body["expires_in"] == 86400
    assert jwt.get_unverified_header(body["access_token"])["alg"] == "RS256"
    assert body["refresh_token"]
    assert body["id_token"]


def test_a94_without_scope_all_of_the_api(d: Auth0Client) -> None:
    """And what was granted is told."""
    body = d.tk("scope", audience=API).json()
    assert set(body["scope"].split()) == {"read:x", "write:x"}
    assert claims_of(d, body["access_token"])["aud"] == API


def test_openid_alone_is_all_standard_scopes(d: Auth0Client) -> None:
    """Profile and mail are granted, and told (§3.3)."""
    body = d.tk().json()
    assert set(body["scope"].split()) >= {"openid", "profile", "email"}
    assert claims_of(d, body["id_token"])["email"] == "alice@example.test"
    asked = d.tk(scope="openid email").json()
    assert "scope" not in asked
    assert "name" not in claims_of(d, asked["id_token"])


def test_a95_a_client_without_the_grant(d: Auth0Client) -> None:
    """Right and wrong password alike; the text names the grant's own name."""
    answers = [d.tk(client_id="LEG", password=word) for word in (PW, "bad")]
    told = refused(answers[0], 403, "unauthorized_client")
    name = f"{URN}password-realm"
    assert told == f"Grant type '{name}' not allowed for the client."
    alike(answers)


def test_a98_client_credentials_that_are_wrong(d: Auth0Client) -> None:
    """Wrong secret, no secret, and an API that nobody knows."""
    for answer in (conf(d, client_secret="wrong"), conf(d, "client_secret")):
        assert refused(answer, 401, "access_denied") == "Unauthorized"
    told = refused(conf(d, audience="https://nobody.test"), 403, "access_denied")
    assert told == "Service not enabled within domain: https://nobody.test"


def test_a99_client_credentials(d: Auth0Client) -> None:
    """By secret in the body and by Basic; nobody but the client."""
    basic = base64.b64encode(f"CONF:{SECRET}".encode()).decode()
    fields = {"grant_type": "client_credentials", "audience": API}
    headers = {"authorization": f"Basic {basic}"}
    for answer in (
        conf(d, organization=None),
        d.post("/oauth/token", {**fields, "organization": None}, headers),
    ):
        body = answer.json()
        assert answer.status_code == 200, answer.text
        claims = claims_of(d, body["access_token"])
        assert claims["sub"] == "CONF@clients"
        assert set(claims["scope"].split()) == {"read:x", "write:x"}
        assert not {"id_token", "refresh_token"} & set(body)


def test_a_confidential_client_brings_its_secret_for_passwords_too(
    d: Auth0Client,
) -> None:
    """401 without it, whatever the password is; with it, tokens."""
    bare = [d.tk(client_id="CONF", password=word) for word in (PW, "bad")]
    refused(bare[0], 401, "access_denied")
    alike(bare)
    good = d.tk(client_id="CONF", client_secret=SECRET)
    assert claims_of(d, good.json()["id_token"])["aud"] == "CONF"


def test_a100_one_counter_for_both_doors(d: Auth0Client, fresh: Fresh) -> None:
    """Ten wrong passwords at one lock the other as well."""
    name = fresh()
    for password in wrongs(10):
        answer = d.tk(username=name, password=password)
        refused(answer, 403, "invalid_grant")
    assert_locked(d.ro(username=name))
    assert_locked(d.tk(username=name))


def sign_in(d: Auth0Client, scope: str = "openid offline_access") -> str:
    """A refresh token of Alice's."""
    token: str = d.tk(scope=scope).json()["refresh_token"]
    return token


def renew(d: Auth0Client, token: str, **more: Any) -> httpx.Response:
    """The refresh grant."""
    fields = {"client_id": "OIDC", "grant_type": "refresh_token", **more}
    return d.post("/oauth/token", {**fields, "refresh_token": token})


def test_a101_a_revoked_refresh_token_is_dead(d: Auth0Client) -> None:
    """200 with nothing in it, and nothing is left of the session."""
    token = sign_in(d)
    answer = d.post("/oauth/revoke", {"client_id": "OIDC", "token": token})
    assert (answer.status_code, answer.content) == (200, b"")
    told = refused(renew(d, token), 403, "invalid_grant")
    assert told == "Unknown or invalid refresh token."


@pytest.mark.parametrize("rubbish", ["rubbish", "a.b.c", "~", "x" * 5000])
def test_a101_rubbish_is_revoked_as_well(d: Auth0Client, rubbish: str) -> None:
    """200, whatever it was; as a form too (RFC 7009 §2.2)."""
    fields = {"client_id": "OIDC", "token": rubbish}
    for answer in (d.post("/oauth/revoke", fields), d.form("/oauth/revoke", fields)):
        assert (answer.status_code, answer.content) == (200, b"")


def test_a101_somebody_elses_token_is_not_revoked(d: Auth0Client) -> None:
    """Promise REF-11: 200, and it lives on."""
    token = sign_in(d)
    fields = {"client_id": "CONF", "client_secret": SECRET, "token": token}
    assert d.post("/oauth/revoke", fields).status_code == 200
    assert renew(d, token).status_code == 200
    wrong = d.post("/oauth/revoke", {**fields, "client_secret": "wrong"})
    assert refused(wrong, 401, "invalid_client")


def test_a102_refresh_with_an_empty_scope(d: Auth0Client) -> None:
    """As auth0-python sends it: what was granted stays."""
    body = renew(d, sign_in(d), scope="").json()
    claims = claims_of(d, body["id_token"])
    assert (claims["sub"], claims["aud"]) == (ALICE, "OIDC")
    assert body["refresh_token"]


def test_a_refresh_cannot_ask_for_more(d: Auth0Client) -> None:
    """Words that were not granted then are not granted now (RFC 6749 §6)."""
    token = sign_in(d, "openid offline_access email")
    told = refused(renew(d, token, scope="openid email profile"), 400, "invalid_scope")
    assert "profile" in told
    claims = claims_of(d, renew(d, token, scope="openid").json()["id_token"])
    assert (claims["sub"], "email" in claims) == (ALICE, False)


@pytest.mark.parametrize(
    ("without", "grant"),
    [
        ("username", "password"),
        ("password", "password"),
        ("username", f"{URN}password-realm"),
        ("refresh_token", "refresh_token"),
        ("audience", "client_credentials"),
        ("client_id", "password"),
        ("grant_type", ""),
    ],
)
def test_a_missing_parameter_is_named(d: Auth0Client, without: str, grant: str) -> None:
    """In this door's own words."""
    more = {"client_id": "CONF", "client_secret": SECRET}
    body = {**tk_body("scope"), **more, "grant_type": grant, "refresh_token": "x"}
    sent = {name: value for name, value in body.items() if name != without}
    told = refused(d.post("/oauth/token", sent), 400, "invalid_request")
    assert told == f"Missing required parameter: {without}"


@pytest.mark.parametrize("grant", ["x", "PASSWORD", "urn:ietf:params:oauth:x"])
def test_an_unknown_grant_type(d: Auth0Client, grant: str) -> None:
    """RFC 6749 §5.2."""
    refused(d.tk(grant_type=grant), 400, "unsupported_grant_type")


def test_an_unknown_scope_of_an_api(d: Auth0Client) -> None:
    """Promise SCO-01."""
    told = refused(d.tk(audience=API, scope="openid read:y"), 400, "invalid_scope")
    assert "read:y" in told


def test_the_legacy_name_opens_nothing_here(d: Auth0Client) -> None:
    """And a name of this door opens nothing at the other (§3.2)."""
    name = "http://auth0.com/oauth/legacy/grant-type/ro"
    refused(d.tk(client_id="LEG", grant_type=name), 400, "unsupported_grant_type")
    both = ro_body(grant_type=f"{URN}password-realm", connection=DB)
    refused(d.post("/oauth/ro", both), 400, "unsupported_grant_type")


def test_a_forwarded_address_is_not_believed(
    d: Auth0Client, fresh: Fresh, auth0_server: Instance
) -> None:
    """`auth0-forwarded-for` counts for nothing, even beside a right secret (§3.1)."""
    name = fresh()
    body = tk_body(client_id="CONF", client_secret=SECRET, username=name)
    headers = {"auth0-forwarded-for": "203.0.113.9", "x-forwarded-for": "203.0.113.9"}
    assert d.post("/oauth/token", body, headers).status_code == 200
    query = "SELECT source FROM audit WHERE username = ?"
    rows = auth0_server.rows(query, f"{name}@example.test")
    assert {row[0] for row in rows} == {"127.0.0.1"}
