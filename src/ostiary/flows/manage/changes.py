"""One change to what is configured: what it is called, and what it writes.

The store carries changes out, all of a plan in one transaction.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from ostiary.core.factors import Factor
from ostiary.core.jobs import Job
from ostiary.core.model import (
    AccessPolicy,
    Client,
    ConnectionSettings,
    Permission,
    Resource,
    Tenant,
    User,
)
from ostiary.flows.facts import (
    StoredKey,
)


class Action(StrEnum):
    """What happens to an object."""

    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class PutTenant:
    """Write a tenant, its domains and aliases."""

    tenant: Tenant


@dataclass(frozen=True, slots=True)
class PutClient:
    """Write a client."""

    client: Client


@dataclass(frozen=True, slots=True)
class PutListed:
    """Write an object of a list: resource, connection, policy.

    `position` is that of a new one; one that is there stays where it is.
    """

    tenant_id: str
    name: str
    position: int
    value: Resource | ConnectionSettings | AccessPolicy


@dataclass(frozen=True, slots=True)
class Arrange:
    """Set the order of a tenant's policies: all of their names, the first one first."""

    tenant_id: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PutUser:
    """Write a user; None: leave that credential as it is. `at` in epoch seconds.

    password_source: what a declaration brought, to know it again; None: as it was.
    end_sessions: the change is an administrator's reset, so every session ends.
    based_on: when the user that was changed here had last changed; a later change in
    between is a conflict. None: whatever is there.
    """

    user: User
    at: float
    password_hash: str | None = field(default=None, repr=False)
    password_source: str | None = None
    mfa_secret: str | None = field(default=None, repr=False)
    end_sessions: bool = False
    based_on: float | None = None


@dataclass(frozen=True, slots=True)
class PutFactor:
    """Write a new second factor of a user."""

    tenant_id: str
    user_id: str
    factor: Factor


@dataclass(frozen=True, slots=True)
class PutConsent:
    """Allow a client scopes; user_id "" for everybody."""

    tenant_id: str
    client_id: str
    user_id: str
    permissions: frozenset[Permission]


@dataclass(frozen=True, slots=True)
class DropConsent:
    """Take scopes away from a client again; None: all of them."""

    tenant_id: str
    client_id: str
    user_id: str
    permissions: frozenset[Permission] | None = None


@dataclass(frozen=True, slots=True)
class PutKey:
    """Write a signing key, or when an old one signs and is published."""

    key: StoredKey


@dataclass(frozen=True, slots=True)
class DropKey:
    """Forget a signing key whose last token has expired."""

    tenant_id: str
    kid: str


@dataclass(frozen=True, slots=True)
class PutJob:
    """Write how far a job is, if it has not ended."""

    job: Job


class Kind(StrEnum):
    """The kinds of objects that can be removed."""

    TENANT = "tenant"
    RESOURCE = "resource"
    CONNECTION = "connection"
    CLIENT = "application"
    USER = "user"
    POLICY = "policy"


@dataclass(frozen=True, slots=True)
class Drop:
    """Remove an object; users and tenants never give their ids back."""

    tenant_id: str
    kind: Kind
    key: str


Write = (
    PutTenant
    | PutClient
    | PutListed
    | Arrange
    | PutUser
    | PutFactor
    | PutConsent
    | DropConsent
    | PutKey
    | DropKey
    | PutJob
    | Drop
)


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a plan: `fields` names what differs, never a secret's value."""

    action: Action
    kind: str
    tenant: str
    key: str
    fields: tuple[str, ...] = ()
    writes: tuple[Write, ...] = field(default=(), repr=False)

    def line(self) -> str:
        """The change as a plan shows it."""
        sign = {Action.ADD: "+", Action.CHANGE: "~", Action.REMOVE: "-"}[self.action]
        what = f" ({', '.join(self.fields)})" if self.fields else ""
        return f"{sign} {self.kind} {self.tenant}/{self.key}{what}"
