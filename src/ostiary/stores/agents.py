"""Agents by their public keys, and the codes with which new ones come: port `Agents`.

Where agents are connected, and what they are asked, is kept by `agent_post`.
"""

from collections.abc import Collection, Sequence
from typing import Final

from ostiary.core.agents import Agent
from ostiary.flows.facts import AuditEvent
from ostiary.stores import audit
from ostiary.stores.database import Database, Row, Script
from ostiary.stores.statement import Statement

COLUMNS: Final = "id, tenant_id, connection, name, public_key, enrolled_at, seen_at"
_PUT_CODE: Final = Statement(
    "INSERT INTO agent_codes (digest, tenant_id, connection, expires_at) "
    "VALUES (:digest, :tenant_id, :connection, :expires_at)"
)
FIND_CODE: Final = Statement(
    "SELECT tenant_id, connection FROM agent_codes "
    "WHERE digest = :digest AND expires_at > :now"
)
_USE_CODE: Final = Statement(
    "DELETE FROM agent_codes WHERE digest = :digest AND tenant_id = :tenant_id "
    "AND connection = :connection AND expires_at > :now RETURNING digest"
)
_INSERT: Final = Statement(
    f"INSERT INTO agents ({COLUMNS}) "  # noqa: S608 - constants only
    "VALUES (:id, :tenant_id, :connection, :name, :public_key, :enrolled_at, 0)"
)
FIND: Final = Statement(f"SELECT {COLUMNS} FROM agents WHERE id = :id")  # noqa: S608
LISTED: Final = Statement(
    f"SELECT {COLUMNS} FROM agents "  # noqa: S608 - constants only
    "WHERE tenant_id = :tenant_id AND connection = :connection ORDER BY name, id"
)
_SEEN: Final = Statement("UPDATE agents SET seen_at = :now WHERE id = :id RETURNING id")
_DROP: Final = Statement("DELETE FROM agents WHERE id = :id RETURNING id")
_DROP_LINKS: Final = Statement("DELETE FROM agent_links WHERE agent_id = :id")


class AgentStore:
    """Port `Agents` over the store."""

    def __init__(self, database: Database) -> None:
        """Keep agents in `database`."""
        self._database = database

    async def put_code(
        self,
        digest: str,
        tenant_id: str,
        connection: str,
        expires_at: float,
        event: AuditEvent,
    ) -> None:
        """Keep a code by its digest, with one audit record."""
        row = {"tenant_id": tenant_id, "connection": connection}

        def script() -> Script[None]:
            yield _PUT_CODE, {**row, "digest": digest, "expires_at": expires_at}
            yield audit.INSERT, audit.row_of(event)

        await self._database.transact(script)

    async def find_code(self, digest: str, now: float) -> tuple[str, str] | None:
        """Tenant and connection of a code that is good now."""
        rows = await self._database.fetch(FIND_CODE, digest=digest, now=now)
        return (rows[0]["tenant_id"], rows[0]["connection"]) if rows else None

    async def enrol(
        self, digest: str, agent: Agent, now: float, event: AuditEvent
    ) -> bool:
        """Use a code up and keep the agent; False, and nothing: it was not good."""
        where = {"tenant_id": agent.tenant_id, "connection": agent.connection}

        def script() -> Script[bool]:
            if not (yield _USE_CODE, {**where, "digest": digest, "now": now}):
                return False
            row = {**where, "id": agent.id, "name": agent.name}
            key = {"public_key": agent.public_key, "enrolled_at": agent.enrolled_at}
            yield _INSERT, {**row, **key}
            yield audit.INSERT, audit.row_of(event)
            return True

        return await self._database.transact(script)

    async def find(self, agent_id: str) -> Agent | None:
        """The agent of that id, unless it was expelled."""
        rows = await self._database.fetch(FIND, id=agent_id)
        return agent_of(rows[0]) if rows else None

    async def listed(self, tenant_id: str, connection: str) -> Sequence[Agent]:
        """The agents of a connection, by name."""
        rows = await self._database.fetch(
            LISTED, tenant_id=tenant_id, connection=connection
        )
        return [agent_of(row) for row in rows]

    async def note_seen(self, agent_ids: Collection[str], now: float) -> frozenset[str]:
        """Note that these are connected; which of them are still enrolled."""

        def script() -> Script[frozenset[str]]:
            known = set()
            for agent_id in sorted(agent_ids):  # one order: no deadlock
                if (yield _SEEN, {"id": agent_id, "now": now}):
                    known.add(agent_id)
            return frozenset(known)

        return await self._database.transact(script)

    async def expel(self, agent: Agent, event: AuditEvent) -> bool:
        """Forget an agent, with one audit record; False: it was gone."""

        def script() -> Script[bool]:
            if not (yield _DROP, {"id": agent.id}):
                return False
            yield _DROP_LINKS, {"id": agent.id}
            yield audit.INSERT, audit.row_of(event)
            return True

        return await self._database.transact(script)


def agent_of(row: Row) -> Agent:
    """An agent from its columns."""
    return Agent(
        id=row["id"],
        tenant_id=row["tenant_id"],
        connection=row["connection"],
        name=row["name"],
        public_key=row["public_key"],
        enrolled_at=row["enrolled_at"],
        seen_at=row["seen_at"],
    )
