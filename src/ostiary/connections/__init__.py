"""Where a credential is checked: one file for each strategy, STRATEGIES names them.

Adapters of the port `Connection`; who the user is and may do is not decided here.
"""

import importlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from ostiary.connections.agent_links import Switchboard
from ostiary.connections.database import DatabaseConnection
from ostiary.connections.guarded import GuardedConnection
from ostiary.connections.keeping import KeepingConnection
from ostiary.connections.kept import KeptConnections
from ostiary.connections.lane import HashLane
from ostiary.connections.one_time_code import OneTimeCodeConnection
from ostiary.connections.unconfigured import Unconfigured
from ostiary.connections.upstream import Registered, Unserved, Upstream
from ostiary.core.connections import SEALED, Channel, connection_context
from ostiary.core.model import Authentication, ConnectionSettings, Domain, Tenant
from ostiary.flows.facts import Registry
from ostiary.flows.ports import Clock, Codes, Connection

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Means:
    """What connections are made with, handed in by the composition root.

    unseal: opens a sealed secret in its context. outgoing_networks: those that
    addresses entered by tenants' administrators may point to. agents: those that are
    connected.
    """

    lane: HashLane
    codes: Codes
    clock: Clock
    kept: KeptConnections
    unseal: Callable[[str, str], str]
    outgoing_networks: tuple[str, ...] = ()
    agents: Switchboard = field(default_factory=Switchboard)


Strategy = Callable[[Tenant, ConnectionSettings, Means], Connection]
MakeUpstream = Callable[[Registered, Means], Upstream]


def _database(tenant: Tenant, settings: ConnectionSettings, means: Means) -> Connection:
    return DatabaseConnection(settings.name, means.lane)


def _by_code(channel: Channel) -> Strategy:
    def make(tenant: Tenant, settings: ConnectionSettings, means: Means) -> Connection:
        return OneTimeCodeConnection(settings.name, channel, means.codes, means.clock)

    return make


UPSTREAMS: Final[Mapping[str, str]] = {
    "ad": "ostiary.connections.directory:directory",
    "waad": "ostiary.connections.entra:entra",
    "adfs": "ostiary.connections.adfs:adfs",
}
"""Who makes the upstream of a strategy: imported when it is first needed."""


def make_upstream(strategy: str, registered: Registered, means: Means) -> Upstream:
    """The upstream of a connection. Raises Unserved, ValueError for its options."""
    module, _, name = UPSTREAMS[strategy].partition(":")
    make: MakeUpstream = getattr(importlib.import_module(module), name)
    return make(registered, means)


def _upstream(tenant: Tenant, settings: ConnectionSettings, means: Means) -> Connection:
    def make() -> GuardedConnection:
        told = registered_of(tenant, settings, means)
        upstream = make_upstream(settings.strategy, told, means)
        return GuardedConnection(settings.name, upstream)

    try:
        guarded = means.kept.get(tenant, settings, make)
    except (Unserved, ValueError) as why:
        logger.error("connection %s cannot be served: %s", settings.name, why)
        return Unconfigured(settings.name)
    if settings.options.get("keep_password"):
        return KeepingConnection(guarded, means.lane)
    return guarded


def registered_of(
    tenant: Tenant, settings: ConnectionSettings, means: Means
) -> Registered:
    """A connection with its secrets opened."""
    options = dict(settings.options)
    sealed = options.pop(SEALED, None)
    context = connection_context(tenant.id, settings.name)
    secrets = {
        name: means.unseal(text, f"{context}:{name}")
        for name, text in (sealed.items() if isinstance(sealed, Mapping) else ())
    }
    return Registered(tenant.id, settings.name, options, secrets, settings.restricted)


STRATEGIES: Final[Mapping[str, Strategy]] = {
    "auth0": _database,
    **dict.fromkeys(UPSTREAMS, _upstream),
    "email": _by_code(Channel.EMAIL),
    "sms": _by_code(Channel.SMS),
}
"""The strategies by which a credential can be checked without a browser."""


def is_served(strategy: str) -> bool:
    """Whether credentials can be checked by that strategy."""
    return strategy in STRATEGIES


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
        return self.named(tenant, settings) or Unconfigured(name)

    def named(self, tenant: Tenant, settings: ConnectionSettings) -> Connection | None:
        """A connection of the tenant; None when its kind cannot check credentials."""
        make = STRATEGIES.get(settings.strategy)
        return make(tenant, settings, self.means) if make else None
