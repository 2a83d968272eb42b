"""One database for every contract test, on SQLite and on PostgreSQL.

No test lives here; the PostgreSQL server comes from the fixture `postgresql_url`.
"""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ostiary.stores import open_database
from ostiary.stores.database import Database
from ostiary.stores.migrations import migrate
from tests.contracts import counters
from tests.contracts.counters import once


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file at the newest schema; copy it, never write to it."""
    path = tmp_path_factory.mktemp("migrated") / "template.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    url: str = request.getfixturevalue("postgresql_url")
    return url


@pytest.fixture
def database_url(empty_url: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database at the newest schema."""
    if empty_url.startswith("sqlite:"):
        template: Path = request.getfixturevalue("migrated_file")
        shutil.copyfile(template, tmp_path / "store.db")
    else:
        migrate(empty_url)
    return empty_url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open database at the newest schema."""
    database = await open_database(database_url)
    yield database
    await database.close()


@pytest.fixture
async def store(database: Database) -> Database:
    """A database with one counter, `a`, at 0."""
    await database.transact(once(counters.TABLE))
    await database.transact(once(counters.ADD, name="a", value=0))
    return database


@pytest.fixture
async def neighbour(store: Database, database_url: str) -> AsyncIterator[Database]:
    """The same database, opened a second time."""
    database = await open_database(database_url)
    yield database
    await database.close()
