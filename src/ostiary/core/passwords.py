"""Guessing, bounded: lockout as arithmetic on a given `now`.

Passwords themselves never come here, only keyed fingerprints of wrong ones.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from ostiary.core.model import LockoutRules

LONGEST_LOCK = 900
"""Seconds: locks double each time, up to this (security promise 3)."""
REMEMBERED = 3
"""The last distinct wrong passwords that do not count again (contract entra §8)."""
FORGOTTEN_AFTER = 86400
"""Seconds after which old failures, and the length of the next lock, are forgotten."""
PLACE_REMEMBERED = 90 * 86400
"""Seconds for which an address with a good sign-in stays a known place."""
PLACE_NOTED_EVERY = 86400
"""Seconds after which a good sign-in from a known place is noted anew."""
LONGEST_PASSWORD = 4096
"""Bytes of UTF-8; a longer one is refused before it costs anything."""


class Place(StrEnum):
    """Whether the user signed in well from this address before.

    Counted apart, so that an attacker elsewhere does not lock out the user at home.
    """

    KNOWN = "known"
    UNKNOWN = "unknown"


def place_of(seen_at: float | None, now: float) -> Place:
    """The kind of place; `seen_at` is the last good sign-in from it (epoch seconds)."""
    known = seen_at is not None and now - seen_at < PLACE_REMEMBERED
    return Place.KNOWN if known else Place.UNKNOWN


@dataclass(frozen=True, slots=True)
class Failures:
    """Wrong passwords of one account from one kind of place; times in epoch seconds."""

    count: int = 0
    recent: tuple[str, ...] = ()
    last_at: float = 0.0
    locks: int = 0
    locked_until: float = 0.0


def nobodys_account(connection: str, name: str) -> str:
    """Under what guesses at a folded name of nobody are counted.

    By connection, as those at somebody's account are: or a lock that comes by the way
    of another connection would tell who exists (security promise 2).
    """
    return f"{connection}\n{name}"


def is_locked(failures: Failures, now: float) -> bool:
    """Whether even the right password is refused now (contract entra §8)."""
    return failures.locked_until > now


def lock_seconds(locks: int, rules: LockoutRules) -> int:
    """Length of the lock after `locks` earlier ones: 60, 120, 240 … at most 900 s."""
    doubled = rules.seconds * (1 << min(locks, 10))
    return min(doubled, max(LONGEST_LOCK, rules.seconds))


def after_failure(
    failures: Failures, fingerprint: str, now: float, rules: LockoutRules
) -> Failures:
    """The counter after one more wrong password.

    One of the last three distinct wrong ones does not count again. At the threshold
    the account locks; the first counted failure after a lock locks it again.
    """
    if now - failures.last_at > FORGOTTEN_AFTER and not is_locked(failures, now):
        failures = Failures()
    if fingerprint in failures.recent:
        return failures
    recent = (*failures.recent, fingerprint)[-REMEMBERED:]
    count = failures.count + 1
    counted = replace(failures, count=count, recent=recent, last_at=now)
    if count < rules.threshold:
        return counted
    return replace(
        counted,
        count=rules.threshold - 1,
        locks=failures.locks + 1,
        locked_until=now + lock_seconds(failures.locks, rules),
    )


def is_source_blocked(failures_today: int, rules: LockoutRules) -> bool:
    """Whether one address has failed too often today (security promise 3)."""
    limit = rules.source_failures
    return failures_today >= (rules.threshold * 10 if limit is None else limit)
