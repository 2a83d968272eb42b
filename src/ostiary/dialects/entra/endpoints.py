"""The token endpoints: token, introspection, revocation, UserInfo.

Between the parsers and the flows; which path leads here is a table in `routes`.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from ostiary.core.errors import Reason, Refused
from ostiary.core.names import INTROSPECTION, OPENID, PASSWORD, REVOCATION
from ostiary.core.request import ScopeRequest, TokenRequest
from ostiary.dialects.entra.authority import Surface, is_guid, parse_tenant
from ostiary.dialects.entra.claims import pairwise
from ostiary.dialects.entra.default_resource import GRAPH
from ostiary.dialects.entra.editions import edition_of
from ostiary.dialects.entra.form import (
    field,
    parse_client,
    parse_form,
    required,
    trace_of,
)
from ostiary.dialects.entra.requests import check_post, parse_token_request
from ostiary.dialects.entra.responses import NOT_STORED, render_granted, traced
from ostiary.dialects.entra.wire import EntraWire
from ostiary.dialects.forms import Form
from ostiary.dialects.site import Site
from ostiary.flows import inspect
from ostiary.flows.access_tokens import Inspected, inspect_access
from ostiary.flows.attempt import reading
from ostiary.flows.facts import Registry
from ostiary.flows.ports import Ports
from ostiary.flows.token import exchange
from ostiary.web import HttpRequest, HttpResponse, json_response


@dataclass(frozen=True, slots=True)
class TokenEndpoints:
    """What clients post to, at one site."""

    site: Site
    ports: Ports

    async def token(
        self, request: HttpRequest, segment: str, surface: Surface
    ) -> HttpResponse:
        """The token endpoint (contract entra §3)."""
        wire, door = EntraWire(surface, self.site), f"{surface.name} token"
        async with reading(lambda: trace_of(request, door), wire, self.ports):
            check_post(request)
            form = parse_form(request)
            parsed = parse_token_request(request, form, segment, surface)
        granted = await exchange(parsed, wire, self.ports)
        wanted = form.get("client_info") == "1"
        return render_granted(request, granted, surface, client_info=wanted)

    async def authorize(
        self, request: HttpRequest, segment: str, surface: Surface
    ) -> HttpResponse:
        """POST with a password is served in the edition that documents it (seed 002).

        Everywhere else the interactive parameters are missed.
        """
        form: Form = {}
        if request.method == "POST":
            form = parse_form(request)
        if field(form, "grant_type") == PASSWORD:
            registry = await self.registry(segment)
            if registry and edition_of(registry.tenant).authorize_takes_passwords:
                return await self.token(request, segment, surface)
        raise Refused(Reason.PARAMETER_MISSING, name="response_type")

    async def interactive(
        self, request: HttpRequest, segment: str, surface: Surface
    ) -> HttpResponse:
        """Device authorization is no grant of this server yet: refused as such."""
        check_post(request)
        grant_type = "urn:ietf:params:oauth:grant-type:device_code"
        raise Refused(Reason.GRANT_UNSUPPORTED, grant_type=grant_type)

    async def introspect(
        self, request: HttpRequest, segment: str, surface: Surface
    ) -> HttpResponse:
        """Token introspection (RFC 7662 §2)."""
        asked, token = self._about(request, segment, surface, INTROSPECTION)
        wire = EntraWire(surface, self.site)
        found = await inspect.introspect(asked, token, wire, self.ports)
        body = _facts(found) if found else {"active": False}
        return json_response(200, body, traced(request, asked.trace, "1,0,0,,"))

    async def revoke(
        self, request: HttpRequest, segment: str, surface: Surface
    ) -> HttpResponse:
        """Token revocation (RFC 7009 §2): 200 whatever the token was."""
        asked, token = self._about(request, segment, surface, REVOCATION)
        wire = EntraWire(surface, self.site)
        await inspect.revoke(asked, token, wire, self.ports)
        return HttpResponse(200, traced(request, asked.trace, "1,0,0,,"), b"")

    def _about(
        self, request: HttpRequest, segment: str, surface: Surface, what: str
    ) -> tuple[TokenRequest, str]:
        check_post(request)
        form = parse_form(request, first="token")
        token = required(form, "token")
        asked = TokenRequest(
            tenant=parse_tenant(segment),
            grant_type=what,
            client=parse_client(request, form),
            scope=ScopeRequest(given=False),
            trace=trace_of(request, f"{surface.name} {what}"),
        )
        return asked, token

    async def userinfo(
        self, request: HttpRequest, segment: str, surface: Surface
    ) -> HttpResponse:
        """UserInfo for a token of the default resource (contract entra §9).

        Raises Refused(TOKEN_INVALID).
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        named = segment or _tenant_of(token)
        registry = await self.registry(named) if named else None
        if scheme.lower() != "bearer" or registry is None:
            raise Refused(Reason.TOKEN_INVALID)
        wire = EntraWire(surface, self.site)
        found = await inspect_access(registry, token.strip(), wire, self.ports)
        access, user = (found.access, found.user) if found else (None, None)
        if access is None or user is None or OPENID not in access.scopes:
            raise Refused(Reason.TOKEN_INVALID)
        if access.audience.rstrip("/") not in (GRAPH.identifier, GRAPH.id):
            raise Refused(Reason.TOKEN_INVALID)
        subject = pairwise(self.site, registry.tenant.id, user.id, access.client_id)
        facts = {"sub": subject, "name": user.display_name, "picture": user.picture}
        facts |= {"given_name": user.given_name, "family_name": user.family_name}
        facts["email"] = user.email if "email" in access.scopes else None
        body = {name: value for name, value in facts.items() if value}
        return json_response(200, body, NOT_STORED)

    async def registry(self, segment: str) -> Registry | None:
        """What is registered in the tenant that a path names."""
        ref, directory = parse_tenant(segment), self.ports.directory
        tenant_id = None if ref.alias else await directory.tenant_id(ref.value)
        return await directory.registry(tenant_id) if tenant_id else None


def _facts(found: Inspected) -> dict[str, object]:
    """The members of RFC 7662 §2.2 that are known."""
    facts: dict[str, object] = {"active": True}
    if found.refresh is not None:
        facts["client_id"] = found.refresh.client_id
        facts["exp"] = int(found.refresh.expires_at)
        facts["token_type"] = "refresh_token"
    if found.access is not None:
        facts["client_id"] = found.access.client_id
        facts["token_type"] = "Bearer"
        facts["scope"] = " ".join(found.access.scopes)
        facts["jti"] = found.access.token_id
        facts["iat"] = int(found.access.issued_at)
        for name in ("aud", "iss", "sub", "nbf", "exp", "tid", "oid", "roles", "ver"):
            if name in found.claims:
                facts[name] = found.claims[name]
    if found.user is not None:
        facts["username"] = found.user.username
    return facts


def _tenant_of(token: str) -> str | None:
    """The tenant that a token claims to be of, before anything is verified."""
    try:
        payload = token.split(".")[1]
        claims: Mapping[str, object] = msgspec.json.decode(
            base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)),
            type=dict[str, object],
        )
    except (IndexError, binascii.Error, ValueError):
        return None
    tenant = claims.get("tid")
    return tenant if isinstance(tenant, str) and is_guid(tenant) else None
