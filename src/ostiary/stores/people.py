"""Users and their consents, as sign-in reads them; never cached.

Who writes users is `estate`; a better password hash is written by `tokens`.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from ostiary.core.model import Consent, User
from ostiary.flows.facts import Account
from ostiary.stores.consents import consents_of
from ostiary.stores.database import Database, Row
from ostiary.stores.statement import Statement

_COLUMNS: Final = "document, password_hash, password_changed_at, sessions_valid_from"

BY_NAME: Final = Statement(
    f"SELECT {_COLUMNS} FROM users WHERE tenant_id = :tenant_id "  # noqa: S608
    "AND connection = :connection AND name_folded = :name"
)
BY_ID: Final = Statement(
    f"SELECT {_COLUMNS} FROM users WHERE id = :id AND tenant_id = :tenant_id"  # noqa: S608
)
ELSEWHERE: Final = Statement(
    "SELECT 1 AS found FROM users WHERE name_folded = :name "
    "AND tenant_id <> :tenant_id LIMIT 1"
)
CONSENTS: Final = Statement(
    "SELECT client_id, user_id, resource, scope FROM consents "
    "WHERE tenant_id = :tenant_id AND client_id = :client_id "
    "AND user_id IN ('', :user_id)"
)


class UserStore:
    """Port `People` over the store."""

    def __init__(self, database: Database) -> None:
        """Read from `database`."""
        self._database = database

    async def find_by_username(
        self, tenant_id: str, connection: str, name: str
    ) -> Account | None:
        """The user of that connection with that folded user name."""
        if not _storable(name):
            return None
        rows = await self._database.fetch(
            BY_NAME, tenant_id=tenant_id, connection=connection, name=name
        )
        return _account(rows[0]) if rows else None

    async def find_elsewhere(self, tenant_id: str, name: str) -> bool:
        """Whether another tenant has a user of that folded user name."""
        if not _storable(name):
            return False
        return bool(
            await self._database.fetch(ELSEWHERE, tenant_id=tenant_id, name=name)
        )

    async def find(self, tenant_id: str, user_id: str) -> Account | None:
        """The user of that id in the tenant."""
        rows = await self._database.fetch(BY_ID, tenant_id=tenant_id, id=user_id)
        return _account(rows[0]) if rows else None

    async def consents(
        self, tenant_id: str, client_id: str, user_id: str
    ) -> Sequence[Consent]:
        """What this user, and administrators for everybody, allowed the client."""
        rows = await self._database.fetch(
            CONSENTS, tenant_id=tenant_id, client_id=client_id, user_id=user_id
        )
        return consents_of(rows)


def _account(row: Row) -> Account:
    return Account(
        user=msgspec.json.decode(row["document"], type=User),
        password_hash=row["password_hash"],
        password_changed_at=row["password_changed_at"],
        sessions_valid_from=row["sessions_valid_from"],
    )


def _storable(name: str) -> bool:
    """No stored name holds what a database cannot keep, so none can match it."""
    return "\0" not in name and not any("\ud800" <= char <= "\udfff" for char in name)
