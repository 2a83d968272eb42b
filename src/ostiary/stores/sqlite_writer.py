"""The thread that writes to SQLite: all waiting transactions share one commit.

No connection is opened here, and nothing is read for anybody else.
"""

import asyncio
import contextlib
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from ostiary.flows.ports import StoreUnavailable
from ostiary.stores.database import (
    ConstraintViolated,
    Row,
    Script,
    ValueRefused,
    check_values,
)
from ostiary.stores.statement import Statement

T = TypeVar("T")

GROUP_SIZE: Final = 64
# SQLite's own waiting backs off to 100 ms, and a busy neighbour would win each time.
BEGIN_POLL_SECONDS: Final = 0.001

# Primary result codes (sqlite.org/rescode.html) that are no fault of the statement.
_OUTAGES: Final = frozenset(
    {
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    }
)


@dataclass(slots=True, eq=False)
class Job:
    """A transaction that waits for the writer, then its outcome."""

    make_script: Callable[[], Script[Any]]
    future: asyncio.Future[Any]
    deadline: float
    result: Any = None
    error: Exception | None = None

    def settle(self) -> None:
        """Tell the caller, on its own event loop."""
        if self.future.done():  # the caller has gone away
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


class Writer:
    """The only thread that writes: all transactions waiting share one commit."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        connection: sqlite3.Connection,
        lock: AbstractContextManager[Any],
    ) -> None:
        self.queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._loop = loop
        self._connection = connection
        self._lock = lock
        self.thread = threading.Thread(
            target=self._work, name="sqlite-writer", daemon=True
        )
        self.thread.start()

    def _work(self) -> None:
        while jobs := self._waiting():
            with self._lock:
                self._commit(jobs)
            with contextlib.suppress(RuntimeError):  # the loop was closed under us
                self._loop.call_soon_threadsafe(_settle, jobs)
        self._connection.close()

    def _waiting(self) -> list[Job]:
        """Wait for a job and take what has gathered; nothing once closed."""
        jobs: list[Job] = []
        while len(jobs) < GROUP_SIZE and not (jobs and self.queue.empty()):
            job = self.queue.get()
            if job is None:
                if jobs:
                    self.queue.put(None)
                break
            jobs.append(job)
        return jobs

    def _commit(self, jobs: list[Job]) -> None:
        """Run all jobs in one transaction: what is not durable did not happen."""
        try:
            self._begin(jobs[-1].deadline)
            if not self._all_at_once(jobs):
                self._begin(jobs[-1].deadline)
                for job in jobs:
                    self._attempt(job)
            self._connection.execute("COMMIT")
        except Exception as error:
            with contextlib.suppress(sqlite3.Error):
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
            for job in jobs:
                job.error = StoreUnavailable(f"nothing was committed: {error}")
                job.error.__cause__ = error

    def _begin(self, deadline: float) -> None:
        while True:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if _code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
            time.sleep(BEGIN_POLL_SECONDS)

    def _all_at_once(self, jobs: list[Job]) -> bool:
        """Run jobs without savepoints, the usual case; if one fails, undo them all."""
        try:
            for job in jobs:
                job.result = self._play(job.make_script())
        except Exception:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            return False
        return True

    def _attempt(self, job: Job) -> None:
        """Run one job under a savepoint, so that failing undoes it alone."""
        self._connection.execute("SAVEPOINT job")
        try:
            job.result = self._play(job.make_script())
        except Exception as error:
            # A full disk or an I/O error ends the whole transaction, silently
            # (sqlite.org/lang_transaction.html, 3.1): then this raises, too.
            self._connection.execute("ROLLBACK TO job")
            job.error = told(error) if isinstance(error, sqlite3.Error) else error
        self._connection.execute("RELEASE job")

    def _play(self, script: Script[T]) -> T:
        with contextlib.closing(script):
            try:
                statement, parameters = next(script)
                while True:
                    rows = self._rows(statement, parameters)
                    statement, parameters = script.send(rows)
            except StopIteration as end:
                result: T = end.value
                return result

    def _rows(
        self, statement: Statement, parameters: Mapping[str, object]
    ) -> list[Row]:
        check_values(parameters)
        return self._connection.execute(statement.sqlite, parameters).fetchall()


def _settle(jobs: list[Job]) -> None:
    for job in jobs:
        job.settle()


def _code(error: sqlite3.Error) -> int:
    """Return the primary result code; 0 when the error is Python's own."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def told(error: sqlite3.Error) -> Exception:
    """Return the error as the contract names it; a wrong statement stays itself."""
    if isinstance(error, sqlite3.IntegrityError):
        return ConstraintViolated(str(error))
    if _code(error) == sqlite3.SQLITE_TOOBIG:
        return ValueRefused(str(error))
    if _code(error) in _OUTAGES:
        return StoreUnavailable(str(error))
    return error
