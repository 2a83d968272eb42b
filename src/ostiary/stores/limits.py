"""Buckets that bound how often something is done: port `Limits` over the store.

What a level means is arithmetic in `core.limits`.
"""

import hashlib
import hmac
from typing import Final

from ostiary.core.limits import (
    Allowance,
    Bucket,
    Level,
    LimitKey,
    is_loopback,
    network_of,
    peeked,
    taken,
    unlimited,
)
from ostiary.stores.database import Database, Row, Script
from ostiary.stores.statement import Statement

_ENSURE: Final = Statement(
    "INSERT INTO buckets (id, level, updated_at) VALUES (:id, 0, :now) "
    "ON CONFLICT (id) DO NOTHING"
)
_LOCK: Final = Statement(
    "SELECT level, updated_at FROM buckets WHERE id = :id", lock=True
)
_PEEK: Final = Statement("SELECT level, updated_at FROM buckets WHERE id = :id")
_FILL: Final = Statement(
    "UPDATE buckets SET level = :level, updated_at = :now WHERE id = :id"
)
FORGET: Final = Statement("DELETE FROM buckets WHERE id >= :first AND id < :beyond")
_BEYOND: Final = "g"
"""What is behind every hexadecimal digit."""


def of_account(account: str) -> dict[str, object]:
    """The parameters of `FORGET` for everything that is counted of an account."""
    return {"first": account, "beyond": account + _BEYOND}


class StoredLimits:
    """Port `Limits` over the store.

    key: secret for the digests, so that a stolen store tells no names and addresses.
    exempt_loopback: for development, where everything comes from there.
    """

    def __init__(
        self, database: Database, key: bytes, *, exempt_loopback: bool = False
    ) -> None:
        """Count in `database`."""
        self._database = database
        self._key = key
        self._exempt_loopback = exempt_loopback

    async def take(self, key: LimitKey, bucket: Bucket, now: float) -> Allowance:
        """Take one, if there is one; of parallel calls no more than there are."""
        if self._is_exempt(key):
            return unlimited(bucket, now)
        id = self._id(key, bucket)

        def script() -> Script[Allowance]:
            yield _ENSURE, {"id": id, "now": now}
            rows = yield _LOCK, {"id": id}
            after, allowance = taken(_level(rows[0]), bucket, now)
            if allowance.allowed:
                yield _FILL, {"id": id, "level": after.taken, "now": after.at}
            return allowance

        return await self._database.transact(script)

    async def peek(self, key: LimitKey, bucket: Bucket, now: float) -> Allowance:
        """Whether one could be taken now."""
        if self._is_exempt(key):
            return unlimited(bucket, now)
        rows = await self._database.fetch(_PEEK, id=self._id(key, bucket))
        return peeked(_level(rows[0]) if rows else Level(), bucket, now)

    def _is_exempt(self, key: LimitKey) -> bool:
        alone = bool(key.source) and not key.who
        return alone and self._exempt_loopback and is_loopback(network_of(key.source))

    def _id(self, key: LimitKey, bucket: Bucket) -> str:
        parts = (bucket.name, key.tenant_id, network_of(key.source), key.who)
        text = "\n".join(parts).encode("utf-8", "surrogatepass")
        digest = hmac.digest(self._key, text, hashlib.sha256)[:16].hex()
        return key.who + digest if key.account else digest


def _level(row: Row) -> Level:
    return Level(row["level"], row["updated_at"])
