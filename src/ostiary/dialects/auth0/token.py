"""`/oauth/token` and `/oauth/revoke` (contract auth0 §3).

Between the parsers and the flows; which grant goes by which name is told in `surface`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from ostiary.core.errors import Refused
from ostiary.core.names import (
    CLIENT_CREDENTIALS,
    MFA_OOB,
    MFA_OTP,
    MFA_RECOVERY_CODE,
    ONE_TIME_CODE,
    PASSWORD,
    REFRESH_TOKEN,
    REVOCATION,
)
from ostiary.core.request import Granted, ScopeRequest, TokenRequest
from ostiary.dialects.auth0.body import Fields, parse_body, required, text
from ostiary.dialects.auth0.requests import (
    grant_of,
    parse_client,
    parse_password,
    parse_scope,
    parse_username,
    tenant_ref,
    trace_of,
)
from ostiary.dialects.auth0.responses import NOT_STORED, render_granted
from ostiary.dialects.auth0.scopes import api_scope, written_scope
from ostiary.dialects.auth0.surface import PASSWORD_REALM, Surface
from ostiary.dialects.auth0.wire import Auth0Wire
from ostiary.flows import inspect
from ostiary.flows.attempt import reading
from ostiary.flows.facts import Registry
from ostiary.flows.ports import Ports
from ostiary.flows.token import exchange
from ostiary.web import HttpRequest, HttpResponse, json_response


@dataclass(frozen=True, slots=True)
class TokenEndpoints:
    """What clients of today's pipeline post to."""

    ports: Ports

    async def token(self, request: HttpRequest, registry: Registry) -> HttpResponse:
        """The token endpoint."""
        wire = Auth0Wire(Surface.TOKEN, registry.tenant)
        async with reading(lambda: trace_of(request, "token"), wire, self.ports):
            fields = parse_body(request)
            sent, _ = grant_of(fields, Surface.TOKEN)
            parsed = parse_token_request(request, registry, fields)
        granted = await exchange(parsed, replace(wire, grant_name=sent), self.ports)
        body = render_granted(granted, Surface.TOKEN) | _scope(granted, fields)
        return json_response(200, body, NOT_STORED)

    async def revoke(self, request: HttpRequest, registry: Registry) -> HttpResponse:
        """Token revocation: 200 whatever the token was (contract auth0 §3.6)."""
        fields = parse_body(request)
        asked = TokenRequest(
            tenant=tenant_ref(registry.tenant),
            grant_type=REVOCATION,
            client=parse_client(request, fields),
            scope=ScopeRequest(given=False),
            trace=trace_of(request, "revoke"),
        )
        wire = Auth0Wire(Surface.REVOCATION, registry.tenant)
        await inspect.revoke(asked, required(fields, "token"), wire, self.ports)
        return HttpResponse(200, NOT_STORED, b"")


def _scope(granted: Granted, fields: Fields) -> dict[str, object]:
    """`scope` is told when what was granted differs from what was asked (§3.3)."""
    access = granted.grant.access
    scopes = (*access.scopes, *access.roles)
    told = written_scope(replace(access.request, openid=access.openid), scopes)
    asked = set((text(fields, "scope") or "").split())
    return {"scope": told} if told and set(told.split()) != asked else {}


def parse_token_request(
    request: HttpRequest, registry: Registry, fields: Fields
) -> TokenRequest:
    """The request; what is wrong behind the client's gates becomes its fault."""
    sent, grant_type = grant_of(fields, Surface.TOKEN)
    parsed = TokenRequest(
        tenant=tenant_ref(registry.tenant),
        grant_type=grant_type,
        client=parse_client(request, fields),
        scope=ScopeRequest(given=False),
        trace=trace_of(request, "token"),
    )
    parse = PARSERS.get(grant_type)
    if parse is None:
        return parsed
    try:
        parsed = parse(parsed, fields)
    except Refused as fault:
        return replace(parsed, fault=fault)
    if sent == PASSWORD_REALM:
        parsed = replace(parsed, connection=text(fields, "realm"))
    return parsed


def _password(parsed: TokenRequest, fields: Fields) -> TokenRequest:
    """The default directory, whatever `realm` says (contract auth0 §3.2)."""
    return replace(
        parsed,
        username=parse_username(fields),
        password=parse_password(fields),
        nonce=text(fields, "nonce"),
        scope=_target(fields, standard=True),
    )


def _one_time_code(parsed: TokenRequest, fields: Fields) -> TokenRequest:
    return replace(
        parsed,
        connection=required(fields, "realm"),
        username=parse_username(fields),
        password=parse_password(fields, "otp"),
        scope=_target(fields, standard=True),
    )


def _refresh_token(parsed: TokenRequest, fields: Fields) -> TokenRequest:
    token = required(fields, "refresh_token")
    return replace(parsed, refresh_token=token, scope=_target(fields))


def _client_credentials(parsed: TokenRequest, fields: Fields) -> TokenRequest:
    required(fields, "audience")
    return replace(parsed, scope=_target(fields))


def _second_factor(code: str, *more: str) -> Callable[..., TokenRequest]:
    """A parser of a grant that brings `mfa_token` and these (contract auth0 §3.5)."""

    def parse(parsed: TokenRequest, fields: Fields) -> TokenRequest:
        for name in more:
            required(fields, name)
        return replace(
            parsed,
            mfa_token=required(fields, "mfa_token"),
            mfa_code=text(fields, code),
            oob_code=text(fields, "oob_code"),
        )

    return parse


def _target(fields: Fields, *, standard: bool = False) -> ScopeRequest:
    return api_scope(parse_scope(fields), text(fields, "audience"), standard=standard)


PARSERS: Final[Mapping[str, Callable[..., TokenRequest]]] = {
    PASSWORD: _password,
    ONE_TIME_CODE: _one_time_code,
    REFRESH_TOKEN: _refresh_token,
    CLIENT_CREDENTIALS: _client_credentials,
    MFA_OTP: _second_factor("otp", "otp"),
    MFA_OOB: _second_factor("binding_code", "oob_code", "binding_code"),
    MFA_RECOVERY_CODE: _second_factor("recovery_code", "recovery_code"),
}
"""What each grant brings along."""
