"""A tenant as somebody wants it, and as it is: the values that plans compare.

Secrets stand here in the clear only on their way into the store.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ostiary.core.model import (
    AccessPolicy,
    Client,
    ConnectionSettings,
    Consent,
    Permission,
    Resource,
    Tenant,
    User,
)

MAIL: Final = "mail"
"""The option of a tenant that holds its mail server."""


class NotApplicable(Exception):
    """The declaration cannot be carried out; `path` leads to the key at fault."""

    def __init__(self, path: tuple[str | int, ...], text: str) -> None:
        super().__init__(text)
        self.path = path


@dataclass(frozen=True, slots=True)
class DeclaredClient:
    """A client, and what administrators consented to for everybody.

    keep_secrets: the declaration says nothing of secrets; stored ones stay.
    shared_keys: the text of each of its secrets, when these have to be sealed.
    """

    client: Client
    admin_consent: frozenset[Permission] = frozenset()
    keep_secrets: bool = False
    shared_keys: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Secrets:
    """Secrets declared beside plain options, by the name of their option.

    addresses: the options that say where secrets are sent; a stored secret is not
    kept when one of them changes.
    """

    texts: Mapping[str, str] = field(default_factory=dict, repr=False)
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeclaredConnection:
    """A connection with its plain options, and the secrets among them apart."""

    settings: ConnectionSettings
    secrets: Secrets = Secrets()


@dataclass(frozen=True, slots=True)
class DeclaredUser:
    """A user with credentials as declared; None: say nothing, leave what is there."""

    user: User
    id_given: bool = True
    password: str | None = field(default=None, repr=False)
    password_hash: str | None = field(default=None, repr=False)
    totp_secret: str | None = field(default=None, repr=False)
    consents: tuple[Consent, ...] = ()


@dataclass(frozen=True, slots=True)
class DeclaredTenant:
    """A tenant with everything declared in it.

    secrets: those of the mapping MAIL among the tenant's options. An empty id of a
    resource or a policy: the stored one, or one that is derived.
    """

    tenant: Tenant
    id_given: bool = True
    secrets: Secrets = Secrets()
    resources: tuple[Resource, ...] = ()
    clients: tuple[DeclaredClient, ...] = ()
    connections: tuple[DeclaredConnection, ...] = ()
    users: tuple[DeclaredUser, ...] = ()
    policies: tuple[AccessPolicy, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredUser:
    """A user as stored, with what only administration may see.

    password_source: what the last declaration brought: the digest of an imported
    hash, or the hash of a declared password; "" for nothing.
    """

    user: User
    password_hash: str | None = field(default=None, repr=False)
    password_source: str = ""
    mfa_secret: str = field(default="", repr=False)
    consents: tuple[Consent, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredTenant:
    """A tenant as stored; mappings by the key that names an object."""

    tenant: Tenant
    resources: Mapping[str, Resource]
    clients: Mapping[str, DeclaredClient]
    connections: Mapping[str, ConnectionSettings]
    users: Mapping[tuple[str, str], StoredUser]
    policies: Mapping[str, AccessPolicy]
