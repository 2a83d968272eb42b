"""Scripts of other origins: only those of registered single-page applications.

Contract entra §3.1. What anybody may read says so in its own headers.
"""

from dataclasses import dataclass, replace

from ostiary.core.errors import Refused
from ostiary.dialects.entra.authority import parse_tenant
from ostiary.dialects.entra.form import parse_form
from ostiary.flows.ports import Ports
from ostiary.web import Headers, HttpRequest, HttpResponse


@dataclass(frozen=True, slots=True)
class Origins:
    """Which origins may read answers of token endpoints."""

    ports: Ports

    async def preflight(
        self, request: HttpRequest, segment: str | None
    ) -> HttpResponse:
        """Answer OPTIONS: a preflight names no client, so any of the tenant counts."""
        headers: Headers = (("allow", "POST, OPTIONS"),)
        origin = request.headers.get("origin", "")
        if origin and await self._is_registered(origin, segment, None):
            headers = (
                *headers,
                *_allowed(origin),
                ("access-control-allow-methods", "POST, OPTIONS"),
                ("access-control-allow-headers", "*"),
                ("access-control-max-age", "3600"),
            )
        return HttpResponse(204, headers, b"")

    async def mark(self, request: HttpRequest, answer: HttpResponse) -> HttpResponse:
        """Let the script of a registered origin read this answer."""
        origin = request.headers.get("origin", "")
        if not origin or not request.segments:
            return answer
        try:
            client_id = parse_form(request).get("client_id")
        except Refused:  # nobody can tell whose: any client of the tenant counts
            client_id = None
        if await self._is_registered(origin, request.segments[0], client_id):
            return replace(answer, headers=(*answer.headers, *_allowed(origin)))
        return answer

    async def _is_registered(
        self, origin: str, segment: str | None, client_id: str | None
    ) -> bool:
        try:
            ref = parse_tenant(segment or "")
        except Refused:
            return False
        directory = self.ports.directory
        tenant_id = None if ref.alias else await directory.tenant_id(ref.value)
        if client_id:
            client = await directory.find_client(client_id, tenant_id)
            return client is not None and origin in client.spa_origins
        registry = await directory.registry(tenant_id) if tenant_id else None
        clients = registry.clients.values() if registry else ()
        return any(origin in client.spa_origins for client in clients)


def _allowed(origin: str) -> Headers:
    return (("access-control-allow-origin", origin), ("vary", "Origin"))
