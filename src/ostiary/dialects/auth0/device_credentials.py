"""`/api/v2/device-credentials`: what is filed under a user's devices (§2, way B).

Three may come: the user by password, the user by a token, and an administrator's
application by a token. Which of them is asked here; what they do is in the flows.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from ostiary.core.devices import DeviceKey, DeviceSession
from ostiary.core.errors import Reason, Refused
from ostiary.core.model import Rotation, Tenant, User
from ostiary.core.names import PASSWORD
from ostiary.core.passwords import LONGEST_PASSWORD
from ostiary.core.request import ClientCredential, ScopeRequest, TokenRequest
from ostiary.dialects.auth0.body import Fields, parse_body, required, text
from ostiary.dialects.auth0.claims import subject_id
from ostiary.dialects.auth0.domain import management_audience
from ostiary.dialects.auth0.management import allowed_scopes
from ostiary.dialects.auth0.public_keys import bearer_of, check_open, device_text
from ostiary.dialects.auth0.requests import LONGEST_NAME, tenant_ref, trace_of
from ostiary.dialects.auth0.responses import NOT_STORED
from ostiary.dialects.auth0.surface import (
    FAMILY,
    JWT_BEARER,
    LEGACY_FAMILY,
    Surface,
)
from ostiary.dialects.auth0.wire import Auth0Wire
from ostiary.dialects.forms import strict_query_of
from ostiary.flows.access_tokens import inspect_access
from ostiary.flows.attempt import reading
from ostiary.flows.devices import NewKey, Owner, add_key, find_entry, remove_entry
from ostiary.flows.facts import Registry
from ostiary.flows.id_tokens import find_named
from ostiary.flows.password_door import prove_by_password
from ostiary.flows.ports import Ports
from ostiary.web import HttpRequest, HttpResponse, json_response

PUBLIC_KEY, REFRESH, ROTATING = "public_key", "refresh_token", "rotating_refresh_token"
USUAL: Final = frozenset({PUBLIC_KEY, REFRESH})
"""What is listed when no type is named."""
DOOR: Final = "device-credentials"
EVERYBODY: Final = "{}:device_credentials"
OWN: Final = "{}:current_user_device_credentials"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a user for themselves, or an application (`user` None) for anybody."""

    user: User | None
    client_id: str

    def may_touch(self, user: User) -> bool:
        """Whether the devices of this user are the caller's business."""
        return self.user is None or self.user.id == user.id


@dataclass(frozen=True, slots=True)
class DeviceCredentials:
    """The endpoints."""

    ports: Ports

    async def answer(self, request: HttpRequest, registry: Registry) -> HttpResponse:
        """List, or add a key."""
        check_open(registry.tenant)
        if request.method == "POST":
            return await self._add(request, registry)
        return await self._list(request, registry)

    async def remove(self, request: HttpRequest, registry: Registry) -> HttpResponse:
        """Remove an entry; with that of a refresh token its session ends.

        Raises Refused(OBJECT_UNKNOWN) also for what belongs to somebody else.
        """
        check_open(registry.tenant)
        caller = await self._caller(request, registry, "delete", "")
        entry = await find_entry(registry.tenant.id, request.segments[-1], self.ports)
        if entry is None or type_of(entry, registry.tenant) is None:
            raise Refused(Reason.OBJECT_UNKNOWN)
        account = await self.ports.people.find(registry.tenant.id, entry.user_id)
        if account is None or not caller.may_touch(account.user):
            raise Refused(Reason.OBJECT_UNKNOWN)
        owner = _owner(request, caller, account.user)
        await remove_entry(owner, entry, self.ports)
        return HttpResponse(204, NOT_STORED, b"")

    async def _list(self, request: HttpRequest, registry: Registry) -> HttpResponse:
        """A plain array, oldest first; keys before refresh tokens."""
        fields = strict_query_of(request)
        client_id, wanted = fields.get("client_id", ""), fields.get("type", "")
        if wanted not in ("", PUBLIC_KEY, REFRESH, ROTATING):
            raise Refused(Reason.PARAMETER_INVALID, name="type", why="is unknown")
        caller = await self._caller(request, registry, "read", client_id)
        user = await self._user(registry, caller, fields, "read")
        tenant, devices, now = registry.tenant, self.ports.devices, self.ports.clock.now
        entries: list[DeviceKey | DeviceSession] = [
            *await devices.keys(tenant.id, user.id),
            *await devices.sessions(tenant.id, user.id, now()),
        ]
        named = subject_of(registry, user)
        body = [
            render_entry(entry, tenant, named)
            for entry in entries
            if type_of(entry, tenant) in ({wanted} if wanted else USUAL)
            and entry.client_id in ({client_id, ""} if client_id else {entry.client_id})
        ]
        return json_response(200, body, NOT_STORED)

    async def _add(self, request: HttpRequest, registry: Registry) -> HttpResponse:
        """Keep a public key (contract auth0 §2, step 3)."""
        rules = check_open(registry.tenant)
        fields = parse_body(request)
        new = parse_key(fields, registry)
        caller = await self._caller(request, registry, "create", new.client_id)
        user = await self._user(registry, caller, fields, "create")
        owner = _owner(request, caller, user)
        key = await add_key(owner, new, rules, self.ports)
        body = render_entry(key, registry.tenant, subject_of(registry, user))
        return json_response(201, body, NOT_STORED)

    async def _user(
        self, registry: Registry, caller: Caller, fields: Fields, act: str
    ) -> User:
        """Whose devices are meant: the caller's own, or the `user_id` named.

        Raises Refused(SCOPE_INSUFFICIENT) for a user who names somebody else.
        """
        named = text(fields, "user_id")
        if caller.user is not None:
            if named not in (None, subject_of(registry, caller.user)):
                raise Refused(Reason.SCOPE_INSUFFICIENT, scope=EVERYBODY.format(act))
            return caller.user
        wire = Auth0Wire(Surface.API, registry.tenant)
        subject = required(fields, "user_id")
        found = await find_named(registry, subject, wire, self.ports)
        if len(found) != 1:
            raise Refused(Reason.OBJECT_UNKNOWN)
        return found[0][0].user

    async def _caller(
        self, request: HttpRequest, registry: Registry, act: str, client_id: str
    ) -> Caller:
        """Who asks, and may do this. Raises Refused."""
        header = request.headers.get("authorization", "")
        if header.lower().startswith("basic "):
            user = await self._by_password(request, registry, client_id)
            return Caller(user, client_id)
        wire = Auth0Wire(Surface.API, registry.tenant)
        found = await inspect_access(registry, bearer_of(request), wire, self.ports)
        access = found.access if found else None
        audience = management_audience(registry.tenant)
        if found is None or access is None or access.audience != audience:
            raise Refused(Reason.TOKEN_INVALID)
        scope, scopes = OWN.format(act), frozenset(access.scopes)
        if found.user is None:
            client = registry.clients.get(access.client_id)
            still = allowed_scopes(client, registry.tenant, wire) if client else set()
            scope, scopes = EVERYBODY.format(act), scopes & still
        if scope not in scopes:
            raise Refused(Reason.SCOPE_INSUFFICIENT, scope=scope)
        return Caller(found.user, access.client_id)

    async def _by_password(
        self, request: HttpRequest, registry: Registry, client_id: str
    ) -> User:
        """The user of `Basic base64url(connection\\username:password)` (§2, way B)."""
        wire = Auth0Wire(Surface.DEVICES, registry.tenant, JWT_BEARER)
        trace = trace_of(request, DOOR)
        async with reading(lambda: trace, wire, self.ports):
            asked = TokenRequest(
                tenant=tenant_ref(registry.tenant),
                grant_type=PASSWORD,
                client=ClientCredential(client_id),
                scope=ScopeRequest(given=False),
                trace=trace,
            )
            asked = parse_own_basic(request, asked)
        return await prove_by_password(asked, wire, self.ports)


def _owner(request: HttpRequest, caller: Caller, user: User) -> Owner:
    by = "user" if caller.user is not None else caller.client_id
    return Owner(user, trace_of(request, DOOR), by)


def parse_own_basic(request: HttpRequest, asked: TokenRequest) -> TokenRequest:
    """Connection, user name and password of the header. Raises Refused.

    Base64 of either alphabet, padded or not; the connection ends at the first
    backslash, the name, which may hold another one, at the colon (RFC 7617 §2).
    """
    malformed = "is not HTTP Basic of connection, user name and password"
    why = Refused(Reason.PARAMETER_INVALID, name="Authorization", why=malformed)
    if "authorization" in request.repeated:
        raise why
    encoded = request.headers["authorization"].partition(" ")[2].strip().rstrip("=")
    plain = encoded.replace("+", "-").replace("/", "_")
    try:
        octets = base64.b64decode(plain + "=" * (-len(plain) % 4), b"-_", validate=True)
        decoded = octets.decode()
    except (binascii.Error, ValueError):
        raise why from None
    connection, slash, rest = decoded.partition("\\")
    name, colon, password = rest.partition(":")
    name = name.strip()
    if not (connection and slash and name and colon and password) or "\0" in decoded:
        raise why
    if len(name) > LONGEST_NAME or len(password.encode()) > LONGEST_PASSWORD:
        raise why
    return replace(asked, connection=connection, username=name, password=password)


def parse_key(fields: Fields, registry: Registry) -> NewKey:
    """The key of a POST: `value` is the base64 of a PEM text. Raises Refused."""
    kind = required(fields, "type")
    if kind != PUBLIC_KEY:
        raise Refused(Reason.PARAMETER_INVALID, name="type", why="must be public_key")
    encoded = "".join(required(fields, "value").split())
    try:
        pem = base64.b64decode(encoded, validate=True).decode("ascii")
    except ValueError:
        why = "is not the base64 of a PEM text"
        raise Refused(Reason.PARAMETER_INVALID, name="value", why=why) from None
    client_id = text(fields, "client_id") or ""
    if client_id and client_id not in registry.clients:
        why = "names no application"
        raise Refused(Reason.PARAMETER_INVALID, name="client_id", why=why)
    return NewKey(
        text=pem,
        device_name=device_text(required(fields, "device_name"), "device_name"),
        device_id=device_text(text(fields, "device_id"), "device_id"),
        client_id=client_id,
    )


def type_of(entry: DeviceKey | DeviceSession, tenant: Tenant) -> str | None:
    """What the API calls an entry; None for sessions of another wire."""
    if isinstance(entry, DeviceKey):
        return PUBLIC_KEY
    if entry.family == LEGACY_FAMILY:
        return REFRESH
    if entry.family != FAMILY:
        return None
    rotates = tenant.refresh_tokens.rotation is Rotation.ONE_TIME
    return ROTATING if rotates else REFRESH


def subject_of(registry: Registry, user: User) -> str:
    """`strategy|id` of a user."""
    settings = registry.connection(user.connection)
    return subject_id(user, settings.strategy if settings else "auth0")


def render_entry(
    entry: DeviceKey | DeviceSession, tenant: Tenant, user_id: str
) -> Mapping[str, object]:
    """An entry as it is listed."""
    device_id = entry.device_id if isinstance(entry, DeviceKey) else ""
    return {
        "id": entry.id,
        "device_name": entry.device_name,
        "device_id": device_id,
        "type": type_of(entry, tenant),
        "user_id": user_id,
        "client_id": entry.client_id,
    }
