"""A store that is watched: its loss and its return are each told once, in the log.

What is asked of it and what is answered pass through untouched.
"""

import logging
from collections.abc import Callable
from typing import TypeVar

from ostiary.flows.ports import StoreUnavailable
from ostiary.stores.database import Database, Row, Script
from ostiary.stores.statement import Statement

T = TypeVar("T")

logger = logging.getLogger(__name__)


class WatchedDatabase:
    """See `Database`, which this is by way of another one."""

    def __init__(self, database: Database) -> None:
        """Watch `database`."""
        self._database = database
        self._lost = False

    @property
    def dialect(self) -> str:
        """See `Database.dialect`."""
        return self._database.dialect

    async def fetch(self, statement: Statement, /, **parameters: object) -> list[Row]:
        """See `Database.fetch`."""
        try:
            rows = await self._database.fetch(statement, **parameters)
        except StoreUnavailable as error:
            self._lose(error)
            raise
        if self._lost:
            self._regain()
        return rows

    async def transact(self, make_script: Callable[[], Script[T]]) -> T:
        """See `Database.transact`."""
        try:
            result = await self._database.transact(make_script)
        except StoreUnavailable as error:
            self._lose(error)
            raise
        if self._lost:
            self._regain()
        return result

    async def close(self) -> None:
        """See `Database.close`."""
        await self._database.close()

    def _lose(self, error: StoreUnavailable) -> None:
        if not self._lost:
            self._lost = True
            # The drivers' texts name hosts and files, never passwords or values.
            logger.error("the store does not answer: %s", " ".join(str(error).split()))

    def _regain(self) -> None:
        self._lost = False
        logger.warning("the store answers again")
