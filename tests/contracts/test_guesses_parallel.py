"""Guesses made side by side, from two connections to one store, stay bounded.

Limits hold under parallel requests and across nodes (security promise 3).
"""

import asyncio

from ostiary.core.model import LockoutRules
from ostiary.core.passwords import is_locked
from ostiary.stores.audit import AuditLog
from ostiary.stores.database import Database
from ostiary.stores.guesses import GuessCounters
from tests.flows.values import ALICE, NOON, TENANT, event, tenant, trace

SECONDS = 30
WRONG, LOCKED = event("refused", reason="wrong"), event("refused", reason="locked")


async def guess(
    stores: list[GuessCounters],
    rules: LockoutRules,
    targets: list[tuple[str, str]],
) -> list[bool]:
    """What every (account, password) is told, all tried at once."""
    told = (
        stores[number % len(stores)].record_failure(
            tenant(lockout=rules),
            stores[0].keys(TENANT, account, password, trace()),
            NOON,
            WRONG,
            LOCKED,
        )
        for number, (account, password) in enumerate(targets)
    )
    return list(await asyncio.wait_for(asyncio.gather(*told), SECONDS))


def counters(*databases: Database) -> list[GuessCounters]:
    """The same counters on every node."""
    return [GuessCounters(database, b"key") for database in databases]


async def test_parallel_guesses_never_exceed_the_threshold(
    database: Database, neighbour: Database
) -> None:
    """Of forty different wrong passwords exactly ten are told to be wrong."""
    stores = counters(database, neighbour)
    targets = [(ALICE, f"guess {number}") for number in range(40)]
    told = await guess(stores, LockoutRules(), targets)
    assert told.count(True) == 10
    keys = stores[1].keys(TENANT, ALICE, "", trace())
    state = await stores[1].state(TENANT, keys, NOON)
    assert is_locked(state.failures, NOON)
    assert state.source_failures_today == 10
    records = [e.reason for _, e in await AuditLog(database).tail(100)]
    assert (records.count("wrong"), records.count("locked")) == (10, 30)


async def test_one_stale_password_many_times_at_once_counts_once(
    database: Database, neighbour: Database
) -> None:
    """Twenty devices with the same old password lock nobody out."""
    stores = counters(database, neighbour)
    told = await guess(stores, LockoutRules(threshold=3), [(ALICE, "stale")] * 20)
    assert told == [True] * 20
    keys = stores[0].keys(TENANT, ALICE, "", trace())
    assert (await stores[0].state(TENANT, keys, NOON)).failures.count == 1


async def test_parallel_guesses_at_many_accounts_never_exceed_a_sources_limit(
    database: Database, neighbour: Database
) -> None:
    """One source learns of fifteen wrong passwords a day, however it spreads them."""
    stores = counters(database, neighbour)
    targets = [(f"user {number}", "Winter2026") for number in range(40)]
    told = await guess(stores, LockoutRules(source_failures=15), targets)
    assert told.count(True) == 15
    records = [e.reason for _, e in await AuditLog(database).tail(100)]
    assert records.count("source_blocked") == 25
