"""`/userinfo`: what a token tells of its user (contract auth0 §6).

A token of the legacy pipeline brings the whole profile, others what was granted.
"""

from dataclasses import dataclass
from typing import Final

from ostiary.core.errors import Reason, Refused
from ostiary.core.limits import Bucket, LimitKey, check_allowed
from ostiary.core.request import Subject
from ostiary.dialects.auth0.claims import (
    PRIVATE,
    oidc_claims,
    profile_of,
    subject_id,
)
from ostiary.dialects.auth0.domain import userinfo_audience
from ostiary.dialects.auth0.responses import NOT_STORED, limit_headers
from ostiary.dialects.auth0.surface import Surface
from ostiary.dialects.auth0.wire import Auth0Wire
from ostiary.flows.access_tokens import Inspected, inspect_access
from ostiary.flows.facts import Registry
from ostiary.flows.ports import Ports
from ostiary.web import HttpRequest, HttpResponse, json_response

PROFILES: Final = Bucket("userinfo", 10, 12.0)
"""Ten at once and five a minute for each user (contract auth0 §5)."""


@dataclass(frozen=True, slots=True)
class UserInfo:
    """The endpoint, by GET and by POST."""

    ports: Ports

    async def answer(self, request: HttpRequest, registry: Registry) -> HttpResponse:
        """The profile that this token is good for.

        Raises Refused(TOKEN_INVALID or TOO_MANY_REQUESTS).
        """
        found = await self.inspect(request, registry)
        account = await self.ports.people.find(
            registry.tenant.id, found.user.id if found.user else ""
        )
        if account is None or found.access is None:
            raise Refused(Reason.TOKEN_INVALID)
        user = account.user
        key = LimitKey(registry.tenant.id, user.id)
        allowance = await self.ports.limits.take(key, PROFILES, self.ports.clock.now())
        check_allowed(allowance)
        subject = Subject(user, (), 0.0, account.created_at, account.updated_at)
        settings = registry.connection(user.connection)
        strategy = settings.strategy if settings else "auth0"
        profile = profile_of(subject, strategy)
        private = found.claims[PRIVATE]
        if isinstance(private, dict) and private.get("l"):
            body = profile | {"clientID": found.access.client_id}
        else:
            body = oidc_claims(profile, found.access.scopes)
        body["sub"] = subject_id(user, strategy)
        return json_response(200, body, (*NOT_STORED, *limit_headers(allowance)))

    async def inspect(self, request: HttpRequest, registry: Registry) -> Inspected:
        """The living token of the request, if it is good here."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise Refused(Reason.TOKEN_INVALID)
        wire = Auth0Wire(Surface.API, registry.tenant)
        found = await inspect_access(registry, token.strip(), wire, self.ports)
        audience = found.claims.get("aud") if found else None
        here = audience if isinstance(audience, list) else [audience]
        if found is None or userinfo_audience(registry.tenant) not in here:
            raise Refused(Reason.TOKEN_INVALID)
        return found
