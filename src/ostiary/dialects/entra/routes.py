"""Which path leads to which handler, and this dialect as a front of the server.

Paths of contract entra §2.2; the first segment is the tenant.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from ostiary.core.errors import Reason, Refused
from ostiary.dialects.entra.authority import (
    ADFS,
    ADFS_SURFACE,
    V1,
    V2,
    Surface,
    Version,
)
from ostiary.dialects.entra.cors import Origins
from ostiary.dialects.entra.documents import Documents
from ostiary.dialects.entra.endpoints import TokenEndpoints
from ostiary.dialects.entra.form import trace_of
from ostiary.dialects.entra.responses import render_refused
from ostiary.dialects.site import Site
from ostiary.flows.manage.administration import Desk
from ostiary.flows.ports import Ports
from ostiary.web import Handler, HttpRequest, HttpResponse, json_response

Segments = tuple[str, ...]
TenantHandler = Callable[[HttpRequest, str, Surface], Awaitable[HttpResponse]]

TENANT_PATHS: Final[Mapping[Segments, tuple[str, Surface]]] = {
    (".well-known", "openid-configuration"): ("configuration", V1),
    ("v2.0", ".well-known", "openid-configuration"): ("configuration", V2),
    ("discovery", "keys"): ("keys", V1),
    ("discovery", "v2.0", "keys"): ("keys", V2),
    ("oauth2", "token"): ("token", V1),
    ("oauth2", "v2.0", "token"): ("token", V2),
    ("oauth2", "authorize"): ("authorize", V1),
    ("oauth2", "v2.0", "authorize"): ("authorize", V2),
    ("oauth2", "introspect"): ("introspect", V1),
    ("oauth2", "v2.0", "introspect"): ("introspect", V2),
    ("oauth2", "revoke"): ("revoke", V1),
    ("oauth2", "v2.0", "revoke"): ("revoke", V2),
    ("oauth2", "devicecode"): ("interactive", V1),
    ("oauth2", "v2.0", "devicecode"): ("interactive", V2),
    ("oauth2", "logout"): ("signed_out", V1),
    ("oauth2", "v2.0", "logout"): ("signed_out", V2),
    ("openid", "userinfo"): ("userinfo", V1),
}
"""Behind a tenant or an alias."""

ADFS_PATHS: Final[Mapping[Segments, str]] = {
    (".well-known", "openid-configuration"): "configuration",
    ("discovery", "keys"): "keys",
    ("oauth2", "token"): "token",
    ("oauth2", "authorize"): "authorize",
    ("oauth2", "introspect"): "introspect",
    ("oauth2", "revoke"): "revoke",
    ("oauth2", "devicecode"): "interactive",
    ("oauth2", "logout"): "signed_out",
    ("userinfo",): "userinfo",
}
"""Behind the ADFS-style authority of one tenant (contract entra §2.9)."""

READABLE: Final = frozenset({"configuration", "keys", "signed_out"})
"""Handlers that any site's script may read."""
CROSS_ORIGIN: Final = frozenset({"token", "revoke"})
"""Handlers that scripts of registered origins may read, refusals too."""


@dataclass(frozen=True, slots=True)
class Entra:
    """This dialect as a front (`web.Front`)."""

    site: Site
    ports: Ports
    documents: Documents
    origins: Origins
    handlers: Mapping[str, TenantHandler]

    async def find(self, request: HttpRequest) -> Handler | None:
        """Who answers this path; None when it is not this dialect's."""
        segments = request.segments
        if not segments:
            return None
        if segments == ("error",):
            return self.documents.explanation
        if segments == ("oidc", "userinfo"):
            return partial(self._answer, "userinfo", "", V2)
        rest = tuple(part.lower() for part in segments[1:])
        if rest[:1] == ("userrealm",):
            return partial(self.realm, "/".join(segments[2:]))
        if rest == ("discovery", "instance"):
            return self.documents.instance
        if segments[0].lower() == ADFS:
            named = ADFS_PATHS.get(rest)
            return partial(self._answer, named, ADFS, ADFS_SURFACE) if named else None
        found = TENANT_PATHS.get(rest)
        return partial(self._answer, found[0], segments[0], found[1]) if found else None

    async def realm(self, name: str, request: HttpRequest) -> HttpResponse:
        """The user realm of a name that may hold slashes (contract entra §2.5)."""
        return await self.documents.realm(request, name)

    async def _answer(
        self, name: str, segment: str, surface: Surface, request: HttpRequest
    ) -> HttpResponse:
        if request.method == "OPTIONS" and name not in READABLE:
            return await self.origins.preflight(request, segment)
        if request.headers.get("origin") is None or name not in CROSS_ORIGIN:
            return await self.handlers[name](request, segment, surface)
        try:
            answer = await self.handlers[name](request, segment, surface)
        except Refused as refused:
            answer = self.refused(request, refused)
        return await self.origins.mark(request, answer)

    def refused(self, request: HttpRequest, refused: Refused) -> HttpResponse:
        """A refusal in the form of contract entra §6.1."""
        segments = tuple(part.lower() for part in request.segments)
        rest = segments[1:]
        found = TENANT_PATHS.get(rest, ("", V2))
        first = segments[:1] != (ADFS,) and found[1].version is Version.V1
        reading = refused.reason is Reason.TENANT_UNKNOWN and found[0] in READABLE
        answer = render_refused(
            request,
            refused,
            trace_of(request),
            base_url=self.site.base_url,
            now=self.ports.clock.now(),
            first_version=first,
            error="invalid_tenant" if reading else None,
        )
        if refused.reason is Reason.TOKEN_INVALID:
            challenge = ("www-authenticate", 'Bearer error="invalid_token"')
            return HttpResponse(
                answer.status, (*answer.headers, challenge), answer.body
            )
        return answer

    def failed(self, request: HttpRequest, error_id: str) -> HttpResponse:
        """A defect of ours, with the id under which the log tells the rest."""
        body = {"error": "server_error", "error_description": f"Error {error_id}."}
        return json_response(500, body)

    def malformed(self, request: HttpRequest, why: str, status: int) -> HttpResponse:
        """A body that did not arrive whole."""
        return json_response(
            status, {"error": "invalid_request", "error_description": why}
        )


def entra(site: Site, ports: Ports, desk: Desk) -> Entra:
    """This dialect at one site."""
    tokens, documents = TokenEndpoints(site, ports), Documents(site, ports)
    handlers: Mapping[str, TenantHandler] = {
        "configuration": documents.configuration,
        "keys": documents.keys,
        "token": tokens.token,
        "authorize": tokens.authorize,
        "introspect": tokens.introspect,
        "revoke": tokens.revoke,
        "userinfo": tokens.userinfo,
        "interactive": tokens.interactive,
        "signed_out": documents.signed_out,
    }
    return Entra(site, ports, documents, Origins(ports), handlers)
