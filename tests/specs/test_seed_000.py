"""Seed 000: the page on `POST /oauth/ro` (Japanese): database, AD/LDAP, active.

What else such a door does is in tests/wire/auth0.
"""

import json
from collections.abc import Mapping
from urllib.parse import urlencode

import jwt
import pytest

from tests.specs.house import FORM, PASSWORD, Answer, House

LEGACY, MODERN = "legacy.example", "modern.example"
JSON = "application/json"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SAMPLE: Mapping[str, object] = {
    "client_id": "legacy-app",
    "username": "alice",
    "password": PASSWORD,
    "connection": "people",
    "scope": "openid",
    "grant_type": "password",
}
TOKENS = {"access_token", "id_token", "refresh_token"}


async def sign_in(
    house: House,
    *without: str,
    host: str = LEGACY,
    path: str = "/oauth/ro",
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
    **changes: object,
) -> Answer:
    """The page's parameters with some changed, and those `without` left out."""
    asked = {**SAMPLE, **changes}
    body = {name: value for name, value in asked.items() if name not in without}
    sent = {"host": host, "content-type": JSON, **(headers or {})}
    octets = json.dumps(body).encode()
    return await house.send(method, path, octets, sent, "192.0.2.7")


def told(answer: Answer) -> tuple[int, str]:
    """Status and code of a refusal, which holds no token and has a text."""
    assert not TOKENS & set(answer.json)
    assert answer.json["error_description"]
    return answer.status, answer.json["error"]


def claims(answer: Answer) -> dict[str, object]:
    """What the id_token says, unverified."""
    read: dict[str, object] = jwt.decode(
        answer.json["id_token"], options={"verify_signature": False}
    )
    return read


async def test_the_endpoint_is_post_oauth_ro(house: House) -> None:
    """That path by that method."""
    assert (await sign_in(house)).json["access_token"]
    for method in ("PUT", "GET", "DELETE"):
        assert told(await sign_in(house, method=method))[0] == 405


async def test_the_endpoint_is_legacy_and_the_password_grant_replaces_it(
    house: House,
) -> None:
    """Shut where it was not switched on, and to today's clients; the other is open."""
    assert told(await sign_in(house, host=MODERN)) == (404, "endpoint_disabled")
    assert told(await sign_in(house, client_id="modern-app")) == (
        400,
        "invalid_request",
    )
    for host in (LEGACY, MODERN):
        answer = await sign_in(
            house, "connection", host=host, path="/oauth/token", client_id="modern-app"
        )
        assert answer.json["token_type"] == "Bearer"


async def test_the_endpoint_serves_active_authentication(house: House) -> None:
    """One request of the application's own: no page, no redirect, no cookie."""
    answer = await sign_in(house)
    assert answer.status == 200
    assert not {"location", "set-cookie"} & set(answer.headers)
    assert answer.headers["content-type"].startswith(JSON)


async def test_credentials_and_a_connection_get_json_with_both_tokens(
    house: House,
) -> None:
    """Access token and id_token."""
    answer = await sign_in(house)
    assert {"access_token", "id_token", "token_type"} <= set(answer.json)
    assert answer.headers["content-type"].startswith(JSON)


async def test_the_provider_of_the_connection_authenticates(house: House) -> None:
    """The same name in two connections is two people with their own passwords."""
    theirs = "An0therSecret"
    first = await sign_in(house)
    second = await sign_in(house, connection="partners", password=theirs)
    subjects = {json.dumps(claims(each)["sub"]) for each in (first, second)}
    assert len(subjects) == 2
    crossed = await sign_in(house, password=theirs)
    assert told(crossed) == (401, "invalid_user_password")


@pytest.mark.parametrize(
    ("connection", "active"),
    [
        ("people", True),
        ("sms", True),
        ("email", True),
        ("directory", True),
        ("entra", True),
        ("adfs", True),
        ("google", False),
        ("saml", False),
    ],
)
async def test_only_connections_with_active_login_are_served(
    house: House, connection: str, active: bool
) -> None:
    """Database, passwordless, AD/LDAP, Entra ID, ADFS; others refuse the operation."""
    answer = await sign_in(house, connection=connection, password="wrong")
    text = answer.json["error_description"]
    refuses = text == "specified strategy does not support requested operation"
    assert refuses is not active
    assert active or told(answer) == (400, "invalid_request")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"user-agent": "curl/8.5.0"},
        {"user-agent": "Mozilla/5.0", "origin": "https://anywhere.test"},
        {"cookie": "a=b", "referer": "https://anywhere.test/"},
    ],
    ids=["bare", "script", "browser", "cookie"],
)
async def test_active_authentication_works_from_anywhere(
    house: House, headers: dict[str, str]
) -> None:
    """Scripts, servers, browsers: nothing but the body counts."""
    answer = await sign_in(house, headers=headers)
    assert answer.status == 200
    assert claims(answer)["aud"] == "legacy-app"


@pytest.mark.parametrize("version", [7, 8])
async def test_versions_7_and_8_of_the_library_sign_in(
    house: House, version: int
) -> None:
    """The one sends a form with parameters of its own, the other JSON."""
    if version == 8:
        answer = await sign_in(house, headers={"auth0-client": "e30="})
    else:
        more = {"response_type": "code", "sso": "false"}
        form = urlencode({**SAMPLE, **more}).encode()
        headers = {"host": LEGACY, "content-type": FORM}
        answer = await house.send("POST", "/oauth/ro", form, headers, "192.0.2.7")
    assert answer.status == 200
    assert answer.json["id_token"]


async def test_client_id_is_the_id_of_the_application(house: House) -> None:
    """The token is for it; without it, or with another's, there is none."""
    assert claims(await sign_in(house))["aud"] == "legacy-app"
    assert told(await sign_in(house, "client_id")) == (400, "invalid_request")
    unknown = await sign_in(house, client_id="legacy")
    assert told(unknown) == (403, "unauthorized_client")


async def test_username_is_the_user_name_or_mail_address(house: House) -> None:
    """Both lead to the same person; nobody's leads to none."""
    names = ("alice", "alice@legacy.test", "ALICE@legacy.test")
    subjects = {claims(await sign_in(house, username=name))["sub"] for name in names}
    assert len(subjects) == 1
    nobody = await sign_in(house, username="nobody")
    assert told(nobody) == (401, "invalid_user_password")
    assert told(await sign_in(house, "username")) == (400, "invalid_request")


async def test_password_is_the_password_to_sign_in_with(house: House) -> None:
    """Exactly as it is; a missing one is no guess."""
    for wrong in (PASSWORD.lower(), f"{PASSWORD} ", f" {PASSWORD}"):
        answer = await sign_in(house, password=wrong)
        assert told(answer) == (401, "invalid_user_password")
    counted = await house.failures()
    assert counted == 3
    assert told(await sign_in(house, "password")) == (400, "invalid_request")
    assert await house.failures() == counted


async def test_connection_is_the_name_of_the_connection(house: House) -> None:
    """Not its kind, and not another one's; without it nothing is looked at."""
    assert (await sign_in(house)).status == 200
    for name in ("auth0", "People", "nobody's"):
        assert told(await sign_in(house, connection=name)) == (400, "invalid_request")
    assert told(await sign_in(house, "connection")) == (400, "invalid_request")
    assert await house.failures() == 0


async def test_scope_openid_brings_an_id_token_as_well(house: House) -> None:
    """With `openid` there are two tokens, without it the access token alone."""
    both = await sign_in(house)
    alone = await sign_in(house, "scope")
    other = await sign_in(house, scope="email")
    assert "id_token" in both.json
    assert [TOKENS & set(each.json) for each in (alone, other)] == [
        {"access_token"},
        {"access_token"},
    ]


async def test_grant_type_is_password_or_jwt_bearer(house: House) -> None:
    """Each is known here, and no other is."""
    assert (await sign_in(house)).status == 200
    key = await sign_in(
        house,
        *("username", "password"),
        grant_type=JWT_BEARER,
        device="phone",
        id_token="a.b.c",
    )
    assert told(key) == (400, "invalid_grant")
    for other in ("authorization_code", "refresh_token", "Password", "jwt-bearer"):
        answer = await sign_in(house, grant_type=other)
        assert told(answer) == (400, "unsupported_grant_type")
    assert told(await sign_in(house, "grant_type")) == (400, "invalid_request")


async def test_device_is_required_for_jwt_bearer(house: House) -> None:
    """And for a password it is not."""
    answer = await sign_in(
        house, "username", "password", grant_type=JWT_BEARER, id_token="a.b.c"
    )
    assert told(answer) == (400, "invalid_request")
    assert answer.json["error_description"] == "missing device parameter"
    assert (await sign_in(house, device="phone")).status == 200


async def test_id_token_is_required_for_jwt_bearer(house: House) -> None:
    """And for a password it is not."""
    answer = await sign_in(
        house, "username", "password", grant_type=JWT_BEARER, device="phone"
    )
    assert told(answer) == (400, "invalid_request")
    assert answer.json["error_description"] == "missing id_token parameter"
    assert (await sign_in(house, id_token=None)).status == 200


async def test_success_is_200(house: House) -> None:
    """With tokens and without an error."""
    answer = await sign_in(house)
    assert answer.status == 200
    assert "error" not in answer.json


async def test_a_bad_request_is_400(house: House) -> None:
    """Whatever cannot be understood, in JSON as everything."""
    headers = {"host": LEGACY, "content-type": JSON}
    for body in (b"[]", b"{", b'{"client_id": 1}', b"{}"):
        answer = await house.send("POST", "/oauth/ro", body, headers, "192.0.2.7")
        assert told(answer) == (400, "invalid_request")
        assert answer.headers["content-type"].startswith(JSON)
