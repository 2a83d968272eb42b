"""`/oauth/ro`: the legacy resource owner endpoint (contract auth0 §1, §2).

Its gates and the order in which they are told; what it shares is in `requests`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ostiary.core.errors import Reason, Refused
from ostiary.core.names import DEVICE_KEY, PASSWORD
from ostiary.core.request import ScopeRequest, TokenRequest
from ostiary.dialects.auth0.body import Fields, parse_body, required, text
from ostiary.dialects.auth0.jsonp import (
    parse_callback,
    render_script,
    scripted_refusal,
)
from ostiary.dialects.auth0.requests import (
    check_legacy_open,
    grant_of,
    parse_client,
    parse_password,
    parse_scope,
    parse_username,
    tenant_ref,
    trace_of,
)
from ostiary.dialects.auth0.responses import NOT_STORED, render_granted
from ostiary.dialects.auth0.scopes import legacy_scope
from ostiary.dialects.auth0.surface import Surface
from ostiary.dialects.auth0.wire import Auth0Wire
from ostiary.dialects.forms import query_of, strict_query_of
from ostiary.flows.attempt import reading
from ostiary.flows.facts import Registry
from ostiary.flows.ports import Ports
from ostiary.flows.token import exchange
from ostiary.web import HttpRequest, HttpResponse, json_response


@dataclass(frozen=True, slots=True)
class ResourceOwner:
    """The endpoint; also what `/passwordless/verify` documents."""

    ports: Ports

    async def answer(self, request: HttpRequest, registry: Registry) -> HttpResponse:
        """POST, or GET with a callback where the tenant allows that (§1.7)."""
        if request.method == "GET":
            if registry.tenant.options.get("jsonp") is not True:
                raise Refused(Reason.METHOD_NOT_ALLOWED, allow="POST, OPTIONS")
            return await self._scripted(request, registry)
        return json_response(200, await self.grant(request, registry), NOT_STORED)

    async def grant(
        self, request: HttpRequest, registry: Registry
    ) -> Mapping[str, object]:
        """The members of the answer, or Refused."""
        wire = Auth0Wire(Surface.RO, registry.tenant)
        async with reading(lambda: trace_of(request, "ro"), wire, self.ports):
            scripted = request.method == "GET"
            fields = strict_query_of(request) if scripted else parse_body(request)
            check_legacy_open(registry.tenant)
            sent, _ = grant_of(fields, Surface.RO)
            parsed = parse_ro(request, registry, fields)
        granted = await exchange(parsed, replace(wire, grant_name=sent), self.ports)
        return render_granted(granted, Surface.RO)

    async def _scripted(self, request: HttpRequest, registry: Registry) -> HttpResponse:
        """JSONP: always 200, failures nested under `error` (§1.7)."""
        callback = parse_callback(query_of(request).get("cbx", ""))
        try:
            granted = await self.grant(request, registry)
        except Refused as refused:
            return render_script(callback, scripted_refusal(refused, Surface.RO))
        return render_script(callback, {**granted, "status": 200})


def parse_ro(request: HttpRequest, registry: Registry, fields: Fields) -> TokenRequest:
    """The request; what is wrong behind the client's gates becomes its fault."""
    _, grant_type = grant_of(fields, Surface.RO)
    parsed = TokenRequest(
        tenant=tenant_ref(registry.tenant),
        grant_type=grant_type,
        client=parse_client(request, fields),
        scope=ScopeRequest(given=False),
        trace=trace_of(request, "ro"),
    )
    try:
        return _parse_rest(parsed, fields)
    except Refused as fault:
        return replace(parsed, fault=fault)


def _parse_rest(parsed: TokenRequest, fields: Fields) -> TokenRequest:
    """Rows 9 to 12 of contract auth0 §1.5, in their order."""
    connection = required(fields, "connection")
    username = password = assertion = None
    if parsed.grant_type == PASSWORD:
        username = parse_username(fields, or_email=True)
        password = parse_password(fields)
    device = text(fields, "device")
    if parsed.grant_type == DEVICE_KEY:
        device = required(fields, "device")
        assertion = required(fields, "id_token")
    offline = fields.get("offline_mode") in (True, "true")
    return replace(
        parsed,
        connection=connection,
        username=username,
        password=password,
        device=device or "",
        assertion=assertion,
        mfa_code=text(fields, "mfa_code"),
        nonce=text(fields, "nonce"),
        scope=legacy_scope(parse_scope(fields), offline=offline),
    )
