"""`/tokeninfo`: the profile of the user whom an id_token of ours names (§6).

Lock asks it after each sign-in. The one place where a credential may stand in the
address: that is written nowhere.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ostiary.core.errors import Reason, Refused
from ostiary.core.model import Tenant
from ostiary.core.request import Subject
from ostiary.dialects.auth0.body import Fields, parse_body, parse_json, required
from ostiary.dialects.auth0.claims import profile_of, subject_id
from ostiary.dialects.auth0.domain import issuer
from ostiary.dialects.auth0.jsonp import (
    parse_callback,
    render_script,
    scripted_refusal,
)
from ostiary.dialects.auth0.responses import NOT_STORED
from ostiary.dialects.auth0.surface import Surface
from ostiary.dialects.auth0.wire import Auth0Wire
from ostiary.dialects.forms import strict_query_of
from ostiary.flows.facts import Registry
from ostiary.flows.id_tokens import Identified, identify
from ostiary.flows.ports import Ports
from ostiary.web import HttpRequest, HttpResponse, json_response

LONGEST: Final = 16 * 1024
"""Characters of an id_token; those of ours are far shorter."""


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """The endpoint, by POST and by GET."""

    ports: Ports

    async def answer(self, request: HttpRequest, registry: Registry) -> HttpResponse:
        """The profile; a script where a callback is named and the tenant has JSONP."""
        if request.method == "POST":
            user = await self._profile(parse_body(request), registry)
            return json_response(200, user, NOT_STORED)
        fields = strict_query_of(request)
        if "cbx" not in fields or registry.tenant.options.get("jsonp") is not True:
            return json_response(200, await self._profile(fields, registry), NOT_STORED)
        callback = parse_callback(fields["cbx"])
        try:
            user = await self._profile(fields, registry)
        except Refused as refused:
            return render_script(callback, scripted_refusal(refused, Surface.API))
        return render_script(callback, {"status": 200, "user": user})

    async def _profile(
        self, fields: Fields, registry: Registry
    ) -> Mapping[str, object]:
        """Raises Refused: PARAMETER_INVALID for another issuer's token, TOKEN_INVALID
        for one of ours that is no good (contract auth0 §6).
        """
        token = required(fields, "id_token")
        if issuer_of(token) not in (None, issuer(registry.tenant)):
            why = "is of another issuer"
            raise Refused(Reason.PARAMETER_INVALID, name="id_token", why=why)
        wire = Auth0Wire(Surface.API, registry.tenant)
        known = await identify(registry, token, wire, self.ports)
        return render_profile(known, registry.tenant)


def render_profile(known: Identified, tenant: Tenant) -> dict[str, object]:
    """The profile as the old pipeline tells it (contract auth0 §4.2)."""
    account, strategy = known.account, known.connection.strategy
    subject = Subject(account.user, (), 0.0, account.created_at, account.updated_at)
    return {
        **profile_of(subject, strategy),
        "sub": subject_id(account.user, strategy),
        "clientID": known.client.client_id,
        "global_client_id": global_client_id(tenant),
    }


def global_client_id(tenant: Tenant) -> str:
    """The id of the tenant as a client of itself: 32 characters, for ever the same."""
    digest = hashlib.sha256(f"global client of {tenant.id}".encode()).digest()
    return base64.urlsafe_b64encode(digest[:24]).decode()


def issuer_of(token: str) -> str | None:
    """The issuer that a token names, proven by nothing; None when nobody can tell."""
    parts = token.split(".")
    if len(parts) != 3 or len(token) > LONGEST or not token.isascii():
        return None
    try:
        padded = parts[1] + "=" * (-len(parts[1]) % 4)
        named = parse_json(base64.urlsafe_b64decode(padded)).get("iss")
    except (binascii.Error, Refused):
        return None
    return named if isinstance(named, str) else None
