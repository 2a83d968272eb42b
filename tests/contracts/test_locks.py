"""What administrators see of locks, and how they end them, on SQLite and PostgreSQL."""

import pytest

from ostiary.core.limits import Bucket, LimitKey
from ostiary.core.model import LockoutRules
from ostiary.stores.audit import AuditLog
from ostiary.stores.database import Database
from ostiary.stores.guesses import GuessCounters
from ostiary.stores.limits import StoredLimits
from ostiary.stores.tokens import TokenStore
from tests.flows.values import (
    ALICE,
    AWAY,
    DAY,
    ELSEWHERE,
    HOME,
    NOON,
    TENANT,
    event,
    issue,
    refresh,
    tenant,
    trace,
)

ONE = tenant(lockout=LockoutRules(threshold=1))
ENDED = event("changed", reason="ended")


async def fail(
    guesses: GuessCounters, source: str, *, whose: str = ALICE, at: float = NOON
) -> None:
    """A wrong password from there, which locks at once."""
    refusal = event("refused")
    keys = guesses.keys(TENANT, whose, f"wrong {at}", trace(source))
    await guesses.record_failure(ONE, keys, at, refusal, refusal)


async def test_a_lock_is_seen_until_it_is_ended(database: Database) -> None:
    """Of known and of unknown places the later one; with one record."""
    guesses = GuessCounters(database, b"key")
    assert await guesses.locked_until(TENANT, ALICE) == 0
    await fail(guesses, AWAY)
    assert await guesses.locked_until(TENANT, ALICE) == NOON + 60
    assert await guesses.locked_until(ELSEWHERE, ALICE) == 0
    await guesses.unlock(TENANT, ALICE, ENDED)
    assert await guesses.locked_until(TENANT, ALICE) == 0
    assert [e.reason for _, e in await AuditLog(database).tail(1)] == ["ended"]


async def test_repeats_end_with_the_lock(database: Database) -> None:
    """Wherever they came from; those of somebody else, or elsewhere, go on."""
    guesses = GuessCounters(database, b"key")
    limits = StoredLimits(database, b"another key")
    hers, other = (
        guesses.keys(TENANT, name, "", trace(AWAY)) for name in (ALICE, "ghost")
    )
    once = Bucket("once", 1, 60.0)
    ended = [LimitKey(TENANT, hers.account, at, account=True) for at in (AWAY, HOME)]
    kept = [
        LimitKey(TENANT, other.account, AWAY, account=True),
        LimitKey(TENANT, hers.account, AWAY),
    ]
    for key in (*ended, *kept):
        assert (await limits.take(key, once, NOON)).allowed
        assert not (await limits.peek(key, once, NOON)).allowed
    await guesses.unlock(TENANT, ALICE, ENDED)
    told = [(await limits.peek(key, once, NOON)).allowed for key in (*ended, *kept)]
    assert told == [True, True, False, False]


async def test_places_are_seen_together(database: Database) -> None:
    """At home she is locked for longer than elsewhere."""
    guesses = GuessCounters(database, b"key")
    home = guesses.keys(TENANT, ALICE, "", trace(HOME))
    await TokenStore(database).issue(issue(refresh("first"), guess=home))
    await fail(guesses, AWAY)
    await fail(guesses, HOME, at=NOON + 30)
    assert await guesses.locked_until(TENANT, ALICE) == NOON + 90


async def test_an_address_is_counted_by_the_day(database: Database) -> None:
    """Whoever it guessed at; yesterday is over, and forgiving ends it at once."""
    guesses = GuessCounters(database, b"key")
    await fail(guesses, AWAY)
    await fail(guesses, AWAY, whose="ghost")
    assert await guesses.source_failures(TENANT, AWAY, NOON) == 2
    assert await guesses.source_failures(TENANT, HOME, NOON) == 0
    assert await guesses.source_failures(TENANT, AWAY, NOON + DAY) == 0
    await guesses.forgive_source(TENANT, AWAY, ENDED)
    assert await guesses.source_failures(TENANT, AWAY, NOON) == 0
    assert [e.reason for _, e in await AuditLog(database).tail(1)] == ["ended"]


@pytest.mark.parametrize("other", ["2001:db8::ffff", "2001:db8:0:0::1"])
async def test_an_ipv6_household_is_one_address(database: Database, other: str) -> None:
    """Its /64 is what is blocked, seen and forgiven."""
    guesses = GuessCounters(database, b"key")
    await fail(guesses, "2001:db8::1")
    assert await guesses.source_failures(TENANT, other, NOON) == 1
    await guesses.forgive_source(TENANT, other, ENDED)
    assert await guesses.source_failures(TENANT, "2001:db8::1", NOON) == 0


async def test_loopback_is_never_blocked_in_development(database: Database) -> None:
    """As it is not counted either."""
    guesses = GuessCounters(database, b"key", exempt_loopback=True)
    await fail(guesses, "127.0.0.1")
    assert await guesses.source_failures(TENANT, "127.0.0.1", NOON) == 0
