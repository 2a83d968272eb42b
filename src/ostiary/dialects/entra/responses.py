"""Answers of this dialect: tokens and refusals, with their headers.

Contract entra §3.1, §3.3, §2.8 and §6.1. Never a null, never a secret.
"""

import base64
import json
from datetime import UTC, datetime
from typing import Final

import msgspec

from ostiary.core.errors import Refused
from ostiary.core.request import Granted, Trace
from ostiary.dialects.entra.authority import Surface, Version
from ostiary.dialects.entra.errors import row_of
from ostiary.dialects.entra.row import Row
from ostiary.dialects.entra.scope import render_scope
from ostiary.web import Headers, HttpRequest, HttpResponse, json_response

NOT_STORED: Final[Headers] = (
    ("cache-control", "no-store, no-cache"),
    ("pragma", "no-cache"),
    ("expires", "-1"),
)
LONGEST_FACT: Final = 100
"""Characters of what a caller sent that an error text repeats."""


def traced(request: HttpRequest, trace: Trace, telemetry: str) -> Headers:
    """Headers by which an answer can be found again."""
    headers: Headers = (
        ("x-ms-request-id", trace.trace_id),
        ("x-ms-clitelem", telemetry),
        *NOT_STORED,
    )
    if request.headers.get("return-client-request-id", "").lower() == "true":
        headers = (*headers, ("client-request-id", trace.correlation_id))
    return headers


def render_granted(
    request: HttpRequest, granted: Granted, surface: Surface, *, client_info: bool
) -> HttpResponse:
    """The answer of a token endpoint (RFC 6749 §5.1)."""
    body = _body(granted, client_info=client_info)
    if surface.version is Version.V1:
        body = _first_version(body, granted)
    trace = granted.grant.trace
    return json_response(200, body, traced(request, trace, "1,0,0,,"))


def _body(granted: Granted, *, client_info: bool) -> dict[str, object]:
    grant = granted.grant
    body: dict[str, object] = {"token_type": "Bearer"}
    if grant.subject is not None:
        body["scope"] = render_scope(grant.access)
    body["expires_in"] = body["ext_expires_in"] = grant.lifetime - 1
    body["access_token"] = granted.access_token
    if granted.refresh_token is not None:
        body["refresh_token"] = granted.refresh_token
    if granted.id_token is not None:
        body["id_token"] = granted.id_token
    if client_info and grant.subject is not None:
        body["client_info"] = _client_info(grant.subject.user.id, grant.tenant.id)
    return body


def _client_info(user_id: str, tenant_id: str) -> str:
    text = msgspec.json.encode({"uid": user_id, "utid": tenant_id})
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def _first_version(body: dict[str, object], granted: Granted) -> dict[str, object]:
    """v1: numbers are strings, and the resource is told (contract entra §2.8)."""
    grant = granted.grant
    issued = int(grant.issued_at)
    target = grant.access.request.resource or grant.access.resource.identifier
    body["expires_in"] = body["ext_expires_in"] = str(grant.lifetime - 1)
    body["expires_on"] = str(issued + grant.lifetime)
    body["not_before"] = str(issued - 300)
    body["resource"] = target
    if grant.subject is not None:
        body["scope"] = " ".join(grant.access.scopes)
    return body


def render_refused(
    request: HttpRequest,
    refused: Refused,
    trace: Trace,
    *,
    base_url: str,
    now: float,
    first_version: bool = False,
    error: str | None = None,
) -> HttpResponse:
    """A refusal in the shape of contract entra §6.1.

    `error` replaces the table's word, for discovery's `invalid_tenant`.
    """
    row = row_of(refused.reason)
    moment = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    body: dict[str, object] = {
        "error": error or (row.v1_error if first_version else "") or row.error,
        "error_description": "\r\n".join(
            (
                f"AADSTS{row.code}: {_text(row, refused)}",
                f"Trace ID: {trace.trace_id}",
                f"Correlation ID: {trace.correlation_id}",
                f"Timestamp: {moment}",
            )
        ),
        "error_codes": [row.code, *row.also],
        "timestamp": moment,
        "trace_id": trace.trace_id,
        "correlation_id": trace.correlation_id,
    }
    if row.uri:
        body["error_uri"] = f"{base_url}/error?code={row.code}"
    if row.suberror:
        body["suberror"] = row.suberror
    if "policy_id" in refused.facts:
        body["claims"] = _claims_challenge(str(refused.facts["policy_id"]))
    headers = traced(request, trace, f"1,{row.code},0,,")
    return json_response(row.status, body, (*headers, *_extra(request, row, refused)))


def _extra(request: HttpRequest, row: Row, refused: Refused) -> Headers:
    """`Retry-After` with 503 only: clients take it anywhere else for throttling."""
    if row.status == 503:
        return (("retry-after", str(refused.facts.get("retry_after", 2))),)
    basic = request.headers.get("authorization", "").lower().startswith("basic ")
    if row.status == 401 and basic:
        return (("www-authenticate", 'Basic realm="ostiary", charset="UTF-8"'),)
    return ()


def _text(row: Row, refused: Refused) -> str:
    shown = {name: _shown(str(value)) for name, value in refused.facts.items()}
    return row.text.format_map(_Absent(shown))


class _Absent(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return ""


def _shown(text: str) -> str:
    short = text if len(text) <= LONGEST_FACT else f"{text[:LONGEST_FACT]}…"
    return "".join(char if char.isprintable() else "?" for char in short)


def _claims_challenge(policy_id: str) -> str:
    """The `claims` of a conditional access refusal: JSON as text (code 53003)."""
    asked = {"capolids": {"essential": True, "values": [policy_id]}}
    return json.dumps({"access_token": asked}, separators=(",", ":"))
