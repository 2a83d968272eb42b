"""Answers of this dialect: tokens, refusals, and the headers that go with them.

Which status and text a refusal has stands in `errors`.
"""

import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from ostiary.core.errors import Reason, Refused
from ostiary.core.limits import Allowance
from ostiary.core.request import Granted
from ostiary.dialects.auth0.errors import row_of
from ostiary.dialects.auth0.row import Row
from ostiary.dialects.auth0.surface import Surface
from ostiary.web import Headers, HttpRequest, HttpResponse, json_response

NOT_STORED: Final[Headers] = (("cache-control", "no-store"), ("pragma", "no-cache"))
LONGEST_FACT: Final = 200
BLOCKED: Final = "You are not allowed to sign in."
USUAL_WAIT: Final = 5


def render_granted(granted: Granted, surface: Surface) -> dict[str, object]:
    """The members of a token answer (contract auth0 §1.3, §3.3)."""
    body: dict[str, object] = {
        "access_token": granted.access_token,
        "token_type": "Bearer" if surface is Surface.TOKEN else "bearer",
        "expires_in": granted.grant.lifetime,
    }
    if granted.id_token is not None:
        body["id_token"] = granted.id_token
    if granted.refresh_token is not None:
        body["refresh_token"] = granted.refresh_token
    if granted.recovery_code is not None:
        body["recovery_code"] = granted.recovery_code
    return body


def render_refused(
    request: HttpRequest, refused: Refused, surface: Surface, now: float
) -> HttpResponse:
    """A refusal: `error` and `error_description`, never empty (contract auth0 §0)."""
    row = row_of(refused.reason, surface)
    headers = (*NOT_STORED, *_headers(request, refused, row, now))
    return json_response(row.status, refused_body(refused, surface), headers)


def refused_body(refused: Refused, surface: Surface) -> dict[str, object]:
    """The members of a refusal."""
    row = row_of(refused.reason, surface)
    body = plain_body(row.status, row.error, _text(row, refused), surface)
    pending, told = refused.facts.get("pending"), refused.facts.get("body")
    if isinstance(pending, str):
        body |= {"mfa_token": pending, "mfa_requirements": _requirements(refused)}
    return {**body, **told} if isinstance(told, Mapping) else body


def plain_body(
    status: int, code: str, text: str, surface: Surface
) -> dict[str, object]:
    """The two members of every refusal; the management API has its own beside."""
    if surface is not Surface.MANAGEMENT:
        return {"error": code, "error_description": text}
    return {
        "statusCode": status,
        "error": HTTPStatus(status).phrase,
        "message": text,
        "errorCode": code,
        "error_description": text,
    }


def _requirements(refused: Refused) -> dict[str, object]:
    """What the user may be asked for, or may enrol (contract auth0 §3.5)."""
    ways = refused.facts.get("ways")
    names = [str(way) for way in ways] if isinstance(ways, tuple) else []
    enrolled = refused.reason is Reason.MFA_REQUIRED
    types = [{"type": "phone" if name == "sms" else name} for name in names]
    return {"challenge" if enrolled else "enroll": types}


def _text(row: Row, refused: Refused) -> str:
    facts = {name: _shown(str(value)) for name, value in refused.facts.items()}
    facts.setdefault("message", "")
    return row.text.format_map(_Absent(facts)) or BLOCKED


class _Absent(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return ""


def _shown(text: str) -> str:
    short = text if len(text) <= LONGEST_FACT else f"{text[:LONGEST_FACT]}…"
    return "".join(char if char.isprintable() else "?" for char in short)


def _headers(request: HttpRequest, refused: Refused, row: Row, now: float) -> Headers:
    if row.status in (429, 503):
        wait = int(str(refused.facts.get("retry_after", USUAL_WAIT)))
        headers: Headers = (("retry-after", str(max(1, wait))),)
        return headers if row.status == 503 else (*headers, *_limits(refused, now))
    if refused.reason is Reason.SCOPE_INSUFFICIENT:
        return (("www-authenticate", 'Bearer error="insufficient_scope"'),)
    if allow := refused.facts.get("allow"):
        return (("allow", str(allow)),)  # RFC 9110 §15.5.6
    basic = request.headers.get("authorization", "").lower().startswith("basic ")
    if row.status == 401 and refused.reason is Reason.TOKEN_INVALID:
        return (("www-authenticate", 'Bearer error="invalid_token"'),)
    if row.status == 401 and basic:
        return (("www-authenticate", 'Basic realm="ostiary", charset="UTF-8"'),)
    return ()


def limit_headers(allowance: Allowance) -> Headers:
    """What an answer that was within a limit tells of it (contract auth0 §5)."""
    return _limit_headers(
        allowance.limit, allowance.remaining, math.ceil(allowance.reset_at)
    )


def _limits(refused: Refused, now: float) -> Headers:
    wait = int(str(refused.facts.get("retry_after", USUAL_WAIT)))
    limit = int(str(refused.facts.get("limit", 10)))
    return _limit_headers(limit, 0, int(now) + max(1, wait))


def _limit_headers(limit: int, remaining: int, reset: int) -> Headers:
    """Integers, as clients read them so (contract auth0 §5); `reset` in epoch s."""
    return (
        ("x-ratelimit-limit", str(limit)),
        ("x-ratelimit-remaining", str(remaining)),
        ("x-ratelimit-reset", str(reset)),
    )
