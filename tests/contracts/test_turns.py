"""Turns at an account: one at a time, in one process and in several.

Two `StoredTurns` over one database stand for two processes.
"""

import asyncio

import pytest

from ostiary.core.errors import Reason, Refused
from ostiary.flows.facts import StoreUnavailable
from ostiary.stores import turns
from ostiary.stores.database import Database, Script
from ostiary.stores.statement import Statement
from ostiary.stores.turns import StoredTurns

LEASES = Statement("SELECT account, holder FROM turns")
DEAD = Statement(
    "INSERT INTO turns (account, holder, until) VALUES ('alice', 'a dead one', :until)"
)


class Busy:
    """Work that notes how many do it at once."""

    def __init__(self, seconds: float = 0.02) -> None:
        self.seconds = seconds
        self.done = self.now = self.most = 0

    async def __call__(self) -> int:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(self.seconds)
        self.now -= 1
        self.done += 1
        return self.done


@pytest.mark.parametrize("processes", [1, 2])
async def test_different_questions_take_turns(
    database: Database, processes: int
) -> None:
    """Of ten about one account never two are asked at once."""
    desks = [StoredTurns(database) for _ in range(processes)]
    busy = Busy()
    answers = await asyncio.gather(
        *(desks[n % processes].share("alice", f"q{n}", busy) for n in range(10))
    )
    assert sorted(answers) == list(range(1, 11))
    assert busy.most == 1
    assert await database.fetch(LEASES) == []


async def test_different_accounts_do_not_wait_for_each_other(
    database: Database,
) -> None:
    """Somebody's slow directory answer delays nobody else."""
    desk, busy = StoredTurns(database), Busy(0.1)
    await asyncio.gather(*(desk.share(f"user {n}", "q", busy) for n in range(5)))
    assert busy.most == 5


async def test_the_same_question_is_asked_once(database: Database) -> None:
    """A hundred at once get the one answer; the next one asks anew."""
    desk, busy = StoredTurns(database, alone=True), Busy()
    answers = await asyncio.gather(
        *(desk.share("alice", "same", busy) for _ in range(100))
    )
    assert set(answers) == {1}
    assert await desk.share("alice", "same", busy) == 2


async def test_what_is_raised_is_raised_to_everybody(database: Database) -> None:
    """And the turn goes on to the next."""
    desk = StoredTurns(database)

    async def fail() -> None:
        await asyncio.sleep(0.01)
        raise StoreUnavailable("gone")

    outcomes = await asyncio.gather(
        *(desk.share("alice", "q", fail) for _ in range(3)), return_exceptions=True
    )
    assert [type(each) for each in outcomes] == [StoreUnavailable] * 3
    assert await desk.share("alice", "other", Busy()) == 1
    assert await database.fetch(LEASES) == []


async def test_who_asked_first_may_leave(database: Database) -> None:
    """The question is asked to its end for those who still wait."""
    desk, busy = StoredTurns(database), Busy(0.1)
    first = asyncio.create_task(desk.share("alice", "q", busy))
    second = asyncio.create_task(desk.share("alice", "q", busy))
    await asyncio.sleep(0.02)
    first.cancel()
    assert await second == 1
    assert busy.done == 1


async def test_a_turn_that_does_not_come_is_no_answer(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never a wrong password: the directory was slow with somebody else's question."""
    monkeypatch.setattr(turns, "PATIENCE", 0.05)
    desks = StoredTurns(database), StoredTurns(database)
    slow = asyncio.create_task(desks[0].share("alice", "q", Busy(0.6)))
    await asyncio.sleep(0.1)
    for desk in desks:
        with pytest.raises(Refused) as told:
            await desk.share("alice", "another", Busy())
        assert told.value.reason is Reason.DIRECTORY_TIMEOUT
        assert told.value.facts == {"retry_after": 5}
    assert await slow == 1


async def test_the_turn_of_a_process_that_died_ends_by_itself(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lease that is over is taken by the next; one that runs is waited for."""
    monkeypatch.setattr(turns, "PATIENCE", 0.2)

    def lease(until: float) -> Script[None]:
        yield DEAD, {"until": until}

    await database.transact(lambda: lease(1.0))
    desk = StoredTurns(database)
    assert await desk.share("alice", "q", Busy()) == 1
    await database.transact(lambda: lease(4_000_000_000.0))
    with pytest.raises(Refused):
        await desk.share("alice", "q", Busy())
