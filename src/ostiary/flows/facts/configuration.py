"""What is configured, as sign-in reads it: cached, never older than the last change.

Values only: who reads them stands in `flows.ports`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ostiary.core.model import (
    AccessPolicy,
    Client,
    ConnectionSettings,
    Consent,
    Domain,
    Resource,
    Tenant,
)


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A signing key at rest; times in epoch seconds.

    `published_until` None: no end is set yet.
    """

    kid: str
    tenant_id: str
    algorithm: str
    sealed_private_key: str = field(repr=False)
    certificate: str
    created_at: float
    signs_from: float
    published_until: float | None = None


@dataclass(frozen=True, slots=True)
class Registry:
    """Everything configured in one tenant that a sign-in may need."""

    tenant: Tenant
    clients: Mapping[str, Client]
    resources: tuple[Resource, ...]
    connections: tuple[ConnectionSettings, ...]
    policies: tuple[AccessPolicy, ...]
    admin_consents: tuple[Consent, ...]

    def domain(self, name: str | None) -> Domain | None:
        """The tenant's verified domain of that folded name."""
        for domain in self.tenant.domains:
            if domain.name == name:
                return domain
        return None

    def connection(self, name: str) -> ConnectionSettings | None:
        """The tenant's connection of that name."""
        for settings in self.connections:
            if settings.name == name:
                return settings
        return None
