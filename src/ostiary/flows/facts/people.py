"""People, and what connections say of them and of their credentials.

Values only: rules about them stand in `core`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ostiary.core.errors import Reason
from ostiary.core.model import User
from ostiary.core.passwords import Asked, DirectoryLimit, Failures, Place


@dataclass(frozen=True, slots=True)
class Profile:
    """What a connection tells of a person whom it let in, to be kept of them.

    username: unique in the connection; login: a short one beside it. external_id: the
    connection's own id of them; None: made when the account is. groups: None if it does
    not know of any.
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
    login: str | None = None
    groups: tuple[str, ...] | None = None
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


@dataclass(frozen=True, slots=True)
class Candidate:
    """Whom a connection means by a name, before any credential is looked at.

    key: one for each person or name of nobody, under which guesses are counted.
    external_id: of somebody whom the connection knows. place: where it finds them
    again, its own business. limit: of a directory that counts guesses as well.
    until: when an answer is due, on the event loop's clock; 0: whenever. took: seconds
    that it took to find them.
    """

    key: str
    external_id: str | None = None
    place: str = ""
    limit: DirectoryLimit | None = None
    until: float = 0.0
    took: float = 0.0


@dataclass(frozen=True, slots=True)
class Claimed:
    """Whose a credential is said to be: the name as typed, and what is known of it."""

    username: str
    candidate: Candidate
    account: Account | None = None


@dataclass(frozen=True, slots=True)
class Verified:
    """The credential was right; `new_hash` replaces a hash of outdated parameters.

    amr: how it was proven (RFC 8176). profile: of a person who need not be known yet.
    agent: by which agent beside the directory, for the record.
    """

    new_hash: str | None = field(default=None, repr=False)
    amr: tuple[str, ...] = ("pwd",)
    profile: Profile | None = None
    agent: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Rejected:
    """The password was wrong, or right at a directory that refuses the account.

    facts: help to word the answer, as those of a `Refused`. agent: which one beside the
    directory said so, for the record.
    """

    reason: Reason = Reason.PASSWORD_WRONG
    facts: Mapping[str, object] = field(default_factory=dict)
    agent: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Nobody could tell; never a wrong password. `retry_after` in seconds."""

    reason: Reason = Reason.DIRECTORY_UNREACHABLE
    retry_after: int = 5


@dataclass(frozen=True, slots=True)
class FederatedSubject:
    """Whom a proven assertion means; each assertion is good once.

    username: its full user name, domain and all. immutable_id: under which their own
    service keeps them. profile: None without user name. expires_at: epoch seconds from
    which it can no longer be presented.
    """

    assertion_id: str
    issuer: str
    expires_at: float
    username: str | None = None
    immutable_id: str | None = None
    profile: Profile | None = None


@dataclass(frozen=True, slots=True)
class GuessKeys:
    """Keyed digests under which guesses at one account are counted.

    directory: the limit of a directory that counts them as well.
    """

    account: str
    source: str
    fingerprint: str
    directory: DirectoryLimit | None = None


@dataclass(frozen=True, slots=True)
class GuessState:
    """What is known of guesses before a password is checked.

    seen_at: the last noted good sign-in from there, in epoch seconds. asked: what a
    directory refused.
    """

    place: Place
    failures: Failures
    source_failures_today: int
    seen_at: float = 0.0
    asked: Asked = field(default_factory=Asked)
