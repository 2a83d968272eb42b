"""A table of counters and scripts on it, for the contract tests.

Run as a program, it is another process on the same database. No test lives here.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import TypeAlias

from ostiary.stores import open_database
from ostiary.stores.database import Database, Row, Script
from ostiary.stores.statement import Statement

TABLE = Statement(
    "CREATE TABLE counters (name TEXT PRIMARY KEY, value BIGINT NOT NULL)"
)
ADD = Statement("INSERT INTO counters (name, value) VALUES (:name, :value)")
INCREMENT = Statement("UPDATE counters SET value = value + 1 WHERE name = :name")
WRITE = Statement("UPDATE counters SET value = :value WHERE name = :name")
READ = Statement("SELECT name, value FROM counters WHERE name = :name")
READ_LOCKED = Statement("SELECT value FROM counters WHERE name = :name", lock=True)
TAKE = Statement(
    "UPDATE counters SET value = 1 WHERE name = :name AND value = 0 RETURNING name"
)

Once: TypeAlias = Callable[[], Script[list[Row]]]


def once(statement: Statement, **parameters: object) -> Once:
    """A script of one statement, whose rows are the result."""

    def script() -> Script[list[Row]]:
        return (yield statement, parameters)

    return script


async def value_of(database: Database, name: str) -> int | None:
    """What the counter stands at, None when there is no such counter."""
    rows = await database.fetch(READ, name=name)
    return rows[0]["value"] if rows else None


async def increment(database: Database, name: str, times: int) -> None:
    """Increment a counter `times` times, all at once."""
    tasks = (database.transact(once(INCREMENT, name=name)) for _ in range(times))
    await asyncio.gather(*tasks)


def other_process(url: str, name: str, times: int, end: str) -> subprocess.Popen[str]:
    """Start a process that increments and then ends: by `exit` or by `kill`.

    It says `ready` and waits for a line before it starts.
    """
    return subprocess.Popen(
        [sys.executable, __file__, url, name, str(times), end],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


async def main(url: str, name: str, times: str, end: str) -> None:
    """Be the other process."""
    database = await open_database(url)
    await value_of(database, name)
    print("ready", flush=True)
    sys.stdin.readline()
    await increment(database, name, int(times))
    if end == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
