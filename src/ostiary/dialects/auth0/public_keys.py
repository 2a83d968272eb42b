"""`/api/users/{id}/publickey`: a device's key, by its user's id_token (§2, way A).

Way B is in `device_credentials`; what both read alike is here.
"""

from dataclasses import dataclass
from typing import Final

from ostiary.core.devices import DeviceRules
from ostiary.core.errors import Reason, Refused
from ostiary.core.model import Tenant
from ostiary.dialects.auth0.body import Fields, parse_body, required, text
from ostiary.dialects.auth0.claims import subject_id
from ostiary.dialects.auth0.requests import trace_of
from ostiary.dialects.auth0.responses import NOT_STORED
from ostiary.dialects.auth0.surface import Surface
from ostiary.dialects.auth0.wire import Auth0Wire, device_rules
from ostiary.flows.devices import NewKey, Owner, add_key, remove_keys
from ostiary.flows.facts import Registry
from ostiary.flows.id_tokens import Identified, identify
from ostiary.flows.ports import Ports
from ostiary.web import HttpRequest, HttpResponse, json_response

LONGEST_NAME: Final = 256
"""Characters of a device's name or id."""
USER_PART: Final = -2
"""Which part of the path names the user."""


def check_open(tenant: Tenant) -> DeviceRules:
    """How keys are taken. Raises Refused(ENDPOINT_DISABLED) where they are off."""
    rules = device_rules(tenant)
    if rules is None:
        raise Refused(Reason.ENDPOINT_DISABLED)
    return rules


def device_text(value: str | None, name: str) -> str:
    """A device's name or id, "" for none. Raises Refused(PARAMETER_INVALID)."""
    if value is not None and len(value) > LONGEST_NAME:
        raise Refused(Reason.PARAMETER_INVALID, name=name, why="is too long")
    return value or ""


def bearer_of(request: HttpRequest) -> str:
    """The token of the request. Raises Refused(TOKEN_INVALID) without one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or "authorization" in request.repeated:
        raise Refused(Reason.TOKEN_INVALID)
    return token.strip()


@dataclass(frozen=True, slots=True)
class PublicKeys:
    """The endpoint: DELETE, which clients always do first, then POST."""

    ports: Ports

    async def answer(self, request: HttpRequest, registry: Registry) -> HttpResponse:
        """Add a key for the client of the id_token, or remove those of a device."""
        rules = check_open(registry.tenant)
        known = await self._user(request, registry)
        owner = Owner(known.account.user, trace_of(request, "publickey"))
        fields = parse_body(request)
        name = device_text(required(fields, "device"), "device")
        if request.method == "DELETE":
            await remove_keys(owner, name, self.ports)
            return HttpResponse(204, NOT_STORED, b"")
        new = _new_key(fields, name, known)
        key = await add_key(owner, new, rules, self.ports)
        body = {"device": key.device_name, "fingerprint": key.fingerprint}
        return json_response(201, body, NOT_STORED)

    async def _user(self, request: HttpRequest, registry: Registry) -> Identified:
        """The user of the path, who must be the one of the token.

        Raises Refused(TOKEN_INVALID).
        """
        wire = Auth0Wire(Surface.API, registry.tenant)
        known = await identify(registry, bearer_of(request), wire, self.ports)
        own = subject_id(known.account.user, known.connection.strategy)
        if request.segments[USER_PART] != own:
            raise Refused(Reason.TOKEN_INVALID)
        return known


def _new_key(fields: Fields, name: str, known: Identified) -> NewKey:
    if text(fields, "public_key") is None:
        raise Refused(Reason.PARAMETER_MISSING, name="public_key")
    return NewKey(
        required(fields, "public_key"), name, client_id=known.client.client_id
    )
