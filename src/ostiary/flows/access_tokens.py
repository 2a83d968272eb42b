"""What a token tells for as long as it is good: judged once for all who ask.

Asking by which client, and ending tokens, is told in `inspect`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ostiary.core.model import User
from ostiary.core.tokens import RefreshToken
from ostiary.flows.facts import AccessToken, Registry
from ostiary.flows.ports import Ports, Wire


@dataclass(frozen=True, slots=True)
class Inspected:
    """A living token: its claims, or what is stored of a refresh token."""

    claims: Mapping[str, object]
    access: AccessToken | None = None
    refresh: RefreshToken | None = None
    user: User | None = None


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
