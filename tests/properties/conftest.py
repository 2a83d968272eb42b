"""A store of either kind for properties that must hold on both.

No test lives here; examples of one test share a store and clear what they touch.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ostiary.stores import open_database
from ostiary.stores.database import Database
from ostiary.stores.migrations import migrate


@dataclass
class Nodes:
    """One store opened twice, and the loop that both belong to."""

    runner: asyncio.Runner
    here: Database
    there: Database


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file at the newest schema, to be copied into memory."""
    path = tmp_path_factory.mktemp("migrated") / "template.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def nodes(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Nodes]:
    """Two nodes on a store of each kind."""
    url = f"sqlite:///{tmp_path / 'store.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql_url")
    migrate(url)
    with asyncio.Runner() as runner:
        here = runner.run(open_database(url))
        there = runner.run(open_database(url))
        yield Nodes(runner, here, there)
        runner.run(here.close())
        runner.run(there.close())
