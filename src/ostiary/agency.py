"""What an instance has for agents: the door, who is connected, and the ways between.

The part of the composition root that agents need; `app` puts it into the whole.
"""

from dataclasses import dataclass
from typing import Self

from ostiary.agents.front import AgentFront
from ostiary.agents.socket import AgentSocket
from ostiary.connections.agent_relay import RelayingSwitchboard
from ostiary.flows.agents import AgentDoor
from ostiary.flows.ports import Audit, Clock, Limits
from ostiary.keys.agent_proofs import SignedProofs
from ostiary.keys.letters import ProcessLetters
from ostiary.keys.sealing import MasterKey
from ostiary.settings import Server
from ostiary.stores.agent_post import StoredPost
from ostiary.stores.agents import AgentStore
from ostiary.stores.database import Database


def switchboard_of(
    server: Server, database: Database, master: MasterKey
) -> RelayingSwitchboard:
    """Who is connected, here and elsewhere; `start` it where agents may connect."""
    alone = server.workers == 1 and database.dialect == "sqlite"
    letters = ProcessLetters(master.derive("agents"))
    agents, post = AgentStore(database), StoredPost(database)
    return RelayingSwitchboard(agents, post, letters, alone=alone)


@dataclass(frozen=True, slots=True)
class Agency:
    """The door for agents of a serving instance, and those that came through it."""

    front: AgentFront
    socket: AgentSocket
    board: RelayingSwitchboard

    @classmethod
    def open(
        cls,
        server: Server,
        database: Database,
        master: MasterKey,
        limits: Limits,
        audit: Audit,
        clock: Clock,
    ) -> Self:
        """Begin, inside a running event loop; `close` it."""
        board = switchboard_of(server, database, master)
        board.start()
        door = AgentDoor(
            agents=AgentStore(database),
            proofs=SignedProofs(),
            limits=limits,
            audit=audit,
            clock=clock,
            audience=server.base_url,
        )
        proxies = [str(proxy) for proxy in server.trusted_proxies]
        return cls(AgentFront(door), AgentSocket(door, board, proxies), board)

    async def close(self) -> None:
        """Ask nobody any more."""
        await self.board.close()
