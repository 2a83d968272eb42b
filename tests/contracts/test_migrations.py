"""What `migrate` promises; the same tests run on SQLite and PostgreSQL.

What the tables are is in `versions/`.
"""

import stat
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from ostiary.flows.ports import StoreUnavailable
from ostiary.stores import migrations, open_database
from ostiary.stores.migrations import HEAD, SchemaTooNew, migrate, schema_version
from ostiary.stores.statement import Statement
from tests.contracts.counters import once

STAMP = Statement("SELECT id, version FROM settings_stamp")
MIGRATE = """
import sys
from ostiary.stores.migrations import migrate
print("ready", flush=True)
sys.stdin.readline()
migrate(sys.argv[1])
print(sorted({"alembic", "sqlalchemy"} & set(sys.modules)))
"""


async def test_an_empty_database_comes_to_the_newest_schema(empty_url: str) -> None:
    """Without a version before, with the newest after, and usable."""
    database = await open_database(empty_url)
    assert await schema_version(database) is None
    migrate(empty_url)
    assert await schema_version(database) == HEAD
    [row] = await database.fetch(STAMP)
    assert (row["id"], row["version"]) == (1, 0)
    await database.close()


def test_processes_that_start_at_once_migrate_once(empty_url: str) -> None:
    """Four at the same time all end well; a fifth, later, never imports alembic."""
    processes = [_migrating(empty_url) for _ in range(4)]
    outputs = _let_go(processes)
    assert [process.returncode for process in processes] == [0] * 4
    assert "['alembic', 'sqlalchemy']\n" in outputs
    assert _let_go([_migrating(empty_url)]) == ["[]\n"]


async def test_a_newer_database_stops_with_a_clear_error(database_url: str) -> None:
    """Both versions are named, and the database is left as it is."""
    database = await open_database(database_url)
    newer = Statement("UPDATE alembic_version SET version_num = '9999'")
    await database.transact(once(newer))
    with pytest.raises(SchemaTooNew, match=f"9999.*{HEAD}"):
        migrate(database_url)
    assert await schema_version(database) == "9999"
    await database.close()


async def test_a_failing_step_leaves_nothing_behind(empty_url: str) -> None:
    """A table in the way: the migration fails as a whole."""
    database = await open_database(empty_url)
    await database.transact(once(Statement("CREATE TABLE settings_stamp (x TEXT)")))
    with pytest.raises(Exception, match="settings_stamp"):
        migrate(empty_url)
    assert await schema_version(database) is None
    assert await database.fetch(Statement("SELECT x FROM settings_stamp")) == []
    await database.close()


def test_head_is_the_newest_step() -> None:
    """`HEAD` is written down so that nobody need import alembic to know it."""
    assert migrations.__file__ is not None
    script = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert script.get_heads() == [HEAD]
    steps = [step.revision for step in script.walk_revisions()]
    assert steps == sorted(steps, reverse=True)


def test_a_migrated_file_is_its_owners_alone(tmp_path: Path) -> None:
    """Whoever makes the file first, migration or server, its mode is 0600."""
    migrate(f"sqlite:///{tmp_path / 'store.db'}")
    assert stat.S_IMODE((tmp_path / "store.db").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "url", ["sqlite:////nowhere/at/all.db", "postgresql://x:secret@127.0.0.1:1/x"]
)
def test_a_database_out_of_reach_is_unavailable(url: str) -> None:
    """The caller hears one exception whichever database it is."""
    with pytest.raises(StoreUnavailable) as caught:
        migrate(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["mysql://u:secret@h/db", "", "sqlite:", "sqlite:///", "sqlite:///:memory:"],
)
def test_a_url_that_means_no_database_is_a_value_error(url: str) -> None:
    """The message never repeats the URL, which may hold a password."""
    with pytest.raises(ValueError, match=r"database|SQLite") as caught:
        migrate(url)
    assert "secret" not in str(caught.value)


def _migrating(url: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", MIGRATE, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _let_go(processes: list[subprocess.Popen[str]]) -> list[str]:
    """Start them together, as nearly as can be; return what each printed."""
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return [process.communicate(timeout=60)[0] for process in processes]
