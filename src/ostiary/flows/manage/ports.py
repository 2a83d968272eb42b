"""What administration needs of the world, beyond what sign-in needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ostiary.core.jobs import Job
from ostiary.core.model import (
    AccessPolicy,
    Client,
    ConnectionSettings,
    Consent,
    HashRules,
    Resource,
    Tenant,
    User,
)
from ostiary.flows.facts import (
    AuditEvent,
    StoredKey,
)
from ostiary.flows.manage.changes import Write
from ostiary.flows.manage.declaration import (
    DeclaredClient,
    DeclaredConnection,
    StoredTenant,
    StoredUser,
)


@dataclass(frozen=True, slots=True)
class HeldNames:
    """Names of tenants, and their domains and aliases, each with the tenant's id."""

    tenants: Mapping[str, str]
    domains: Mapping[str, str]


class Estate(Protocol):
    """All that is configured, as administrators see and change it."""

    async def tenant_ids(self) -> Sequence[str]:
        """All tenants, by name."""
        ...

    async def find_tenant(self, name: str) -> str | None:
        """The id of the tenant of that id, name or domain."""
        ...

    async def tenant(self, tenant_id: str) -> Tenant | None:
        """A tenant without what is in it."""
        ...

    async def load(self, tenant_id: str) -> StoredTenant | None:
        """A tenant with everything in it."""
        ...

    async def held_names(self) -> HeldNames:
        """Which names and domains are taken, and by which tenants."""
        ...

    async def resources(self, tenant_id: str) -> Mapping[str, Resource]:
        """The resources of a tenant by their identifiers."""
        ...

    async def connections(self, tenant_id: str) -> Mapping[str, ConnectionSettings]:
        """The connections of a tenant by their names."""
        ...

    async def policies(self, tenant_id: str) -> Mapping[str, AccessPolicy]:
        """The access policies of a tenant, in their order."""
        ...

    async def clients(self, tenant_id: str) -> Mapping[str, DeclaredClient]:
        """The clients of a tenant by their ids."""
        ...

    async def find_clients(self, client_id: str) -> Sequence[Client]:
        """The clients of that id, of whatever tenant."""
        ...

    async def users(self, tenant_id: str) -> Sequence[StoredUser]:
        """The users of a tenant, by name."""
        ...

    async def find_users(self, tenant_id: str, name: str) -> Sequence[StoredUser]:
        """The users of that id, user name or short name."""
        ...

    async def find_people(
        self,
        tenant_id: str,
        connection: str,
        names: Sequence[str],
        external_ids: Sequence[str],
    ) -> Sequence[User]:
        """Everybody of the connection with one of these folded names, of any kind.

        And everybody, of whatever connection, whom other wires know by one of these
        ids: they must not mean two people.
        """
        ...

    async def consents(self, tenant_id: str) -> Sequence[Consent]:
        """All that users, and administrators for everybody, allowed clients."""
        ...

    async def keys(self, tenant_id: str) -> Sequence[StoredKey]:
        """The signing keys of a tenant, oldest first."""
        ...

    async def holder(self, id: str) -> str | None:
        """The tenant of the user who has this id; "" if it was removed; None: free."""
        ...

    async def write(self, writes: Sequence[Write], event: AuditEvent) -> None:
        """Carry out all or nothing, with one audit record.

        Raises ConflictError for a name that is taken.
        """
        ...


class Declined(Exception):
    """What an administrator asked for cannot be done; the text says why."""


class ConflictError(Declined):
    """A name or id is taken already; the text says which kind."""


class Missing(Declined):
    """There is no such object; the text says which one was meant."""


class Invalid(Declined):
    """The values do not go together, or lead nowhere; the text says which."""


class Journal(Protocol):
    """The sign-in and audit log, as administrators read it."""

    async def record(self, event: AuditEvent) -> None:
        """Write one record, durably."""
        ...

    async def tail(
        self, most: int, *, after: int = 0, tenant_id: str = ""
    ) -> list[tuple[int, AuditEvent]]:
        """The newest numbered records after number `after`, oldest first."""
        ...

    async def find(self, id: str) -> list[tuple[int, AuditEvent]]:
        """All records of a trace id or correlation id, oldest first."""
        ...


class Locks(Protocol):
    """Counters of wrong passwords, as administrators reset them."""

    async def unlock(
        self,
        tenant_id: str,
        account: str,
        event: AuditEvent,
        *,
        also: Sequence[str] = (),
    ) -> None:
        """Forget the failures of an account (user id, or the name of nobody).

        Also how often the same ones were repeated, and those of `also`. With one audit
        record.
        """
        ...

    async def locked_until(self, tenant_id: str, account: str) -> float:
        """When the last lock of an account ends, in epoch seconds; 0 for none."""
        ...

    async def source_failures(self, tenant_id: str, source: str, now: float) -> int:
        """Wrong passwords from an address today."""
        ...

    async def forgive_source(
        self, tenant_id: str, source: str, event: AuditEvent
    ) -> None:
        """Forget the wrong passwords from an address, with one audit record."""
        ...


class Jobs(Protocol):
    """Work in the background, as every worker and node sees it."""

    async def add(self, job: Job, most: int) -> bool:
        """Keep a new job, unless the tenant has `most` of its kind at work."""
        ...

    async def find(self, tenant_id: str, job_id: str, now: float) -> Job | None:
        """The tenant's job of that id, as it was last written."""
        ...

    async def put(self, job: Job) -> bool:
        """Write how far a job is; False for one that has ended already."""
        ...


class Entrance(Protocol):
    """What administrators of tenants may enter, as only the operator can say."""

    def connection(
        self,
        name: str,
        strategy: str,
        given: Mapping[str, object],
        present: ConnectionSettings | None,
    ) -> DeclaredConnection:
        """A connection as the file would list it: what is present, changed.

        given: options by their names in the file, None for one to be taken away.
        Raises Refused(OBJECT_INVALID) for what the file may not say either, and for
        what speaks of the server's own files and environment.
        """
        ...

    async def may_reach(self, places: Sequence[tuple[str, int]]) -> bool:
        """Whether all these hosts and ports may be connected to (ADM-09), in seconds.

        Not one that cannot be told: its name leads nowhere.
        """
        ...


class Vault(Protocol):
    """Secrets and keys on their way into the store."""

    def seal(self, text: str, context: str) -> str:
        """Encrypt under the master key."""
        ...

    def open(self, sealed: str, context: str) -> str:
        """Decrypt what `seal` made."""
        ...

    async def new_key(self, tenant_id: str, *, signs: bool) -> StoredKey:
        """A new signing key: one that signs from now on, or the next one."""
        ...


class Hashes(Protocol):
    """Password hashes outside of sign-in, which has its own bounded lane."""

    async def make(self, password: str, rules: HashRules) -> str:
        """A slow hash of a password."""
        ...

    async def matches(self, password: str, stored: str) -> bool:
        """Whether the stored hash is of that password."""
        ...

    def imported(self, declared: str | Mapping[str, object]) -> str:
        """The text to store for a hash that another system made.

        Raises ValueError, whose text begins with "is" and never repeats the hash.
        """
        ...


@dataclass(frozen=True, slots=True)
class Planning:
    """What planning needs of the world; `now` in epoch seconds.

    prune: what is not declared is removed.
    """

    estate: Estate
    vault: Vault
    hashes: Hashes
    now: float
    prune: bool = False
