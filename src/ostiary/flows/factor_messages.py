"""Codes of second factors on their way to a telephone or mailbox.

What they prove when they come back is told in `proving`.
"""

from typing import Final

from ostiary.core.codes import code_text
from ostiary.core.connections import Channel, channel_of
from ostiary.core.errors import Reason, Refused
from ostiary.core.factors import MESSAGES, SENT_SECONDS, Factor
from ostiary.core.limits import LimitKey, check_allowed
from ostiary.flows.attempt import Attempt
from ostiary.flows.facts import Registry
from ostiary.flows.messages import (
    code_message,
    connection_mail_server,
    factor_mail,
    gateway_of,
    tenant_mail_server,
)
from ostiary.flows.ports.messages import Gateway, MailServer
from ostiary.flows.proving import place_of

CHANNELS: Final = (Channel.SMS, Channel.EMAIL)


def channels_of(registry: Registry) -> tuple[str, ...]:
    """By which ways the tenant can send a code at all."""
    able = {Channel.SMS: find_gateway(registry), Channel.EMAIL: find_server(registry)}
    return tuple(channel.value for channel in CHANNELS if able[channel] is not None)


def find_gateway(registry: Registry) -> Gateway | None:
    """The gateway of the tenant's first open connection for text messages."""
    for settings in registry.connections:
        if settings.enabled and channel_of(settings) is Channel.SMS:
            gateway = gateway_of(settings)
            if gateway is not None:
                return gateway
    return None


def find_server(registry: Registry) -> MailServer | None:
    """The tenant's own mail server, or that of its first open connection by mail."""
    own = tenant_mail_server(registry.tenant)
    if own is not None:
        return own
    for settings in registry.connections:
        if settings.enabled and channel_of(settings) is Channel.EMAIL:
            server = connection_mail_server(registry.tenant, settings)
            if server is not None:
                return server
    return None


async def send_code(attempt: Attempt, registry: Registry, factor: Factor) -> None:
    """Send a new code to a factor; from now on older ones of it are dead.

    Raises Refused(MFA_TOO_OFTEN), MFA_CHALLENGE_UNSUPPORTED when the tenant has no way
    of sending it, MESSAGE_FAILED when that is away.
    """
    tenant, ports = registry.tenant, attempt.ports
    if factor.channel not in channels_of(registry):
        raise Refused(Reason.MFA_CHALLENGE_UNSUPPORTED)
    now, key = ports.clock.now(), LimitKey(tenant.id, attempt.user_id)
    check_allowed(await ports.limits.take(key, MESSAGES, now), Reason.MFA_TOO_OFTEN)
    code = code_text(ports.clock.between(0, 10**6 - 1))
    place = place_of(tenant.id, factor)
    await ports.codes.keep(place, code, now, SENT_SECONDS, attempt.event("sent"))
    if not await _deliver(attempt, registry, factor, code):
        raise Refused(Reason.MESSAGE_FAILED)


async def _deliver(
    attempt: Attempt, registry: Registry, factor: Factor, code: str
) -> bool:
    """Hand it over; a mail goes after the answer, as a mail server takes its time."""
    courier, tenant = attempt.ports.courier, registry.tenant
    gateway, server = find_gateway(registry), find_server(registry)
    if factor.channel == Channel.SMS and gateway is not None:
        return await courier.text(gateway, code_message(factor.name, code))
    if server is None:
        return False

    async def errand() -> None:
        await courier.mail(server, factor_mail(factor.name, code, tenant))

    courier.later(errand)
    return True
