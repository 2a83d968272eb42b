"""Cases A01 to A15 of contract auth0 §9: success and its shape at `/oauth/ro`."""

import base64
from typing import Any

import httpx
import jwt
import pytest

from tests.wire.auth0.conftest import Auth0Client, ro_body
from tests.wire.instance import Instance

ALICE = "auth0|5f7c8ec7c33c6c004bbafe82"


def claims_of(d: Auth0Client, token: str) -> dict[str, Any]:
    """The claims of a token that a published key has signed."""
    keys = {key["kid"]: key for key in d.get("/.well-known/jwks.json").json()["keys"]}
    kid = jwt.get_unverified_header(token)["kid"]
    key = jwt.PyJWK(keys[kid], "RS256")
    read: dict[str, Any] = jwt.decode(
        token, key, algorithms=["RS256"], options={"verify_aud": False}
    )
    return read


def assert_a01(answer: httpx.Response) -> None:
    """What case A01 expects."""
    body = answer.json()
    assert answer.status_code == 200, answer.text
    assert {"access_token", "token_type", "id_token"} <= set(body)
    assert "refresh_token" not in body
    assert body["token_type"].lower() == "bearer"
    assert answer.headers["cache-control"] == "no-store"
    assert "error" not in body


def test_a01_a_password_gets_tokens(d: Auth0Client) -> None:
    """RO{}: access token and id_token, no refresh token."""
    assert_a01(d.ro())


def test_a02_a_form_is_as_good(d: Auth0Client) -> None:
    """The same as a form."""
    assert_a01(d.form("/oauth/ro", ro_body()))


def test_a03_null_is_absent(d: Auth0Client) -> None:
    """As auth0-python up to 3.9 sends it."""
    assert_a01(d.ro(id_token=None, device=None))


@pytest.mark.parametrize("scope", ["absent", "", None])
def test_a04_without_scope_neither_id_token_nor_refresh_token(
    d: Auth0Client, scope: str | None
) -> None:
    """Absent, empty and null scope alike."""
    answer = d.ro("scope") if scope == "absent" else d.ro(scope=scope)
    assert answer.status_code == 200
    assert not {"id_token", "refresh_token"} & set(answer.json())


def test_a05_offline_access_with_a_device_gets_a_refresh_token(d: Auth0Client) -> None:
    """Both are needed."""
    answer = d.ro(scope="openid offline_access", device="phone")
    assert answer.status_code == 200
    assert answer.json()["refresh_token"]


def test_a06_offline_access_without_a_device_gets_none(d: Auth0Client) -> None:
    """And that is no error."""
    answer = d.ro(scope="openid offline_access")
    assert answer.status_code == 200
    assert "refresh_token" not in answer.json()


def test_a07_the_id_token(d: Auth0Client, auth0_server: Instance) -> None:
    """Signed by a published key, for this client, ten hours; `openid` adds nothing."""
    token = d.ro().json()["id_token"]
    claims = claims_of(d, token)
    assert jwt.get_unverified_header(token)["alg"] == "RS256"
    assert claims["iss"] == f"https://localhost:{auth0_server.port}/"
    assert (claims["sub"], claims["aud"]) == (ALICE, "LEG")
    assert isinstance(claims["iat"], int)
    assert isinstance(claims["exp"], int)
    assert claims["exp"] - claims["iat"] == 36000
    assert "email" not in claims


def test_a08_profile_adds_the_whole_profile(d: Auth0Client) -> None:
    """Name, nickname, picture, mail and identities."""
    claims = claims_of(d, d.ro(scope="openid profile").json()["id_token"])
    assert {"name", "nickname", "picture", "email", "identities"} <= set(claims)


def test_a09_a_word_names_an_attribute(d: Auth0Client) -> None:
    """Known ones are told, unknown ones ignored."""
    answer = d.ro(scope="openid email favorite_color nonsense")
    claims = claims_of(d, answer.json()["id_token"])
    assert claims["email"] == "alice@example.test"
    assert claims["favorite_color"] == "blue"
    assert "nonsense" not in claims


def test_a10_hs256_by_the_decoded_secret(d: Auth0Client) -> None:
    """A client registered for it gets HS256; its raw secret verifies nothing."""
    secret = "b3N0aWFyeS1zZWNyZXQtMDEyMzQ1Njc4OWFiY2RlZi1HSElKS0xNTk8"
    token = d.ro(client_id="LEGHS").json()["id_token"]
    raw = base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4))
    read = jwt.decode(token, raw, algorithms=["HS256"], audience="LEGHS")
    assert read["sub"] == ALICE
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(token, secret, algorithms=["HS256"], audience="LEGHS")


@pytest.mark.parametrize("name", ["alice@example.test", " alice "])
def test_a11_any_name_of_the_user(d: Auth0Client, name: str) -> None:
    """The mail address too, and spaces around are trimmed."""
    claims = claims_of(d, d.ro(username=name).json()["id_token"])
    assert claims["sub"] == ALICE


def test_a12_unknown_parameters_are_ignored(d: Auth0Client) -> None:
    """What the SDKs send beside."""
    more = {"response_type": "code", "sso": "false", "popup": "x", "email": "zz"}
    assert_a01(d.ro(**more, auth0Client="@@not-base64", client_meta=1))


def test_a13_telemetry_is_never_validated(d: Auth0Client) -> None:
    """The header may be garbage."""
    assert_a01(d.post("/oauth/ro", ro_body(), {"Auth0-Client": "garbage"}))


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a14_the_access_token_is_good_at_userinfo(d: Auth0Client, method: str) -> None:
    """The full profile, by either method."""
    bearer = {"authorization": f"Bearer {d.ro().json()['access_token']}"}
    answer = d.wire.send(method, "/userinfo", b"", bearer)
    body = answer.json()
    assert answer.status_code == 200
    assert body["user_id"] == ALICE
    assert body["identities"][0]["provider"] == "auth0"
    assert body["clientID"] == "LEG"


def test_a15_the_access_token_is_no_jwt(d: Auth0Client) -> None:
    """It does not split into three parts."""
    assert len(d.ro().json()["access_token"].split(".")) != 3
