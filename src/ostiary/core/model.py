"""The things of sign-in as frozen values: tenant, client, resource, user, policy.

Values only: rules about them live in the module of their noun.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class Authentication(StrEnum):
    """Where the password of a domain's users is checked."""

    MANAGED = "managed"
    PASS_THROUGH = "pass-through"
    FEDERATED = "federated"


@dataclass(frozen=True, slots=True)
class Domain:
    """A verified domain of a tenant; the first of a tenant is its default one."""

    name: str
    authentication: Authentication = Authentication.MANAGED
    connection: str | None = None


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """A connection as registered: its strategy says what `options` mean.

    Values of options that are secrets are sealed. restricted: an administrator of the
    tenant entered it, so that its addresses must be public ones (security case ADM-09).
    """

    name: str
    strategy: str
    enabled: bool = True
    options: Mapping[str, object] = field(default_factory=dict)
    restricted: bool = False


@dataclass(frozen=True, slots=True)
class LockoutRules:
    """When guessing stops: distinct wrong passwords, first lock in seconds."""

    threshold: int = 10
    seconds: int = 60
    source_failures: int | None = None
    """Failures one address may cause in a day; None: ten times the threshold."""


class Rotation(StrEnum):
    """What becomes of a refresh token that was used."""

    ONE_TIME = "one-time"
    REUSE_ALLOWED = "reuse-allowed"


@dataclass(frozen=True, slots=True)
class RefreshRules:
    """Rotation of refresh tokens; `leeway` and `lifetime` in seconds."""

    rotation: Rotation = Rotation.ONE_TIME
    leeway: int = 30
    lifetime: int = 90 * 86400


@dataclass(frozen=True, slots=True)
class HashRules:
    """Parameters of argon2id (RFC 9106 §3.1)."""

    memory_kib: int = 19456
    iterations: int = 2
    parallelism: int = 1


RANDOM_LIFETIME: Final = 0
"""In place of a lifetime: drawn anew for each token between 3600 and 5400 s."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """One organisation; a wall around its users, clients, keys and tokens."""

    id: str
    name: str
    domains: tuple[Domain, ...] = ()
    aliases: tuple[str, ...] = ()
    """Further names that lead here beside id and domains."""
    password_grant: bool = False
    hide_unknown_users: bool = True
    user_consent: bool = True
    default_directory: str = ""
    lockout: LockoutRules = LockoutRules()
    refresh_tokens: RefreshRules = RefreshRules()
    password_hash: HashRules = HashRules()
    access_token_lifetime: int | None = None
    """Seconds; None: as usual on the wire. RANDOM_LIFETIME: drawn for each token."""
    options: Mapping[str, object] = field(default_factory=dict)
    """Switches that only one dialect reads, by the name in the configuration."""


@dataclass(frozen=True, slots=True)
class Permission:
    """One scope of one resource; resource "" is the dialect's default resource."""

    resource: str
    scope: str


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """A stored client secret: SHA-256 of it in hex; `expires_at` in epoch seconds.

    sealed: the secret itself, only where it signs what the client gets.
    """

    sha256: str
    expires_at: float | None = None
    sealed: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class AppRole:
    """An application permission: a role at a resource that the client itself has."""

    resource: str
    role: str


@dataclass(frozen=True, slots=True)
class Client:
    """A registered application."""

    tenant_id: str
    client_id: str
    name: str = ""
    enabled: bool = True
    public: bool = False
    multi_tenant: bool = False
    grant_types: frozenset[str] = frozenset()
    secrets: tuple[ClientSecret, ...] = ()
    certificates: tuple[str, ...] = ()
    """PEM text of registered certificates."""
    assertion_reuse: bool = True
    assignment_required: bool = False
    permissions: tuple[Permission, ...] = ()
    roles: tuple[AppRole, ...] = ()
    spa_origins: tuple[str, ...] = ()
    connections: frozenset[str] | None = None
    """The connections whose users may sign in to it by name; None: all."""
    options: Mapping[str, object] = field(default_factory=dict)
    """What only one dialect reads, as written in the configuration."""


@dataclass(frozen=True, slots=True)
class Scope:
    """A delegated permission of a resource; `admin`: only an administrator consents."""

    value: str
    admin: bool = False
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Resource:
    """An API that tokens are for."""

    identifier: str
    id: str
    access_token_version: int = 1
    scopes: tuple[Scope, ...] = ()
    roles: tuple[str, ...] = ()
    pre_authorized: frozenset[str] = frozenset()
    offline_access: bool = False


class PasswordState(StrEnum):
    """What is known of an account's password beside its hash."""

    OK = "ok"
    NONE = "none"
    EXPIRED = "expired"
    MUST_CHANGE = "must-change"
    LEAKED = "leaked"


@dataclass(frozen=True, slots=True)
class User:
    """A person's account in one tenant."""

    id: str
    tenant_id: str
    connection: str
    username: str
    login: str | None = None
    email: str | None = None
    email_verified: bool = False
    given_name: str | None = None
    family_name: str | None = None
    name: str | None = None
    nickname: str | None = None
    picture: str | None = None
    phone_number: str | None = None
    enabled: bool = True
    guest: bool = False
    password_state: PasswordState = PasswordState.OK
    mfa_required: bool = False
    mfa_enrolled: bool = False
    groups: tuple[str, ...] = ()
    assigned_to: frozenset[str] = frozenset()
    external_id: str | None = None
    """The id under which another service knew this person; kept for ever."""
    directory_groups: tuple[str, ...] = ()
    """Those of which a directory told, beside the ones given here."""
    provisioned: bool = False
    """Made at a sign-in: a directory vouched for them, and their name follows it."""
    vouched: bool = False
    """A directory told facts of them, which declarations leave as they are."""
    signed_up: bool = False
    """They made the account themselves; an address not yet verified is but a claim."""
    attributes: Mapping[str, object] = field(default_factory=dict)

    @property
    def all_groups(self) -> tuple[str, ...]:
        """Every group, whoever told of it."""
        return tuple(dict.fromkeys((*self.groups, *self.directory_groups)))

    @property
    def display_name(self) -> str:
        """The name to show: full name, given and family name, or the user name."""
        parts = [part for part in (self.given_name, self.family_name) if part]
        return self.name or " ".join(parts) or self.username


class Effect(StrEnum):
    """What a conditional access policy does to a headless sign-in."""

    ALLOW = "allow"
    BLOCK = "block"
    REQUIRE_MFA = "require-mfa"


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """Conditional access; None stands for "all". The first match decides.

    users: folded user names. networks: of the caller, in CIDR form.
    """

    id: str
    name: str
    effect: Effect
    users: frozenset[str] | None = None
    applications: frozenset[str] | None = None
    networks: tuple[str, ...] | None = None
    message: str = ""
    """What a blocked user may be told, where the wire has room for it."""


@dataclass(frozen=True, slots=True)
class Consent:
    """What a user (or an administrator for all, user_id "") allowed a client."""

    client_id: str
    user_id: str
    permissions: frozenset[Permission]
