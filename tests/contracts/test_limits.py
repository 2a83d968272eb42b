"""Buckets hold under parallel requests and across nodes, on SQLite and PostgreSQL.

What a level means is tried in tests/core.
"""

import asyncio
from typing import Final

import pytest

from ostiary.core.limits import Bucket, LimitKey
from ostiary.stores.database import Database
from ostiary.stores.limits import StoredLimits
from ostiary.stores.statement import Statement
from ostiary.stores.sweeping import sweep
from tests.flows.values import AWAY, DAY, ELSEWHERE, HOME, NOON, TENANT

THREE: Final = Bucket("three", 3, 60.0)
KEY: Final = LimitKey(TENANT, "alice@contoso.test", HOME)
SECONDS = 30


def limits(database: Database, *, development: bool = False) -> StoredLimits:
    """The buckets of an instance, whose key is always the same."""
    return StoredLimits(database, b"limits", exempt_loopback=development)


async def test_three_and_then_one_a_minute(database: Database) -> None:
    """The fourth is refused; a minute later one is there again, and only one."""
    store = limits(database)
    told = [(await store.take(KEY, THREE, NOON)).allowed for _ in range(4)]
    later = [(await store.take(KEY, THREE, NOON + 60)).allowed for _ in range(2)]
    assert told == [True, True, True, False]
    assert later == [True, False]


async def test_peeking_writes_nothing(database: Database) -> None:
    """Neither for somebody new nor for somebody who has none left."""
    store = limits(database)
    assert (await store.peek(KEY, THREE, NOON)).remaining == 3
    assert await rows(database) == []
    for _ in range(3):
        await store.take(KEY, THREE, NOON)
    before = await rows(database)
    seen = await store.peek(KEY, THREE, NOON)
    assert (seen.allowed, seen.retry_after) == (False, 60)
    assert await rows(database) == before


async def test_parallel_takers_on_two_nodes_get_no_more(
    database: Database, neighbour: Database
) -> None:
    """Of forty at once exactly three are served."""
    stores = [limits(database), limits(neighbour)]
    asked = (stores[n % 2].take(KEY, THREE, NOON) for n in range(40))
    told = await asyncio.wait_for(asyncio.gather(*asked), SECONDS)
    assert [one.allowed for one in told].count(True) == 3


@pytest.mark.parametrize(
    "other",
    [
        LimitKey(ELSEWHERE, "alice@contoso.test", HOME),
        LimitKey(TENANT, "bob@contoso.test", HOME),
        LimitKey(TENANT, "alice@contoso.test", AWAY),
        LimitKey(TENANT, "alice@contoso.test"),
        LimitKey(TENANT, source=HOME),
    ],
    ids=["tenant", "name", "address", "no address", "no name"],
)
async def test_buckets_are_apart(database: Database, other: LimitKey) -> None:
    """Another tenant, name or address has buckets of its own; so has another act."""
    store = limits(database)
    for _ in range(3):
        await store.take(KEY, THREE, NOON)
    assert not (await store.take(KEY, THREE, NOON)).allowed
    assert (await store.take(other, THREE, NOON)).remaining == 2
    assert (await store.take(KEY, Bucket("others", 3, 60.0), NOON)).remaining == 2


async def test_one_ipv6_household_is_one_source(database: Database) -> None:
    """Neighbours in a /64 share; the next one does not."""
    store = limits(database)
    for host in range(3):
        await store.take(LimitKey(TENANT, source=f"2001:db8::{host}"), THREE, NOON)
    same, next_one = "2001:db8::ffff", "2001:db8:0:1::1"
    assert not (await store.peek(LimitKey(TENANT, source=same), THREE, NOON)).allowed
    assert (await store.peek(LimitKey(TENANT, source=next_one), THREE, NOON)).allowed


@pytest.mark.parametrize("source", ["127.0.0.1", "::1"])
async def test_loopback_alone_is_not_counted_in_development(
    database: Database, source: str
) -> None:
    """But a user's own bucket is, and in production everything is."""
    alone, hers = LimitKey(TENANT, source=source), LimitKey(TENANT, "alice", source)
    easy, strict = limits(database, development=True), limits(database)
    for _ in range(4):
        assert (await easy.take(alone, THREE, NOON)).remaining == 3
        await easy.take(hers, THREE, NOON)
    assert not (await easy.peek(hers, THREE, NOON)).allowed
    for _ in range(3):
        await strict.take(alone, THREE, NOON)
    assert not (await strict.take(alone, THREE, NOON)).allowed


async def test_the_store_tells_neither_names_nor_addresses(database: Database) -> None:
    """A bucket is found by a keyed digest: another key finds others."""
    await limits(database).take(KEY, THREE, NOON)
    [row] = await rows(database)
    other = StoredLimits(database, b"another")
    assert len(row[0]) == 32
    assert not {"alice", HOME} & set(row[0].split())
    assert (await other.peek(KEY, THREE, NOON)).remaining == 3


async def test_buckets_go_when_they_are_as_good_as_new(database: Database) -> None:
    """A day later; not before, as no bucket takes longer to recover."""
    await limits(database).take(KEY, THREE, NOON)
    await sweep(database, NOON + DAY)
    assert len(await rows(database)) == 1
    await sweep(database, NOON + DAY + 1)
    assert await rows(database) == []


async def rows(database: Database) -> list[tuple[str, float, float]]:
    """Every bucket as it lies there."""
    found = await database.fetch(
        Statement("SELECT id, level, updated_at FROM buckets ORDER BY id")
    )
    return [(row["id"], row["level"], row["updated_at"]) for row in found]
