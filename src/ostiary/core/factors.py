"""Second factors: what users have beside a password, and which of it counts when.

How codes are made, kept and sent is the adapters' business.
"""

import base64
import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final
from urllib.parse import quote

from ostiary.core.errors import Reason, Refused
from ostiary.core.limits import Bucket

PENDING_SECONDS: Final = 600
"""For which a sign-in waits for its second factor (contract auth0 §3.5)."""
SENT_SECONDS: Final = 300
"""For which a code that was sent is good (contract auth0 §3.5)."""
CODES: Final = Bucket("second-factor codes", 10, 360.0)
"""Wrong codes of one user: ten at once, then one every six minutes."""
MESSAGES: Final = Bucket("second-factor messages", 10, 360.0)
"""Codes sent to one user: ten an hour."""
BEGINNINGS: Final = Bucket("second-factor enrolments", 20, 180.0)
"""Enrolments that one user begins: twenty an hour."""
MOST: Final = 20
"""Second factors of one user."""


class FactorKind(StrEnum):
    """What a user shows."""

    OTP = "otp"
    """A code that an application computes of the time (RFC 6238)."""
    OOB = "oob"
    """A code that was sent to a telephone or mailbox."""
    RECOVERY = "recovery-code"
    """A text written down for the day on which the others are lost."""


class FactorState(IntEnum):
    """How far an enrolment is."""

    BEGUN = 0
    """Nobody has shown a code of it, nor another factor: good as the first only."""
    ACTIVE = 1
    PROMISED = 2
    """Nobody has shown a code of it, but who began it had shown another factor."""


@dataclass(frozen=True, slots=True)
class Factor:
    """One second factor of a user; `created_at` in epoch seconds.

    channel, name: how and whereto its codes are sent. secret: sealed, of a recovery
    code its digest. declared: an administrator wrote it to the user's account.
    """

    id: str
    kind: FactorKind
    state: FactorState = FactorState.ACTIVE
    channel: str = ""
    name: str = ""
    secret: str = field(default="", repr=False)
    created_at: float = 0.0
    declared: bool = False

    @property
    def active(self) -> bool:
        """Whether its enrolment is complete."""
        return self.state is FactorState.ACTIVE


@dataclass(frozen=True, slots=True)
class FactorUse:
    """What a right code of a second factor changes beside what it uses up.

    completes: the first code of a factor completes its enrolment. digests: (old, new)
    of a recovery code. reason: why a use that came too late is refused.
    """

    user_id: str
    factor_id: str
    reason: Reason
    completes: bool = False
    digests: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Seed:
    """A shared key of one-time passwords: as Base32 text for its user, and sealed."""

    text: str = field(repr=False)
    sealed: str = field(repr=False)


def enrolled(factors: Iterable[Factor]) -> tuple[Factor, ...]:
    """The factors that a user may be asked for; a recovery code alone is none."""
    return tuple(
        each for each in factors if each.active and each.kind is not FactorKind.RECOVERY
    )


def usable(factors: Sequence[Factor], kind: FactorKind) -> tuple[Factor, ...]:
    """The factors of a kind whose code proves something.

    One that was begun with nothing but a password proves something only for a user who
    has no other: it must not stand in for the one that is there (security promise 4).
    """
    first = not enrolled(factors)
    return tuple(
        each
        for each in factors
        if each.kind is kind and (each.state is not FactorState.BEGUN or first)
    )


def check_may_change(factors: Sequence[Factor], *, proven: bool) -> None:
    """Who has a second factor must have shown it before changing any.

    Otherwise a stolen password would be enough to get rid of it. Raises
    Refused(MFA_REQUIRED).
    """
    if enrolled(factors) and not proven:
        raise Refused(Reason.MFA_REQUIRED)


def choose(
    factors: Sequence[Factor],
    kinds: Collection[str] = (),
    *,
    channel: str | None = None,
    id: str | None = None,
) -> Factor:
    """The factor to ask for: of the kinds that the client can handle, the oldest.

    None named: all. A computed code is asked for first, as nothing need be sent. Raises
    Refused(MFA_NOTHING_ENROLLED or MFA_CHALLENGE_UNSUPPORTED), contract auth0 §3.5.
    """
    there = enrolled(factors)
    if not there:
        raise Refused(Reason.MFA_NOTHING_ENROLLED)
    fit = [
        each
        for each in there
        if (not kinds or each.kind in kinds)
        and channel in (None, each.channel)
        and id in (None, each.id)
    ]
    if not fit:
        raise Refused(Reason.MFA_CHALLENGE_UNSUPPORTED)
    return min(fit, key=lambda each: (each.kind is not FactorKind.OTP, each.created_at))


def barcode_uri(seed: str, issuer: str, account: str) -> str:
    """What an authenticator application reads from a barcode (RFC 6238 by `otpauth:`).

    seed: in Base32. issuer, account: what the application shows.
    """
    label = f"{quote(issuer, safe='')}:{quote(account, safe='')}"
    about = f"secret={seed}&issuer={quote(issuer, safe='')}"
    return f"otpauth://totp/{label}?{about}&algorithm=SHA1&digits=6&period=30"


def recovery_code(chance: str) -> str:
    """A recovery code of 120 bits, made of a text that nobody can guess.

    Capital letters and digits 2 to 7, as people type it from paper (RFC 4648 §6).
    """
    return base64.b32encode(hashlib.sha256(chance.encode()).digest())[:24].decode()


def recovery_digest(code: str) -> str:
    """What is kept of a recovery code; case and blanks of the one shown do not count.

    It is long and random, so a fast hash is enough.
    """
    plain = "".join(code.split()).upper()
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()
