"""How often something may be done: buckets as arithmetic on a given `now`.

Where levels are kept, and what is limited, is told elsewhere.
"""

import ipaddress
import math
from dataclasses import dataclass
from typing import Final

from ostiary.core.errors import Reason, Refused

LONGEST_DRAIN: Final = 86400
"""Seconds after which every bucket is as good as new, so that it may be forgotten."""
_ENOUGH: Final = 1e-6
"""What rounding may take of a whole one."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """`capacity` at once, and one more every `seconds`; `name` says of what.

    Raises ValueError for one that takes longer than a day to recover.
    """

    name: str
    capacity: int
    seconds: float

    def __post_init__(self) -> None:
        if not 0 < self.capacity * self.seconds <= LONGEST_DRAIN:
            raise ValueError(f"the bucket {self.name} does not recover within a day")


@dataclass(frozen=True, slots=True)
class LimitKey:
    """Whose bucket: of a user or name, of an address, or of both together.

    source: the caller's address; for IPv6 its /64 counts as one. account: `who` is the
    digest of an account (see port `Guesses`), whose buckets end with its lock.
    """

    tenant_id: str
    who: str = ""
    source: str = ""
    account: bool = False


@dataclass(frozen=True, slots=True)
class Level:
    """How many are taken and not yet given back, as of a moment in epoch seconds."""

    taken: float = 0.0
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Allowance:
    """Whether one more may be done, and what is told of that (contract auth0 §5).

    reset_at: when the next one comes back, in epoch seconds; retry_after: in how many
    whole seconds one may come again.
    """

    allowed: bool
    limit: int
    remaining: int
    reset_at: float
    retry_after: int = 0


def unlimited(bucket: Bucket, now: float) -> Allowance:
    """The allowance of somebody who is not counted."""
    return Allowance(True, bucket.capacity, bucket.capacity, now)


def level_at(level: Level, bucket: Bucket, now: float) -> Level:
    """What is left of a level; a clock that is behind gives nothing back."""
    elapsed = max(0.0, now - level.at)
    return Level(max(0.0, level.taken - elapsed / bucket.seconds), max(level.at, now))


def peeked(level: Level, bucket: Bucket, now: float) -> Allowance:
    """Whether one more would be allowed now, without taking it."""
    return _allowance(level_at(level, bucket, now), bucket, now, wanted=1)


def taken(level: Level, bucket: Bucket, now: float) -> tuple[Level, Allowance]:
    """Take one if it is there; the level afterwards, and what came of it."""
    before = level_at(level, bucket, now)
    allowance = _allowance(before, bucket, now, wanted=1)
    if not allowance.allowed:
        return before, allowance
    after = Level(before.taken + 1, before.at)
    return after, _allowance(after, bucket, now, wanted=0)


def _allowance(level: Level, bucket: Bucket, now: float, *, wanted: int) -> Allowance:
    free = bucket.capacity - level.taken + _ENOUGH
    remaining = max(0, math.floor(free))
    allowed = free >= wanted
    missing = remaining + 1 - free if level.taken > 0 else 0.0
    reset_at = now + max(0.0, missing) * bucket.seconds
    retry_after = 0 if allowed else max(1, math.ceil(reset_at - now))
    return Allowance(allowed, bucket.capacity, remaining, reset_at, retry_after)


def check_allowed(
    allowance: Allowance, reason: Reason = Reason.TOO_MANY_REQUESTS
) -> None:
    """Raise Refused(`reason`), with what headers tell, when it is too often."""
    if not allowance.allowed:
        limit, wait = allowance.limit, allowance.retry_after
        raise Refused(reason, retry_after=wait, limit=limit)


def network_of(source: str) -> str:
    """The address, or for IPv6 its /64: one household, one source."""
    try:
        address = ipaddress.ip_address(source)
    except ValueError:
        return ""
    if address.version == 4 or address.is_loopback:
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False))


def is_loopback(source: str) -> bool:
    """Whether `network_of` an address is this machine itself."""
    return source == "::1" or source.startswith("127.")
