"""For which mode a store was made: a development store never serves production.

Written once, by the first process that opens a new store.
"""

from typing import Final

from ostiary.stores.database import Database, Script
from ostiary.stores.statement import Statement

_READ: Final = Statement("SELECT made_for FROM store_origin WHERE id = 1")
_WRITE: Final = Statement(
    "INSERT INTO store_origin (id, made_for) VALUES (1, :mode) "
    "ON CONFLICT (id) DO NOTHING"
)


class MisplacedStore(Exception):
    """The store was made for another mode than the one it is opened in."""


async def check_origin(database: Database, mode: str) -> None:
    """Remember what a new store is for; refuse a development store in production.

    Its keys and secrets lay about on a developer's machine (security promise 15).
    """

    def script() -> Script[None]:
        yield _WRITE, {"mode": mode}

    rows = await database.fetch(_READ)
    if not rows:
        await database.transact(script)
        rows = await database.fetch(_READ)
    if mode == "production" and rows[0]["made_for"] != "production":
        raise MisplacedStore(
            "the store was made in development mode; production needs a new one"
        )
