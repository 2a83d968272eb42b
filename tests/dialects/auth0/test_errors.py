"""dialects.auth0: each refusal as contract auth0 §1.5 and §3.4 tell it."""

import json

import pytest

from ostiary.core.errors import Reason as R
from ostiary.core.errors import Refused
from ostiary.dialects.auth0.errors import TABLE
from ostiary.dialects.auth0.responses import render_refused
from ostiary.dialects.auth0.surface import Surface
from ostiary.web import HttpRequest, HttpResponse

NOW = 1_700_000_000.25
ASKED = HttpRequest(
    "id", "POST", "/", (), "/", "", {}, frozenset(), b"", "192.0.2.7", "https"
)
WRONG = "Wrong email or password."
RO = {
    R.METHOD_NOT_ALLOWED: (405, "method_not_allowed", None),
    R.ENDPOINT_DISABLED: (404, "endpoint_disabled", None),
    R.CLIENT_UNKNOWN: (403, "unauthorized_client", "invalid client"),
    R.GRANT_UNSUPPORTED: (400, "unsupported_grant_type", None),
    R.CONNECTION_UNKNOWN: (400, "invalid_request", "the connection was not found"),
    R.CONNECTION_DISABLED: (400, "invalid_request", "the connection was disabled"),
    R.CONNECTION_PASSIVE: (
        400,
        "invalid_request",
        "specified strategy does not support requested operation",
    ),
    R.TOO_MANY_REQUESTS: (429, "too_many_requests", None),
    R.ACCOUNT_LOCKED: (429, "too_many_attempts", None),
    R.TOO_MANY_LOGINS: (429, "too_many_logins", None),
    R.PASSWORD_WRONG: (401, "invalid_user_password", WRONG),
    R.CODE_WRONG: (401, "invalid_user_password", WRONG),
    R.USER_DISABLED: (401, "unauthorized", "user is blocked"),
    R.PASSWORD_LEAKED: (401, "password_leaked", None),
    R.PASSWORD_MUST_CHANGE: (401, "password_change_required", None),
    R.MFA_REQUIRED: (401, "a0.mfa_required", None),
    R.MFA_CODE_WRONG: (401, "a0.mfa_invalid_code", None),
    R.MFA_ENROLMENT_REQUIRED: (401, "a0.mfa_registration_required", None),
    R.DEVICE_ASSERTION: (400, "invalid_grant", None),
    R.DIRECTORY_UNREACHABLE: (503, "temporarily_unavailable", None),
    R.OVERLOADED: (503, "temporarily_unavailable", None),
}
TOKEN = {
    R.PASSWORD_WRONG: (403, "invalid_grant", WRONG),
    R.CODE_EXHAUSTED: (
        403,
        "invalid_grant",
        "You've reached the maximum number of attempts. Please try to login again.",
    ),
    R.REFRESH_UNKNOWN: (403, "invalid_grant", "Unknown or invalid refresh token."),
    R.REFRESH_USER_GONE: (
        403,
        "invalid_grant",
        "The refresh_token was generated for a user who doesn't exist anymore.",
    ),
    R.USER_DISABLED: (403, "unauthorized", "user is blocked"),
    R.PASSWORD_LEAKED: (401, "password_leaked", None),
    R.ACCOUNT_LOCKED: (429, "too_many_attempts", None),
    R.TOO_MANY_REQUESTS: (429, "too_many_requests", None),
    R.MFA_REQUIRED: (403, "mfa_required", "Multifactor authentication required"),
    R.MFA_TOKEN_MALFORMED: (403, "invalid_grant", "Malformed mfa_token"),
    R.MFA_TOKEN_EXPIRED: (401, "expired_token", "mfa_token is expired"),
    R.CLIENT_SECRET_WRONG: (401, "access_denied", "Unauthorized"),
    R.CLIENT_CREDENTIAL_MISSING: (401, "access_denied", "Unauthorized"),
    R.ASSERTION_SIGNATURE: (401, "invalid_client", None),
    R.GRANT_UNSUPPORTED: (400, "unsupported_grant_type", None),
    R.SCOPE_UNKNOWN: (400, "invalid_scope", None),
}
FACTS = {
    R.CODE_WRONG: {"what": "email"},
    R.MFA_CODE_WRONG: {"what": "otp_code"},
}


def told(refused: Refused, surface: Surface) -> tuple[HttpResponse, dict[str, str]]:
    """The answer and its body."""
    answer = render_refused(ASKED, refused, surface, NOW)
    return answer, json.loads(answer.body)


@pytest.mark.parametrize(
    ("surface", "reason", "expected"),
    [
        *((Surface.RO, reason, row) for reason, row in RO.items()),
        *((Surface.TOKEN, reason, row) for reason, row in TOKEN.items()),
    ],
)
def test_status_code_and_text_are_the_contracts(
    surface: Surface, reason: R, expected: tuple[int, str, str | None]
) -> None:
    """Texts where clients compare them, letter for letter."""
    status, error, text = expected
    answer, body = told(Refused(reason), surface)
    assert (answer.status, body["error"]) == (status, error)
    assert text is None or body["error_description"] == text


@pytest.mark.parametrize(
    ("surface", "refused", "text"),
    [
        (
            Surface.RO,
            Refused(R.PARAMETER_MISSING, name="device"),
            "missing device parameter",
        ),
        (
            Surface.TOKEN,
            Refused(R.PARAMETER_MISSING, name="realm"),
            "Missing required parameter: realm",
        ),
        (
            Surface.RO,
            Refused(R.PARAMETER_INVALID, name="scope", why="must be a string"),
            "scope parameter must be a string",
        ),
        (
            Surface.RO,
            Refused(R.CLIENT_NOT_SERVED, endpoint="/oauth/ro"),
            "OIDC conformant clients cannot use /oauth/ro",
        ),
        (
            Surface.TOKEN,
            Refused(R.GRANT_NOT_ALLOWED, grant_type="password"),
            "Grant type 'password' not allowed for the client.",
        ),
        (
            Surface.TOKEN,
            Refused(R.RESOURCE_UNKNOWN, resource="https://no.test"),
            "Service not enabled within domain: https://no.test",
        ),
        (
            Surface.TOKEN,
            Refused(R.CODE_WRONG, what="phone number"),
            "Wrong phone number or verification code.",
        ),
        (Surface.RO, Refused(R.POLICY_BLOCKED, message="No thanks"), "No thanks"),
        (
            Surface.TOKEN,
            Refused(R.MFA_CODE_WRONG, what="otp_code"),
            "Invalid otp_code.",
        ),
    ],
)
def test_texts_name_what_they_are_about(
    surface: Surface, refused: Refused, text: str
) -> None:
    """Facts of the refusal stand where the contract has them."""
    assert told(refused, surface)[1]["error_description"] == text


@pytest.mark.parametrize("surface", list(Surface))
@pytest.mark.parametrize("reason", sorted(TABLE))
def test_every_refusal_has_the_one_shape(surface: Surface, reason: R) -> None:
    """auth0-python 3.0 raises KeyError without a description (contract auth0 §0)."""
    answer, body = told(Refused(reason), surface)
    headers = dict(answer.headers)
    assert body["error"]
    assert body["error_description"].strip()
    assert headers["cache-control"] == "no-store"
    assert 400 <= answer.status < 600
    code = body.get("errorCode", body["error"])
    assert (answer.status == 503) is (code == "temporarily_unavailable")
    if surface is Surface.MANAGEMENT:
        assert body["message"] == body["error_description"]
        assert int(body["statusCode"]) == answer.status


@pytest.mark.parametrize("reason", [R.ACCOUNT_LOCKED, R.TOO_MANY_REQUESTS])
def test_429_tells_when_to_come_again_in_whole_numbers(reason: R) -> None:
    """auth0-python from 3.14 on calls int() on the reset (contract auth0 §5)."""
    answer, _ = told(Refused(reason, retry_after=42, limit=10), Surface.TOKEN)
    headers = dict(answer.headers)
    assert headers["retry-after"] == "42"
    assert headers["x-ratelimit-limit"] == "10"
    assert headers["x-ratelimit-remaining"] == "0"
    assert headers["x-ratelimit-reset"] == str(1_700_000_042)


def test_facts_are_shown_short_and_printable() -> None:
    """What a client sent never drives a terminal or fills a log."""
    odd = "https://x\x1b[31m\r\n" + "y" * 1000
    _, body = told(Refused(R.RESOURCE_UNKNOWN, resource=odd), Surface.TOKEN)
    assert body["error_description"].isprintable()
    assert len(body["error_description"]) < 300
