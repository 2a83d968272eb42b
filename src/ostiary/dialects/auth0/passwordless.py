"""`/passwordless/start` and `/passwordless/verify` (contract auth0 §6).

Words and shapes of the two; sending and judging codes is told in the flows.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from ostiary.core.connections import Channel
from ostiary.core.errors import Reason, Refused
from ostiary.core.names import ONE_TIME_CODE
from ostiary.core.request import ClientCredential, ScopeRequest, TokenRequest
from ostiary.dialects.auth0.body import Fields, parse_body, required, text
from ostiary.dialects.auth0.requests import (
    parse_client,
    parse_password,
    tenant_ref,
    trace_of,
)
from ostiary.dialects.auth0.responses import NOT_STORED
from ostiary.dialects.auth0.ro import ResourceOwner
from ostiary.dialects.auth0.surface import Surface
from ostiary.dialects.auth0.wire import Auth0Wire
from ostiary.flows import passwordless
from ostiary.flows.attempt import reading
from ostiary.flows.facts import Registry
from ostiary.flows.passwordless import Recipient, Started
from ostiary.flows.ports import Ports
from ostiary.web import HttpRequest, HttpResponse, json_response

LINKS: Final = frozenset({"link", "link_ios", "link_android"})
SENDS: Final = LINKS | {"code"}
"""What `send` may say; absent, it says `link`."""
NAMED: Final = frozenset(
    {"client_id", "connection", "authParams", "email", "phone_number"}
)
"""Properties with an error of their own, `bad.` and the name."""
LANGUAGE: Final = re.compile(r"[A-Za-z0-9*,;=. -]{1,100}")
_ABOUT_PROPERTIES: Final = frozenset(
    {Reason.PARAMETER_MISSING, Reason.PARAMETER_INVALID, Reason.PARAMETER_REPEATED}
)


@dataclass(frozen=True, slots=True)
class Passwordless:
    """The two endpoints."""

    ports: Ports
    owner: ResourceOwner

    async def start(self, request: HttpRequest, registry: Registry) -> HttpResponse:
        """Send a code; the answer is the same whoever may be behind the address."""
        wire = Auth0Wire(Surface.PASSWORDLESS, registry.tenant)
        try:
            asked, recipient = await self._parsed(request, registry, wire)
            started = await passwordless.start(asked, recipient, wire, self.ports)
        except Refused as refused:
            raise _named(refused) from None
        # Not the user's own id: whether there is a user is nobody's business.
        id = self.ports.clock.guid().replace("-", "")[:24]
        return json_response(200, {"_id": id, **_told(request, started)}, NOT_STORED)

    async def _parsed(
        self, request: HttpRequest, registry: Registry, wire: Auth0Wire
    ) -> tuple[TokenRequest, Recipient]:
        async with reading(lambda: trace_of(request, "passwordless"), wire, self.ports):
            return parse_start(request, registry)

    async def verify(self, request: HttpRequest, registry: Registry) -> HttpResponse:
        """Use a code as `/oauth/ro` does, or look whether it is right.

        The latter is what auth0-js asks before it goes on: the code stays good.
        """
        fields = parse_body(request)
        if "verification_code" not in fields or "password" in fields:
            body = await self.owner.grant(request, registry)
            return json_response(200, body, NOT_STORED)
        wire = Auth0Wire(Surface.RO, registry.tenant)
        asked = parse_check(request, registry, fields)
        await passwordless.check_code(asked, _recipient(fields), wire, self.ports)
        return json_response(200, {"verified": True}, NOT_STORED)


def parse_start(
    request: HttpRequest, registry: Registry
) -> tuple[TokenRequest, Recipient]:
    """Who wants a code sent, by which connection, and whom to. Raises Refused."""
    fields = parse_body(request)
    asked = TokenRequest(
        tenant=tenant_ref(registry.tenant),
        grant_type=ONE_TIME_CODE,
        client=parse_client(request, fields),
        scope=ScopeRequest(given=False),
        trace=trace_of(request, "passwordless"),
        connection=required(fields, "connection"),
    )
    send = text(fields, "send") or "link"
    if send not in SENDS:
        why = f"must be one of {', '.join(sorted(SENDS))}"
        raise Refused(Reason.PARAMETER_INVALID, name="send", why=why)
    if not isinstance(fields.get("authParams") or {}, Mapping):
        raise Refused(
            Reason.PARAMETER_INVALID, name="authParams", why="must be an object"
        )
    return asked, replace(_recipient(fields), by_link=send in LINKS)


def parse_check(
    request: HttpRequest, registry: Registry, fields: Fields
) -> TokenRequest:
    """Which code is to be looked at. Raises Refused."""
    return TokenRequest(
        tenant=tenant_ref(registry.tenant),
        grant_type=ONE_TIME_CODE,
        client=ClientCredential(text(fields, "client_id") or ""),
        scope=ScopeRequest(given=False),
        trace=trace_of(request, "passwordless verify"),
        connection=required(fields, "connection"),
        password=parse_password(fields, "verification_code"),
    )


def _recipient(fields: Fields) -> Recipient:
    return Recipient(text(fields, "email"), text(fields, "phone_number"))


def _told(request: HttpRequest, started: Started) -> dict[str, object]:
    """Where the code went; that nothing is verified yet is true of everybody."""
    if started.channel is Channel.EMAIL:
        return {"email": started.to, "email_verified": False}
    language = request.headers.get("x-request-language", "")
    known = LANGUAGE.fullmatch(language) is not None
    return {
        "phone_number": started.to,
        "phone_verified": False,
        "request_language": language if known else None,
    }


def _named(refused: Refused) -> Refused:
    """The refusal with the property's own error, `bad.email` and such."""
    name = refused.facts.get("name")
    if refused.reason not in _ABOUT_PROPERTIES or name not in NAMED:
        return refused
    body = {"error": f"bad.{name}"}
    return Refused(refused.reason, **{**refused.facts, "body": body})
