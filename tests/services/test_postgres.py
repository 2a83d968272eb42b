"""The PostgreSQL that tests are given: real, empty for each test, gone afterwards.

How Ostiary uses PostgreSQL is tested in tests/contracts.
"""

import psycopg
import pytest

from tests.services.postgres import PostgresServer, postgres_server
from tests.services.provision import Missing


def shown(url: str, setting: str) -> object:
    """The value of one setting of the server."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT current_setting(%s)", [setting]).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_has_an_empty_database(postgresql_url: str, turn: int) -> None:
    """What one test leaves behind, the next one does not find."""
    with psycopg.connect(postgresql_url) as connection:
        found = connection.execute("SELECT to_regclass('left_behind')").fetchone()
        connection.execute("CREATE TABLE left_behind ()")
    assert found == (None,)


def test_database_is_made_from_a_template(postgresql_server: PostgresServer) -> None:
    """A database starts as a copy of the template it names."""
    template = postgresql_server.create_database()
    with psycopg.connect(postgresql_server.url(template)) as connection:
        connection.execute("CREATE TABLE here AS SELECT 7 AS seven")
    copy = postgresql_server.create_database(template)
    with psycopg.connect(postgresql_server.url(copy)) as connection:
        row = connection.execute("SELECT seven FROM here").fetchone()
    assert row == (7,)
    postgresql_server.drop_database(copy)
    postgresql_server.drop_database(template)


def test_only_the_durable_server_syncs(postgresql_url: str) -> None:
    """Tests run without syncing; `durable` leaves it as PostgreSQL ships it."""
    assert shown(postgresql_url, "fsync") == "off"
    with postgres_server(durable=True) as durable:
        assert shown(durable.url(), "fsync") == "on"
        assert shown(durable.url(), "synchronous_commit") == "on"
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(durable.url(), connect_timeout=2)


def test_missing_server_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without PostgreSQL the one line that a skipped test shows names the package."""
    monkeypatch.setattr("pathlib.Path.glob", lambda *_: iter(()))
    monkeypatch.setattr("shutil.which", lambda *_: None)
    with pytest.raises(Missing, match="apt-get install postgresql"), postgres_server():
        pytest.fail("nothing to start")
