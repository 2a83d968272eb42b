"""A store remembers what it was made for, on SQLite and PostgreSQL.

Security promise 15; interface §2, `mode`.
"""

import asyncio

import pytest

from ostiary.stores.database import Database
from ostiary.stores.origin import MisplacedStore, check_origin
from ostiary.stores.statement import Statement

MADE_FOR = Statement("SELECT made_for FROM store_origin")


async def test_a_development_store_never_serves_production(database: Database) -> None:
    """Refused each time, and the store stays what it was."""
    await check_origin(database, "development")
    for _ in range(2):
        with pytest.raises(MisplacedStore, match="production needs a new one"):
            await check_origin(database, "production")
    await check_origin(database, "development")


async def test_a_production_store_may_be_looked_at_in_development(
    database: Database,
) -> None:
    """It stays a production store."""
    for mode in ("production", "development", "production"):
        await check_origin(database, mode)
    [row] = await database.fetch(MADE_FOR)
    assert row["made_for"] == "production"


async def test_the_first_of_many_processes_decides(
    database: Database, neighbour: Database
) -> None:
    """Several start at once on an empty store: one origin, told to all of them."""
    modes = ["development", "production"] * 5
    opened = await asyncio.gather(
        *(
            check_origin((database, neighbour)[number // 5], mode)
            for number, mode in enumerate(modes)
        ),
        return_exceptions=True,
    )
    [row] = await database.fetch(MADE_FOR)
    for mode, outcome in zip(modes, opened, strict=True):
        misplaced = mode == "production" and row["made_for"] == "development"
        assert isinstance(outcome, MisplacedStore) is misplaced
        assert misplaced or outcome is None
