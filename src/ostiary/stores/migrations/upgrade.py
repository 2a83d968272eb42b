"""Runs alembic inside the package: no file of settings, no current folder needed.

Only `migrate` imports this module, and with it SQLAlchemy and alembic.
"""

from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, NullPool, create_engine
from sqlalchemy.exc import DBAPIError

# Any number that nobody else locks in the same database: "ostiary" in ASCII.
_ADVISORY_LOCK: Final = int.from_bytes(b"ostiary", "big")

# Taken first, held to the end of the one transaction in which everything happens.
_LOCKS: Final = {
    "sqlite": "BEGIN IMMEDIATE",
    "postgresql": f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})",
}
_DIALECTS: Final = {"sqlite": "sqlite://", "postgresql": "postgresql+psycopg://"}


def upgrade(scheme: str, connection: Any) -> None:
    """Bring the database behind a driver's own `connection` to the newest step.

    Another process may have done so while this one waited for the lock; alembic
    reads the version again. Raises the driver's own errors.
    """
    engine = create_engine(
        _DIALECTS[scheme], creator=lambda: connection, poolclass=NullPool
    )
    try:
        with engine.begin() as migrating:
            migrating.exec_driver_sql(_LOCKS[scheme])
            command.upgrade(_config(migrating), "head")
    except DBAPIError as error:
        if error.orig is None:
            raise
        raise error.orig from error


def _config(connection: Connection) -> Config:
    config = Config(attributes={"connection": connection})
    folder = str(Path(__file__).parent)
    config.set_main_option("script_location", folder.replace("%", "%%"))
    return config
