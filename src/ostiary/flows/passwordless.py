"""One-time codes: sent to who asks for one, and looked at before they are used.

A code is used up by a grant, as a password is: `connections.one_time_code`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from ostiary.core import accounts
from ostiary.core.addresses import FINDERS
from ostiary.core.codes import (
    CODE_SECONDS,
    CodePlace,
    CodeVerdict,
    code_text,
    refused_code,
)
from ostiary.core.connections import Channel, check_passwordless
from ostiary.core.errors import Reason, Refused
from ostiary.core.limits import Bucket, LimitKey, check_allowed
from ostiary.core.model import Client, ConnectionSettings, Tenant
from ostiary.core.passwords import nobodys_account
from ostiary.core.request import TokenRequest
from ostiary.flows.attempt import Attempt, masked
from ostiary.flows.connection import check_named
from ostiary.flows.facts import Account, Registry
from ostiary.flows.guessing import check_open, check_repeats, count_wrong
from ostiary.flows.messages import (
    code_mail,
    code_message,
    connection_mail_server,
    gateway_of,
)
from ostiary.flows.ports import Ports, Wire
from ostiary.flows.token import authenticate, find_client, find_tenant

STARTS: Final = Bucket("passwordless start", 50, 72.0)
"""Fifty codes an hour for each source address (contract auth0 §5)."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Where a code goes, as written; the connection's channel says which one counts.

    by_link: the application announced a link instead of a code.
    """

    email: str | None = None
    phone_number: str | None = None
    by_link: bool = False


@dataclass(frozen=True, slots=True)
class Started:
    """A code that is on its way to `to`, unless that person is blocked."""

    channel: Channel
    to: str


async def start(
    request: TokenRequest, recipient: Recipient, wire: Wire, ports: Ports
) -> Started:
    """Send a code by the connection of the request.

    A blocked user gets none, and nobody is told so (contract auth0 §6). Raises Refused.
    """
    async with Attempt(request, wire, ports, ports.clock.now()) as attempt:
        return await _start(attempt, recipient)


async def _start(attempt: Attempt, recipient: Recipient) -> Started:
    request, ports = attempt.request, attempt.ports
    registry = await find_tenant(attempt)
    client = await find_client(attempt)
    if registry is None or client.tenant_id != registry.tenant.id:
        raise Refused(Reason.CLIENT_UNKNOWN, client_id=client.client_id)
    attempt.authentication = await authenticate(attempt, client)
    settings = check_named(registry, client, request.connection)
    started = find_recipient(check_passwordless(settings), recipient)
    deliver = _DELIVERIES[started.channel](
        Sender(ports, registry.tenant, client, settings, recipient.by_link)
    )
    key = LimitKey(registry.tenant.id, source=request.trace.source)
    check_allowed(await ports.limits.take(key, STARTS, ports.clock.now()))
    code, blocked = await _keep(attempt, registry.tenant, settings, started.to)
    await deliver(started.to, code, blocked)
    return started


def find_recipient(channel: Channel, recipient: Recipient) -> Started:
    """Whom a code is for. Raises Refused(PARAMETER_MISSING or PARAMETER_INVALID)."""
    name, given = {
        Channel.EMAIL: ("email", recipient.email),
        Channel.SMS: ("phone_number", recipient.phone_number),
    }[channel]
    if given is None:
        raise Refused(Reason.PARAMETER_MISSING, name=name)
    to = FINDERS[channel](given)
    if to is None:
        raise Refused(Reason.PARAMETER_INVALID, name=name, why="is not valid")
    return Started(channel, to)


async def _keep(
    attempt: Attempt, tenant: Tenant, settings: ConnectionSettings, to: str
) -> tuple[str, bool]:
    """A new code, kept with its record, and whether it must never be seen.

    For blocked users too, so that the same work is done for everybody.
    """
    ports = attempt.ports
    found = await _find(attempt, tenant, settings, to)
    blocked = found is not None and not found.user.enabled
    sent = attempt.event("sent")
    event = attempt.refusal(Reason.USER_DISABLED) if blocked else sent
    code = code_text(ports.clock.between(0, 10**6 - 1))
    place = CodePlace(tenant.id, settings.name, to)
    await ports.codes.keep(place, code, ports.clock.now(), CODE_SECONDS, event)
    return code, blocked


async def _find(
    attempt: Attempt, tenant: Tenant, settings: ConnectionSettings, to: str
) -> Account | None:
    people = attempt.ports.people
    found = await people.find_by_any_name(tenant.id, settings.name, accounts.fold(to))
    attempt.username = found.user.username if found else masked(to, None)
    attempt.user_id = found.user.id if found else ""
    return found


@dataclass(frozen=True, slots=True)
class Sender:
    """In whose name a code is sent, and by what."""

    ports: Ports
    tenant: Tenant
    client: Client
    settings: ConnectionSettings
    by_link: bool


Deliver = Callable[[str, str, bool], Awaitable[None]]
"""Sends (whom to, code); when blocked it only looks so."""


def _by_mail(sender: Sender) -> Deliver:
    """By mail, once the answer is out: a mail server may take its time."""
    server = connection_mail_server(sender.tenant, sender.settings)
    if server is None:
        raise Refused(Reason.CONNECTION_UNCONFIGURED)
    courier = sender.ports.courier

    async def deliver(to: str, code: str, blocked: bool) -> None:
        mail = code_mail(to, code, sender.client, by_link=sender.by_link)

        async def errand() -> None:
            if not blocked:
                await courier.mail(server, mail)

        courier.later(errand)

    return deliver


def _by_text(sender: Sender) -> Deliver:
    """As a text message: whether the gateway took it is part of the answer."""
    gateway = gateway_of(sender.settings)
    if gateway is None:
        raise Refused(Reason.CONNECTION_UNCONFIGURED)
    courier = sender.ports.courier

    async def deliver(to: str, code: str, blocked: bool) -> None:
        if blocked:
            taken = await courier.pretend(gateway)
        else:
            taken = await courier.text(gateway, code_message(to, code))
        if not taken:
            raise Refused(Reason.MESSAGE_FAILED)

    return deliver


_DELIVERIES: Final = {Channel.EMAIL: _by_mail, Channel.SMS: _by_text}


async def check_code(
    request: TokenRequest, recipient: Recipient, wire: Wire, ports: Ports
) -> None:
    """Whether the code of the request is right; it stays good (contract auth0 §6).

    A wrong one is a guess like any other: it counts against the code, the account and
    the source. Raises Refused.
    """
    async with Attempt(request, wire, ports, ports.clock.now()) as attempt:
        registry = await find_tenant(attempt)
        if registry is None:
            raise Refused(Reason.TENANT_UNKNOWN, tenant=request.tenant.value)
        await _check(attempt, registry, recipient)
        await ports.audit.record(attempt.event("checked"))


async def _check(attempt: Attempt, registry: Registry, recipient: Recipient) -> None:
    request, ports, tenant = attempt.request, attempt.ports, registry.tenant
    name, code = request.connection or "", request.password or ""
    settings = registry.connection(name)
    if settings is None or not settings.enabled:
        raise Refused(Reason.CONNECTION_UNKNOWN, connection=name)
    asked = find_recipient(check_passwordless(settings), recipient)
    found = await _find(attempt, tenant, settings, asked.to)
    nobody = nobodys_account(name, accounts.fold(asked.to))
    whose = found.user.id if found else nobody
    guess = ports.guesses.keys(tenant.id, whose, code, request.trace)
    await check_open(attempt, tenant, guess)
    await check_repeats(attempt, tenant, guess)
    place = CodePlace(tenant.id, name, asked.to)
    verdict = await ports.codes.judge(place, code, ports.clock.now(), spend=False)
    if verdict is not CodeVerdict.RIGHT:
        wrong = refused_code(verdict, asked.channel)
        counted = await count_wrong(attempt, tenant, guess, wrong.reason)
        raise Refused(counted.reason, **wrong.facts)
    await check_open(attempt, tenant, guess)
