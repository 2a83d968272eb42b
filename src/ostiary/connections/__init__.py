"""Where a credential is checked: one file for each strategy, STRATEGIES names them.

Adapters of the port `Connection`; who the user is and may do is not decided here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from ostiary.connections.database import DatabaseConnection
from ostiary.connections.lane import HashLane
from ostiary.connections.one_time_code import OneTimeCodeConnection
from ostiary.connections.unconfigured import Unconfigured
from ostiary.core.connections import Channel
from ostiary.core.model import Authentication, ConnectionSettings, Domain
from ostiary.flows.facts import Registry
from ostiary.flows.ports import Clock, Codes, Connection


@dataclass(frozen=True, slots=True)
class Means:
    """What connections are made with, handed in by the composition root."""

    lane: HashLane
    codes: Codes
    clock: Clock


Strategy = Callable[[ConnectionSettings, Means], Connection]


def _database(settings: ConnectionSettings, means: Means) -> Connection:
    return DatabaseConnection(settings.name, means.lane)


def _unconfigured(settings: ConnectionSettings, means: Means) -> Connection:
    return Unconfigured(settings.name)


def _by_code(channel: Channel) -> Strategy:
    def make(settings: ConnectionSettings, means: Means) -> Connection:
        return OneTimeCodeConnection(settings.name, channel, means.codes, means.clock)

    return make


STRATEGIES: Final[Mapping[str, Strategy]] = {
    "auth0": _database,
    "ad": _unconfigured,
    "waad": _unconfigured,
    "adfs": _unconfigured,
    "email": _by_code(Channel.EMAIL),
    "sms": _by_code(Channel.SMS),
}
"""The strategies by which a credential can be checked without a browser."""


def is_served(strategy: str) -> bool:
    """Whether this release checks credentials by that strategy."""
    return STRATEGIES.get(strategy, _unconfigured) is not _unconfigured


@dataclass(frozen=True, slots=True)
class TenantConnections:
    """Port `Connections`: the connection of a domain, by its strategy."""

    means: Means

    def for_domain(self, registry: Registry, domain: Domain | None) -> Connection:
        """Where the passwords of that domain's users are checked.

        Federated domains have no password here; theirs are checked against nothing,
        at the usual cost.
        """
        tenant = registry.tenant
        name = tenant.default_directory
        if domain is not None and domain.authentication is not Authentication.MANAGED:
            name = domain.connection or name
            if domain.authentication is Authentication.FEDERATED:
                return DatabaseConnection(name, self.means.lane)
        settings = registry.connection(name)
        if settings is None or not settings.enabled:
            return Unconfigured(name)
        return self.named(settings) or Unconfigured(name)

    def named(self, settings: ConnectionSettings) -> Connection | None:
        """A connection of the tenant; None when its kind cannot check credentials."""
        make = STRATEGIES.get(settings.strategy)
        return make(settings, self.means) if make else None
