"""Looking many people up at once, and what belongs to them beside their row.

Scripts run inside the one transaction of `estate.StoredEstate.write`.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from ostiary.core.model import User
from ostiary.flows.manage.changes import PutFactor
from ostiary.flows.manage.ports import ConflictError
from ostiary.stores.database import Database, Script
from ostiary.stores.statement import Statement

BATCH: Final = 100
"""Names and ids for which the store is asked at a time."""


def _marks(letter: str) -> str:
    return ", ".join(f":{letter}{number}" for number in range(BATCH))


_SELECT: Final = "SELECT id, document FROM users WHERE tenant_id = :tenant_id"
_BY_NAMES: Final = Statement(
    " UNION ALL ".join(
        f"{_SELECT} AND connection = :connection AND {column} IN ({_marks('n')})"
        for column in ("name_folded", "login_folded", "email_folded")
    )
)
_BY_IDS: Final = Statement(
    f"{_SELECT} AND connection IN "  # noqa: S608 - constants only
    "(SELECT name FROM connections WHERE tenant_id = :tenant_id) "
    f"AND external_id IN ({_marks('e')})"
)
_LAST_CHANGE: Final = Statement(
    "SELECT updated_at FROM users WHERE id = :id AND tenant_id = :tenant_id", lock=True
)
_PUT_FACTOR: Final = Statement(
    """
    INSERT INTO authenticators (id, tenant_id, user_id, kind, channel, name, secret,
                                active, created_at)
    VALUES (:id, :tenant_id, :user_id, :kind, :channel, :name, :secret, :active,
            :created_at)
    """
)


def check_unchanged(user: User, based_on: float) -> Script[None]:
    """The user is there and last changed then. Raises ConflictError."""
    rows = yield _LAST_CHANGE, {"id": user.id, "tenant_id": user.tenant_id}
    if not rows or rows[0]["updated_at"] != based_on:
        raise ConflictError(f"{user.username} was changed or removed meanwhile")


async def find_people(
    database: Database,
    tenant_id: str,
    connection: str,
    names: Sequence[str],
    external_ids: Sequence[str],
) -> Sequence[User]:
    """What the port `Estate` says of it."""
    documents: dict[str, str] = {}
    where = {"tenant_id": tenant_id}
    for asked in _filled("n", names):
        rows = await database.fetch(_BY_NAMES, **where, connection=connection, **asked)
        documents.update((row["id"], row["document"]) for row in rows)
    for asked in _filled("e", external_ids):
        rows = await database.fetch(_BY_IDS, **where, **asked)
        documents.update((row["id"], row["document"]) for row in rows)
    return [msgspec.json.decode(each, type=User) for each in documents.values()]


def _filled(letter: str, values: Sequence[str]) -> Iterator[dict[str, object]]:
    """The values as parameters, a batch at a time; what is missing equals nothing."""
    for start in range(0, len(values), BATCH):
        part = [*values[start : start + BATCH]]
        yield {
            f"{letter}{number}": part[number] if number < len(part) else None
            for number in range(BATCH)
        }


def put_factor(put: PutFactor) -> Script[None]:
    """Write a second factor."""
    factor = put.factor
    yield (
        _PUT_FACTOR,
        {
            "id": factor.id,
            "tenant_id": put.tenant_id,
            "user_id": put.user_id,
            "kind": factor.kind.value,
            "channel": factor.channel,
            "name": factor.name,
            "secret": factor.secret,
            "active": int(factor.state),
            "created_at": factor.created_at,
        },
    )
