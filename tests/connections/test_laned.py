"""Hashes that strangers cause: in the one lane, bounded like every sign-in."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from ostiary.connections.hashes import verify_password
from ostiary.connections.lane import HashLane
from ostiary.connections.laned import LanedHashes
from ostiary.core.model import HashRules
from ostiary.flows.ports import Overloaded
from tests.connections.vectors import BCRYPT, PASSWORD

RULES = HashRules(memory_kib=64, iterations=1)


@pytest.fixture
def lane() -> Iterator[HashLane]:
    """A lane of one thread, which refuses at once what would wait long."""
    lane = HashLane(threads=1, queue_seconds=0.02, hold_seconds=0.0)
    yield lane
    lane.close()


async def test_a_hash_is_made_and_matches(lane: HashLane) -> None:
    """Of the tenant's parameters; what is no hash matches nothing."""
    hashes = LanedHashes(lane)
    made = await hashes.make("a password", RULES)
    assert "m=64,t=1" in made
    assert verify_password("a password", made)
    assert await hashes.matches("a password", made)
    assert not await hashes.matches("another", made)
    assert not await hashes.matches("a password", "no hash")


async def test_past_capacity_it_is_refused(lane: HashLane) -> None:
    """As a sign-in is (security promise 12), while others hash."""
    busy, begun = threading.Event(), threading.Event()

    def hash_slowly() -> None:
        begun.set()
        busy.wait(10)

    slow = asyncio.create_task(lane.run("tenant", hash_slowly))
    await asyncio.to_thread(begun.wait, 10)
    others = [asyncio.create_task(lane.run("tenant", busy.wait)) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await LanedHashes(lane).make("a password", RULES)
    busy.set()
    await asyncio.gather(slow, *others, return_exceptions=True)


def test_foreign_hashes_are_read_as_everywhere(lane: HashLane) -> None:
    """What was brought in from elsewhere becomes what we store."""
    hashes = LanedHashes(lane)
    assert verify_password(PASSWORD, hashes.imported(BCRYPT))
    with pytest.raises(ValueError, match=r"^is "):
        hashes.imported("no hash")
