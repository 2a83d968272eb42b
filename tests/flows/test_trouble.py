"""A password that nobody can check, or an attempt that nobody can write down.

Overload, directories and a store that are away: never a guess, never a token.
"""

import pytest

from ostiary.core.errors import Reason
from ostiary.flows.facts import (
    Overloaded,
    StoreUnavailable,
    Unreachable,
)
from ostiary.flows.manage.changes import PutTenant
from ostiary.stores.statement import Statement
from tests.flows import values
from tests.flows.fakes import RIGHT, WRONG
from tests.flows.world import OFFLINE, World, granted, refused

SESSIONS = Statement("SELECT COUNT(*) AS n FROM refresh_tokens")
COUNTERS = Statement(
    "SELECT (SELECT COUNT(*) FROM failures) + (SELECT COUNT(*) FROM source_failures) "
    "+ (SELECT COUNT(*) FROM places) AS n"
)


async def number_of(world: World, statement: Statement) -> int:
    """What a COUNT says."""
    [row] = await world.database.fetch(statement)
    count: int = row["n"]
    return count


@pytest.mark.parametrize(
    "reason", [Reason.DIRECTORY_UNREACHABLE, Reason.DIRECTORY_TIMEOUT]
)
async def test_a_directory_that_cannot_be_reached_is_no_wrong_password(
    world: World, reason: Reason
) -> None:
    """Told as such with a time to come again; no counter moves (promise 11)."""
    world.connection.answer = Unreachable(reason, 7)
    for _ in range(15):
        told = refused(await world.sign_in(WRONG))
        assert (told.reason, told.facts) == (reason, {"retry_after": 7})
    assert await number_of(world, COUNTERS) == 0
    assert {r.reason for r in await world.records()} == {reason.value}
    world.connection.answer = None
    granted(await world.sign_in())


async def test_overload_is_told_politely_and_counts_nothing(world: World) -> None:
    """OVERLOADED with a time to come again, one record each (promise 12)."""
    world.connection.answer = Overloaded(3)
    for _ in range(15):
        told = refused(await world.sign_in(WRONG))
        assert (told.reason, told.facts) == (Reason.OVERLOADED, {"retry_after": 3})
    assert await number_of(world, COUNTERS) == 0
    records = await world.records()
    assert [r.reason for r in records] == ["overloaded"] * 15
    world.connection.answer = None
    granted(await world.sign_in())


@pytest.mark.parametrize("password", [RIGHT, WRONG])
async def test_nothing_is_answered_when_the_record_cannot_be_written(
    world: World, password: str
) -> None:
    """Neither a token nor a refusal, and nothing is kept (promises 10 and 13)."""
    world.database.writes = False
    with pytest.raises(StoreUnavailable):
        await world.sign_in(password, scope=OFFLINE)
    world.database.writes = True
    assert await number_of(world, SESSIONS) == 0
    assert await number_of(world, COUNTERS) == 0
    assert await world.records() == []


async def test_a_refusal_before_the_password_needs_its_record_too(world: World) -> None:
    """A locked door is no answer either when nobody can write it down."""
    await world.write(PutTenant(values.tenant(password_grant=False)))
    world.database.writes = False
    with pytest.raises(StoreUnavailable):
        await world.sign_in()
