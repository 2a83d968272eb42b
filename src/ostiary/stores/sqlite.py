"""The SQLite driver: reads on the event loop, a thread that writes.

No table and no statement of the product lives here.
"""

import asyncio
import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from sqlite3 import Error as Error  # what `connect` raises
from typing import Any, Final, TypeVar

from ostiary.flows.ports import StoreUnavailable
from ostiary.stores.database import Row, Script, check_values
from ostiary.stores.sqlite_writer import Job, Writer, told
from ostiary.stores.statement import Statement

T = TypeVar("T")

MEMORY: Final = Path(":memory:")
# Reads wait only while a neighbour repairs the log after a crash; the loop waits too.
READ_WAIT_SECONDS: Final = 1.0
STATEMENTS_KEPT: Final = 512


def connect(path: Path, wait_seconds: float) -> sqlite3.Connection:
    """Connect without implicit transactions; a new file is its owner's alone (0600).

    Raises StoreUnavailable when the file cannot be made, sqlite3.Error when it cannot
    be opened.
    """
    if path != MEMORY and not path.exists():
        _create_private(path)
    connection = sqlite3.connect(
        path,
        timeout=wait_seconds,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=STATEMENTS_KEPT,
    )
    connection.row_factory = sqlite3.Row
    return connection


async def open_sqlite(path: Path, *, patience: float = 5.0) -> "SqliteDatabase":
    """Open the file at `path`, made when missing, or `:memory:`.

    A transaction waits up to `patience` seconds for other processes' transactions.
    Raises StoreUnavailable when the file cannot be opened.
    """
    loop = asyncio.get_running_loop()
    try:
        writer = connect(path, patience)
        _prepare(writer)
        if path == MEMORY:
            return SqliteDatabase(loop, writer, writer, threading.Lock(), patience)
        reader = connect(path, READ_WAIT_SECONDS)
        reader.execute("PRAGMA query_only = ON")
    except sqlite3.Error as error:
        raise StoreUnavailable(f"cannot open the database file: {error}") from error
    # Reader and writer are two connections, and WAL keeps them out of each other's way.
    alone = contextlib.nullcontext()
    return SqliteDatabase(loop, reader, writer, alone, patience)


async def open_memory(template: Path) -> "SqliteDatabase":
    """Open a copy in memory of the database file `template`: made for tests."""
    database = await open_sqlite(MEMORY)
    with contextlib.closing(sqlite3.connect(template)) as source:
        database.load(source)
    return database


class SqliteDatabase:
    """One file. A database in memory exists in one connection only, hence the lock."""

    dialect = "sqlite"

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        reader: sqlite3.Connection,
        writer: sqlite3.Connection,
        lock: AbstractContextManager[Any],
        patience: float,
    ) -> None:
        """Take over the connections; `open_sqlite` prepares them."""
        self._loop = loop
        self._reader = reader
        self._lock = lock
        self._patience = patience
        self._closed = False
        self._writer = Writer(loop, writer, lock)

    async def fetch(self, statement: Statement, /, **parameters: object) -> list[Row]:
        """See `Database.fetch`. All rows are read at once: no snapshot stays open."""
        self._check_open()
        check_values(parameters)
        try:
            with self._lock:
                return self._reader.execute(statement.sqlite, parameters).fetchall()
        except sqlite3.Error as error:
            raise told(error) from error

    async def transact(self, make_script: Callable[[], Script[T]]) -> T:
        """See `Database.transact`; the script runs in the writer's thread."""
        self._check_open()
        future: asyncio.Future[T] = self._loop.create_future()
        deadline = time.monotonic() + self._patience
        self._writer.queue.put(Job(make_script, future, deadline))
        return await future

    async def close(self) -> None:
        """See `Database.close`."""
        if self._closed:
            return
        self._closed = True
        self._writer.queue.put(None)
        await asyncio.to_thread(self._writer.thread.join)
        self._reader.close()

    def load(self, source: sqlite3.Connection) -> None:
        """Replace everything by what `source` holds."""
        with self._lock:
            source.backup(self._reader)

    def _check_open(self) -> None:
        if self._closed:
            raise StoreUnavailable("the database is closed")


def _create_private(path: Path) -> None:
    """Make an empty file for its owner alone; log and index inherit its mode."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # or the new name could be lost with the power
        finally:
            os.close(folder)
    except OSError as error:
        raise StoreUnavailable(f"cannot make the database file: {error}") from error


def _prepare(writer: sqlite3.Connection) -> None:
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute("PRAGMA synchronous = FULL")
    writer.execute("PRAGMA foreign_keys = ON")
    writer.execute("PRAGMA busy_timeout = 0")  # from here on the writer waits
