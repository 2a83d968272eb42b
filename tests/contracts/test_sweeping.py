"""Sweeping removes what is due and nothing else, on SQLite and PostgreSQL.

When something is due follows from how long each thing can still matter.
"""

import asyncio
from dataclasses import dataclass

import pytest

from ostiary.core.model import LockoutRules
from ostiary.core.passwords import is_locked
from ostiary.flows.ports import StoreUnavailable
from ostiary.stores import sweeping
from ostiary.stores.audit import AuditLog
from ostiary.stores.database import Database
from ostiary.stores.guesses import GuessCounters
from ostiary.stores.statement import Statement
from ostiary.stores.sweeping import sweep
from ostiary.stores.tokens import TokenStore
from tests.flows.fakes import HeardDatabase
from tests.flows.values import (
    ALICE,
    AWAY,
    DAY,
    HOME,
    NOON,
    TENANT,
    event,
    issue,
    refresh,
    tenant,
    trace,
)

TABLES = (
    "refresh_tokens",
    "sessions",
    "revoked_tokens",
    "claimed_once",
    "failures",
    "places",
    "source_failures",
    "audit",
)


async def rows(database: Database) -> dict[str, int]:
    """How many rows each table has, the empty ones left out."""
    counts = {}
    for table in TABLES:
        [row] = await database.fetch(
            Statement(f"SELECT COUNT(*) AS n FROM {table}")  # noqa: S608 - constants
        )
        counts[table] = row["n"]
    return {table: count for table, count in counts.items() if count}


@dataclass
class Stored:
    """One of everything that expires, written at NOON."""

    database: Database
    tokens: TokenStore
    guesses: GuessCounters


@pytest.fixture
async def stored(database: Database) -> Stored:
    """A session of 90 days, a revocation and a claim of an hour, a lock, a place."""
    tokens, guesses = TokenStore(database), GuessCounters(database, b"key")
    home = guesses.keys(TENANT, ALICE, "", trace(HOME))
    await tokens.issue(issue(refresh("first"), guess=home))
    await tokens.revoke_token("token", NOON + 3600, event("revoked"))
    await tokens.claim_once("assertion", NOON + 3600)
    wrong = guesses.keys(TENANT, ALICE, "wrong", trace(AWAY))
    lock = tenant(lockout=LockoutRules(threshold=1))
    refusal = event("refused")
    await guesses.record_failure(lock, wrong, NOON, refusal, refusal)
    return Stored(database, tokens, guesses)


@pytest.mark.parametrize(
    ("after", "gone"),
    [
        (0.0, set()),
        (3600.0, set()),
        (3601.0, {"revoked_tokens", "claimed_once"}),
        (DAY - 1, {"revoked_tokens", "claimed_once", "source_failures"}),
        (DAY + 1, {"revoked_tokens", "claimed_once", "source_failures", "failures"}),
        (90 * DAY, {"revoked_tokens", "claimed_once", "source_failures", "failures"}),
    ],
)
async def test_each_thing_goes_when_it_cannot_matter_any_more(
    stored: Stored, after: float, gone: set[str]
) -> None:
    """Not a second before it was due (places and sessions have tests of their own)."""
    before = await rows(stored.database)
    await sweep(stored.database, NOON + after)
    assert set(before) - set(await rows(stored.database)) == gone


async def test_places_and_expired_sessions_go_last(stored: Stored) -> None:
    """A place after 90 days; a session 30 days after it expired, tokens with it."""
    await sweep(stored.database, NOON + 90 * DAY + 1)
    assert set(await rows(stored.database)) == {"refresh_tokens", "sessions", "audit"}
    await sweep(stored.database, NOON + 120 * DAY)
    assert "sessions" in await rows(stored.database)
    await sweep(stored.database, NOON + 120 * DAY + 1)
    assert set(await rows(stored.database)) == {"audit"}


async def test_the_log_is_never_swept(stored: Stored) -> None:
    """What happened stays on record."""
    before = await AuditLog(stored.database).tail(100)
    await sweep(stored.database, NOON + 10_000 * DAY)
    assert await AuditLog(stored.database).tail(100) == before


async def test_a_renewed_session_keeps_its_used_tokens(stored: Stored) -> None:
    """So that the reuse of an old one is still noticed (promise 5)."""
    late = NOON + 80 * DAY
    second = refresh("second", expires_at=late + 90 * DAY)
    await stored.tokens.issue(issue(second, refresh("first"), now=late))
    await sweep(stored.database, NOON + 125 * DAY)
    assert (await rows(stored.database))["refresh_tokens"] == 2


async def test_a_lock_longer_than_a_day_outlives_its_failures(
    stored: Stored,
) -> None:
    """A tenant may lock for longer than failures are remembered."""
    long = tenant(lockout=LockoutRules(threshold=1, seconds=3 * 86400))
    keys = stored.guesses.keys(TENANT, "bob", "wrong", trace())
    refusal = event("refused")
    await stored.guesses.record_failure(long, keys, NOON, refusal, refusal)
    await sweep(stored.database, NOON + 2 * DAY)
    state = await stored.guesses.state(TENANT, keys, NOON + 2 * DAY)
    assert is_locked(state.failures, NOON + 2 * DAY)


async def test_a_store_that_is_away_is_swept_when_it_is_back(
    stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sweeper waits and goes on; nobody has to start it again."""
    monkeypatch.setattr(sweeping, "EVERY", 0)
    heard = HeardDatabase(stored.database)
    heard.writes = False
    with pytest.raises(StoreUnavailable):
        await sweep(heard, NOON)
    task = asyncio.create_task(sweeping.keep_sweeping(heard, lambda: NOON + 7200))
    await asyncio.sleep(0.01)
    assert not task.done()
    heard.writes = True
    async with asyncio.timeout(10):
        # Only the database knows when it happened.
        while "claimed_once" in await rows(stored.database):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
