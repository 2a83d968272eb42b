"""Where a credential is checked: one file for each strategy, STRATEGIES names them.

Adapters of the port `Connection`; who the user is and may do is not decided here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from ostiary.connections.database import DatabaseConnection
from ostiary.connections.lane import HashLane
from ostiary.connections.unconfigured import Unconfigured
from ostiary.core.model import Authentication, Domain
from ostiary.flows.facts import ConnectionSettings, Registry
from ostiary.flows.ports import Connection

Strategy = Callable[[ConnectionSettings, HashLane], Connection]

STRATEGIES: Final[Mapping[str, Strategy]] = {
    "auth0": lambda settings, lane: DatabaseConnection(settings.name, lane),
}


@dataclass(frozen=True, slots=True)
class TenantConnections:
    """Port `Connections`: the connection of a domain, by its strategy."""

    lane: HashLane

    def for_domain(self, registry: Registry, domain: Domain | None) -> Connection:
        """Where the passwords of that domain's users are checked.

        Federated domains have no password here; theirs are checked against nothing,
        at the usual cost.
        """
        tenant = registry.tenant
        if domain is None or domain.authentication is Authentication.MANAGED:
            return self._named(registry, tenant.default_directory)
        name = domain.connection or tenant.default_directory
        if domain.authentication is Authentication.FEDERATED:
            return DatabaseConnection(name, self.lane)
        return self._named(registry, name)

    def _named(self, registry: Registry, name: str) -> Connection:
        for settings in registry.connections:
            if settings.name == name and settings.enabled:
                make = STRATEGIES.get(settings.strategy)
                return make(settings, self.lane) if make else Unconfigured(name)
        return Unconfigured(name)
