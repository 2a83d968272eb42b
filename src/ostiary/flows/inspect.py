"""What becomes of tokens that were issued: told (RFC 7662), ended (RFC 7009), used.

One judgement of "is this access token still good" serves all three.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ostiary.core.errors import Reason, Refused
from ostiary.core.model import User
from ostiary.core.request import TokenRequest
from ostiary.core.tokens import RefreshToken, Use, is_voided, judge
from ostiary.flows.attempt import Attempt
from ostiary.flows.digests import sha256_hex
from ostiary.flows.facts import AccessToken, Registry
from ostiary.flows.ports import Ports, Wire
from ostiary.flows.token import authenticate, find_client, find_tenant


@dataclass(frozen=True, slots=True)
class Inspected:
    """A living token: its claims, or what is stored of a refresh token."""

    claims: Mapping[str, object]
    access: AccessToken | None = None
    refresh: RefreshToken | None = None
    user: User | None = None


async def introspect(
    request: TokenRequest, token: str, wire: Wire, ports: Ports
) -> Inspected | None:
    """What an authenticated client of the tenant may know of a token (RFC 7662 §2).

    None: not active, or not of this tenant. Raises Refused for the client.
    """
    attempt = Attempt(request, wire, ports, ports.clock.now())
    try:
        registry = await _enter(attempt)
        refresh = await _living_refresh(ports, registry, token)
        if refresh is not None:
            return refresh
        return await inspect_access(registry, token, wire, ports)
    except Refused as refused:
        raise await attempt.record(refused) from None


async def revoke(request: TokenRequest, token: str, wire: Wire, ports: Ports) -> None:
    """End a token of the asking client; unknown and foreign ones change nothing.

    A refresh token takes its whole session with it (RFC 7009 §2.1).
    """
    attempt = Attempt(request, wire, ports, ports.clock.now())
    try:
        registry = await _enter(attempt)
        await _revoke(attempt, registry, token)
    except Refused as refused:
        raise await attempt.record(refused) from None


async def _revoke(attempt: Attempt, registry: Registry, token: str) -> None:
    ports, client_id = attempt.ports, attempt.request.client.client_id
    stored = await ports.tokens.find_refresh(sha256_hex(token))
    if stored is not None:
        mine = (stored.tenant_id, stored.client_id) == (registry.tenant.id, client_id)
        if mine:
            attempt.user_id = stored.user_id
            event = attempt.event("revoked")
            await ports.tokens.revoke_session(stored.session_id, event)
        return
    claims = await ports.signer.verify(registry.tenant.id, token)
    access = attempt.wire.read_access_token(claims) if claims else None
    if access is not None and access.client_id == client_id:
        attempt.user_id = access.user_id
        event = attempt.event("revoked")
        await ports.tokens.revoke_token(access.token_id, access.expires_at, event)


async def _enter(attempt: Attempt) -> Registry:
    registry = await find_tenant(attempt)
    client = await find_client(attempt)
    attempt.authentication = await authenticate(attempt, client)
    if registry is None:
        raise Refused(Reason.TENANT_ALIAS_REFUSED, alias=attempt.request.tenant.value)
    return registry


async def _living_refresh(
    ports: Ports, registry: Registry, token: str
) -> Inspected | None:
    stored = await ports.tokens.find_refresh(sha256_hex(token))
    tenant = registry.tenant
    if stored is None or stored.tenant_id != tenant.id:
        return None
    if judge(stored, tenant.refresh_tokens, ports.clock.now()) is not Use.GOOD:
        return None
    client = await ports.directory.find_client(stored.client_id, tenant.id)
    if client is None or not client.enabled:
        return None
    account = await ports.people.find(tenant.id, stored.user_id)
    if account is None or not account.user.enabled:
        return None
    changed, valid_from = account.password_changed_at, account.sessions_valid_from
    if is_voided(stored, password_changed_at=changed, sessions_valid_from=valid_from):
        return None
    return Inspected({}, refresh=stored, user=account.user)


async def inspect_access(
    registry: Registry, token: str, wire: Wire, ports: Ports
) -> Inspected | None:
    """An access token of this tenant that is good now: signed, alive, not revoked.

    Its client must still be there and its user enabled, with no session reset since
    (security promise 5: refused on the very next request).
    """
    tenant_id = registry.tenant.id
    claims = await ports.signer.verify(tenant_id, token)
    access = wire.read_access_token(claims) if claims else None
    if claims is None or access is None:
        return None
    client = await ports.directory.find_client(access.client_id, tenant_id)
    if client is None or not client.enabled:
        return None
    if await ports.tokens.is_revoked(access.token_id, access.session_id):
        return None
    if not access.user_id:
        return Inspected(claims, access)
    account = await ports.people.find(tenant_id, access.user_id)
    if account is None or not account.user.enabled:
        return None
    changed = account.password_changed_at if access.public_client else 0.0
    if access.issued_at < max(changed, account.sessions_valid_from):
        return None
    return Inspected(claims, access, user=account.user)
