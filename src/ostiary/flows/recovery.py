"""A forgotten password: a link by mail, and the new password that comes back with it.

Nobody learns from the answer, nor from its time, whether there was an account to mail.
"""

from dataclasses import dataclass, field, replace
from typing import Final

from ostiary.core import accounts
from ostiary.core.accounts import fold
from ostiary.core.errors import Reason, Refused
from ostiary.core.limits import Bucket, LimitKey, check_allowed
from ostiary.core.model import PasswordState, User
from ostiary.core.password_policy import Leaks, check_new_password
from ostiary.core.request import TokenRequest, Trace
from ostiary.flows.attempt import Attempt
from ostiary.flows.facts import Account, Registry
from ostiary.flows.manage.administration import Administration
from ostiary.flows.manage.changes import PutUser
from ostiary.flows.manage.ports import ConflictError
from ostiary.flows.messages import reset_mail, tenant_mail_server
from ostiary.flows.ports import Ports, Wire
from ostiary.flows.signup import find_database
from ostiary.flows.tickets import (
    Purpose,
    Ticket,
    make_ticket,
    page_event,
    read_ticket,
    spend_ticket,
)
from ostiary.flows.token import find_client, find_tenant

RESETS: Final = Bucket("change password", 10, 60.0)
"""Ten at once for a mail address and a source, then one a minute (auth0 §5)."""

SOURCES: Final = Bucket("change password by source", 100, 36.0)
"""A hundred at once from one source, then as many an hour."""
MAILBOXES: Final = Bucket("change password by address", 30, 120.0)
"""Thirty mails to one address from wherever, then one in two minutes."""


@dataclass(frozen=True, slots=True)
class NewPassword:
    """What came back with a ticket, and from where."""

    password: str = field(repr=False)
    leaks: Leaks
    trace: Trace


async def ask_reset(
    request: TokenRequest, email: str, wire: Wire, ports: Ports
) -> None:
    """Mail a link to whoever has that address, if anybody may use it.

    Raises Refused for what is wrong with the request itself.
    """
    async with Attempt(request, wire, ports, ports.clock.now()) as attempt:
        registry = await find_tenant(attempt)
        client = await find_client(attempt)
        if registry is None or client.tenant_id != registry.tenant.id:
            raise Refused(Reason.CLIENT_UNKNOWN, client_id=client.client_id)
        connection = find_database(attempt, registry, client)
        await _check_limits(attempt, registry, fold(email))
        await ports.audit.record(attempt.event("asked", "user.reset"))

    async def errand() -> None:
        await _mail_link(attempt, registry, connection, email)

    ports.courier.later(errand)


async def _check_limits(attempt: Attempt, registry: Registry, email: str) -> None:
    """By address and source, and by each alone: nobody floods a mailbox or us."""
    tenant_id, source = registry.tenant.id, attempt.request.trace.source
    limits, now = attempt.ports.limits, attempt.ports.clock.now()
    for key, bucket in (
        (LimitKey(tenant_id, "", source), SOURCES),
        (LimitKey(tenant_id, email, source), RESETS),
        (LimitKey(tenant_id, email), MAILBOXES),
    ):
        check_allowed(await limits.take(key, bucket, now))


async def _mail_link(
    attempt: Attempt, registry: Registry, connection: str, email: str
) -> None:
    ports, tenant = attempt.ports, registry.tenant
    account = await ports.people.find_by_any_name(tenant.id, connection, fold(email))
    if account is None or not may_reset(registry, account.user):
        return
    user = account.user
    attempt.user_id, attempt.username = user.id, user.username
    server = tenant_mail_server(tenant)
    if server is None:
        await ports.audit.record(attempt.refusal(Reason.MESSAGE_FAILED))
        return
    event = attempt.event("sent", "user.reset")
    ticket = await make_ticket(ports, tenant, user, Purpose.RESET, event)
    address = ports.pages.reset(tenant, ticket)
    if address is not None and user.email:
        await ports.courier.mail(server, reset_mail(user.email, tenant, address))


def may_reset(registry: Registry, user: User) -> bool:
    """Whether a new password would let this person in, and a mail reaches them."""
    domain = registry.domain(accounts.domain_of(user.username))
    able = accounts.why_no_password(user, domain) is None
    return able and user.enabled and bool(user.email)


async def find_reset(
    ports: Ports, registry: Registry, text: str
) -> tuple[Ticket, Account]:
    """The ticket and whose password it changes; both stay as they are.

    Dead once the password or the address is another one. Raises Refused(TICKET_DEAD).
    """
    tenant = registry.tenant
    ticket = await read_ticket(ports, tenant, Purpose.RESET, text)
    account = await ports.people.find(tenant.id, ticket.user_id)
    if account is None or not _is_meant(registry, account, ticket):
        raise Refused(Reason.TICKET_DEAD)
    return ticket, account


def _is_meant(registry: Registry, account: Account, ticket: Ticket) -> bool:
    same = account.user.email == ticket.address
    unchanged = account.password_changed_at < ticket.made_at
    return same and unchanged and may_reset(registry, account.user)


async def reset_password(
    ports: Ports,
    registry: Registry,
    text: str,
    new: NewPassword,
    admin: Administration,
) -> None:
    """Set a new password by a ticket: every session ends, and so does a lock.

    Whoever got the mail owns the address, so it is verified from now on. Raises
    Refused(TICKET_DEAD or PASSWORD_WEAK); then nothing has changed.
    """
    tenant = registry.tenant
    try:
        ticket, account = await find_reset(ports, registry, text)
        user = account.user
        check_new_password(new.password, names_of(user), new.leaks)
        hashed = await admin.hashes.make(new.password, tenant.password_hash)
        await spend_ticket(ports, tenant, ticket)
    except Refused as refused:
        event = page_event(ports, tenant, new.trace, "refused", refused.reason.value)
        await ports.audit.record(event)
        raise
    known = replace(user, email_verified=True, password_state=PasswordState.OK)
    put = PutUser(
        known,
        ports.clock.now(),
        hashed,
        end_sessions=True,
        based_on=account.updated_at,
    )
    event = page_event(ports, tenant, new.trace, "changed", "user.reset", user)
    try:
        await admin.write(event, put)
    except ConflictError:  # changed or removed while we hashed: who knows why
        raise Refused(Reason.TICKET_DEAD) from None
    event = page_event(ports, tenant, new.trace, "changed", "user.unlock", user)
    await admin.locks.unlock(tenant.id, user.id, event)


def names_of(user: User) -> list[str]:
    """What a user is called: a password must not hold it."""
    names = (
        user.username,
        user.login,
        user.email,
        user.given_name,
        user.family_name,
        user.name,
        user.nickname,
    )
    return [name for name in names if name]
