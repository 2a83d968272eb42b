"""Counters of wrong passwords: decided in one transaction, right on every node.

What the numbers mean is arithmetic in `core.passwords`.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ostiary.core.errors import Reason
from ostiary.core.limits import is_loopback, network_of
from ostiary.core.model import Tenant
from ostiary.core.passwords import (
    Failures,
    after_failure,
    is_locked,
    is_source_blocked,
    place_of,
)
from ostiary.core.request import Trace
from ostiary.flows.facts import AuditEvent, GuessKeys, GuessState
from ostiary.stores import audit, limits
from ostiary.stores.database import Database, Row, Script
from ostiary.stores.statement import Statement

_DAY: Final = 86400

STATE: Final = Statement(
    """
    SELECT places.seen_at, source_failures.count AS today, failures.place,
           failures.count, failures.recent, failures.last_at, failures.locks,
           failures.locked_until
    FROM (SELECT 1 AS one) AS guess
    LEFT JOIN places ON places.tenant_id = :tenant_id
         AND places.account = :account AND places.source = :source
    LEFT JOIN source_failures ON source_failures.tenant_id = :tenant_id
         AND source_failures.source = :source AND source_failures.day = :day
    LEFT JOIN failures ON failures.tenant_id = :tenant_id
         AND failures.account = :account
    """
)
PLACE: Final = Statement(
    "SELECT seen_at FROM places WHERE tenant_id = :tenant_id "
    "AND account = :account AND source = :source"
)
_ENSURE: Final = Statement(
    """
    INSERT INTO failures (tenant_id, account, place, count, recent, last_at, locks,
                          locked_until)
    VALUES (:tenant_id, :account, :place, 0, '', 0, 0, 0)
    ON CONFLICT (tenant_id, account, place) DO NOTHING
    """
)
_LOCK: Final = Statement(
    "SELECT count, recent, last_at, locks, locked_until FROM failures "
    "WHERE tenant_id = :tenant_id AND account = :account AND place = :place",
    lock=True,
)
_COUNT: Final = Statement(
    """
    UPDATE failures SET count = :count, recent = :recent, last_at = :last_at,
                        locks = :locks, locked_until = :locked_until
    WHERE tenant_id = :tenant_id AND account = :account AND place = :place
    """
)
_COUNT_SOURCE: Final = Statement(
    """
    INSERT INTO source_failures (tenant_id, source, day, count)
    VALUES (:tenant_id, :source, :day, 1)
    ON CONFLICT (tenant_id, source, day)
    DO UPDATE SET count = source_failures.count + 1
    RETURNING count
    """
)
_FORGET: Final = Statement(
    "DELETE FROM failures WHERE tenant_id = :tenant_id AND account = :account"
)
_LOCKS: Final = Statement(
    "SELECT locked_until FROM failures "
    "WHERE tenant_id = :tenant_id AND account = :account"
)
_TODAY: Final = Statement(
    "SELECT count FROM source_failures "
    "WHERE tenant_id = :tenant_id AND source = :source AND day = :day"
)
_FORGIVE: Final = Statement(
    "DELETE FROM source_failures WHERE tenant_id = :tenant_id AND source = :source"
)
RESET: Final = Statement(
    """
    UPDATE failures SET count = 0, recent = '', locked_until = 0
    WHERE tenant_id = :tenant_id AND account = :account AND place = :place
    """
)
CARRY: Final = Statement(
    """
    INSERT INTO failures (tenant_id, account, place, count, recent, last_at, locks,
                          locked_until)
    SELECT tenant_id, account, 'known', 0, '', last_at, locks, 0 FROM failures
    WHERE tenant_id = :tenant_id AND account = :account AND place = 'unknown'
          AND locks > 0 AND last_at >= :since
    ON CONFLICT (tenant_id, account, place) DO UPDATE
    SET locks = excluded.locks,
        last_at = CASE WHEN failures.last_at > excluded.last_at
                       THEN failures.last_at ELSE excluded.last_at END
    WHERE failures.locks < excluded.locks
    """
)
REMEMBER: Final = Statement(
    """
    INSERT INTO places (tenant_id, account, source, seen_at)
    VALUES (:tenant_id, :account, :source, :now)
    ON CONFLICT (tenant_id, account, source) DO UPDATE SET seen_at = :now
    """
)


class GuessCounters:
    """Port `Guesses` over the store.

    key: secret for the digests, so that a stolen store tells no names and no wrong
    passwords. exempt_loopback: whether loopback counts as no source of its own,
    for development, where everything comes from there.
    """

    def __init__(
        self, database: Database, key: bytes, *, exempt_loopback: bool = False
    ) -> None:
        """Count in `database`."""
        self._database = database
        self._key = key
        self._exempt_loopback = exempt_loopback

    def keys(
        self, tenant_id: str, account: str, password: str, trace: Trace
    ) -> GuessKeys:
        """Digests for an account (user id, or the name of nobody) and a password."""
        whose = self._digest(f"account\n{tenant_id}\n{account}")
        return GuessKeys(
            account=whose,
            source=network_of(trace.source),
            fingerprint=self._digest(f"password\n{whose}\n{password}"),
        )

    def _digest(self, text: str) -> str:
        octets = text.encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, octets, hashlib.sha256)[:16].hex()

    def _is_exempt(self, keys: GuessKeys) -> bool:
        return self._exempt_loopback and is_loopback(keys.source)

    async def state(self, tenant_id: str, keys: GuessKeys, now: float) -> GuessState:
        """The counters that stand between this guess and the password check."""
        rows = await self._database.fetch(
            STATE,
            tenant_id=tenant_id,
            account=keys.account,
            source=keys.source,
            day=int(now // _DAY),
        )
        place = place_of(rows[0]["seen_at"], now)
        counted = [row for row in rows if row["place"] == place.value]
        return GuessState(
            place=place,
            failures=_failures(counted[0]) if counted else Failures(),
            source_failures_today=(
                0 if self._is_exempt(keys) else rows[0]["today"] or 0
            ),
            seen_at=rows[0]["seen_at"] or 0.0,
        )

    async def record_failure(
        self,
        tenant: Tenant,
        keys: GuessKeys,
        now: float,
        event: AuditEvent,
        locked_event: AuditEvent,
    ) -> bool:
        """Count a wrong password and write its audit record, in one transaction.

        The limit of a source is judged here too: of guesses made side by side each
        saw a count from before the others.
        """
        where = {"tenant_id": tenant.id, "account": keys.account}
        source = {"tenant_id": tenant.id, "source": keys.source}
        blocked_event = replace(locked_event, reason=Reason.SOURCE_BLOCKED.value)

        def script() -> Script[bool]:
            seen = yield PLACE, {**where, "source": keys.source}
            place = place_of(seen[0]["seen_at"] if seen else None, now).value
            yield _ENSURE, {**where, "place": place}
            rows = yield _LOCK, {**where, "place": place}
            before = _failures(rows[0])
            if is_locked(before, now):
                yield audit.INSERT, audit.row_of(locked_event)
                return False
            after = after_failure(before, keys.fingerprint, now, tenant.lockout)
            if after != before:
                today = yield _COUNT_SOURCE, {**source, "day": int(now // _DAY)}
                earlier = 0 if self._is_exempt(keys) else today[0]["count"] - 1
                if is_source_blocked(earlier, tenant.lockout):
                    yield audit.INSERT, audit.row_of(blocked_event)
                    return False
                yield _COUNT, {**where, "place": place, **_row(after)}
            yield audit.INSERT, audit.row_of(event)
            return True

        return await self._database.transact(script)

    async def unlock(
        self,
        tenant_id: str,
        account: str,
        event: AuditEvent,
        *,
        also: Sequence[str] = (),
    ) -> None:
        """Forget the failures of an account (user id, or the name of nobody).

        Also how often the same ones were repeated, and those of `also`. With one audit
        record.
        """
        digests = [
            self._digest(f"account\n{tenant_id}\n{each}") for each in (account, *also)
        ]

        def script() -> Script[None]:
            for whose in digests:
                yield _FORGET, {"tenant_id": tenant_id, "account": whose}
                yield limits.FORGET, limits.of_account(whose)
            yield audit.INSERT, audit.row_of(event)

        await self._database.transact(script)

    async def locked_until(self, tenant_id: str, account: str) -> float:
        """When the last lock of an account ends, in epoch seconds; 0 for none."""
        whose = self._digest(f"account\n{tenant_id}\n{account}")
        rows = await self._database.fetch(_LOCKS, tenant_id=tenant_id, account=whose)
        return max((row["locked_until"] for row in rows), default=0.0)

    async def source_failures(self, tenant_id: str, source: str, now: float) -> int:
        """Wrong passwords from an address today."""
        network = network_of(source)
        if self._exempt_loopback and is_loopback(network):
            return 0
        rows = await self._database.fetch(
            _TODAY, tenant_id=tenant_id, source=network, day=int(now // _DAY)
        )
        return rows[0]["count"] if rows else 0

    async def forgive_source(
        self, tenant_id: str, source: str, event: AuditEvent
    ) -> None:
        """Forget the wrong passwords from an address, with one audit record."""

        def script() -> Script[None]:
            where = {"tenant_id": tenant_id, "source": network_of(source)}
            yield _FORGIVE, where
            yield audit.INSERT, audit.row_of(event)

        await self._database.transact(script)


def _failures(row: Row) -> Failures:
    return Failures(
        count=row["count"],
        recent=tuple(row["recent"].split()),
        last_at=row["last_at"],
        locks=row["locks"],
        locked_until=row["locked_until"],
    )


def _row(failures: Failures) -> dict[str, object]:
    return {
        "count": failures.count,
        "recent": " ".join(failures.recent),
        "last_at": failures.last_at,
        "locks": failures.locks,
        "locked_until": failures.locked_until,
    }
