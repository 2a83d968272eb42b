"""An id_token of ours as proof of who is asking: judged once for every door.

Only what the tenant's own key signed counts: a key shared with a client is also that
client's, which could have made the token itself.
"""

from dataclasses import dataclass

from ostiary.core.errors import Reason, Refused
from ostiary.core.model import Client, ConnectionSettings
from ostiary.flows.facts import Account, IdToken, Registry
from ostiary.flows.ports import Ports, Wire


@dataclass(frozen=True, slots=True)
class Identified:
    """A living id_token, whom it names today, and the client that it is for."""

    token: IdToken
    account: Account
    client: Client
    connection: ConnectionSettings


async def identify(
    registry: Registry, text: str, wire: Wire, ports: Ports
) -> Identified:
    """Whom this id_token names. Raises Refused(TOKEN_INVALID).

    Signed by this tenant, alive, for a client that is still there, of a user who is
    enabled; nobody's session was reset and no password changed since (security
    promise 5: refused on the very next request).
    """
    tenant = registry.tenant
    # An opaque token is never an id_token, whatever it says.
    whole = text.count(".") == 2
    claims = await ports.signer.verify(tenant.id, text) if whole else None
    token = wire.read_id_token(claims) if claims else None
    client = registry.clients.get(token.client_id) if token else None
    if token is None or client is None or not client.enabled:
        raise Refused(Reason.TOKEN_INVALID)
    named = await find_named(registry, token.subject, wire, ports)
    if len(named) != 1:
        raise Refused(Reason.TOKEN_INVALID)
    account, connection = named[0]
    if not account.user.enabled or _is_voided(token, account, client):
        raise Refused(Reason.TOKEN_INVALID)
    return Identified(token, account, client, connection)


async def find_named(
    registry: Registry, subject: str, wire: Wire, ports: Ports
) -> list[tuple[Account, ConnectionSettings]]:
    """Everybody whom the wire calls so: two connections may have the same id."""
    found = []
    for settings in registry.connections:
        external_id = wire.id_within(settings, subject)
        if external_id is None:
            continue
        account = await ports.people.find_by_external_id(
            registry.tenant.id, settings.name, external_id
        )
        if account is not None:
            found.append((account, settings))
    return found


def _is_voided(token: IdToken, account: Account, client: Client) -> bool:
    """Whether a session reset or a change of password came after the sign-in.

    A password that is as old as the account was never changed.
    """
    changed = account.password_changed_at
    if not client.public or changed <= account.created_at:
        changed = 0.0
    return token.issued_at < max(changed, account.sessions_valid_from)
