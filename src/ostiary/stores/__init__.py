"""Which storage a database URL means; each driver is imported only when it is used.

No SQL and no table lives here.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

from ostiary.stores.database import Database


async def open_sqlite(url: str) -> Database:
    """Open `sqlite:///relative`, `sqlite:////absolute` or `sqlite:///:memory:`.

    What follows the third slash is the path as it is, without percent escapes.
    """
    from ostiary.stores import sqlite

    return await sqlite.open_sqlite(sqlite_path(url))


async def open_postgres(url: str) -> Database:
    """Open `postgresql://…`, in every form that libpq understands."""
    from ostiary.stores import postgres

    return await postgres.open_postgres(url)


SCHEMES: dict[str, Callable[[str], Awaitable[Database]]] = {
    "sqlite": open_sqlite,
    "postgresql": open_postgres,
}


async def open_database(url: str) -> Database:
    """Open the store that `url` names, on the running event loop.

    Raises ValueError for a URL of no known scheme, StoreUnavailable when an SQLite
    file cannot be opened. PostgreSQL is connected to when it is first asked.
    """
    return await SCHEMES[scheme_of(url)](url)


def scheme_of(url: str) -> str:
    """Return the key of `SCHEMES` for `url`; raise ValueError when there is none.

    The message never repeats the URL: it may hold a password.
    """
    scheme = urlsplit(url).scheme
    if scheme not in SCHEMES:
        known = ", ".join(f"{name}://" for name in SCHEMES)
        raise ValueError(f"a database URL starts with one of: {known}")
    return scheme


def sqlite_path(url: str) -> Path:
    """Return the file that a `sqlite:///` URL names; raise ValueError without one."""
    prefix = "sqlite:///"
    if not url.startswith(prefix) or url == prefix:
        raise ValueError("an SQLite URL is sqlite:/// followed by the path of a file")
    return Path(url.removeprefix(prefix))
