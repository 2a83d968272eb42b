"""The sign-in and audit log: written with the act it records, read by operators.

No password, secret, token or assertion ever reaches this table.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from ostiary.core.request import Trace
from ostiary.flows.facts import AuditEvent
from ostiary.stores.database import Database, Row, Script
from ostiary.stores.statement import Statement

LONGEST_TEXT: Final = 256
"""Characters kept of anything that a caller sent."""

_TEXTS: Final = (
    "outcome",
    "reason",
    "code",
    "tenant_id",
    "client_id",
    "user_id",
    "username",
    "grant_type",
)
_TRACES: Final = ("door", "source", "user_agent", "trace_id", "correlation_id")
_COLUMNS: Final = ("at", *_TEXTS, *_TRACES, "detail")

INSERT: Final = Statement(
    f"INSERT INTO audit ({', '.join(_COLUMNS)}) "  # noqa: S608 - constants only
    f"VALUES ({', '.join(':' + name for name in _COLUMNS)})"
)
_LAST: Final = Statement(
    "SELECT * FROM audit WHERE id > :after AND (:tenant_id = '' OR tenant_id = "
    ":tenant_id) ORDER BY id DESC LIMIT :most"
)
_BY_ID: Final = Statement(
    "SELECT * FROM audit WHERE trace_id = :id OR correlation_id = :id ORDER BY id"
)


def row_of(event: AuditEvent) -> Mapping[str, object]:
    """The parameters of INSERT; long or unstorable text is cut to what can be kept."""
    row: dict[str, object] = {"at": event.at}
    row.update((name, _kept(getattr(event, name))) for name in _TEXTS)
    row.update((name, _kept(getattr(event.trace, name))) for name in _TRACES)
    detail = {name: _kept(text) for name, text in event.detail.items()}
    row["detail"] = msgspec.json.encode(detail).decode()
    return row


def _kept(text: str) -> str:
    if len(text) <= LONGEST_TEXT and text.isprintable():
        return text
    plain = text[:LONGEST_TEXT].encode("utf-8", "replace").decode()
    return "".join(char if char.isprintable() else "\ufffd" for char in plain)


class AuditLog:
    """Port `Audit` over the store, with what the command line reads."""

    def __init__(self, database: Database) -> None:
        """Write to and read from `database`."""
        self._database = database

    async def record(self, event: AuditEvent) -> None:
        """Write one record; returns once it is durable."""

        def script() -> Script[None]:
            yield INSERT, row_of(event)

        await self._database.transact(script)

    async def tail(
        self, most: int, *, after: int = 0, tenant_id: str = ""
    ) -> list[tuple[int, AuditEvent]]:
        """The newest records after number `after`, oldest first."""
        rows = await self._database.fetch(
            _LAST, most=most, after=after, tenant_id=tenant_id
        )
        return _events(reversed(rows))

    async def find(self, id: str) -> list[tuple[int, AuditEvent]]:
        """All records of a trace id or correlation id, oldest first."""
        return _events(await self._database.fetch(_BY_ID, id=id.lower()))


def _events(rows: Iterable[Row]) -> list[tuple[int, AuditEvent]]:
    return [(row["id"], _event(row)) for row in rows]


def _event(row: Row) -> AuditEvent:
    return AuditEvent(
        at=row["at"],
        trace=Trace(
            trace_id=row["trace_id"],
            correlation_id=row["correlation_id"],
            source=row["source"],
            user_agent=row["user_agent"],
            door=row["door"],
        ),
        detail=msgspec.json.decode(row["detail"], type=dict[str, str]),
        **{name: row[name] for name in _TEXTS},
    )
