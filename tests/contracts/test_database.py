"""What every database promises; the same tests run on SQLite and PostgreSQL.

What only one of them does is in `test_sqlite.py` and `test_postgres.py`.
"""

import asyncio
import sqlite3
import subprocess
from functools import partial

import psycopg
import pytest

from ostiary.flows.ports import StoreUnavailable
from ostiary.stores import open_database, scheme_of
from ostiary.stores.database import (
    ConstraintViolated,
    Database,
    Script,
)
from ostiary.stores.migrations import CONNECTORS
from ostiary.stores.statement import Statement
from tests.contracts import counters
from tests.contracts.counters import once, value_of

SECONDS = 20


class Interrupted(Exception):
    """Raised by a script on purpose."""


async def test_a_script_is_sent_its_rows_and_its_result_comes_back(
    store: Database,
) -> None:
    """Rows read inside a transaction include what it has just written."""

    def script() -> Script[tuple[int, str]]:
        nothing = yield counters.INCREMENT, {"name": "a"}
        assert nothing == []
        [row] = yield counters.READ, {"name": "a"}
        return row["value"], row["name"]

    assert await store.transact(script) == (1, "a")


async def test_a_script_may_do_nothing(store: Database) -> None:
    """A script that yields no statement is a transaction all the same."""

    def script() -> Script[str]:
        yield from ()
        return "nothing"

    assert await store.transact(script) == "nothing"


async def test_a_commit_is_visible_at_once_everywhere(
    store: Database, neighbour: Database
) -> None:
    """Every read that starts after `transact` returned sees what it wrote."""
    for expected in range(1, 20):
        await store.transact(once(counters.INCREMENT, name="a"))
        assert await value_of(neighbour, "a") == expected
        assert await value_of(store, "a") == expected


async def test_an_exception_undoes_the_whole_script(store: Database) -> None:
    """The script's own exception reaches the caller, and nothing was written."""

    def script() -> Script[None]:
        yield counters.INCREMENT, {"name": "a"}
        yield counters.ADD, {"name": "b", "value": 1}
        raise Interrupted

    with pytest.raises(Interrupted):
        await store.transact(script)
    assert await value_of(store, "a") == 0
    assert await value_of(store, "b") is None


async def test_a_violated_constraint_has_one_name_and_undoes_the_script(
    store: Database,
) -> None:
    """ConstraintViolated on both, without the values; earlier statements undone."""

    def script() -> Script[None]:
        yield counters.INCREMENT, {"name": "a"}
        yield counters.ADD, {"name": "a", "value": 12345}

    with pytest.raises(ConstraintViolated) as caught:
        await store.transact(script)
    assert "12345" not in str(caught.value)
    assert await value_of(store, "a") == 0


async def test_a_failing_script_fails_alone(store: Database) -> None:
    """Of thirty at once every third fails; the other twenty are kept, and only they."""

    def script(number: int) -> Script[int]:
        yield counters.ADD, {"name": f"n{number}", "value": number}
        if number % 3 == 0:
            raise Interrupted
        return number

    outcomes = await asyncio.gather(
        *(store.transact(partial(script, number)) for number in range(30)),
        return_exceptions=True,
    )
    for number, outcome in enumerate(outcomes):
        kept = await value_of(store, f"n{number}")
        if number % 3 == 0:
            assert isinstance(outcome, Interrupted)
            assert kept is None
        else:
            assert outcome == kept == number


async def test_parallel_increments_lose_nothing(
    store: Database, neighbour: Database
) -> None:
    """A hundred increments through two open databases make a hundred."""
    async with asyncio.timeout(SECONDS):
        await asyncio.gather(
            counters.increment(store, "a", 50), counters.increment(neighbour, "a", 50)
        )
    assert await value_of(store, "a") == 100


async def test_increments_of_two_processes_lose_nothing(
    store: Database, database_url: str
) -> None:
    """Another process writes at the same time; every increment of both counts."""
    with counters.other_process(database_url, "a", 100, "exit") as process:
        await asyncio.to_thread(_let_go, process)
        async with asyncio.timeout(SECONDS):
            await counters.increment(store, "a", 100)
        assert await asyncio.to_thread(process.wait, SECONDS) == 0
    assert await value_of(store, "a") == 200


async def test_a_commit_survives_the_death_of_its_process(
    store: Database, database_url: str
) -> None:
    """Killed with SIGKILL right after `transact` returned: all of it is there."""
    with counters.other_process(database_url, "a", 7, "kill") as process:
        await asyncio.to_thread(_let_go, process)
        assert await asyncio.to_thread(process.wait, SECONDS) == -9
    assert await value_of(store, "a") == 7
    await store.transact(once(counters.INCREMENT, name="a"))
    assert await value_of(store, "a") == 8


async def test_a_conditional_update_wins_once(
    store: Database, neighbour: Database
) -> None:
    """Twenty at once through two open databases: one gets the row, nineteen none."""
    answers = await asyncio.gather(
        *(
            database.transact(once(counters.TAKE, name="a"))
            for database in (store, neighbour) * 10
        )
    )
    assert sorted(len(rows) for rows in answers) == [0] * 19 + [1]


async def test_a_locked_read_orders_what_follows_it(
    store: Database, neighbour: Database
) -> None:
    """Read with `lock`, add one in Python, write: forty at once make forty."""

    def script() -> Script[None]:
        [row] = yield counters.READ_LOCKED, {"name": "a"}
        yield counters.WRITE, {"name": "a", "value": row["value"] + 1}

    databases = (store, neighbour) * 20
    await asyncio.gather(*(database.transact(script) for database in databases))
    assert await value_of(store, "a") == 40


async def test_scripts_that_block_each_other_all_succeed(store: Database) -> None:
    """Locking two rows in opposite order is resolved by running one script again."""
    await store.transact(once(counters.ADD, name="b", value=0))

    def script(first: str, second: str) -> Script[None]:
        yield counters.INCREMENT, {"name": first}
        yield counters.INCREMENT, {"name": second}

    async with asyncio.timeout(SECONDS):
        await asyncio.gather(
            store.transact(lambda: script("a", "b")),
            store.transact(lambda: script("b", "a")),
        )
    assert [await value_of(store, name) for name in "ab"] == [2, 2]


async def test_a_lock_waited_for_too_long_is_unavailable_and_readers_do_not_wait(
    store: Database, database_url: str
) -> None:
    """While a rival's transaction is open reads answer the committed state."""
    impatient = await _open_impatient(database_url)
    with CONNECTORS[scheme_of(database_url)](database_url) as rival:
        rival.execute({"sqlite": "BEGIN IMMEDIATE"}.get(store.dialect, "SELECT 1"))
        rival.execute("UPDATE counters SET value = 99 WHERE name = 'a'")
        async with asyncio.timeout(0.5):
            assert await value_of(store, "a") == 0
        async with asyncio.timeout(SECONDS):
            with pytest.raises(StoreUnavailable):
                await impatient.transact(once(counters.INCREMENT, name="a"))
        rival.rollback()
    assert await value_of(store, "a") == 0
    await impatient.transact(once(counters.INCREMENT, name="a"))
    assert await value_of(store, "a") == 1
    await impatient.close()


async def test_fetch_cannot_write(store: Database) -> None:
    """A change given to `fetch` by mistake fails on both and changes nothing."""
    with pytest.raises(StoreUnavailable):
        await store.fetch(counters.INCREMENT, name="a")
    assert await value_of(store, "a") == 0


async def test_a_closed_database_is_unavailable(database_url: str) -> None:
    """After `close`, which may be called twice, nothing is answered."""
    database = await open_database(database_url)
    await database.close()
    await database.close()
    with pytest.raises(StoreUnavailable):
        await database.fetch(Statement("SELECT 1 AS one"))
    with pytest.raises(StoreUnavailable):
        await database.transact(once(Statement("SELECT 1 AS one")))


async def test_what_was_accepted_before_closing_is_finished(
    store: Database, neighbour: Database
) -> None:
    """A transaction under way when `close` is called commits or says it did not."""
    tasks = [
        asyncio.ensure_future(neighbour.transact(once(counters.INCREMENT, name="a")))
        for _ in range(10)
    ]
    await asyncio.sleep(0)
    await neighbour.close()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    done = sum(not isinstance(outcome, StoreUnavailable) for outcome in outcomes)
    assert await value_of(store, "a") == done


async def test_a_caller_that_went_away_harms_nobody(store: Database) -> None:
    """Callers cancelled at any moment leave a database that works."""
    for delay in (0, 0.0005, 0.002):
        tasks = [
            asyncio.ensure_future(counters.increment(store, "a", 1)) for _ in range(8)
        ]
        await asyncio.sleep(delay)
        for task in tasks[::2]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    before = await value_of(store, "a")
    await store.transact(once(counters.INCREMENT, name="a"))
    assert before is not None
    assert await value_of(store, "a") == before + 1


async def test_a_wrong_statement_is_no_outage(store: Database) -> None:
    """A mistake in SQL is a bug: its own error, never 503; the database goes on."""
    wrong = Statement("SELECT one FROM nowhere")
    for attempt in (store.fetch(wrong), store.transact(once(wrong))):
        with pytest.raises(
            (sqlite3.OperationalError, psycopg.errors.UndefinedTable), match="nowhere"
        ):
            await attempt
    assert await value_of(store, "a") == 0


def _let_go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.stdin.write("go\n")
    process.stdin.flush()


async def _open_impatient(url: str) -> Database:
    """Open the database so that it waits for locks only shortly."""
    if scheme_of(url) == "sqlite":
        from ostiary.stores import sqlite, sqlite_path

        return await sqlite.open_sqlite(sqlite_path(url), patience=0.2)
    from ostiary.stores import postgres

    return await postgres.open_postgres(url, patience=0.2)
