"""Locks that guessing brought about: the owner is told by mail, and may end them.

When an account locks is arithmetic in `core.passwords`.
"""

from typing import Final

from ostiary.core.errors import Reason, Refused
from ostiary.core.limits import Bucket, LimitKey
from ostiary.core.model import Tenant, User
from ostiary.core.passwords import accounts_of, is_locked
from ostiary.core.request import Trace
from ostiary.flows.attempt import Attempt
from ostiary.flows.digests import sha256_hex
from ostiary.flows.facts import GuessKeys, Registry
from ostiary.flows.manage.administration import Administration
from ostiary.flows.messages import lock_mail, tenant_mail_server
from ostiary.flows.ports import Ports
from ostiary.flows.tickets import (
    Purpose,
    Ticket,
    make_ticket,
    page_event,
    read_ticket,
    spend_ticket,
)

NOTICES: Final = Bucket("lock notices", 5, 3600.0)
"""Five for each account at once, then one an hour: who guesses must not flood."""


def tell_of_lock(attempt: Attempt, tenant: Tenant, guess: GuessKeys) -> None:
    """Mail the owner if this wrong password locked the account (contract auth0 §5).

    Looked into once the answer is out, so that its time tells nothing.
    """
    if not attempt.user_id or tenant_mail_server(tenant) is None:
        return

    async def errand() -> None:
        if await _is_news(attempt, tenant, guess):
            await _tell(attempt, tenant)

    attempt.ports.courier.later(errand)


async def _is_news(attempt: Attempt, tenant: Tenant, guess: GuessKeys) -> bool:
    """Whether there is a lock that nobody was told of yet, on any node."""
    ports = attempt.ports
    now = ports.clock.now()
    state = await ports.guesses.state(tenant.id, guess, now)
    until = state.failures.locked_until
    if not is_locked(state.failures, now):
        return False
    lock = f"lock notice\n{tenant.id}\n{guess.account}\n{state.place}\n{until}"
    key = sha256_hex(lock)
    if not await ports.tokens.claim_once(key, until):
        return False
    whose = LimitKey(tenant.id, attempt.user_id)
    return (await ports.limits.take(whose, NOTICES, now)).allowed


async def _tell(attempt: Attempt, tenant: Tenant) -> None:
    ports, server = attempt.ports, tenant_mail_server(tenant)
    account = await ports.people.find(tenant.id, attempt.user_id)
    if server is None or account is None or not account.user.enabled:
        return
    user = account.user
    if not user.email:
        return
    event = attempt.event("sent", "user.lock")
    ticket = await make_ticket(ports, tenant, user, Purpose.UNBLOCK, event)
    address = ports.pages.unblock(tenant, ticket)
    await ports.courier.mail(server, lock_mail(user.email, tenant, address))


async def find_unblock(
    ports: Ports, registry: Registry, text: str
) -> tuple[Ticket, User]:
    """The ticket and whose lock it ends; both stay. Raises Refused(TICKET_DEAD)."""
    tenant = registry.tenant
    ticket = await read_ticket(ports, tenant, Purpose.UNBLOCK, text)
    account = await ports.people.find(tenant.id, ticket.user_id)
    if account is None or account.user.email != ticket.address:
        raise Refused(Reason.TICKET_DEAD)
    return ticket, account.user


async def unblock(
    ports: Ports, registry: Registry, text: str, trace: Trace, admin: Administration
) -> None:
    """End the lock of a ticket's account. Raises Refused(TICKET_DEAD)."""
    tenant = registry.tenant
    try:
        ticket, user = await find_unblock(ports, registry, text)
        await spend_ticket(ports, tenant, ticket)
    except Refused as refused:
        event = page_event(ports, tenant, trace, "refused", refused.reason.value)
        await ports.audit.record(event)
        raise
    event = page_event(ports, tenant, trace, "changed", "user.unlock", user)
    first, *also = accounts_of(user)
    await admin.locks.unlock(tenant.id, first, event, also=also)
