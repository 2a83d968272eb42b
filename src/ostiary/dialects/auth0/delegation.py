"""`/delegation` and `/oauth/access_token`: what else the old pipeline had (§6).

The first is how a legacy refresh token is used; the second is never served.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from ostiary.core.errors import Reason, Refused
from ostiary.core.names import DELEGATION
from ostiary.core.request import ScopeRequest, TokenRequest
from ostiary.dialects.auth0.body import Fields, parse_body, required, text
from ostiary.dialects.auth0.claims import id_token_seconds
from ostiary.dialects.auth0.requests import (
    check_legacy_open,
    grant_of,
    parse_client,
    parse_scope,
    tenant_ref,
    trace_of,
)
from ostiary.dialects.auth0.responses import NOT_STORED
from ostiary.dialects.auth0.scopes import legacy_scope
from ostiary.dialects.auth0.surface import Surface
from ostiary.dialects.auth0.wire import Auth0Wire
from ostiary.flows.attempt import reading
from ostiary.flows.delegation import Delegated, delegate
from ostiary.flows.facts import Registry
from ostiary.flows.ports import Ports
from ostiary.web import HttpRequest, HttpResponse, json_response

PASSTHROUGH: Final = "passthrough"
"""In place of a scope: what the token had (the default of auth0-js 7)."""
API_TYPES: Final = ("app", "auth0")
REFRESH, ID_TOKEN = "refresh_token", "id_token"


@dataclass(frozen=True, slots=True)
class Delegation:
    """The endpoints, and what the client proves itself with at them."""

    ports: Ports

    async def answer(self, request: HttpRequest, registry: Registry) -> HttpResponse:
        """An id_token for the target (contract auth0 §6)."""
        wire = Auth0Wire(Surface.DELEGATION, registry.tenant)
        async with reading(lambda: trace_of(request, "delegation"), wire, self.ports):
            fields = parse_body(request)
            check_legacy_open(registry.tenant)
            parsed = parse_delegation(request, registry, fields)
            target = text(fields, "target") or parsed.client.client_id
        brought = REFRESH if fields.get(REFRESH) else ID_TOKEN
        named = replace(wire, grant_name=brought)
        delegated = await delegate(parsed, target, named, self.ports)
        return json_response(200, render_delegated(delegated), NOT_STORED)

    async def swap(self, request: HttpRequest, registry: Registry) -> HttpResponse:
        """`/oauth/access_token`: tokens of social providers are not taken (§6)."""
        wire = Auth0Wire(Surface.DELEGATION, registry.tenant)
        async with reading(lambda: trace_of(request, "access_token"), wire, self.ports):
            client_id = text(parse_body(request), "client_id")
            client = registry.clients.get(client_id or "")
            if client is not None and client.options.get("oidc_conformant", True):
                where = "/oauth/access_token"
                raise Refused(Reason.CLIENT_NOT_SERVED, endpoint=where)
            raise Refused(Reason.ENDPOINT_DISABLED)


def parse_delegation(
    request: HttpRequest, registry: Registry, fields: Fields
) -> TokenRequest:
    """The request; what is wrong behind the client's gates becomes its fault."""
    client = parse_client(request, fields)
    sent, grant_type = grant_of(fields, Surface.DELEGATION)
    if not sent:
        raise Refused(Reason.PARAMETER_MISSING, name="grant_type")
    if grant_type != DELEGATION:
        raise Refused(Reason.GRANT_UNSUPPORTED, grant_type=grant_type)
    parsed = TokenRequest(
        tenant=tenant_ref(registry.tenant),
        grant_type=grant_type,
        client=client,
        scope=ScopeRequest(given=False),
        trace=trace_of(request, "delegation"),
    )
    try:
        return _parse_rest(parsed, fields)
    except Refused as fault:
        return replace(parsed, fault=fault)


def _parse_rest(parsed: TokenRequest, fields: Fields) -> TokenRequest:
    refresh_token = text(fields, REFRESH)
    if refresh_token is not None and text(fields, ID_TOKEN) is not None:
        why = "must not come together with id_token"
        raise Refused(Reason.PARAMETER_INVALID, name=REFRESH, why=why)
    id_token = required(fields, ID_TOKEN) if refresh_token is None else None
    if (text(fields, "api_type") or API_TYPES[0]) not in API_TYPES:
        why = "must be app or auth0"
        raise Refused(Reason.PARAMETER_INVALID, name="api_type", why=why)
    scope = legacy_scope(parse_scope(fields))
    if PASSTHROUGH in scope.openid:
        scope = ScopeRequest(given=False)
    return replace(parsed, refresh_token=refresh_token, assertion=id_token, scope=scope)


def render_delegated(delegated: Delegated) -> Mapping[str, object]:
    """The members of the answer; it lives as long as the target's id_tokens do."""
    return {
        "token_type": "Bearer",
        "expires_in": id_token_seconds(delegated.grant),
        "id_token": delegated.id_token,
    }
