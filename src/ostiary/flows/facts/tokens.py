"""What is issued and written down: tokens, their claims, the log.

Values only: never a password, secret, token or assertion in the log.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ostiary.core.errors import Reason
from ostiary.core.factors import FactorUse
from ostiary.core.model import RefreshRules
from ostiary.core.request import Trace
from ostiary.core.tokens import RefreshToken
from ostiary.flows.facts.people import GuessKeys


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
