"""What flows need of the world, as Protocols; `facts` holds the values they answer.

`StoreUnavailable` and `Overloaded` are the only exceptions an adapter may raise.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ostiary.core.errors import Reason
from ostiary.core.model import Client, Consent, Domain, Tenant
from ostiary.core.policy import Policy
from ostiary.core.request import Grant, Trace
from ostiary.core.tokens import RefreshToken
from ostiary.flows.facts import (
    AccessToken,
    Account,
    AuditEvent,
    GuessKeys,
    GuessState,
    Issue,
    Overloaded,
    Registry,
    Rejected,
    StoreUnavailable,
    Unreachable,
    Unsigned,
    Verified,
)

__all__ = ["Overloaded", "Ports", "StoreUnavailable"]


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


class Connection(Protocol):
    """Where a credential is checked."""

    @property
    def name(self) -> str:
        """The connection's name in its tenant."""
        ...

    async def verify(
        self, tenant: Tenant, account: Account | None, username: str, password: str
    ) -> Verified | Rejected | Unreachable:
        """Check a password; costs the same for an account that does not exist.

        Raises Overloaded past the lane's capacity.
        """
        ...


class Connections(Protocol):
    """The connections of a tenant."""

    def for_domain(self, registry: Registry, domain: Domain | None) -> Connection:
        """Where the passwords of that domain's users are checked."""
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


class Tokens(Protocol):
    """Refresh tokens (stored as hashes) and revocations."""

    async def find_refresh(self, sha256: str) -> RefreshToken | None:
        """The stored refresh token of that hash, of whatever tenant."""
        ...

    async def issue(self, issue: Issue) -> Reason | None:
        """Write an issue; None when it happened, or why it must be refused."""
        ...

    async def revoke_session(self, session_id: str, event: AuditEvent) -> None:
        """End a session: every refresh and access token of it is dead at once."""
        ...

    async def revoke_token(
        self, token_id: str, expires_at: float, event: AuditEvent
    ) -> None:
        """End one access token."""
        ...

    async def is_revoked(self, token_id: str, session_id: str) -> bool:
        """Whether an access token, or the session it belongs to, was ended."""
        ...

    async def claim_once(self, key: str, expires_at: float) -> bool:
        """Whether `key` was never claimed before; remembered until `expires_at`."""
        ...


class Audit(Protocol):
    """The sign-in and audit log."""

    async def record(self, event: AuditEvent) -> None:
        """Write one record, durably."""
        ...


class Assertions(Protocol):
    """Signatures of client assertions."""

    def read(self, client: Client, assertion: str, now: float) -> Mapping[str, object]:
        """Claims of a well-signed assertion, numbers as float.

        `now` (epoch seconds) must lie within the life of the certificate.

        Raises Refused(ASSERTION_MALFORMED) or Refused(ASSERTION_SIGNATURE).
        """
        ...


class Signer(Protocol):
    """The tenant's signing keys."""

    async def sign(self, tenant_id: str, tokens: Sequence[Unsigned]) -> tuple[str, ...]:
        """Sign tokens with the tenant's current key, in the order given."""
        ...

    async def verify(self, tenant_id: str, token: str) -> Mapping[str, object] | None:
        """Claims of a token that this tenant signed and that still lives, or None."""
        ...

    async def jwks(self, tenant_id: str, issuer: str) -> list[dict[str, object]]:
        """The tenant's published keys as JSON Web Keys (RFC 7517)."""
        ...


class Wire(Protocol):
    """What a flow asks of the dialect that a request came in by."""

    def policy(self, tenant: Tenant) -> Policy:
        """How this dialect wants the shared rules applied at this tenant."""
        ...

    def access_token(self, grant: Grant) -> Unsigned:
        """The claims of the access token."""
        ...

    def id_token(self, grant: Grant) -> Unsigned:
        """The claims of the id_token."""
        ...

    def audiences(self, tenant: Tenant) -> frozenset[str]:
        """The audiences that a client assertion may name (RFC 7523 §3)."""
        ...

    def code(self, reason: Reason) -> str:
        """The dialect's own number for what the caller is told."""
        ...

    def read_access_token(self, claims: Mapping[str, object]) -> AccessToken | None:
        """An access token of ours from its verified claims; None for another kind."""
        ...


class Clock(Protocol):
    """Time and chance, so that tests can hold them still."""

    def now(self) -> float:
        """Epoch seconds."""
        ...

    def token(self) -> str:
        """A new unguessable token, URL safe, at least 256 bits."""
        ...

    def guid(self) -> str:
        """A new random GUID in lower case."""
        ...

    def short_id(self) -> str:
        """A new random id of 22 base64url characters."""
        ...

    def between(self, low: int, high: int) -> int:
        """A random integer, both ends included."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything a flow may use, handed in by the composition root."""

    directory: Directory
    people: People
    connections: Connections
    guesses: Guesses
    tokens: Tokens
    audit: Audit
    assertions: Assertions
    signer: Signer
    clock: Clock
