"""One-time codes that were sent out: port `Codes` over the store.

What a try means is told in `core.codes`; a code never lies here in the clear.
"""

import hashlib
import hmac
from typing import Final

from ostiary.core.codes import CodePlace, CodeVerdict, StoredCode, judge_code
from ostiary.flows.facts import AuditEvent
from ostiary.stores import audit
from ostiary.stores.database import Database, Row, Script
from ostiary.stores.statement import Statement

_WHERE: Final = (
    "WHERE tenant_id = :tenant_id AND connection = :connection AND name = :name"
)
_SELECT: Final = f"SELECT digest, tries, expires_at FROM one_time_codes {_WHERE}"  # noqa: S608 - constants only
KEEP: Final = Statement(
    """
    INSERT INTO one_time_codes (tenant_id, connection, name, digest, tries, created_at,
                                expires_at)
    VALUES (:tenant_id, :connection, :name, :digest, 0, :now, :expires_at)
    ON CONFLICT (tenant_id, connection, name) DO UPDATE
    SET digest = :digest, tries = 0, created_at = :now, expires_at = :expires_at
    """
)
FIND: Final = Statement(_SELECT)
LOCK: Final = Statement(_SELECT, lock=True)
COUNT: Final = Statement(f"UPDATE one_time_codes SET tries = tries + 1 {_WHERE}")  # noqa: S608 - constants only
SPEND: Final = Statement(f"DELETE FROM one_time_codes {_WHERE}")  # noqa: S608 - constants only


class CodeStore:
    """Port `Codes` over the store.

    key: secret for the digests, so that a stolen store tells no codes: there are only
    a million.
    """

    def __init__(self, database: Database, key: bytes) -> None:
        """Keep codes in `database`."""
        self._database = database
        self._key = key

    async def keep(
        self, place: CodePlace, code: str, now: float, seconds: int, event: AuditEvent
    ) -> None:
        """Make `code` the only good one of its place, with its audit record."""
        moments = {"now": now, "expires_at": now + seconds}
        row = {**_key(place), "digest": self._digest(place, code), **moments}

        def script() -> Script[None]:
            yield KEEP, row
            yield audit.INSERT, audit.row_of(event)

        await self._database.transact(script)

    async def judge(
        self, place: CodePlace, code: str, now: float, *, spend: bool
    ) -> CodeVerdict:
        """Try a code: a wrong try counts, a right one uses it up if `spend` says so."""
        key, digest = _key(place), self._digest(place, code)

        def script() -> Script[CodeVerdict]:
            rows = yield LOCK, key
            verdict = judge_code(_stored(rows), digest, now)
            if verdict is CodeVerdict.RIGHT and spend:
                yield SPEND, key
            if verdict is CodeVerdict.WRONG:
                yield COUNT, key
            return verdict

        return await self._database.transact(script)

    async def is_current(self, place: CodePlace, code: str, now: float) -> bool:
        """Whether it is the newest one of its place; no try is counted."""
        rows = await self._database.fetch(FIND, **_key(place))
        verdict = judge_code(_stored(rows), self._digest(place, code), now)
        return verdict is CodeVerdict.RIGHT

    def _digest(self, place: CodePlace, code: str) -> str:
        parts = (place.tenant_id, place.connection, place.name, code)
        text = "\n".join(parts).encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, text, hashlib.sha256).hex()


def _key(place: CodePlace) -> dict[str, object]:
    return {
        "tenant_id": place.tenant_id,
        "connection": place.connection,
        "name": place.name,
    }


def _stored(rows: list[Row]) -> StoredCode | None:
    if not rows:
        return None
    row = rows[0]
    return StoredCode(row["digest"], row["tries"], row["expires_at"])
