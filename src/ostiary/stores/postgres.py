"""The PostgreSQL driver: psycopg 3 over a small pool that heals itself.

No table and no statement of the product lives here.
"""

import asyncio
import os
import random
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing, suppress
from typing import Any, Final, TypeVar

import psycopg
from psycopg import Error as Error  # what `connect` raises
from psycopg.adapt import Buffer, Dumper
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.errors import (
    DeadlockDetected,
    IntegrityError,
    ReadOnlySqlTransaction,
    SerializationFailure,
)
from psycopg.postgres import types
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

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

POOL_SIZE: Final = 16
# How often a script is run when others' transactions keep getting in its way.
ATTEMPTS: Final = 5
# A client that finds no connection starts the next attempt, so giving up is no loss.
RECONNECT_SECONDS: Final = 1.0
# Those who wait start no attempt: longer than this would delay healing.
POOL_WAIT_SECONDS: Final = 2.0
STATEMENTS_KEPT: Final = 500

# What a URL may override. A server that vanished is noticed, never waited for.
_DEFAULTS: Final[Mapping[str, str | int]] = {
    "application_name": "ostiary",
    "connect_timeout": 2,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 5000,
}

# A read-only transaction means that a standby took over, or a write given to `fetch`.
_OUTAGES: Final = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    ReadOnlySqlTransaction,
)


class Connection(psycopg.AsyncConnection[DictRow]):
    """A connection that is cut when a call on it is cancelled or took too long."""

    async def cancel_safe(self, *, timeout: float = 0.0) -> None:  # noqa: ASYNC109 psycopg's
        """Cut the line. Asking a server that stands still would take 10 s more."""
        with socket.socket(fileno=os.dup(self.fileno())) as line:
            line.shutdown(socket.SHUT_RDWR)


async def open_postgres(url: str, *, patience: float = 5.0) -> "PostgresDatabase":
    """Open a pool on `url`; connections are made when first needed.

    A statement, waiting for locks included, may take `patience` seconds. Raises
    ValueError for a URL that libpq cannot read.
    """
    pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
        conninfo(url, patience),
        connection_class=Connection,
        kwargs={
            "autocommit": True,
            "row_factory": dict_row,
            "prepare_threshold": 1,
        },
        configure=_configure,
        min_size=1,
        max_size=POOL_SIZE,
        timeout=min(patience, POOL_WAIT_SECONDS),
        reconnect_timeout=RECONNECT_SECONDS,
        open=False,
    )
    await pool.open()
    return PostgresDatabase(pool, patience)


def connect(url: str, patience: float) -> psycopg.Connection[tuple[Any, ...]]:
    """Connect plainly, for migrations: transactions begin by themselves, and write.

    Raises psycopg.Error, and ValueError for a URL that libpq cannot read.
    """
    connection = psycopg.connect(conninfo(url, patience))
    connection.read_only = False
    return connection


def conninfo(url: str, patience: float) -> str:
    """Return libpq's connection string: `url` with our defaults under its own.

    Sessions are read-only unless a transaction says otherwise, so that a write given
    to `fetch` fails here as it does on SQLite.
    """
    try:
        given = conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        # libpq's message may quote the password.
        raise ValueError("libpq cannot read the database URL") from error
    milliseconds = int(patience * 1000)
    options = (
        "-c default_transaction_read_only=on"
        f" -c statement_timeout={milliseconds}"
        f" -c idle_in_transaction_session_timeout={2 * milliseconds}"
    )
    own = given.pop("options", None)
    parameters = {**_DEFAULTS, **given, "options": f"{options} {own or ''}".rstrip()}
    return make_conninfo("", **parameters)


class PostgresDatabase:
    """One database of a server; any number of processes may share it."""

    dialect = "postgresql"

    def __init__(self, pool: AsyncConnectionPool[Connection], patience: float) -> None:
        """Take over an open pool."""
        self._pool = pool
        # Also bounds what no server time-out can: a server that stands still.
        self._limit = patience + 1.0

    async def fetch(self, statement: Statement, /, **parameters: object) -> list[Row]:
        """See `Database.fetch`; one statement, its own transaction."""
        check_values(parameters)

        async def read(connection: Connection) -> list[Row]:
            return await _rows(connection, statement, parameters)

        return await self._bounded(read)

    async def transact(self, make_script: Callable[[], Script[T]]) -> T:
        """See `Database.transact`; READ COMMITTED, run again after a conflict."""

        async def run(connection: Connection) -> T:
            return await _transaction(connection, make_script())

        for attempt in range(ATTEMPTS):
            try:
                return await self._bounded(run)
            except (SerializationFailure, DeadlockDetected):
                await asyncio.sleep(random.random() * 0.01 * 2**attempt)  # noqa: S311 no secret
        raise StoreUnavailable(f"{ATTEMPTS} conflicts with other transactions")

    async def close(self) -> None:
        """See `Database.close`."""
        await self._pool.close()

    async def _bounded(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Lend a connection in bounded time; errors come out as the contract's."""
        limit = asyncio.timeout(self._limit)
        try:
            async with limit:
                return await self._lend(work)
        except (SerializationFailure, DeadlockDetected):
            raise
        except psycopg.Error as error:
            raise told(error) from error
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise StoreUnavailable("the database did not answer in time") from error

    async def _lend(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Do `work` on a connection, once more if that one turns out to be dead.

        That is safe: `work` is a read or a transaction that was not yet committed,
        since a connection lost during COMMIT is StoreUnavailable already.
        """
        connection = await self._pool.getconn()
        try:
            return await work(connection)
        except psycopg.OperationalError:
            if not connection.closed:
                raise
        finally:
            await self._pool.putconn(connection)
        await self._pool.check()  # its idle neighbours have most likely died with it
        async with self._pool.connection() as connection:
            return await work(connection)


async def _transaction(connection: Connection, script: Script[T]) -> T:
    try:
        await connection.execute("BEGIN READ WRITE")
        result = await _play(connection, script)
    except Exception:
        with suppress(psycopg.Error):
            await connection.rollback()
        raise
    except BaseException:  # cancelled: nothing bounds a rollback any more
        await connection.close()
        raise
    await _commit(connection)
    return result


async def _play(connection: Connection, script: Script[T]) -> T:
    with closing(script):
        try:
            statement, parameters = next(script)
            while True:
                check_values(parameters)
                rows = await _rows(connection, statement, parameters)
                statement, parameters = script.send(rows)
        except StopIteration as end:
            result: T = end.value
            return result


async def _commit(connection: Connection) -> None:
    try:
        await connection.commit()
    except (IntegrityError, SerializationFailure, DeadlockDetected):
        raise  # the server has said that it rolled back
    except psycopg.Error as error:
        raise StoreUnavailable(f"the commit's outcome is unknown: {error}") from error


async def _rows(
    connection: Connection, statement: Statement, parameters: Mapping[str, object]
) -> list[Row]:
    text = statement.postgres.encode()  # not only literals: some name a table
    cursor = await connection.execute(text, parameters)
    if cursor.description is None:  # a statement without an answer
        return []
    return list[Row](await cursor.fetchall())


def told(error: psycopg.Error) -> Exception:
    """Return the error as the contract names it; a wrong statement stays itself."""
    if isinstance(error, IntegrityError):
        return ConstraintViolated(error.diag.message_primary)
    if isinstance(error, psycopg.DataError):
        return ValueRefused(f"SQLSTATE {error.sqlstate}")  # its text quotes the value
    if isinstance(error, _OUTAGES):
        return StoreUnavailable(str(error))
    return error


class _TruthDumper(Dumper):
    """Keeps truth as the integers 0 and 1, as SQLite does."""

    oid = types["int4"].oid

    def dump(self, obj: Any) -> Buffer:
        return b"1" if obj else b"0"


async def _configure(connection: Connection) -> None:
    connection.prepared_max = STATEMENTS_KEPT
    connection.adapters.register_dumper(bool, _TruthDumper)
