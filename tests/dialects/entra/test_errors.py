"""Every refusal in this dialect's words (contract entra §6.1 and §6.3).

Codes and words are the contract's; texts are ours and tell nothing of passwords.
"""

import json
import re
from typing import Any

import pytest

from ostiary.core.errors import Reason as R
from ostiary.core.errors import Refused, told
from ostiary.dialects.entra.errors import NEVER_HERE, TABLE
from ostiary.dialects.entra.responses import render_refused
from ostiary.web import HttpRequest, HttpResponse
from tests.flows.values import NOON, trace

# Contract entra §6.3: reason → code, error, status, suberror.
CONTRACT: dict[R, tuple[int, str, int, str]] = {
    R.METHOD_NOT_ALLOWED: (900561, "invalid_request", 400, ""),
    R.PARAMETER_MISSING: (900144, "invalid_request", 400, ""),
    R.PARAMETER_REPEATED: (9002313, "invalid_request", 400, ""),
    R.RESOURCE_PARAMETER: (901002, "invalid_request", 400, ""),
    R.GRANT_UNSUPPORTED: (70003, "unsupported_grant_type", 400, ""),
    R.TENANT_MALFORMED: (900023, "invalid_request", 400, ""),
    R.TENANT_UNKNOWN: (90002, "invalid_request", 400, ""),
    R.TENANT_ALIAS_REFUSED: (9001023, "invalid_request", 400, ""),
    R.TENANT_UNDETERMINED: (50059, "invalid_request", 400, ""),
    R.DOMAIN_UNKNOWN: (50128, "invalid_request", 400, ""),
    R.INSTANCE_UNKNOWN: (50049, "invalid_instance", 400, ""),
    R.INSTANCE_MALFORMED: (50050, "invalid_request", 400, ""),
    R.CLIENT_UNKNOWN: (700016, "unauthorized_client", 400, ""),
    R.CLIENT_DISABLED: (7000112, "unauthorized_client", 400, ""),
    R.CLIENT_SINGLE_TENANT: (50194, "invalid_request", 400, ""),
    R.CLIENT_CREDENTIAL_MISSING: (7000218, "invalid_client", 401, ""),
    R.CLIENT_NOT_PUBLIC: (7000218, "invalid_client", 401, ""),
    R.CLIENT_CREDENTIAL_UNWANTED: (700025, "invalid_client", 401, ""),
    R.CLIENT_SECRET_WRONG: (7000215, "invalid_client", 401, ""),
    R.CLIENT_SECRET_EXPIRED: (7000222, "invalid_client", 401, ""),
    R.ASSERTION_SIGNATURE: (700027, "invalid_client", 401, ""),
    R.ASSERTION_EXPIRED: (700027, "invalid_client", 401, ""),
    R.ASSERTION_SUBJECT: (50048, "invalid_client", 401, ""),
    R.ASSERTION_AUDIENCE: (50027, "invalid_client", 401, ""),
    R.ASSERTION_MALFORMED: (50027, "invalid_client", 401, ""),
    R.SCOPE_UNKNOWN: (70011, "invalid_scope", 400, ""),
    R.SCOPE_MIXED: (70011, "invalid_scope", 400, ""),
    R.SCOPE_NOT_DEFAULT: (1002012, "invalid_scope", 400, ""),
    R.RESOURCES_SEVERAL: (28000, "invalid_request", 400, ""),
    R.RESOURCE_UNKNOWN: (500011, "invalid_resource", 400, ""),
    R.RESOURCE_NOT_DECLARED: (650057, "invalid_resource", 400, ""),
    R.ACCOUNT_LOCKED: (50053, "invalid_grant", 400, ""),
    R.USER_UNKNOWN: (50034, "invalid_grant", 400, ""),
    R.USER_ELSEWHERE: (50020, "invalid_grant", 400, ""),
    R.USER_GUEST: (50056, "invalid_grant", 400, ""),
    R.PASSWORD_ABSENT: (50056, "invalid_grant", 400, ""),
    R.PASSWORD_WRONG: (50126, "invalid_grant", 400, ""),
    R.USER_DISABLED: (50057, "invalid_grant", 400, ""),
    R.MFA_REQUIRED: (50076, "invalid_grant", 400, "basic_action"),
    R.MFA_ENROLMENT_REQUIRED: (50079, "invalid_grant", 400, "basic_action"),
    R.POLICY_BLOCKED: (53003, "invalid_grant", 400, "message_only"),
    R.USER_NOT_ASSIGNED: (50105, "invalid_grant", 400, ""),
    R.CONSENT_REQUIRED: (65001, "invalid_grant", 400, "consent_required"),
    R.REFRESH_UNKNOWN: (70000, "invalid_grant", 400, "bad_token"),
    R.REFRESH_FOREIGN: (70000, "invalid_grant", 400, "bad_token"),
    R.REFRESH_EXPIRED: (700082, "invalid_grant", 400, ""),
    R.REFRESH_REVOKED: (50173, "invalid_grant", 400, ""),
    R.REFRESH_REUSED: (50173, "invalid_grant", 400, ""),
    R.DIRECTORY_UNREACHABLE: (80001, "temporarily_unavailable", 503, ""),
    R.DIRECTORY_TIMEOUT: (80002, "temporarily_unavailable", 503, ""),
    R.OVERLOADED: (90033, "temporarily_unavailable", 503, ""),
    R.UNAVAILABLE: (90033, "temporarily_unavailable", 503, ""),
}
ASKED = HttpRequest(
    "id", "POST", "/", (), "/", "", {}, frozenset(), b"", "192.0.2.7", "https"
)
BASIC = HttpRequest(
    "id",
    "POST",
    "/",
    (),
    "/",
    "",
    {"authorization": "Basic eDp5"},
    frozenset(),
    b"",
    "192.0.2.7",
    "https",
)


def answer(
    reason: R, request: HttpRequest = ASKED, *, first: bool = False, **facts: object
) -> HttpResponse:
    """The answer to a refusal at NOON."""
    return render_refused(
        request,
        Refused(reason, **facts),
        trace(),
        base_url="https://login.test",
        now=NOON,
        first_version=first,
    )


def body(response: HttpResponse) -> dict[str, Any]:
    """The JSON of an answer."""
    read: dict[str, Any] = json.loads(response.body)
    return read


def test_every_reason_that_can_be_told_has_its_row() -> None:
    """The table is total (style §5)."""
    every = {
        told(reason, hide_unknown_users=hide) for reason in R for hide in (False, True)
    }
    assert every <= set(TABLE) | NEVER_HERE


@pytest.mark.parametrize("reason", CONTRACT)
def test_codes_and_words_are_the_contracts(reason: R) -> None:
    """Status, error, the integer code and suberror (§6.3)."""
    code, error, status, suberror = CONTRACT[reason]
    response = answer(reason)
    read = body(response)
    assert (response.status, read["error"]) == (status, error)
    also = [700024] if reason is R.ASSERTION_EXPIRED else []
    assert read["error_codes"] == [code, *also]
    assert read["error_description"].startswith(f"AADSTS{code}: ")
    assert read.get("suberror", "") == suberror


@pytest.mark.parametrize("reason", sorted(TABLE))
def test_every_answer_has_the_one_shape(reason: R) -> None:
    """Members, CR LF, ids and moment in description and beside (§6.1); no null."""
    response = answer(reason)
    read, headers = body(response), dict(response.headers)
    lines = read["error_description"].split("\r\n")
    assert lines[1:] == [
        "Trace ID: trace",
        "Correlation ID: correlation",
        f"Timestamp: {read['timestamp']}",
    ]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", read["timestamp"])
    assert (read["trace_id"], read["correlation_id"]) == ("trace", "correlation")
    assert None not in read.values()
    assert headers["x-ms-request-id"] == "trace"
    assert headers["x-ms-clitelem"] == f"1,{read['error_codes'][0]},0,,"
    assert headers["cache-control"] == "no-store, no-cache"
    assert ("retry-after" in headers) is (response.status == 503)
    assert "www-authenticate" not in headers
    assert "{" not in lines[0]


@pytest.mark.parametrize("reason", [R.CONSENT_REQUIRED, R.POLICY_BLOCKED])
def test_some_answers_point_to_no_page(reason: R) -> None:
    """65001 and policy blocks have no `error_uri`, all others do (§6.1)."""
    assert "error_uri" not in body(answer(reason))
    page = "https://login.test/error?code=50126"
    assert body(answer(R.PASSWORD_WRONG))["error_uri"] == page


def test_a_lock_never_carries_a_retry_after() -> None:
    """MSAL would throttle the right password too (§6.5)."""
    response = answer(R.ACCOUNT_LOCKED, retry_after=60)
    assert "retry-after" not in dict(response.headers)
    assert response.body == answer(R.ACCOUNT_LOCKED).body


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        (R.MFA_REQUIRED, "interaction_required"),
        (R.MFA_ENROLMENT_REQUIRED, "interaction_required"),
        (R.POLICY_BLOCKED, "interaction_required"),
        (R.PASSWORD_EXPIRED, "user_password_expired"),
        (R.PASSWORD_WRONG, "invalid_grant"),
    ],
)
def test_the_first_version_has_words_of_its_own(reason: R, error: str) -> None:
    """For second factors, policies and expired passwords (§6.3)."""
    assert body(answer(reason, first=True))["error"] == error
    assert body(answer(reason))["error"] == "invalid_grant"


@pytest.mark.parametrize("reason", [R.POLICY_BLOCKED, R.MFA_REQUIRED])
def test_a_policy_is_named_in_claims(reason: R) -> None:
    """JSON text, not an object (§6.1); absent when no policy caused it."""
    claims = body(answer(reason, policy_id="the-policy"))["claims"]
    asked = {"capolids": {"essential": True, "values": ["the-policy"]}}
    assert json.loads(claims) == {"access_token": asked}
    assert "claims" not in body(answer(reason))


def test_basic_is_challenged_only_when_it_was_used() -> None:
    """With 401 alone (§6.1)."""
    headers = dict(answer(R.CLIENT_SECRET_WRONG, BASIC).headers)
    assert headers["www-authenticate"].startswith("Basic ")
    assert "www-authenticate" not in dict(answer(R.PASSWORD_WRONG, BASIC).headers)


@pytest.mark.parametrize(
    "nasty", ["x" * 10_000, "a\r\nSet-Cookie: b", "{name}", "{0.__class__}", "\ud800"]
)
def test_what_a_caller_sent_is_shown_short_and_plain(nasty: str) -> None:
    """Cut, without line breaks, and never a format of ours."""
    response = answer(R.SCOPE_UNKNOWN, scope=nasty)
    first = body(response)["error_description"].split("\r\n")[0]
    assert len(first) < 200
    assert first.isprintable()
