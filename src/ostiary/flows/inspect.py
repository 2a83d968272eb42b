"""What becomes of tokens that were issued: told (RFC 7662), ended (RFC 7009), used.

One judgement of "is this access token still good" serves all three.
"""

from ostiary.core.errors import Reason, Refused
from ostiary.core.request import TokenRequest
from ostiary.core.tokens import Use, is_voided, judge
from ostiary.flows.access_tokens import Inspected, inspect_access
from ostiary.flows.attempt import Attempt
from ostiary.flows.digests import sha256_hex
from ostiary.flows.facts import Registry
from ostiary.flows.ports import Ports, Wire
from ostiary.flows.token import authenticate, find_client, find_tenant


async def introspect(
    request: TokenRequest, token: str, wire: Wire, ports: Ports
) -> Inspected | None:
    """What an authenticated client of the tenant may know of a token (RFC 7662 §2).

    None: not active, or not of this tenant. Raises Refused for the client.
    """
    async with Attempt(request, wire, ports, ports.clock.now()) as attempt:
        registry = await _enter(attempt)
        refresh = await _living_refresh(ports, registry, token)
        if refresh is not None:
            return refresh
        return await inspect_access(registry, token, wire, ports)


async def revoke(request: TokenRequest, token: str, wire: Wire, ports: Ports) -> None:
    """End a token of the asking client; unknown and foreign ones change nothing.

    A refresh token takes its whole session with it (RFC 7009 §2.1).
    """
    async with Attempt(request, wire, ports, ports.clock.now()) as attempt:
        registry = await _enter(attempt)
        await _revoke(attempt, registry, token)


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
