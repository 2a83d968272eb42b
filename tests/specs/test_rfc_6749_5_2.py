"""RFC 6749 §5.2, error response, sentence by sentence.

Where the hosted service departs from the RFC its clients rely on that, and so do we;
the ledger says where.
"""

import re

import pytest

from tests.specs.house import (
    CONFIDENTIAL,
    DAEMON,
    DEFAULT,
    FORM,
    PUBLIC,
    SAMPLE,
    SECRET,
    TOKEN,
    Answer,
    House,
)
from tests.specs.test_rfc_6749_2_3 import BASIC_FORM, basic

ERROR = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+")


async def refusals(house: House) -> list[Answer]:
    """One answer for each kind of refusal."""
    return [
        await house.sign_in(password=None),
        await house.sign_in(password="wrong"),
        await house.sign_in(client_id=CONFIDENTIAL, client_secret="wrong"),
        await house.sign_in(client_id=DEFAULT),
        await house.sign_in(grant_type="foo"),
        await house.sign_in(scope="User.Nonsense"),
        await house.sign_in(username='x"\\\r\n@contoso.test', scope='"\\\r\n"/x'),
    ]


async def test_a_refused_request_is_answered_with_400(house: House) -> None:
    """“HTTP 400 (Bad Request) status code (unless specified otherwise)”."""
    statuses = {a.json["error"]: a.status for a in await refusals(house)}

    assert statuses.pop("invalid_client") == 401
    assert set(statuses.values()) == {400}


async def test_error_is_one_word_of_the_allowed_characters(house: House) -> None:
    """“MUST NOT include characters outside the set %x20-21 / %x23-5B / %x5D-7E”."""
    for answer in await refusals(house):
        assert ERROR.fullmatch(answer.json["error"])


async def test_the_description_is_readable_text_in_lines(house: House) -> None:
    """Only the allowed characters, save CR LF between lines, as the service has it."""
    for answer in await refusals(house):
        lines = answer.json["error_description"].split("\r\n")
        assert len(lines) == 4
        assert all(re.fullmatch(r"[ -~]+", line) for line in lines)


async def test_a_missing_parameter_is_an_invalid_request(house: House) -> None:
    """“missing a required parameter”."""
    for name in ("client_id", "grant_type", "username", "password"):
        answer = await house.post(TOKEN, {k: v for k, v in SAMPLE.items() if k != name})
        assert answer.told == (400, "invalid_request", 900144)
        assert f"'{name}'" in answer.json["error_description"]


async def test_an_unsupported_value_is_an_invalid_request(house: House) -> None:
    """“an unsupported parameter value (other than grant type)”."""
    form = {"client_assertion": "e30.e30.e30", "client_assertion_type": "saml"}
    kind = await house.sign_in(client_id=CONFIDENTIAL, **form)
    claims = await house.sign_in(claims="no json")

    assert kind.told == (400, "invalid_request", 90023)
    assert claims.told == (400, "invalid_request", 90023)


@pytest.mark.parametrize("name", ["password", "username", "client_id", "x-unknown"])
async def test_a_repeated_parameter_is_an_invalid_request(
    house: House, name: str
) -> None:
    """“repeats a parameter”, even with the same value, known or unknown."""
    pairs = {**BASIC_FORM, "client_id": PUBLIC, "x-unknown": "1"}
    body = "&".join(f"{k}={v}" for k, v in pairs.items()) + f"&{name}={pairs[name]}"
    headers = {"content-type": FORM}
    answer = await house.send("POST", TOKEN, body.encode(), headers, "192.0.2.7")

    assert answer.told == (400, "invalid_request", 9002313)
    assert await house.failures() == 0


async def test_multiple_credentials_are_an_invalid_request(house: House) -> None:
    """“includes multiple credentials”."""
    form = {**BASIC_FORM, "client_secret": SECRET}
    answer = await house.post(TOKEN, form, headers=basic(CONFIDENTIAL, SECRET))

    assert answer.told == (400, "invalid_request", 9002313)


async def test_failed_client_authentication_is_invalid_client(house: House) -> None:
    """“no client authentication included”, and a wrong one: 401."""
    for secret in (None, "wrong"):
        answer = await house.sign_in(client_id=CONFIDENTIAL, client_secret=secret)
        assert answer.told[:2] == (401, "invalid_client")


async def test_failed_basic_is_answered_with_a_challenge(house: House) -> None:
    """“MUST respond with 401 … and include the WWW-Authenticate header field”."""
    header = await house.post(TOKEN, BASIC_FORM, headers=basic(CONFIDENTIAL, "wrong"))
    body = await house.sign_in(client_id=CONFIDENTIAL, client_secret="wrong")

    assert header.told == (401, "invalid_client", 7000215)
    assert header.headers["www-authenticate"].startswith("Basic ")
    assert "www-authenticate" not in body.headers


async def test_an_unknown_client_is_unauthorized(house: House) -> None:
    """The RFC says `invalid_client`; this wire `unauthorized_client` with 400."""
    answer = await house.sign_in(client_id="6731de76-ffff-4fff-8fff-ffffffffffff")

    assert answer.told == (400, "unauthorized_client", 700016)


async def test_invalid_credentials_and_tokens_are_an_invalid_grant(
    house: House,
) -> None:
    """“authorization grant … or refresh token is invalid, expired, revoked”."""
    password = await house.sign_in(password="wrong")
    token = await house.refresh("no-such-token")

    assert password.told == (400, "invalid_grant", 50126)
    assert token.told == (400, "invalid_grant", 70000)


async def test_a_grant_that_the_client_may_not_use_is_unauthorized_client(
    house: House,
) -> None:
    """“not authorized to use this authorization grant type”; no password is read."""
    for password in ("SuperS3cret", "wrong"):
        answer = await house.sign_in(
            client_id=DAEMON, client_secret="d4emon-secret", password=password
        )
        assert answer.told == (400, "unauthorized_client", 70003)
    assert await house.failures() == 0


async def test_an_unknown_grant_is_unsupported_grant_type(house: House) -> None:
    """“not supported by the authorization server”."""
    answer = await house.sign_in(grant_type="urn:ietf:params:oauth:grant-type:foo")

    assert answer.told == (400, "unsupported_grant_type", 70003)


@pytest.mark.parametrize(
    ("scope", "error", "code"),
    [
        ("User.Nonsense", "invalid_scope", 70011),
        ("user.read https://graph.microsoft.com/.default", "invalid_scope", 70011),
        ("api://nosuch/x", "invalid_resource", 500011),
        ("api://tasks/Tasks.Read", "invalid_resource", 650057),
        ("user.read api://tasks/Tasks.Read", "invalid_request", 28000),
    ],
)
async def test_a_bad_scope_is_told_before_the_password_is_read(
    house: House, scope: str, error: str, code: int
) -> None:
    """“invalid, unknown, malformed, or exceeds the scope granted”."""
    answer = await house.sign_in(scope=scope, password="wrong")

    assert answer.told == (400, error, code)
    assert await house.failures() == 0


async def test_the_error_is_json(house: House) -> None:
    """“serialized into a JSON structure”; the members of this wire are all there."""
    members = "error error_description error_codes timestamp trace_id correlation_id"
    for answer in await refusals(house):
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        assert set(members.split()) <= set(answer.json)
        assert answer.json["trace_id"] == answer.headers["x-ms-request-id"]
        uri = f"/error?code={answer.json['error_codes'][0]}"
        assert answer.json["error_uri"].endswith(uri)
