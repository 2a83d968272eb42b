"""What only the PostgreSQL driver does: healing, retries, the URL.

What both databases promise is in `test_database.py`.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from ostiary.flows.ports import StoreUnavailable
from ostiary.stores.database import Script
from ostiary.stores.postgres import PostgresDatabase, conninfo, open_postgres
from ostiary.stores.statement import Statement
from tests.contracts import counters
from tests.contracts.counters import once, value_of

KILL_ALL = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE pid <> pg_backend_pid() AND datname = current_database()"
)
OWN_BACKEND = Statement("SELECT pg_backend_pid() AS pid")
KILL_SELF = Statement("SELECT pg_terminate_backend(pg_backend_pid())")
# PostgreSQL manual, appendix A: serialization_failure.
CONFLICT = Statement("DO $$ BEGIN RAISE EXCEPTION SQLSTATE '40001'; END $$")
UNREACHABLE = "postgresql://somebody:open-sesame@127.0.0.1:1/nothing"


@pytest.fixture
async def store(postgresql_url: str) -> AsyncIterator[PostgresDatabase]:
    """A database with one counter, `a`, at 0."""
    database = await open_postgres(postgresql_url, patience=1.0)
    await database.transact(once(counters.TABLE))
    await database.transact(once(counters.ADD, name="a", value=0))
    yield database
    await database.close()


async def test_a_server_that_dropped_everybody_is_not_noticed(
    store: PostgresDatabase, postgresql_url: str
) -> None:
    """All connections cut: the next reads and transactions succeed all the same."""
    for _ in range(3):
        await asyncio.gather(*(value_of(store, "a") for _ in range(32)))
        with psycopg.connect(postgresql_url, autocommit=True) as rival:
            rival.execute(KILL_ALL)
        assert await value_of(store, "a") == 0
    with psycopg.connect(postgresql_url, autocommit=True) as rival:
        rival.execute(KILL_ALL)
    await counters.increment(store, "a", 32)
    assert await value_of(store, "a") == 32


async def test_a_connection_that_dies_each_time_is_unavailable(
    store: PostgresDatabase,
) -> None:
    """Cut inside the transaction, twice: StoreUnavailable, and nothing was written."""
    runs = 0

    def script() -> Script[None]:
        nonlocal runs
        runs += 1
        yield counters.INCREMENT, {"name": "a"}
        yield KILL_SELF, {}

    with pytest.raises(StoreUnavailable):
        await store.transact(script)
    assert runs == 2
    assert await value_of(store, "a") == 0


async def test_a_commit_of_unknown_outcome_is_unavailable_and_runs_once(
    store: PostgresDatabase, postgresql_url: str
) -> None:
    """Cut between the last statement and COMMIT's answer: never run a second time."""
    runs = 0

    def script() -> Script[None]:
        nonlocal runs
        runs += 1
        yield counters.INCREMENT, {"name": "a"}
        with psycopg.connect(postgresql_url, autocommit=True) as rival:
            rival.execute(KILL_ALL)

    with pytest.raises(StoreUnavailable, match="unknown"):
        await store.transact(script)
    assert runs == 1
    assert await value_of(store, "a") == 0


async def test_a_server_that_stands_still_is_unavailable_in_bounded_time(
    store: PostgresDatabase,
) -> None:
    """A stopped server answers nobody; callers hear so, and all heals when it wakes."""
    [backend] = await store.fetch(OWN_BACKEND)
    stopped = _stop_server(_parent_of(backend["pid"]))
    try:
        async with asyncio.timeout(4):
            outcomes = await asyncio.gather(
                value_of(store, "a"),
                store.transact(once(counters.INCREMENT, name="a")),
                return_exceptions=True,
            )
        assert [type(outcome) for outcome in outcomes] == [StoreUnavailable] * 2
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    assert await value_of(store, "a") == 0


async def test_conflicts_without_end_are_unavailable(store: PostgresDatabase) -> None:
    """A script is run again after a conflict, but not for ever."""
    runs = 0

    def script() -> Script[None]:
        nonlocal runs
        runs += 1
        yield CONFLICT, {}

    with pytest.raises(StoreUnavailable, match="conflicts"):
        await store.transact(script)
    assert runs == 5


async def test_a_statement_that_takes_too_long_is_unavailable(
    store: PostgresDatabase,
) -> None:
    """The server itself gives up after the caller's patience."""
    async with asyncio.timeout(3):
        with pytest.raises(StoreUnavailable, match="statement timeout"):
            await store.fetch(Statement("SELECT pg_sleep(10)"))


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    """Opening succeeds, so that a start survives it; asking does not."""
    database = await open_postgres(UNREACHABLE, patience=0.3)
    async with asyncio.timeout(10):
        with pytest.raises(StoreUnavailable) as caught:
            await database.fetch(Statement("SELECT 1"))
        await database.close()
    assert "open-sesame" not in str(caught.value)


async def test_more_callers_than_connections_all_get_their_turn(
    store: PostgresDatabase,
) -> None:
    """Two hundred at once share the pool; none is lost."""
    await counters.increment(store, "a", 200)
    assert await value_of(store, "a") == 200


def test_what_the_url_says_wins() -> None:
    """Our defaults stand under the URL's own parameters, and its options behind."""
    told = conninfo_to_dict(
        conninfo(
            "postgresql://u@h/db?connect_timeout=9&options=-c%20work_mem%3D8MB", 5.0
        )
    )
    assert str(told["connect_timeout"]) == "9"
    assert told["application_name"] == "ostiary"
    assert str(told["options"]).startswith("-c default_transaction_read_only=on")
    assert str(told["options"]).endswith("-c work_mem=8MB")


def test_a_url_that_cannot_be_read_is_not_repeated() -> None:
    """The error tells no password."""
    with pytest.raises(ValueError, match="libpq cannot read") as caught:
        conninfo("postgresql://u:open-sesame@h/db?nonsense=1", 5.0)
    assert "open-sesame" not in str(caught.value)


def _stop_server(postmaster: int) -> list[int]:
    """Stop the process that makes all others, then these: a backend that is only
    starting stands in no view of the server's yet.
    """
    os.kill(postmaster, signal.SIGSTOP)
    while _state_and_parent(postmaster)[0] != "T":
        pass
    processes = Path("/proc").glob("[0-9]*")
    children = [int(p.name) for p in processes if _parent_of(int(p.name)) == postmaster]
    for pid in children:
        os.kill(pid, signal.SIGSTOP)
    return [*children, postmaster]


def _parent_of(pid: int) -> int:
    """The process that made `pid`, 0 when `pid` is gone."""
    return int(_state_and_parent(pid)[1])


def _state_and_parent(pid: int) -> tuple[str, str]:
    """What proc(5) tells of a process in the fields after its name."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return "X", "0"
    state, parent, *_ = told.rpartition(")")[2].split()
    return state, parent
