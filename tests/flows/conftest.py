"""A furnished world in memory for each flow test.

No test lives here; what the world is made of is in `world`.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ostiary.stores.migrations import migrate
from ostiary.stores.sqlite import open_memory
from tests.flows.world import World


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file at the newest schema, to be copied into memory."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
async def world(template: Path) -> AsyncIterator[World]:
    """One tenant, its clients and Alice."""
    database = await open_memory(template)
    made = World(database)
    await made.furnish()
    yield made
    await database.close()
