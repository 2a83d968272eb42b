"""The keys of `tenants:`, one field with one sentence each (interface.md §2).

Rules that look at more than one key live in `duplicates` and `references`.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from ostiary.settings.application import Application, Resource
from ostiary.settings.connection import DATABASE, Connection, TrustedCa
from ostiary.settings.user import Policy, User
from ostiary.settings.values import (
    Auth0Domain,
    Domain,
    Duration,
    Email,
    Guid,
    Name,
    SmtpUrl,
    TenantName,
)


class TenantDomain(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A verified domain of the tenant."""

    name: Annotated[Domain, Meta(description="The domain, unique in the file.")]
    authentication: Annotated[
        Literal["managed", "pass-through", "federated"],
        Meta(description="Who checks its users' passwords."),
    ] = "managed"
    connection: Annotated[
        Name | None,
        Meta(description="The connection, for pass-through and federated domains."),
    ] = None


class DeviceKeys(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Device keys of the Auth0 half (/api/v2/device-credentials)."""

    enabled: Annotated[
        bool, Meta(description="Opens device keys and their jwt-bearer mode.")
    ] = False
    minimum_bits: Annotated[
        int, Meta(ge=1024, description="Shortest RSA key taken; 1024 for old phones.")
    ] = 2048


class Mail(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Reset and notification mails."""

    smtp: Annotated[SmtpUrl, Meta(description="The mail server.")]
    sender: Annotated[Email, Meta(description="The sender's address.")] = field(
        name="from"
    )
    ca: TrustedCa = None


class Lockout(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How guessing is bounded."""

    threshold: Annotated[
        int, Meta(ge=1, description="Different wrong passwords that lock an account.")
    ] = 10
    seconds: Annotated[
        Duration, Meta(description="Length of the first lock; each next is doubled.")
    ] = 60
    source_failures: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(
            description="Failures that one source has in a day; absent: ten times "
            "the threshold."
        ),
    ] = None


class RefreshTokens(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How refresh tokens live."""

    rotation: Annotated[
        Literal["one-time", "reuse-allowed"],
        Meta(description="Whether a used one is dead, or good as at Entra."),
    ] = "one-time"
    leeway: Annotated[
        Duration,
        Meta(description="How long a used one still works while its successor waits."),
    ] = 30
    lifetime: Annotated[Duration, Meta(description="How long one is good.")] = (
        90 * 86400
    )


class PasswordHash(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How new passwords are hashed; stored ones follow at the next sign-in."""

    algorithm: Annotated[Literal["argon2id"], Meta(description="The function.")] = (
        "argon2id"
    )
    memory_kib: Annotated[
        int, Meta(ge=8, le=4194304, description="Memory in KiB, 8 a lane at least.")
    ] = 19456
    iterations: Annotated[int, Meta(ge=1, description="Passes over the memory.")] = 2
    parallelism: Annotated[
        int, Meta(ge=1, le=255, description="Lanes, side by side.")
    ] = 1


class Tenant(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A directory of users and applications; `id` or `name` is required."""

    domains: Annotated[
        tuple[TenantDomain, ...],
        Meta(min_length=1, description="Verified domains, the default one first."),
    ]
    id: Annotated[
        Guid | None,
        Meta(description="The tenant's id; absent: derived from its name."),
    ] = None
    name: Annotated[
        TenantName | None, Meta(description="What commands and people call it.")
    ] = None
    auth0_domain: Annotated[
        Auth0Domain | None,
        Meta(description="What Auth0 SDKs are given; absent: no Auth0 half."),
    ] = None
    entra_edition: Annotated[
        Literal["2019-11", "2018-12", "2018-11"],
        Meta(description="The edition of Microsoft's document that is kept to."),
    ] = "2019-11"
    password_grant: Annotated[
        bool, Meta(description="The tenant's door for passwords.")
    ] = False
    legacy_resource_owner: Annotated[
        bool, Meta(description="Opens Auth0's old /oauth/ro.")
    ] = False
    adfs_alias: Annotated[
        bool, Meta(description="This tenant answers at /adfs; at most one may.")
    ] = False
    default_directory: Annotated[
        Name | None,
        Meta(
            description="Connection that checks passwords when none is named; "
            "absent: the first database connection."
        ),
    ] = None
    signup: Annotated[bool, Meta(description="Opens /dbconnections/signup.")] = False
    jsonp: Annotated[bool, Meta(description="Opens /oauth/ro by GET.")] = False
    device_keys: Annotated[
        DeviceKeys, Meta(description="Device keys of the Auth0 half.")
    ] = DeviceKeys()
    mail: Annotated[
        Mail | None,
        Meta(description="Mail server for resets and notices; absent: none is sent."),
    ] = None
    hide_unknown_users: Annotated[
        bool,
        Meta(description="Unknown users look like wrong passwords; false tells them."),
    ] = True
    user_consent: Annotated[
        bool, Meta(description="Users may consent for themselves.")
    ] = True
    lockout: Annotated[Lockout, Meta(description="How guessing is bounded.")] = (
        Lockout()
    )
    refresh_tokens: Annotated[
        RefreshTokens, Meta(description="How refresh tokens live.")
    ] = RefreshTokens()
    access_token_lifetime: Annotated[
        Literal["random"] | Duration | None,
        Meta(
            description="How long access tokens are good; `random`: 3600 to 5400 s "
            "each; absent: 1h at Entra, 24h at Auth0."
        ),
    ] = None
    password_hash: Annotated[
        PasswordHash, Meta(description="How new passwords are hashed.")
    ] = PasswordHash()
    resources: Annotated[
        tuple[Resource, ...], Meta(description="APIs that tokens are made for.")
    ] = ()
    applications: Annotated[
        tuple[Application, ...], Meta(description="The clients.")
    ] = ()
    connections: Annotated[
        tuple[Connection, ...],
        Meta(
            description="Where credentials are checked; none listed: one database "
            f"connection, {DATABASE}."
        ),
    ] = ()
    users: Annotated[tuple[User, ...], Meta(description="Users this file knows.")] = ()
    policies: Annotated[
        tuple[Policy, ...],
        Meta(description="Conditional access; the first match decides."),
    ] = ()

    @property
    def known_connections(self) -> tuple[Connection, ...]:
        """The connections listed, or the one that is made by itself."""
        return self.connections or (Connection(name=DATABASE, strategy="auth0"),)

    @property
    def directory(self) -> str | None:
        """The connection that checks passwords when a user or request names none."""
        databases = (c.name for c in self.known_connections if c.strategy == "auth0")
        return self.default_directory or next(databases, None)

    @property
    def source_failures(self) -> int:
        """Failures that one source has in a day."""
        return self.lockout.source_failures or 10 * self.lockout.threshold
