"""Connections: which one may be used by whom, before anybody's password is looked at.

Whether a credential is right is told by the adapters of `ostiary.connections`.
"""

from enum import StrEnum
from typing import Final

from ostiary.core.errors import Reason, Refused
from ostiary.core.model import Client, ConnectionSettings

SEALED: Final = "sealed"
"""Among options: the mapping of those that are secret, each sealed."""


def connection_context(tenant_id: str, name: str) -> str:
    """The seal's context of a connection's secrets; `:` and the option follow."""
    return f"connection:{tenant_id}:{name}"


class Channel(StrEnum):
    """How a passwordless connection reaches people; the strategies of that name."""

    EMAIL = "email"
    SMS = "sms"


def channel_of(settings: ConnectionSettings) -> Channel | None:
    """By which channel a connection sends codes; None when it sends none."""
    known = {channel.value: channel for channel in Channel}
    return known.get(settings.strategy)


def check_passwordless(settings: ConnectionSettings) -> Channel:
    """Codes come by connections that send them (contract auth0 §6, bad.connection)."""
    channel = channel_of(settings)
    if channel is None:
        raise Refused(Reason.CONNECTION_PASSIVE, connection=settings.name)
    return channel


def check_connection(
    settings: ConnectionSettings | None, name: str, client: Client
) -> ConnectionSettings:
    """The connection is there, switched on, and open to this client.

    Security case RO-02; which of the three is wrong is told only where the tenant does
    not hide such things.
    """
    if settings is None:
        raise Refused(Reason.CONNECTION_UNKNOWN, connection=name)
    enabled = client.connections is None or name in client.connections
    if not (settings.enabled and enabled):
        raise Refused(Reason.CONNECTION_DISABLED, connection=name)
    return settings
