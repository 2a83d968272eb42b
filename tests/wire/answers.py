"""What every answer of this wire must look like (contract entra §3.1 and §6.1).

Shapes only; which code a case expects stands with the case.
"""

import re
from typing import Any
from uuid import UUID

import httpx

GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ")
ALWAYS = {"error", "error_description", "error_codes", "timestamp"} | {
    "trace_id",
    "correlation_id",
}
SOMETIMES = {"error_uri", "suberror", "claims", "password_change_url"}
WITHOUT_URI = frozenset({65001, 70016, 53003})
"""Codes whose answers have no `error_uri` (§6.1)."""


def assert_headers(response: httpx.Response) -> None:
    """The headers of every answer of a token endpoint (§3.1)."""
    headers = response.headers
    assert headers["content-type"] == "application/json; charset=utf-8"
    assert headers["cache-control"] == "no-store, no-cache"
    assert headers["pragma"] == "no-cache"
    assert headers["expires"] == "-1"
    assert headers["x-content-type-options"] == "nosniff"
    hsts = "max-age=31536000; includeSubDomains"
    assert headers["strict-transport-security"] == hsts
    assert GUID.fullmatch(headers["x-ms-request-id"])
    assert "server" not in headers


def assert_error(
    response: httpx.Response,
    status: int,
    error: str,
    code: int | tuple[int, ...],
    suberror: str | None = None,
    *,
    naming: str | None = None,
) -> dict[str, Any]:
    """A complete error of the token endpoint; returns its body.

    `code`: one of these. `naming`: the parameter that the text names in quotes.
    """
    body: dict[str, Any] = response.json()
    codes = code if isinstance(code, tuple) else (code,)
    told = f"{response.status_code} {body}"
    assert response.status_code == status, told
    assert body["error"] == error, told
    assert body.get("suberror") == suberror, told
    assert body["error_codes"][0] in codes, told
    assert all(type(number) is int for number in body["error_codes"])
    assert_error_body(response, body)
    if naming is not None:
        assert f"'{naming}'" in body["error_description"].split("\r\n")[0]
    return body


def assert_error_body(response: httpx.Response, body: dict[str, Any]) -> None:
    """The shape of §6.1, whatever the code."""
    code = body["error_codes"][0]
    assert body.keys() >= ALWAYS
    assert body.keys() <= ALWAYS | SOMETIMES
    assert TIMESTAMP.fullmatch(body["timestamp"])
    UUID(body["trace_id"])
    UUID(body["correlation_id"])
    first, *rest = body["error_description"].split("\r\n")
    assert first.startswith(f"AADSTS{code}: ")
    assert rest == [
        f"Trace ID: {body['trace_id']}",
        f"Correlation ID: {body['correlation_id']}",
        f"Timestamp: {body['timestamp']}",
    ]
    assert ("error_uri" in body) == (code not in WITHOUT_URI)
    if "error_uri" in body:
        assert body["error_uri"].endswith(f"/error?code={code}")
    assert response.headers["x-ms-request-id"] == body["trace_id"]
    assert response.headers["x-ms-clitelem"] == f"1,{code},0,,"
    assert ("retry-after" in response.headers) == (response.status_code == 503)
    assert_headers(response)


def assert_tokens(response: httpx.Response, *names: str) -> dict[str, Any]:
    """A success that has an access token and, of the other two, exactly `names`."""
    body: dict[str, Any] = response.json()
    assert response.status_code == 200, body
    assert body["token_type"] == "Bearer"
    assert body["access_token"].count(".") == 2
    assert {"refresh_token", "id_token"} & body.keys() == set(names), body.keys()
    assert None not in body.values()
    assert response.headers["x-ms-clitelem"] == "1,0,0,,"
    assert_headers(response)
    return body


def without_ids(response: httpx.Response) -> tuple[int, dict[str, str], str]:
    """An answer without what differs between any two: ids and times."""

    def plain(text: str) -> str:
        return TIMESTAMP.sub("<time>", GUID.sub("<guid>", text))

    headers = {name: plain(value) for name, value in response.headers.items()}
    headers.pop("date", None)
    return response.status_code, headers, plain(response.text)
