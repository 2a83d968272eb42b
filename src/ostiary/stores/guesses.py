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
from ostiary.core.model import LockoutRules, Tenant
from ostiary.core.passwords import (
    Asked,
    Failures,
    after_failure,
    after_refusal,
    directory_rules,
    is_locked,
    is_source_blocked,
    place_of,
)
from ostiary.core.request import Trace
from ostiary.flows.facts import AuditEvent, GuessKeys, GuessState
from ostiary.stores import audit, limits
from ostiary.stores.database import Database, Row, Script
from ostiary.stores.guess_statements import (
    COUNT,
    COUNT_SOURCE,
    ENSURE,
    FORGET,
    FORGIVE,
    LOCK,
    LOCKS,
    PLACE,
    SETTLE,
    STATE,
    TODAY,
)

_DAY: Final = 86400
_ASKED: Final = "directory"
"""In place of a place: what a directory refused, wherever it was asked from."""


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
        asked = [row for row in rows if row["place"] == _ASKED]
        return GuessState(
            place=place,
            failures=_failures(counted[0]) if counted else Failures(),
            source_failures_today=(
                0 if self._is_exempt(keys) else rows[0]["today"] or 0
            ),
            seen_at=rows[0]["seen_at"] or 0.0,
            asked=_asked(asked[0]) if asked else Asked(),
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
        rules = _rules(tenant, keys)

        def script() -> Script[bool]:
            seen = yield PLACE, {**where, "source": keys.source}
            place = place_of(seen[0]["seen_at"] if seen else None, now).value
            yield ENSURE, {**where, "place": place}
            rows = yield LOCK, {**where, "place": place}
            before = _failures(rows[0])
            yield from _count_asked(where, keys, now)
            if is_locked(before, now):
                yield audit.INSERT, audit.row_of(locked_event)
                return False
            after = after_failure(before, keys.fingerprint, now, rules)
            if after != before:
                today = yield COUNT_SOURCE, {**source, "day": int(now // _DAY)}
                earlier = 0 if self._is_exempt(keys) else today[0]["count"] - 1
                if is_source_blocked(earlier, rules):
                    yield audit.INSERT, audit.row_of(blocked_event)
                    return False
                yield COUNT, {**where, "place": place, **_row(after)}
            yield audit.INSERT, audit.row_of(event)
            return True

        return await self._database.transact(script)

    async def settle(self, tenant_id: str, keys: GuessKeys) -> None:
        """A directory took a password: it has forgotten the wrong ones before."""
        where = {"tenant_id": tenant_id, "account": keys.account}

        def script() -> Script[None]:
            yield SETTLE, where

        await self._database.transact(script)

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
                yield FORGET, {"tenant_id": tenant_id, "account": whose}
                yield limits.FORGET, limits.of_account(whose)
            yield audit.INSERT, audit.row_of(event)

        await self._database.transact(script)

    async def locked_until(self, tenant_id: str, account: str) -> float:
        """When the last lock of an account ends, in epoch seconds; 0 for none."""
        whose = self._digest(f"account\n{tenant_id}\n{account}")
        rows = await self._database.fetch(LOCKS, tenant_id=tenant_id, account=whose)
        return max((row["locked_until"] for row in rows), default=0.0)

    async def source_failures(self, tenant_id: str, source: str, now: float) -> int:
        """Wrong passwords from an address today."""
        network = network_of(source)
        if self._exempt_loopback and is_loopback(network):
            return 0
        rows = await self._database.fetch(
            TODAY, tenant_id=tenant_id, source=network, day=int(now // _DAY)
        )
        return rows[0]["count"] if rows else 0

    async def forgive_source(
        self, tenant_id: str, source: str, event: AuditEvent
    ) -> None:
        """Forget the wrong passwords from an address, with one audit record."""

        def script() -> Script[None]:
            where = {"tenant_id": tenant_id, "source": network_of(source)}
            yield FORGIVE, where
            yield audit.INSERT, audit.row_of(event)

        await self._database.transact(script)


def _rules(tenant: Tenant, keys: GuessKeys) -> LockoutRules:
    if keys.directory is None:
        return tenant.lockout
    return directory_rules(tenant.lockout, keys.directory)


def _count_asked(where: dict[str, str], keys: GuessKeys, now: float) -> Script[None]:
    """Keep what a directory refused, whatever becomes of the guess here."""
    if keys.directory is None:
        return
    place = {**where, "place": _ASKED}
    yield ENSURE, place
    before = _asked((yield LOCK, place)[0])
    after = after_refusal(before, keys.fingerprint, now, keys.directory)
    if after != before:
        recent = " ".join(f"{known}:{at!r}" for known, at in after.recent)
        failures = _row(Failures(after.wrong, last_at=after.last_at))
        yield COUNT, {**place, **failures, "recent": recent}


def _asked(row: Row) -> Asked:
    pairs = (each.split(":") for each in row["recent"].split())
    recent = tuple((known, float(at)) for known, at in pairs)
    return Asked(row["count"], row["last_at"], recent)


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
