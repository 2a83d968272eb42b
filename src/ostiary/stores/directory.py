"""Tenants and what is registered in them, cached behind one version stamp.

Every change of configuration moves the stamp; every look-up of a tenant reads it, so
no node answers from a configuration older than the last commit. Users and tokens are
never cached.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from ostiary.core.model import (
    AccessPolicy,
    Client,
    ConnectionSettings,
    Resource,
    Tenant,
)
from ostiary.flows.facts import (
    Registry,
    StoredKey,
)
from ostiary.stores.consents import consents_of
from ostiary.stores.database import Database, Row, is_storable
from ostiary.stores.documents import decode
from ostiary.stores.statement import Statement

T = TypeVar("T")

STAMP: Final = Statement("SELECT version FROM settings_stamp WHERE id = 1")
_TENANT: Final = Statement("SELECT document FROM tenants WHERE id = :tenant_id")
_TENANTS: Final = Statement("SELECT id FROM tenants ORDER BY name")
_BY_NAME: Final = Statement(
    "SELECT id AS tenant_id FROM tenants WHERE id = :name UNION ALL "
    "SELECT tenant_id FROM domains WHERE name = :name"
)
_CLIENTS: Final = Statement("SELECT document FROM clients WHERE tenant_id = :tenant_id")
_CLIENT_ANYWHERE: Final = Statement(
    "SELECT document FROM clients WHERE client_id = :client_id ORDER BY tenant_id"
)
_RESOURCES: Final = Statement(
    "SELECT document FROM resources WHERE tenant_id = :tenant_id ORDER BY position"
)
_CONNECTIONS: Final = Statement(
    "SELECT document FROM connections WHERE tenant_id = :tenant_id ORDER BY position"
)
_POLICIES: Final = Statement(
    "SELECT document FROM access_policies WHERE tenant_id = :tenant_id "
    "ORDER BY position"
)
_ADMIN_CONSENTS: Final = Statement(
    "SELECT client_id, user_id, resource, scope FROM consents "
    "WHERE tenant_id = :tenant_id AND user_id = ''"
)
_KEYS: Final = Statement(
    "SELECT * FROM signing_keys WHERE tenant_id = :tenant_id ORDER BY created_at, kid"
)

MOST_TENANTS: Final = 1000
"""Tenants kept in memory at most; beyond that the cache starts anew."""


@dataclass(frozen=True, slots=True)
class _Loaded:
    registry: Registry
    keys: tuple[StoredKey, ...]


class CachedDirectory:
    """Port `Directory` over the store."""

    def __init__(self, database: Database) -> None:
        """Read from `database`."""
        self._database = database
        self._version = -1
        self._names: dict[str, str] = {}
        self._tenants: dict[str, _Loaded] = {}
        self._foreign: dict[str, tuple[Client, ...]] = {}

    async def refresh(self) -> int:
        """Drop what is older than the store; returns the version of what holds now."""
        rows = await self._database.fetch(STAMP)
        version: int = rows[0]["version"]
        if version != self._version:
            self._names, self._tenants, self._foreign = {}, {}, {}
            self._version = version
        return version

    async def tenant_id(self, name: str) -> str | None:
        """The tenant that has this id, or this verified domain (any case)."""
        version = await self.refresh()
        folded = name.lower()
        if folded in self._names:
            return self._names[folded]
        if not is_storable(folded):
            return None
        rows = await self._database.fetch(_BY_NAME, name=folded)
        if not rows:
            return None
        found: str = rows[0]["tenant_id"]
        if version == self._version:  # nobody saw a newer one while we were reading
            self._names[folded] = found
        return found

    async def tenant_ids(self) -> Sequence[str]:
        """All tenants, by name."""
        await self.refresh()
        return [row["id"] for row in await self._database.fetch(_TENANTS)]

    async def registry(self, tenant_id: str) -> Registry | None:
        """The tenant of that id, as of the last look-up of its name."""
        loaded = await self._load(tenant_id)
        return loaded.registry if loaded else None

    async def signing_keys(self, tenant_id: str) -> tuple[StoredKey, ...]:
        """The signing keys of the tenant, oldest first."""
        loaded = await self._load(tenant_id)
        return loaded.keys if loaded else ()

    async def find_client(
        self, client_id: str, tenant_id: str | None = None
    ) -> Client | None:
        """A client usable at the tenant: its own, or a multi-tenant one of another."""
        if tenant_id is not None:
            loaded = await self._load(tenant_id)
            own = loaded.registry.clients.get(client_id) if loaded else None
            if own is not None:
                return own
        else:
            await self.refresh()
        found = await self._anywhere(client_id)
        if tenant_id is None:
            return found[0] if found else None
        # Two of one id: nobody could say who is let in, so neither is.
        foreign = [client for client in found if client.multi_tenant]
        return foreign[0] if len(foreign) == 1 else None

    async def _anywhere(self, client_id: str) -> tuple[Client, ...]:
        if client_id in self._foreign:
            return self._foreign[client_id]
        version = self._version
        rows = await self._database.fetch(_CLIENT_ANYWHERE, client_id=client_id)
        clients = tuple(decode(row["document"], Client) for row in rows)
        if clients and version == self._version:
            self._foreign[client_id] = clients
        return clients

    async def _load(self, tenant_id: str) -> _Loaded | None:
        if tenant_id in self._tenants:
            return self._tenants[tenant_id]
        version = self._version
        tenants = await self._rows(_TENANT, tenant_id)
        if not tenants:
            return None
        loaded = await self._assemble(decode(tenants[0]["document"], Tenant))
        if version == self._version:
            if len(self._tenants) >= MOST_TENANTS:
                self._tenants.clear()
            self._tenants[tenant_id] = loaded
        return loaded

    async def _assemble(self, tenant: Tenant) -> _Loaded:
        clients = await self._documents(_CLIENTS, tenant.id, Client)
        registry = Registry(
            tenant=tenant,
            clients={client.client_id: client for client in clients},
            resources=await self._documents(_RESOURCES, tenant.id, Resource),
            connections=await self._documents(
                _CONNECTIONS, tenant.id, ConnectionSettings
            ),
            policies=await self._documents(_POLICIES, tenant.id, AccessPolicy),
            admin_consents=tuple(
                consents_of(await self._rows(_ADMIN_CONSENTS, tenant.id))
            ),
        )
        keys = await self._rows(_KEYS, tenant.id)
        return _Loaded(registry, tuple(stored_key(row) for row in keys))

    async def _documents(
        self, statement: Statement, tenant_id: str, kind: type[T]
    ) -> tuple[T, ...]:
        rows = await self._rows(statement, tenant_id)
        return tuple(decode(row["document"], kind) for row in rows)

    async def _rows(self, statement: Statement, tenant_id: str) -> list[Row]:
        return await self._database.fetch(statement, tenant_id=tenant_id)


def stored_key(row: Row) -> StoredKey:
    """A signing key as the store keeps it: its private half sealed."""
    return StoredKey(
        kid=row["kid"],
        tenant_id=row["tenant_id"],
        algorithm=row["algorithm"],
        sealed_private_key=row["private_key"],
        certificate=row["certificate"],
        created_at=row["created_at"],
        signs_from=row["signs_from"],
        published_until=row["published_until"],
    )
