"""Scripts of other origins: those that some client of the tenant registered.

Contract auth0 §0. Which client asks is looked at on the real request.
"""

from dataclasses import replace
from typing import Final

from ostiary.core.errors import Refused
from ostiary.dialects.auth0.body import parse_body
from ostiary.flows.facts import Registry
from ostiary.web import Headers, HttpRequest, HttpResponse

ALLOWED_HEADERS: Final = "Auth0-Client, Authorization, Content-Type, X-Request-Language"
EXPOSED: Final = "X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset"
ANYBODY: Final = (("access-control-allow-origin", "*"),)
"""For what any site's script may read: discovery and keys."""
COOKIES: Final = (("access-control-allow-credentials", "true"),)


def preflight(
    request: HttpRequest,
    registry: Registry,
    methods: tuple[str, ...],
    *,
    open: bool,
    cookies: bool,
) -> HttpResponse:
    """Answer OPTIONS: it names no client, so an origin of any of them counts."""
    allow = ", ".join((*methods, "OPTIONS"))
    headers: Headers = (("allow", allow),)
    origin = request.headers.get("origin", "")
    if open:
        headers = (*headers, *ANYBODY)
    elif origin and _is_registered(origin, registry, None):
        headers = (*headers, *_allowed(origin, cookies=cookies))
    else:
        return HttpResponse(204, (*headers, ("vary", "Origin")), b"")
    more = (
        ("access-control-allow-methods", allow),
        ("access-control-allow-headers", ALLOWED_HEADERS),
        ("access-control-max-age", "3600"),
    )
    return HttpResponse(204, (*headers, *more), b"")


def mark(
    request: HttpRequest,
    registry: Registry,
    answer: HttpResponse,
    *,
    open: bool,
    cookies: bool,
) -> HttpResponse:
    """Let the script of a registered origin read this answer, refusals too."""
    origin = request.headers.get("origin", "")
    if open:
        return replace(answer, headers=(*answer.headers, *ANYBODY))
    if not origin or not _is_registered(origin, registry, _client_id(request)):
        return answer
    allowed = _allowed(origin, cookies=cookies)
    headers = (*allowed, ("access-control-expose-headers", EXPOSED))
    return replace(answer, headers=(*answer.headers, *headers))


def _client_id(request: HttpRequest) -> str | None:
    """Which client a request names, if anybody can tell."""
    try:
        named = parse_body(request).get("client_id")
    except Refused:
        return None
    return named if isinstance(named, str) else None


def _is_registered(origin: str, registry: Registry, client_id: str | None) -> bool:
    clients = registry.clients
    if client_id is not None and client_id in clients:
        return origin in clients[client_id].spa_origins
    return any(origin in client.spa_origins for client in clients.values())


def _allowed(origin: str, *, cookies: bool) -> Headers:
    headers = (("access-control-allow-origin", origin), ("vary", "Origin"))
    return (*headers, *COOKIES) if cookies else headers
