"""Guessing, bounded: lockout as arithmetic on a given `now`.

Passwords themselves never come here, only keyed fingerprints of wrong ones.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from ostiary.core.model import LockoutRules, User

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
DIRECTORY_THRESHOLD = 5
"""Wrong passwords at somebody whose directory counts them too (security promise 3)."""
ASKED_AGAIN_AFTER = 900
"""Seconds for which a wrong password is not sent to a directory again (interface §3).
"""
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


@dataclass(frozen=True, slots=True)
class DirectoryLimit:
    """How a directory itself locks accounts: ours has to be stricter.

    threshold: wrong passwords that lock there; 0: none do, or nobody knows. seconds:
    after how long without one it forgets them.
    """

    threshold: int = 0
    seconds: int = 1800


@dataclass(frozen=True, slots=True)
class Asked:
    """What a directory was asked about one account.

    wrong: passwords that it refused since a right one. recent: fingerprints of refused
    ones, each with its moment in epoch seconds.
    """

    wrong: int = 0
    last_at: float = 0.0
    recent: tuple[tuple[str, float], ...] = ()


def directory_rules(rules: LockoutRules, limit: DirectoryLimit) -> LockoutRules:
    """The tenant's rules for accounts whose directory counts too.

    Two below its limit where there is room: of what is left after our first lock, the
    user's right password must still find the account open.
    """
    most = min(rules.threshold, DIRECTORY_THRESHOLD)
    if limit.threshold:
        below = limit.threshold - 2 if limit.threshold > 3 else limit.threshold - 1
        most = min(most, max(1, below))
    failures = rules.source_failures
    failures = rules.threshold * 10 if failures is None else failures
    return replace(rules, threshold=most, source_failures=failures)


def was_refused(asked: Asked, fingerprint: str, now: float) -> bool:
    """Whether the directory refused this very password a while ago."""
    return any(
        known == fingerprint and now - at < ASKED_AGAIN_AFTER
        for known, at in asked.recent
    )


def open_again_in(asked: Asked, limit: DirectoryLimit, now: float) -> float:
    """Seconds until one more wrong password cannot lock the account there."""
    if not limit.threshold or asked.wrong < max(1, limit.threshold - 1):
        return 0.0
    return max(0.0, asked.last_at + limit.seconds - now)


def after_refusal(
    asked: Asked, fingerprint: str, now: float, limit: DirectoryLimit
) -> Asked:
    """What is known after the directory refused one more password."""
    if was_refused(asked, fingerprint, now):
        return asked
    fresh = [each for each in asked.recent if now - each[1] < ASKED_AGAIN_AFTER]
    forgotten = now - asked.last_at >= limit.seconds
    return Asked(1 if forgotten else asked.wrong + 1, now, (*fresh, (fingerprint, now)))


def nobodys_account(connection: str, name: str) -> str:
    """Under what guesses at a folded name of nobody are counted.

    By connection, as those at somebody's account are: or a lock that comes by the way
    of another connection would tell who exists (security promise 2).
    """
    return f"{connection}\n{name}"


def persons_account(connection: str, external_id: str) -> str:
    """Under what guesses at somebody in a directory are counted.

    The same before and after the first sign-in makes an account of them: two counters
    would let through twice what their directory bears.
    """
    return f"\n{connection}\n{external_id}"


def accounts_of(user: User) -> tuple[str, ...]:
    """Everything under which guesses at a user may have been counted."""
    if user.external_id is None:
        return (user.id,)
    return user.id, persons_account(user.connection, user.external_id)


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
