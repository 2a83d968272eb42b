"""The values that flows and adapters exchange; no adapter's row or exception.

Only `StoreUnavailable` and `Overloaded` may be raised by an adapter.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ostiary.core.errors import Reason
from ostiary.core.factors import FactorUse
from ostiary.core.model import (
    AccessPolicy,
    Client,
    ConnectionSettings,
    Consent,
    Domain,
    RefreshRules,
    Resource,
    Tenant,
    User,
)
from ostiary.core.passwords import Failures, Place
from ostiary.core.request import Trace
from ostiary.core.tokens import RefreshToken


class StoreUnavailable(Exception):
    """The store did not answer, or may not have committed: never a success."""


class Overloaded(Exception):
    """The hash lane is full; `retry_after` says in how many seconds to come again."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("too many passwords to check")
        self.retry_after = retry_after


# --- configuration: cached, never older than the last committed change -------------


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


# --- people -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Profile:
    """What a connection tells of a person whom it let in, to be kept of them.

    username: unique in the connection. external_id: the connection's own id of them;
    None: made when the account is.
    """

    username: str
    external_id: str | None = None
    email: str | None = None
    email_verified: bool = False
    phone_number: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    name: str | None = None
    nickname: str | None = None
    groups: tuple[str, ...] = ()
    attributes: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Account:
    """A user as stored, with what only sign-in may see; times in epoch seconds."""

    user: User
    password_hash: str | None = field(default=None, repr=False)
    password_changed_at: float = 0.0
    sessions_valid_from: float = 0.0
    created_at: float = 0.0
    updated_at: float = 0.0


# --- passwords ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verified:
    """The credential was right; `new_hash` replaces a hash of outdated parameters.

    amr: how it was proven (RFC 8176). profile: of a person who need not be known yet.
    """

    new_hash: str | None = field(default=None, repr=False)
    amr: tuple[str, ...] = ("pwd",)
    profile: Profile | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """The password was wrong, or right at a directory that refuses the account.

    facts: help to word the answer, as those of a `Refused`.
    """

    reason: Reason = Reason.PASSWORD_WRONG
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Nobody could tell; never a wrong password. `retry_after` in seconds."""

    reason: Reason = Reason.DIRECTORY_UNREACHABLE
    retry_after: int = 5


@dataclass(frozen=True, slots=True)
class GuessKeys:
    """Keyed digests under which guesses at one account are counted."""

    account: str
    source: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class GuessState:
    """What is known of guesses before a password is checked.

    seen_at: the last noted good sign-in from there, in epoch seconds.
    """

    place: Place
    failures: Failures
    source_failures_today: int
    seen_at: float = 0.0


# --- tokens -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One line of the sign-in log. Never a password, secret, token or assertion."""

    at: float
    trace: Trace
    outcome: str
    reason: str = ""
    code: str = ""
    tenant_id: str = ""
    client_id: str = ""
    user_id: str = ""
    username: str = ""
    grant_type: str = ""
    detail: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Once:
    """What an issue of tokens uses up: `key` works a single time.

    It is remembered until `expires_at` (epoch seconds), when it is good for nothing any
    more. reason: why a second use is refused.
    """

    key: str
    expires_at: float
    reason: Reason


@dataclass(frozen=True, slots=True)
class Issue:
    """All that one issue of tokens writes, in one transaction with its audit record.

    guess: the counters to reset, and the place to know from now on.
    spent: the refresh token that this issue uses up, once, by `rules`.
    new_hash: (old, new) stored password hash.
    once, factor: what the second factor uses up and changes.
    codes: what is told when one of these turns out to be no good, for its record.
    """

    event: AuditEvent
    now: float
    rules: RefreshRules
    refresh: RefreshToken | None = None
    spent: RefreshToken | None = None
    guess: GuessKeys | None = None
    new_hash: tuple[str, str] | None = field(default=None, repr=False)
    once: tuple[Once, ...] = ()
    factor: FactorUse | None = None
    codes: Mapping[Reason, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SharedKey:
    """A secret that client and server share, sealed in its context.

    encoded: its base64url-decoded bytes are the key, not its text.
    """

    sealed: str = field(repr=False)
    context: str
    encoded: bool = False


@dataclass(frozen=True, slots=True)
class Unsigned:
    """Claims of a token to be made; `thumbprint` adds `x5t` to its header.

    shared_key: sign with that instead of the tenant's key (HS256). opaque: nobody but
    this server shall read it, so it is encrypted.
    """

    claims: Mapping[str, object]
    thumbprint: bool = False
    shared_key: SharedKey | None = None
    opaque: bool = False


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What an access token of ours says; times in epoch seconds, user "" for none.

    second_factor: whether the sign-in that it comes from had one.
    """

    token_id: str
    session_id: str
    client_id: str
    user_id: str
    scopes: tuple[str, ...]
    audience: str
    issued_at: float
    expires_at: float
    public_client: bool
    second_factor: bool = False


@dataclass(frozen=True, slots=True)
class IdToken:
    """What an id_token of ours says of a sign-in; `issued_at` in epoch seconds.

    subject: the user, as the wire names them. words: scopes that would bring again
    what it tells.
    """

    subject: str
    client_id: str
    issued_at: float
    amr: tuple[str, ...]
    words: frozenset[str]
