"""What only the SQLite driver does: group commit, files, memory.

What both databases promise is in `test_database.py`.
"""

import asyncio
import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ostiary.flows.ports import StoreUnavailable
from ostiary.stores.database import Script
from ostiary.stores.sqlite import SqliteDatabase, open_memory, open_sqlite
from ostiary.stores.statement import Statement
from tests.contracts import counters
from tests.contracts.counters import once, value_of


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    """A file with one counter, `a`, at 0."""
    database = await open_sqlite(tmp_path / "store.db")
    await database.transact(once(counters.TABLE))
    await database.transact(once(counters.ADD, name="a", value=0))
    yield database
    await database.close()


async def test_the_files_are_their_owners_alone(
    store: SqliteDatabase, tmp_path: Path
) -> None:
    """Database, log and index have mode 0600, whatever the umask says."""
    modes = {
        entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in os.scandir(tmp_path)
    }
    assert modes == {
        "store.db": 0o600,
        "store.db-wal": 0o600,
        "store.db-shm": 0o600,
    }


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)],
)
async def test_the_writer_keeps_what_it_was_told(
    store: SqliteDatabase, pragma: str, value: object
) -> None:
    """Write-ahead log, full synchronous (2: sqlite.org/pragma.html), foreign keys."""
    [row] = await store.transact(once(Statement(f"PRAGMA {pragma}")))
    assert row[pragma] == value


async def test_a_failed_commit_fails_the_whole_group(store: SqliteDatabase) -> None:
    """Whatever stops COMMIT, nobody in it is told that it happened."""
    await store.transact(
        once(
            Statement(
                "CREATE TABLE orphans (name TEXT"
                " REFERENCES counters (name) DEFERRABLE INITIALLY DEFERRED)"
            )
        )
    )
    orphan = Statement("INSERT INTO orphans (name) VALUES ('nobody')")
    outcomes = await _in_one_group(
        store, [once(counters.INCREMENT, name="a")] * 5 + [once(orphan)]
    )
    assert [type(outcome) for outcome in outcomes] == [StoreUnavailable] * 6
    assert await value_of(store, "a") == 0
    await store.transact(once(counters.INCREMENT, name="a"))
    assert await value_of(store, "a") == 1


async def test_a_full_disk_stops_writing_but_not_reading(
    store: SqliteDatabase,
) -> None:
    """No group that met the full disk is called a success; room again, it goes on."""
    [row] = await store.transact(once(Statement("PRAGMA page_count")))
    limit = Statement(f"PRAGMA max_page_count = {row['page_count']}")
    await store.transact(once(limit))
    big = once(counters.ADD, name="x" * 100_000, value=1)
    outcomes = await _in_one_group(store, [once(counters.INCREMENT, name="a"), big] * 3)
    lost = [isinstance(outcome, StoreUnavailable) for outcome in outcomes]
    assert lost[1::2] == [True] * 3
    assert await value_of(store, "a") == lost[::2].count(False)
    await store.transact(once(Statement("PRAGMA max_page_count = 1000000")))
    await store.transact(big)
    assert await value_of(store, "x" * 100_000) == 1


async def test_a_transaction_ended_from_below_is_no_success(
    store: SqliteDatabase,
) -> None:
    """SQLite may roll back everything by itself: then the whole group failed."""
    rollback = once(Statement("INSERT OR ROLLBACK INTO counters VALUES ('a', 1)"))
    increment = once(counters.INCREMENT, name="a")
    outcomes = await _in_one_group(store, [increment, rollback, increment])
    assert [type(outcome) for outcome in outcomes] == [StoreUnavailable] * 3
    assert await value_of(store, "a") == 0


async def test_a_file_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    """No folder, or a folder in its place: StoreUnavailable."""
    for path in (tmp_path / "missing" / "store.db", tmp_path):
        with pytest.raises(StoreUnavailable):
            await open_sqlite(path)


async def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    """Anything else under the name of the database is left as it is."""
    path = tmp_path / "store.db"
    path.write_text("these are my notes, not a database" * 100)
    with pytest.raises(StoreUnavailable):
        await open_sqlite(path)
    assert path.read_text().startswith("these are my notes")


async def test_memory_is_one_database_for_reader_and_writer(
    tmp_path: Path, store: SqliteDatabase
) -> None:
    """A copy in memory starts with the file's rows, and never touches the file."""
    memory = await open_memory(tmp_path / "store.db")
    await counters.increment(memory, "a", 10)
    assert await value_of(memory, "a") == 10
    assert await value_of(store, "a") == 0
    await memory.close()


async def test_memory_shows_no_half_transaction(
    tmp_path: Path, store: SqliteDatabase
) -> None:
    """A read between two writes of one script sees none or both."""
    memory = await open_memory(tmp_path / "store.db")

    def script() -> Script[None]:
        yield counters.INCREMENT, {"name": "a"}
        yield counters.INCREMENT, {"name": "a"}

    tasks = [asyncio.ensure_future(memory.transact(script)) for _ in range(50)]
    while not all(task.done() for task in tasks):
        value = await value_of(memory, "a")
        assert value is not None
        assert value % 2 == 0
        await asyncio.sleep(0)
    assert await value_of(memory, "a") == 100
    await memory.close()


async def _in_one_group(
    store: SqliteDatabase, scripts: list[counters.Once]
) -> list[object]:
    """Run scripts in one group: they gather while the writer is held up."""
    gathered = asyncio.Event()
    loop = asyncio.get_running_loop()

    def hold() -> Script[None]:
        asyncio.run_coroutine_threadsafe(gathered.wait(), loop).result(10)
        yield from ()

    held = asyncio.ensure_future(store.transact(hold))
    await asyncio.sleep(0.01)  # the writer has taken it, alone
    waiting = asyncio.gather(
        *(store.transact(script) for script in scripts), return_exceptions=True
    )
    await asyncio.sleep(0)
    gathered.set()
    await held
    return list(await waiting)
