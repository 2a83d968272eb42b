"""Who is connected to which process, and letters between them: port `Post`.

Letters are encrypted before they come here; nobody's password is ever readable.
"""

from collections.abc import Collection, Sequence
from typing import Final

from ostiary.core.agents import AgentLinkRow, Letter
from ostiary.stores.agents import agent_of
from ostiary.stores.database import Database, Row, Script
from ostiary.stores.statement import Statement

_PUT_LINK: Final = Statement(
    """
    INSERT INTO agent_links (agent_id, process, tenant_id, connection, process_key,
                             alive_until)
    SELECT id, :process, tenant_id, connection, :process_key, :alive_until
    FROM agents WHERE id = :agent_id
    ON CONFLICT (agent_id, process) DO UPDATE SET alive_until = :alive_until
    """
)
_DROP_LINK: Final = Statement(
    "DELETE FROM agent_links WHERE agent_id = :agent_id AND process = :process"
)
LINKS: Final = Statement(
    """
    SELECT agents.id AS id, agents.tenant_id AS tenant_id,
           agents.connection AS connection, agents.name AS name,
           agents.public_key AS public_key, agents.enrolled_at AS enrolled_at,
           agents.seen_at AS seen_at, agent_links.process AS process,
           agent_links.process_key AS process_key,
           agent_links.alive_until AS alive_until
    FROM agent_links JOIN agents ON agents.id = agent_links.agent_id
    WHERE agent_links.tenant_id = :tenant_id AND agent_links.connection = :connection
    AND agent_links.alive_until > :now
    """
)
_SEND: Final = Statement(
    "INSERT INTO agent_questions (id, process, agent_id, question, expires_at) "
    "VALUES (:id, :process, :agent_id, :question, :expires_at)"
)
WAITING: Final = Statement("SELECT 1 FROM agent_questions WHERE process = :process")
_TAKE: Final = Statement(
    "DELETE FROM agent_questions WHERE process = :process "
    "RETURNING id, agent_id, question, expires_at"
)
_WITHDRAW: Final = Statement(
    "DELETE FROM agent_questions WHERE id = :id AND process <> '' RETURNING id"
)
_ANSWER: Final = Statement(
    "INSERT INTO agent_questions (id, process, agent_id, question, answer, expires_at) "
    "VALUES (:id, '', '', '', :answer, :expires_at)"
)
ANSWERED: Final = Statement(
    "SELECT answer FROM agent_questions WHERE id = :id AND process = ''"
)
_COLLECT: Final = Statement(
    "DELETE FROM agent_questions WHERE id = :id AND process = ''"
)


class StoredPost:
    """Port `Post` over the store. An answer has the process ""."""

    def __init__(self, database: Database) -> None:
        """Keep links and letters in `database`."""
        self._database = database

    async def put_links(self, rows: Sequence[AgentLinkRow]) -> None:
        """Tell who is connected to this process; an agent that is gone stays gone."""

        def script() -> Script[None]:
            for row in sorted(rows, key=lambda row: row.agent.id):
                yield (
                    _PUT_LINK,
                    {
                        "agent_id": row.agent.id,
                        "process": row.process,
                        "process_key": row.process_key,
                        "alive_until": row.alive_until,
                    },
                )

        await self._database.transact(script)

    async def drop_links(self, process: str, agent_ids: Collection[str]) -> None:
        """Tell that these are not connected any more."""

        def script() -> Script[None]:
            for agent_id in sorted(agent_ids):
                yield _DROP_LINK, {"agent_id": agent_id, "process": process}

        await self._database.transact(script)

    async def links(
        self, tenant_id: str, connection: str, now: float
    ) -> Sequence[AgentLinkRow]:
        """Where agents of a connection are connected."""
        rows = await self._database.fetch(
            LINKS, tenant_id=tenant_id, connection=connection, now=now
        )
        return [_link(row) for row in rows]

    async def send(self, letter: Letter) -> None:
        """Leave a question."""
        row = {"id": letter.id, "process": letter.process, "agent_id": letter.agent_id}

        def script() -> Script[None]:
            more = {"question": letter.text, "expires_at": letter.expires_at}
            yield _SEND, {**row, **more}

        await self._database.transact(script)

    async def withdraw(self, letter_id: str) -> bool:
        """Take a question back; False: it was taken."""

        def script() -> Script[bool]:
            return bool((yield _WITHDRAW, {"id": letter_id}))

        return await self._database.transact(script)

    async def take(self, process: str, now: float) -> Sequence[Letter]:
        """The questions to a process, which are gone from here then; no late ones."""
        if not await self._database.fetch(WAITING, process=process):
            return []

        def script() -> Script[list[Row]]:
            return (yield _TAKE, {"process": process})

        rows = await self._database.transact(script)
        return [
            Letter(
                row["id"], process, row["agent_id"], row["question"], row["expires_at"]
            )
            for row in rows
            if row["expires_at"] > now
        ]

    async def answer(self, letter_id: str, text: str, expires_at: float) -> None:
        """Leave an answer."""
        row = {"id": letter_id, "answer": text, "expires_at": expires_at}

        def script() -> Script[None]:
            yield _ANSWER, row

        await self._database.transact(script)

    async def collect(self, letter_id: str) -> str | None:
        """The answer, which is gone from here then; None: there is none yet."""
        rows = await self._database.fetch(ANSWERED, id=letter_id)
        if not rows:
            return None

        def script() -> Script[None]:
            yield _COLLECT, {"id": letter_id}

        await self._database.transact(script)
        return str(rows[0]["answer"])


def _link(row: Row) -> AgentLinkRow:
    until: float = row["alive_until"]
    return AgentLinkRow(agent_of(row), row["process"], row["process_key"], until)
