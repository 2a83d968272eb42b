"""Brings a database to the schema that this version of the code works with.

The steps are in `versions/`; no repository and no statement of the product lives here.
Alembic and SQLAlchemy are imported only when there is something to do.
"""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Final

from ostiary.stores import scheme_of, sqlite_path
from ostiary.stores.database import Database
from ostiary.stores.statement import Statement

HEAD: Final = "0003"
"""The newest step in `versions/`: four digits, so that newer ones sort behind it."""

# Migrations of other processes are waited for; they may have much to move.
PATIENCE_SECONDS: Final = 60.0

_HAS_VERSION: Final = {
    "sqlite": "SELECT name FROM sqlite_master WHERE name = 'alembic_version'",
    "postgresql": "SELECT relname FROM pg_class"
    " WHERE oid = to_regclass('alembic_version')",
}
_VERSION: Final = "SELECT version_num FROM alembic_version"


class SchemaTooNew(Exception):
    """The database was migrated by a newer Ostiary than this one."""


async def schema_version(database: Database) -> str | None:
    """Return the database's last migration step, None for an empty database."""
    if not await database.fetch(Statement(_HAS_VERSION[database.dialect])):
        return None
    rows = await database.fetch(Statement(_VERSION))
    return str(rows[0]["version_num"]) if rows else None


def migrate(url: str) -> None:
    """Bring the database that `url` names to `HEAD`; do nothing when it is there.

    Safe when several processes start at once: one migrates, in one transaction, the
    others wait for it. Raises SchemaTooNew, StoreUnavailable when the database
    cannot be reached or locked, and ValueError for a database in memory, which
    would be gone at once: `sqlite.open_memory` copies a migrated file.
    """
    scheme = scheme_of(url)
    with CONNECTORS[scheme](url) as connection:
        version = _version(scheme, connection)
        check_version(version)
        if version != HEAD:
            from ostiary.stores.migrations.upgrade import upgrade

            upgrade(scheme, connection)


def check_version(version: str | None) -> None:
    """Raise SchemaTooNew for a step that this code does not know."""
    if version is not None and version > HEAD:
        raise SchemaTooNew(
            f"the database is at schema {version}, this Ostiary knows up to {HEAD}:"
            " run the newer version, or restore a backup made by this one"
        )


def _version(scheme: str, connection: Any) -> str | None:
    if connection.execute(_HAS_VERSION[scheme]).fetchone() is None:
        return None
    row = connection.execute(_VERSION).fetchone()
    return None if row is None else str(row[0])


@contextlib.contextmanager
def _sqlite(url: str) -> Iterator[Any]:
    from ostiary.stores import sqlite, sqlite_writer

    path = sqlite_path(url)
    if path == sqlite.MEMORY:
        raise ValueError("a database in memory cannot be migrated by its URL")
    try:
        with contextlib.closing(sqlite.connect(path, PATIENCE_SECONDS)) as connection:
            yield connection
    except sqlite.Error as error:
        raise sqlite_writer.told(error) from error


@contextlib.contextmanager
def _postgres(url: str) -> Iterator[Any]:
    from ostiary.stores import postgres

    try:
        with contextlib.closing(postgres.connect(url, PATIENCE_SECONDS)) as connection:
            yield connection
    except postgres.Error as error:
        raise postgres.told(error) from error


CONNECTORS: Final[dict[str, Callable[[str], AbstractContextManager[Any]]]] = {
    "sqlite": _sqlite,
    "postgresql": _postgres,
}
"""How migrations connect: plainly, in this thread, with the driver's own errors told
as the contract names them."""
