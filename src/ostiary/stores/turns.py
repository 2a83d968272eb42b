"""Turns at an account: one question to its directory at a time, on every node.

Within a process by locks, between processes by leases in the store.
"""

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from ostiary.core.errors import Reason, Refused
from ostiary.stores.database import Database, Script
from ostiary.stores.statement import Statement

T = TypeVar("T")

PATIENCE: Final = 6.0
"""Seconds that one waits for a turn."""
LEASE: Final = 15.0
"""Seconds after which the turn of a process that died is over."""
PAUSE: Final = 0.02
"""Seconds between two looks at a lease that somebody holds."""

_TAKE: Final = Statement(
    """
    INSERT INTO turns (account, holder, until) VALUES (:account, :holder, :until)
    ON CONFLICT (account) DO UPDATE SET holder = :holder, until = :until
    WHERE turns.until < :now
    RETURNING holder
    """
)
_GIVE_BACK: Final = Statement(
    "DELETE FROM turns WHERE account = :account AND holder = :holder"
)


@dataclass(slots=True)
class _Line:
    """Who waits for a turn at one account in this process."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0


class StoredTurns:
    """Port `Turns`; `alone`: no other process serves this store, so that no lease
    is needed.
    """

    def __init__(self, database: Database, *, alone: bool = False) -> None:
        """Keep leases in `database`."""
        self._database = database
        self._alone = alone
        self._lines: dict[str, _Line] = {}
        self._asked: dict[tuple[str, str], asyncio.Task[Any]] = {}

    async def share(
        self, account: str, question: str, work: Callable[[], Awaitable[T]]
    ) -> T:
        """Do `work` in turn; who asks the same meanwhile gets its answer.

        It is done to its end even when who asked first has gone. Raises what `work`
        raises, and Refused(DIRECTORY_TIMEOUT).
        """
        key = account, question
        task: asyncio.Task[T] | None = self._asked.get(key)
        if task is None:
            task = asyncio.create_task(self._in_turn(account, work))
            self._asked[key] = task
            task.add_done_callback(lambda done: self._forget(key, done))
        return await asyncio.shield(task)

    def _forget(self, key: tuple[str, str], done: "asyncio.Task[Any]") -> None:
        del self._asked[key]
        if not done.cancelled():
            done.exception()  # it was raised to whoever still waited

    async def _in_turn(self, account: str, work: Callable[[], Awaitable[T]]) -> T:
        async with self._first(account), self._lease(account):
            return await work()

    @contextlib.asynccontextmanager
    async def _first(self, account: str) -> AsyncIterator[None]:
        line = self._lines.setdefault(account, _Line())
        line.waiting += 1
        try:
            try:
                async with asyncio.timeout(PATIENCE):
                    await line.lock.acquire()
            except TimeoutError:
                raise Refused(Reason.DIRECTORY_TIMEOUT, retry_after=5) from None
            try:
                yield
            finally:
                line.lock.release()
        finally:
            line.waiting -= 1
            if not line.waiting:
                del self._lines[account]

    @contextlib.asynccontextmanager
    async def _lease(self, account: str) -> AsyncIterator[None]:
        if self._alone:
            yield
            return
        holder = uuid.uuid4().hex
        late = time.monotonic() + PATIENCE
        while not await self._take(account, holder):
            if time.monotonic() > late:
                raise Refused(Reason.DIRECTORY_TIMEOUT, retry_after=5)
            await asyncio.sleep(PAUSE)
        try:
            yield
        finally:
            await self._give_back(account, holder)

    async def _take(self, account: str, holder: str) -> bool:
        now = time.time()

        def script() -> Script[bool]:
            where = {"account": account, "holder": holder}
            return bool((yield _TAKE, {**where, "now": now, "until": now + LEASE}))

        return await self._database.transact(script)

    async def _give_back(self, account: str, holder: str) -> None:
        def script() -> Script[None]:
            yield _GIVE_BACK, {"account": account, "holder": holder}

        await self._database.transact(script)
