"""Agents that are connected to this process: port `AgentLinks`, and asking one of them.

Which of them is asked, and what their answers are worth, is decided in `remote`.
"""

import asyncio
import itertools
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import msgspec

from ostiary.connections.agent_messages import (
    Answer,
    Cancel,
    Malformed,
    Question,
    Said,
    decode,
    encode,
)
from ostiary.core.agents import Agent
from ostiary.flows.ports.agents import AgentLink

MOST_ASKED: Final = 256
"""Questions that one agent may have at a time."""
MOST_STRAYS: Final = 16
"""Answers to nothing that are forgiven, beside those that came too late."""
QUIET_SECONDS: Final = 30.0
"""For how long an agent that gave no answer is asked only after the others."""


class LinkLost(Exception):
    """The agent gave no answer and will not; `sent`: it may have got the question."""

    def __init__(self, *, sent: bool) -> None:
        super().__init__("sent" if sent else "not sent")
        self.sent = sent


class Crowded(Exception):
    """The agent has as many questions as it may have."""


class Way(Protocol):
    """How an agent is asked: it is connected here, or to another process."""

    @property
    def agent(self) -> Agent:
        """The agent."""
        ...

    async def ask(self, question: Question) -> Said:
        """What it says. Raises LinkLost or Crowded; cancel it to give up."""
        ...

    def failed(self) -> None:
        """It gave no answer that helps: ask others first for a while."""
        ...


@dataclass(slots=True, eq=False)
class _Asked:
    """A question on its way, or on its way to be."""

    text: str
    answer: asyncio.Future[Said]
    sent: bool = False
    dropped: bool = False


@dataclass(slots=True, eq=False)
class LocalLink:
    """Port `AgentLink`, and the way to an agent that is connected here."""

    agent: Agent
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    _asked: dict[str, _Asked] = field(default_factory=dict)
    _out: deque[_Asked | str] = field(default_factory=deque)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _cut: bool = False
    _expelled: bool = False
    _strays: int = 0
    _quiet_until: float = 0.0

    @property
    def load(self) -> tuple[bool, int]:
        """Sorts links: those that answered lately, then those with least to do."""
        quiet = self._quiet_until > asyncio.get_running_loop().time()
        return quiet, len(self._asked)

    def failed(self) -> None:
        """It gave no answer that helps: ask others first for a while."""
        self._quiet_until = asyncio.get_running_loop().time() + QUIET_SECONDS

    async def ask(self, question: Question) -> Said:
        """What it says. Raises LinkLost or Crowded; cancel it to give up."""
        if self._cut:
            raise LinkLost(sent=False)
        if len(self._asked) >= MOST_ASKED:
            raise Crowded
        id = str(next(self._numbers))
        text = encode(msgspec.structs.replace(question, id=id))
        asked = _Asked(text, asyncio.get_running_loop().create_future())
        self._asked[id] = asked
        self._put(asked)
        try:
            return await asked.answer
        finally:
            if self._asked.pop(id, None) is not None:
                self._give_up(id, asked)

    def _give_up(self, id: str, asked: _Asked) -> None:
        asked.dropped = True
        if asked.sent:
            self._strays -= 1  # its answer may be on its way
            self._put(encode(Cancel(id=id)))

    def _put(self, message: _Asked | str) -> None:
        self._out.append(message)
        self._news.set()

    async def outgoing(self) -> str | None:
        """Wait for the next message to it; it counts as sent. None: expelled."""
        while not self._expelled:
            while self._out:
                message = self._out.popleft()
                if isinstance(message, str):
                    return message
                if not message.dropped:
                    message.sent = True
                    return message.text
            self._news.clear()
            await self._news.wait()
        return None

    def incoming(self, text: str) -> bool:
        """Take a message from it; False: it does not keep to the protocol."""
        try:
            answer = decode(text, Answer)
        except Malformed:
            return False
        asked = self._asked.get(answer.id)
        if asked is None or not asked.sent:
            self._strays += 1
            return self._strays <= MOST_STRAYS
        del self._asked[answer.id]
        self._quiet_until = 0.0
        if not asked.answer.done():
            asked.answer.set_result(answer.said)
        return True

    def cut(self) -> None:
        """Ask it nothing more; what it was asked has no answer."""
        self._cut = True
        pending, self._asked = self._asked, {}
        for asked in pending.values():
            if not asked.answer.done():
                asked.answer.set_exception(LinkLost(sent=asked.sent))

    def expel(self) -> None:
        """The same, and it shall leave."""
        self.cut()
        self._expelled = True
        self._news.set()


class Switchboard:
    """Port `AgentLinks`: the agents that are connected to this process."""

    def __init__(self) -> None:
        """Nobody is, yet."""
        self._links: dict[str, list[LocalLink]] = {}

    async def attach(self, agent: Agent) -> LocalLink:
        """Begin to ask it."""
        link = LocalLink(agent)
        self._links.setdefault(agent.id, []).append(link)
        return link

    async def detach(self, link: AgentLink) -> None:
        """It is gone; what it was asked has no answer."""
        if not isinstance(link, LocalLink):
            return
        link.cut()
        links = self._links.get(link.agent.id, [])
        if link in links:
            links.remove(link)
        if not links:
            self._links.pop(link.agent.id, None)

    @property
    def agents(self) -> dict[str, Agent]:
        """Who is connected, by id."""
        return {id: links[0].agent for id, links in self._links.items()}

    def expel(self, agent_id: str) -> None:
        """End every link of an agent that was expelled."""
        for link in self._links.get(agent_id, []):
            link.expel()

    def link(self, agent_id: str) -> LocalLink | None:
        """The newest link of that agent."""
        links = self._links.get(agent_id)
        return links[-1] if links else None

    def local(self, tenant_id: str, connection: str) -> Sequence[Way]:
        """The links of a connection, one for each agent, best first."""
        newest = [links[-1] for links in self._links.values()]
        wanted = (tenant_id, connection)
        found = [
            link
            for link in newest
            if (link.agent.tenant_id, link.agent.connection) == wanted
        ]
        random.shuffle(found)
        return sorted(found, key=lambda link: link.load)

    async def elsewhere(self, tenant_id: str, connection: str) -> Sequence[Way]:
        """Ways to agents that are connected to other processes."""
        return ()

    async def close(self) -> None:
        """Ask nobody any more."""
        for links in self._links.values():
            for link in links:
                link.cut()
