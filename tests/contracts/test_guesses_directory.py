"""Counters of passwords that a directory refused, on SQLite and PostgreSQL.

The arithmetic is core's; what comes of it at a sign-in stands in tests/flows.
"""

from dataclasses import replace

import pytest

from ostiary.core.model import LockoutRules
from ostiary.core.passwords import DirectoryLimit, Place, is_locked
from ostiary.flows.facts import GuessKeys, GuessState
from ostiary.stores.database import Database
from ostiary.stores.guesses import GuessCounters
from ostiary.stores.tokens import TokenStore
from tests.flows.values import ALICE, AWAY, HOME, NOON, TENANT, event, issue, trace
from tests.flows.values import tenant as tenant_of

THREE = DirectoryLimit(threshold=3, seconds=1800)
UNKNOWN = DirectoryLimit()
USUAL = tenant_of(lockout=LockoutRules())


class Desk:
    """Where guesses at Alice, who is kept in a directory, are counted."""

    def __init__(self, database: Database, limit: DirectoryLimit) -> None:
        self.database = database
        self.limit = limit
        self.guesses = GuessCounters(database, b"key")

    def keys(self, password: str = "", source: str = HOME) -> GuessKeys:
        """The digests of a guess."""
        keys = self.guesses.keys(TENANT, ALICE, password, trace(source))
        return replace(keys, directory=self.limit)

    async def wrong(
        self, password: str, *, source: str = HOME, at: float = NOON
    ) -> bool:
        """Whether a wrong password was told to be one."""
        told, locked = event("refused", reason="wrong"), event("refused", reason="lock")
        keys = self.keys(password, source)
        return await self.guesses.record_failure(USUAL, keys, at, told, locked)

    async def state(self, *, source: str = HOME, at: float = NOON) -> GuessState:
        """What stands before the next guess."""
        return await self.guesses.state(TENANT, self.keys(source=source), at)


async def test_five_wrong_passwords_lock_where_a_directory_counts(
    database: Database,
) -> None:
    """Not ten, as elsewhere (promise 3)."""
    desk = Desk(database, UNKNOWN)
    told = [await desk.wrong(f"guess {n}") for n in range(6)]
    assert told == [True] * 5 + [False]
    assert (await desk.state()).failures.locked_until == NOON + 60


async def test_what_the_directory_refused_is_counted_over_all_places(
    database: Database,
) -> None:
    """It does not know of our known and unknown places."""
    desk = Desk(database, THREE)
    await TokenStore(database).issue(issue(now=NOON, guess=desk.keys()))
    await desk.wrong("one", source=HOME)
    await desk.wrong("two", source=AWAY)
    home, away = await desk.state(source=HOME), await desk.state(source=AWAY)
    assert (home.place, away.place) == (Place.KNOWN, Place.UNKNOWN)
    assert (home.failures.count, away.failures.count) == (1, 1)
    assert home.asked == away.asked
    assert home.asked.wrong == 2
    assert home.asked.last_at == NOON


async def test_the_same_wrong_password_counts_once_at_the_directory(
    database: Database,
) -> None:
    """It was not sent again, wherever it came from."""
    desk = Desk(database, THREE)
    for source in (HOME, AWAY, HOME):
        await desk.wrong("one", source=source)
    state = await desk.state()
    assert state.asked.wrong == 1
    assert [at for _, at in state.asked.recent] == [NOON]


async def test_a_right_password_makes_it_forget_but_not_which_were_wrong(
    database: Database,
) -> None:
    """Its counter starts anew; a wrong password stays wrong for a while."""
    desk = Desk(database, THREE)
    await desk.wrong("one")
    before = await desk.state()
    await desk.guesses.settle(TENANT, desk.keys())
    after = await desk.state()
    assert after.asked.wrong == 0
    assert after.asked.recent == before.asked.recent
    assert after.failures.count == 1  # ours, until tokens are written


async def test_tokens_forgive_here_and_not_at_the_directory(database: Database) -> None:
    """They may be written after somebody else's wrong password was refused there."""
    desk = Desk(database, THREE)
    await desk.wrong("one")
    await TokenStore(database).issue(issue(now=NOON, guess=desk.keys()))
    after = await desk.state()
    assert (after.failures.count, after.asked.wrong) == (0, 1)


async def test_accounts_kept_here_have_no_such_counter(database: Database) -> None:
    """Nothing is written of them beside the usual."""
    guesses = GuessCounters(database, b"key")
    keys = guesses.keys(TENANT, ALICE, "wrong", trace())
    told = event("refused", reason="wrong")
    await guesses.record_failure(USUAL, keys, NOON, told, told)
    state = await guesses.state(TENANT, keys, NOON)
    assert state.failures.count == 1
    assert state.asked.recent == ()
    assert not is_locked(state.failures, NOON)


@pytest.mark.parametrize("number", [0, 1])
async def test_unlocking_forgets_both_counters(database: Database, number: int) -> None:
    """An administrator who unlocks takes it upon themselves."""
    desk = Desk(database, THREE)
    for each in ("one", "two")[number:]:
        await desk.wrong(each)
    await desk.guesses.unlock(TENANT, ALICE, event("changed"))
    state = await desk.state()
    assert (state.failures.count, state.asked.wrong, state.asked.recent) == (0, 0, ())
