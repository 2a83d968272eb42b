"""All that is configured, as administrators see and change it: port `Estate`.

Every write moves the stamp that sign-in's cache watches, in the same transaction.
"""

from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

import msgspec

from ostiary.core.accounts import fold
from ostiary.core.model import (
    AccessPolicy,
    Client,
    ConnectionSettings,
    Consent,
    Resource,
    Tenant,
    User,
)
from ostiary.flows.facts import (
    AuditEvent,
    StoredKey,
)
from ostiary.flows.manage.changes import Drop, PutUser, Write
from ostiary.flows.manage.declaration import (
    DeclaredClient,
    StoredTenant,
    StoredUser,
)
from ostiary.flows.manage.ports import ConflictError, HeldNames
from ostiary.stores import audit
from ostiary.stores.consents import consents_of, granted_by
from ostiary.stores.database import ConstraintViolated, Database, Row, Script
from ostiary.stores.directory import stored_key
from ostiary.stores.documents import decode
from ostiary.stores.estate_people import find_people
from ostiary.stores.estate_writes import VACATE, WRITERS
from ostiary.stores.statement import Statement

T = TypeVar("T")

_TENANTS: Final = Statement("SELECT id FROM tenants ORDER BY name")
_FIND: Final = Statement(
    "SELECT id, 1 AS best FROM tenants WHERE id = :folded UNION ALL "
    "SELECT id, 2 FROM tenants WHERE name = :name UNION ALL "
    "SELECT tenant_id, 3 FROM domains WHERE name = :folded ORDER BY best"
)
_TENANT_NAMES: Final = Statement("SELECT name, id FROM tenants")
_DOMAINS: Final = Statement("SELECT name, tenant_id FROM domains")
_TENANT: Final = Statement("SELECT document FROM tenants WHERE id = :tenant_id")
_LISTS: Final = {
    table: Statement(
        f"SELECT name, document FROM {table} "  # noqa: S608 - constant names
        "WHERE tenant_id = :tenant_id ORDER BY position, name"
    )
    for table in ("resources", "connections", "access_policies")
}
_CLIENTS: Final = Statement(
    "SELECT document FROM clients WHERE tenant_id = :tenant_id ORDER BY client_id"
)
_CONSENTS: Final = Statement(
    "SELECT client_id, user_id, resource, scope FROM consents "
    "WHERE tenant_id = :tenant_id"
)
_CLIENT_ANYWHERE: Final = Statement(
    "SELECT document FROM clients WHERE client_id = :client_id ORDER BY tenant_id"
)
_USER: Final = (
    "SELECT document, password_hash, password_source, mfa_secret FROM users "
    "WHERE tenant_id = :tenant_id "
)
_USERS: Final = Statement(_USER + "ORDER BY name_folded, connection")
_FIND_USERS: Final = Statement(
    _USER + "AND (id = :folded OR name_folded = :folded OR login_folded = :folded) "
    "ORDER BY name_folded, connection"
)
_KEYS: Final = Statement(
    "SELECT * FROM signing_keys WHERE tenant_id = :tenant_id ORDER BY created_at, kid"
)
_HOLDER: Final = Statement(
    "SELECT tenant_id FROM users WHERE id = :id UNION ALL "
    "SELECT id FROM tenants WHERE id = :id UNION ALL "
    "SELECT '' FROM retired_ids WHERE id = :id"
)
_STAMP: Final = Statement(
    "UPDATE settings_stamp SET version = version + 1 WHERE id = 1"
)


class StoredEstate:
    """Port `Estate` over the store."""

    def __init__(self, database: Database) -> None:
        """Read from and write to `database`."""
        self._database = database

    async def tenant_ids(self) -> Sequence[str]:
        """All tenants, by name."""
        return [row["id"] for row in await self._database.fetch(_TENANTS)]

    async def find_tenant(self, name: str) -> str | None:
        """The id of the tenant of that id, name or domain."""
        rows = await self._database.fetch(_FIND, name=name, folded=fold(name))
        return rows[0]["id"] if rows else None

    async def load(self, tenant_id: str) -> StoredTenant | None:
        """A tenant with everything in it."""
        tenant = await self.tenant(tenant_id)
        if tenant is None:
            return None
        users = await self.users(tenant_id)
        return StoredTenant(
            tenant=tenant,
            resources=await self.resources(tenant_id),
            clients=await self.clients(tenant_id),
            connections=await self.connections(tenant_id),
            users={(u.user.connection, fold(u.user.username)): u for u in users},
            policies=await self.policies(tenant_id),
        )

    async def tenant(self, tenant_id: str) -> Tenant | None:
        """A tenant without what is in it."""
        rows = await self._database.fetch(_TENANT, tenant_id=tenant_id)
        return decode(rows[0]["document"], Tenant) if rows else None

    async def held_names(self) -> HeldNames:
        """Which names and domains are taken, and by which tenants."""
        tenants = await self._database.fetch(_TENANT_NAMES)
        domains = await self._database.fetch(_DOMAINS)
        return HeldNames(
            {row["name"]: row["id"] for row in tenants},
            {row["name"]: row["tenant_id"] for row in domains},
        )

    async def resources(self, tenant_id: str) -> Mapping[str, Resource]:
        """The resources of a tenant by their identifiers."""
        return await self._list("resources", tenant_id, Resource)

    async def connections(self, tenant_id: str) -> Mapping[str, ConnectionSettings]:
        """The connections of a tenant by their names."""
        return await self._list("connections", tenant_id, ConnectionSettings)

    async def policies(self, tenant_id: str) -> Mapping[str, AccessPolicy]:
        """The access policies of a tenant, in their order."""
        return await self._list("access_policies", tenant_id, AccessPolicy)

    async def _list(self, table: str, tenant_id: str, kind: type[T]) -> Mapping[str, T]:
        rows = await self._database.fetch(_LISTS[table], tenant_id=tenant_id)
        return {row["name"]: decode(row["document"], kind) for row in rows}

    async def clients(self, tenant_id: str) -> Mapping[str, DeclaredClient]:
        """The clients of a tenant by their ids."""
        rows = await self._database.fetch(_CLIENTS, tenant_id=tenant_id)
        clients = [decode(row["document"], Client) for row in rows]
        granted = granted_by(await self._consents(tenant_id))
        return {
            client.client_id: DeclaredClient(
                client, granted.get(("", client.client_id), frozenset())
            )
            for client in clients
        }

    async def find_clients(self, client_id: str) -> Sequence[Client]:
        """The clients of that id, of whatever tenant."""
        rows = await self._database.fetch(_CLIENT_ANYWHERE, client_id=client_id)
        return [decode(row["document"], Client) for row in rows]

    async def users(self, tenant_id: str) -> Sequence[StoredUser]:
        """The users of a tenant, by name."""
        rows = await self._database.fetch(_USERS, tenant_id=tenant_id)
        return await self._with_consents(tenant_id, rows)

    async def find_users(self, tenant_id: str, name: str) -> Sequence[StoredUser]:
        """The users of that id, user name or short name."""
        rows = await self._database.fetch(
            _FIND_USERS, tenant_id=tenant_id, folded=fold(name)
        )
        return await self._with_consents(tenant_id, rows)

    async def find_people(
        self,
        tenant_id: str,
        connection: str,
        names: Sequence[str],
        external_ids: Sequence[str],
    ) -> Sequence[User]:
        """Everybody of the connection with one of these folded names, of any kind.

        And everybody, of whatever connection, with one of these external ids.
        """
        asked = tenant_id, connection, names, external_ids
        return await find_people(self._database, *asked)

    async def _with_consents(
        self, tenant_id: str, rows: Sequence[Row]
    ) -> Sequence[StoredUser]:
        granted: dict[str, list[Consent]] = {}
        for consent in await self.consents(tenant_id) if rows else ():
            granted.setdefault(consent.user_id, []).append(consent)
        users = []
        for row in rows:
            user = msgspec.json.decode(row["document"], type=User)
            stored = row["password_hash"], row["password_source"], row["mfa_secret"]
            users.append(StoredUser(user, *stored, tuple(granted.get(user.id, ()))))
        return users

    async def consents(self, tenant_id: str) -> Sequence[Consent]:
        """All that users, and administrators for everybody, allowed clients."""
        return consents_of(await self._consents(tenant_id))

    async def _consents(self, tenant_id: str) -> Sequence[Row]:
        return await self._database.fetch(_CONSENTS, tenant_id=tenant_id)

    async def keys(self, tenant_id: str) -> Sequence[StoredKey]:
        """The signing keys of a tenant, oldest first."""
        rows = await self._database.fetch(_KEYS, tenant_id=tenant_id)
        return [stored_key(row) for row in rows]

    async def holder(self, id: str) -> str | None:
        """The tenant of the user who has this id; "" if it was removed; None: free."""
        rows = await self._database.fetch(_HOLDER, id=id)
        holder: str | None = rows[0]["tenant_id"] if rows else None
        return holder

    async def write(self, writes: Sequence[Write], event: AuditEvent) -> None:
        """Carry out all or nothing, with one audit record.

        What frees names comes first, so that they can change hands. Raises
        ConflictError for a name that is taken.
        """
        drops = [write for write in writes if isinstance(write, Drop)]
        puts = [write for write in writes if not isinstance(write, Drop)]

        def script() -> Script[None]:
            for drop in drops:
                yield from WRITERS[Drop](drop)
            for put in puts:
                if type(put) in VACATE:
                    yield from VACATE[type(put)](put)
            for put in puts:
                yield from WRITERS[type(put)](put)
            if not all(isinstance(write, PutUser) for write in writes):
                yield _STAMP, {}  # users are never cached
            yield audit.INSERT, audit.row_of(event)

        try:
            await self._database.transact(script)
        except ConstraintViolated as violated:
            raise ConflictError("a name or an id is taken already") from violated
