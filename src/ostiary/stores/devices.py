"""Keys of devices, and the sessions filed under devices: port `Devices`.

A session itself is ended by `tokens`; what a key proves is judged elsewhere.
"""

from collections.abc import Sequence
from typing import Final

from ostiary.core.devices import DeviceKey, DeviceSession
from ostiary.flows.facts import AuditEvent
from ostiary.stores import audit
from ostiary.stores.database import Database, Row, Script
from ostiary.stores.statement import Statement

_KEY: Final = (
    "SELECT id, tenant_id, user_id, client_id, device_name, device_id, public_key, "
    "fingerprint, created_at FROM device_keys WHERE tenant_id = :tenant_id "
)
_OF_USER: Final = "AND user_id = :user_id "
BY_FINGERPRINT: Final = Statement(
    _KEY + _OF_USER + "AND fingerprint = :fingerprint ORDER BY created_at, id"
)
BY_USER: Final = Statement(_KEY + _OF_USER + "ORDER BY created_at, id")
BY_ID: Final = Statement(_KEY + "AND id = :id")
_SESSION: Final = (
    "SELECT id, user_id, client_id, family, device FROM sessions "
    "WHERE tenant_id = :tenant_id AND revoked_at IS NULL AND expires_at > :now "
)
SESSIONS: Final = Statement(_SESSION + _OF_USER + "ORDER BY started_at, id")
SESSION: Final = Statement(_SESSION + "AND id = :id")
_DROP_SAME: Final = Statement(
    "DELETE FROM device_keys WHERE tenant_id = :tenant_id AND user_id = :user_id "
    "AND client_id = :client_id AND public_key = :public_key"
)
_INSERT: Final = Statement(
    """
    INSERT INTO device_keys (id, tenant_id, user_id, client_id, device_name, device_id,
                             public_key, fingerprint, created_at)
    VALUES (:id, :tenant_id, :user_id, :client_id, :device_name, :device_id,
            :public_key, :fingerprint, :created_at)
    """
)
_DROP_OLDEST: Final = Statement(
    """
    DELETE FROM device_keys WHERE tenant_id = :tenant_id AND user_id = :user_id
    AND id NOT IN (SELECT id FROM device_keys WHERE tenant_id = :tenant_id
                   AND user_id = :user_id ORDER BY created_at DESC, id DESC LIMIT :most)
    """
)
_DROP: Final = Statement(
    "DELETE FROM device_keys WHERE tenant_id = :tenant_id AND id = :id"
)


class DeviceStore:
    """Port `Devices` over the store."""

    def __init__(self, database: Database) -> None:
        """Keep devices in `database`."""
        self._database = database

    async def keys_by_fingerprint(
        self, tenant_id: str, user_id: str, fingerprint: str
    ) -> Sequence[DeviceKey]:
        """The keys of that user that this fingerprint finds."""
        where = {"tenant_id": tenant_id, "user_id": user_id}
        rows = await self._database.fetch(
            BY_FINGERPRINT, **where, fingerprint=fingerprint
        )
        return [_key(row) for row in rows]

    async def keys(self, tenant_id: str, user_id: str) -> Sequence[DeviceKey]:
        """All keys of a user, oldest first."""
        rows = await self._database.fetch(BY_USER, tenant_id=tenant_id, user_id=user_id)
        return [_key(row) for row in rows]

    async def find_key(self, tenant_id: str, id: str) -> DeviceKey | None:
        """The key of that id."""
        rows = await self._database.fetch(BY_ID, tenant_id=tenant_id, id=id)
        return _key(rows[0]) if rows else None

    async def sessions(
        self, tenant_id: str, user_id: str, now: float
    ) -> Sequence[DeviceSession]:
        """The user's living refresh tokens, one for each session, oldest first."""
        rows = await self._database.fetch(
            SESSIONS, tenant_id=tenant_id, user_id=user_id, now=now
        )
        return [_session(row) for row in rows]

    async def find_session(
        self, tenant_id: str, id: str, now: float
    ) -> DeviceSession | None:
        """The living session of that id."""
        rows = await self._database.fetch(SESSION, tenant_id=tenant_id, id=id, now=now)
        return _session(rows[0]) if rows else None

    async def add(self, key: DeviceKey, most: int, event: AuditEvent) -> None:
        """Keep a key in place of the same one at that client, if it is there already.

        Of more than `most` keys of the user the oldest go.
        """
        whose = {"tenant_id": key.tenant_id, "user_id": key.user_id}
        what = {**whose, "client_id": key.client_id, "public_key": key.public_key}

        def script() -> Script[None]:
            yield _DROP_SAME, what
            yield (
                _INSERT,
                {
                    **what,
                    "id": key.id,
                    "device_name": key.device_name,
                    "device_id": key.device_id,
                    "fingerprint": key.fingerprint,
                    "created_at": key.created_at,
                },
            )
            yield _DROP_OLDEST, {**whose, "most": most}
            yield audit.INSERT, audit.row_of(event)

        await self._database.transact(script)

    async def remove(self, keys: Sequence[DeviceKey], event: AuditEvent) -> None:
        """Forget keys: they prove nothing from now on."""

        def script() -> Script[None]:
            for key in keys:
                yield _DROP, {"tenant_id": key.tenant_id, "id": key.id}
            yield audit.INSERT, audit.row_of(event)

        await self._database.transact(script)


def _key(row: Row) -> DeviceKey:
    return DeviceKey(
        id=row["id"],
        tenant_id=row["tenant_id"],
        user_id=row["user_id"],
        client_id=row["client_id"],
        device_name=row["device_name"],
        device_id=row["device_id"],
        public_key=row["public_key"],
        fingerprint=row["fingerprint"],
        created_at=row["created_at"],
    )


def _session(row: Row) -> DeviceSession:
    return DeviceSession(
        id=row["id"],
        user_id=row["user_id"],
        client_id=row["client_id"],
        device_name=row["device"],
        family=row["family"],
    )
