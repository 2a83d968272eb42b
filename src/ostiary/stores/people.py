"""Users and their consents, as sign-in reads them; never cached.

Who writes users is `estate`, and `provisioning` at a sign-in; a better password hash is
written by `tokens`.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import msgspec

from ostiary.core.model import Consent, User
from ostiary.flows.facts import Account, Profile
from ostiary.stores.consents import consents_of
from ostiary.stores.database import ConstraintViolated, Database, Row, is_storable
from ostiary.stores.provisioning import Arrival, provision
from ostiary.stores.statement import Statement

_COLUMNS: Final = (
    "document, password_hash, password_changed_at, sessions_valid_from, "
    "created_at, updated_at, (mfa_secret <> '' OR EXISTS (SELECT 1 "
    "FROM authenticators WHERE authenticators.tenant_id = users.tenant_id "
    "AND authenticators.user_id = users.id AND authenticators.active = 1 "
    "AND authenticators.kind <> 'recovery-code')) AS enrolled "
)
"""Whether somebody enrolled a second factor is looked at anew each time."""
_WHERE: Final = "FROM users WHERE tenant_id = :tenant_id "
_SELECT: Final = f"SELECT {_COLUMNS} {_WHERE}"
_IN_CONNECTION: Final = _SELECT + "AND connection = :connection "

BY_NAME: Final = Statement(_IN_CONNECTION + "AND name_folded = :name")
BY_ANY_NAME: Final = Statement(
    " UNION ALL ".join(
        f"SELECT {_COLUMNS}, {best} AS best {_WHERE} "
        f"AND connection = :connection AND {column} = :name"
        for best, column in enumerate(("name_folded", "login_folded", "email_folded"))
    )
    + " ORDER BY best LIMIT 4"
)
"""All kinds of names in one go: the time must not tell whether one was found."""
_BY_EMAIL: Final = 2
_BY_EXTERNAL_ID: Final = Statement(_IN_CONNECTION + "AND external_id = :external_id")
BY_ID: Final = Statement(_SELECT + "AND id = :id")
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
        return await self._named(BY_NAME, tenant_id, connection, name)

    async def find_by_any_name(
        self, tenant_id: str, connection: str, name: str
    ) -> Account | None:
        """The same, by user name, short name, or mail address if only one has it."""
        if not is_storable(name):
            return None
        rows = await self._database.fetch(
            BY_ANY_NAME, tenant_id=tenant_id, connection=connection, name=name
        )
        if not rows or (rows[0]["best"] == _BY_EMAIL and len(rows) > 1):
            return None
        return _account(rows[0])

    async def _named(
        self, statement: Statement, tenant_id: str, connection: str, name: str
    ) -> Account | None:
        if not is_storable(name):
            return None
        rows = await self._database.fetch(
            statement, tenant_id=tenant_id, connection=connection, name=name
        )
        return _account(rows[0]) if len(rows) == 1 else None

    async def find_by_external_id(
        self, tenant_id: str, connection: str, external_id: str
    ) -> Account | None:
        """The user of that connection whom other wires know by that id."""
        if not is_storable(external_id):
            return None
        where = {"tenant_id": tenant_id, "connection": connection}
        rows = await self._database.fetch(
            _BY_EXTERNAL_ID, **where, external_id=external_id
        )
        return _account(rows[0]) if rows else None

    async def provision(
        self,
        tenant_id: str,
        connection: str,
        profile: Profile,
        names: Sequence[str],
        now: float,
    ) -> Account:
        """Keep what a connection tells of a person, and make them an account."""
        arrival = Arrival(tenant_id, connection, profile, tuple(names), now)
        try:
            user_id = await self._database.transact(lambda: provision(arrival))
        except ConstraintViolated:  # the name was given to another in this moment
            user_id = await self._database.transact(lambda: provision(arrival))
        account = await self.find(tenant_id, user_id)
        assert account is not None  # noqa: S101 - the transaction has just written it
        return account

    async def find_elsewhere(self, tenant_id: str, name: str) -> bool:
        """Whether another tenant has a user of that folded user name."""
        if not is_storable(name):
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
    user = msgspec.json.decode(row["document"], type=User)
    return Account(
        user=replace(user, mfa_enrolled=bool(row["enrolled"])),
        password_hash=row["password_hash"],
        password_changed_at=row["password_changed_at"],
        sessions_valid_from=row["sessions_valid_from"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
