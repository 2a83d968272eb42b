"""Who is there and where they are checked: tenants, users, connections, guesses.

The values that these answer are in `facts`.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from ostiary.core.model import Client, ConnectionSettings, Consent, Domain, Tenant
from ostiary.core.request import Trace
from ostiary.flows.facts import (
    Account,
    AuditEvent,
    Candidate,
    Claimed,
    GuessKeys,
    GuessState,
    Profile,
    Registry,
    Rejected,
    Unreachable,
    Verified,
)

T = TypeVar("T")


class Directory(Protocol):
    """Tenants and what is registered in them.

    Looking a tenant up by name is where freshness is checked: nothing told after it
    is older than the last committed change before it.
    """

    async def registry(self, tenant_id: str) -> Registry | None:
        """The tenant of that id."""
        ...

    async def tenant_ids(self) -> Sequence[str]:
        """All tenants."""
        ...

    async def tenant_id(self, name: str) -> str | None:
        """The tenant that has this id, or this verified domain (folded)."""
        ...

    async def find_client(
        self, client_id: str, tenant_id: str | None = None
    ) -> Client | None:
        """A client usable at the tenant: its own, or a multi-tenant one of another.

        Without a tenant: any client of that id.
        """
        ...


class People(Protocol):
    """Users, and what each of them consented to."""

    async def find_by_username(
        self, tenant_id: str, connection: str, name: str
    ) -> Account | None:
        """The user of that connection with that folded user name."""
        ...

    async def find_by_any_name(
        self, tenant_id: str, connection: str, name: str
    ) -> Account | None:
        """The same, by user name, short name, or mail address if only one has it."""
        ...

    async def find_by_external_id(
        self, tenant_id: str, connection: str, external_id: str
    ) -> Account | None:
        """The user of that connection whom other wires know by that id."""
        ...

    async def provision(
        self,
        tenant_id: str,
        connection: str,
        profile: Profile,
        names: Sequence[str],
        now: float,
    ) -> Account:
        """Keep what a connection tells of a person; make an account if there is none.

        An account that is there keeps its id; its facts follow the profile. names:
        others by which the connection means this person.
        """
        ...

    async def find_elsewhere(self, tenant_id: str, name: str) -> bool:
        """Whether another tenant has a user of that folded user name."""
        ...

    async def find(self, tenant_id: str, user_id: str) -> Account | None:
        """The user of that id in the tenant."""
        ...

    async def consents(
        self, tenant_id: str, client_id: str, user_id: str
    ) -> Sequence[Consent]:
        """What this user, and administrators for everybody, allowed the client."""
        ...


Verdict = Verified | Rejected | Unreachable


class Connection(Protocol):
    """Where a credential is checked.

    provisions: it knows its people itself, so that an account may be made at a sign-in.
    """

    @property
    def provisions(self) -> bool:
        """Whether it vouches for people whom we do not know yet."""
        ...

    @property
    def name(self) -> str:
        """The connection's name in its tenant."""
        ...

    async def find(self, username: str) -> Candidate | Unreachable:
        """Whom it means by a name; somebody or nobody, it costs the same."""
        ...

    async def verify(self, tenant: Tenant, claimed: Claimed, password: str) -> Verdict:
        """Check a password; costs the same for an account that does not exist.

        Raises Overloaded past the lane's capacity.
        """
        ...

    async def pretend(self, candidate: Candidate) -> None:
        """Take as long as a wrong password usually does, and ask nobody."""
        ...


class Connections(Protocol):
    """The connections of a tenant."""

    def for_domain(self, registry: Registry, domain: Domain | None) -> Connection:
        """Where the passwords of that domain's users are checked."""
        ...

    def named(self, tenant: Tenant, settings: ConnectionSettings) -> Connection | None:
        """A connection of the tenant; None when its kind cannot check credentials."""
        ...


class Turns(Protocol):
    """Questions to a directory about one account, asked one at a time everywhere."""

    async def share(
        self, account: str, question: str, work: Callable[[], Awaitable[T]]
    ) -> T:
        """Do `work` while nobody on any node works at that account.

        The same question asked meanwhile gets its answer, or what it raised. Raises
        Refused(DIRECTORY_TIMEOUT) when the turn does not come within seconds.
        """
        ...


class Guesses(Protocol):
    """Counters of wrong passwords, right across workers and nodes."""

    def keys(
        self, tenant_id: str, account: str, password: str, trace: Trace
    ) -> GuessKeys:
        """Digests for an account (user id, or the name of nobody) and a password."""
        ...

    async def state(self, tenant_id: str, keys: GuessKeys, now: float) -> GuessState:
        """The counters that stand between this guess and the password check."""
        ...

    async def record_failure(
        self,
        tenant: Tenant,
        keys: GuessKeys,
        now: float,
        event: AuditEvent,
        locked_event: AuditEvent,
    ) -> bool:
        """Count a wrong password and write its audit record, in one transaction.

        False when the account is locked by now: the guess must learn nothing
        (`locked_event` was written instead).
        """
        ...

    async def settle(self, tenant_id: str, keys: GuessKeys) -> None:
        """A directory took a password: it has forgotten the wrong ones before.

        The same wrong ones are still not sent there again for a while.
        """
        ...
