"""Agents that are connected to other processes: asked by letters in the store.

A letter can be read by the addressee's memory alone; see port `Letters`. A process asks
its own agents itself, and others only when it has none that answers.
"""

import asyncio
import contextlib
import logging
import random
import time
import uuid
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from msgspec import Struct

from ostiary.connections.agent_links import (
    Crowded,
    LinkLost,
    LocalLink,
    Switchboard,
    Way,
)
from ostiary.connections.agent_messages import (
    Malformed,
    NoAnswer,
    Question,
    Said,
    decode,
    encode,
)
from ostiary.core.agents import Agent, AgentLinkRow, Letter
from ostiary.flows.ports import StoreUnavailable
from ostiary.flows.ports.agents import AgentLink, Agents, Letters, Post

BEAT_SECONDS: Final = 2.0
"""How often a process says who is connected to it, and looks who was expelled."""
ALIVE_SECONDS: Final = 15.0
"""How long that is believed; clocks of nodes may differ by some seconds."""
QUICK: Final = 0.03
"""Seconds between two looks for letters, where other processes serve sign-ins."""
SLOW: Final = 0.25
"""The same where only commands ask from outside."""
UNTAKEN_SECONDS: Final = 1.5
"""After how long a letter that nobody took is taken back."""
GRACE_SECONDS: Final = 5.0
"""How much longer than its question a letter lies in the store."""

Run = Callable[[Coroutine[None, None, None]], None]
"""Runs something in the background."""

logger = logging.getLogger(__name__)


class Reply(Struct, frozen=True, kw_only=True):
    """What came of a letter's question: what was said, or why nothing was."""

    said: Said | None = None
    lost: Literal["sent", "unsent", "crowded"] = "unsent"


class RelayingSwitchboard(Switchboard):
    """Port `AgentLinks` of one of several processes.

    alone: no other process serves sign-ins, so that letters are rare.
    """

    def __init__(
        self, agents: Agents, post: Post, letters: Letters, *, alone: bool
    ) -> None:
        """Nobody is connected yet."""
        super().__init__()
        self._agents, self._post, self._letters = agents, post, letters
        self._pause = SLOW if alone else QUICK
        self._process = uuid.uuid4().hex
        self._connected = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False  # drivers may lose a cancellation
        self._telling = asyncio.Lock()  # so that nobody who left is told of after that

    def start(self) -> None:
        """Begin to serve other processes, inside a running event loop."""
        self._run(self._keep_beating())
        self._run(self._keep_taking())

    def _run(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (defect := task.exception()):
            logger.error("asking agents for others failed: %s", type(defect).__name__)

    async def attach(self, agent: Agent) -> LocalLink:
        """Begin to ask it, here and from other processes. Raises StoreUnavailable."""
        async with self._telling:
            await self._post.put_links([self._row(agent)])
            link = await super().attach(agent)
        self._connected.set()
        return link

    async def detach(self, link: AgentLink) -> None:
        """It is gone; what it was asked has no answer."""
        await super().detach(link)
        async with self._telling:
            if isinstance(link, LocalLink) and self.link(link.agent.id) is None:
                with contextlib.suppress(StoreUnavailable):
                    await self._post.drop_links(self._process, [link.agent.id])

    def _row(self, agent: Agent) -> AgentLinkRow:
        until = time.time() + ALIVE_SECONDS
        return AgentLinkRow(agent, self._process, self._letters.address, until)

    async def elsewhere(self, tenant_id: str, connection: str) -> Sequence[Way]:
        """Ways to agents that are connected to other processes, in any order."""
        try:
            rows = await self._post.links(tenant_id, connection, time.time())
        except StoreUnavailable:
            return ()
        ways = [RelayedLink(r, self._post, self._letters, self._run) for r in rows]
        theirs = [way for way in ways if way.row.process != self._process]
        random.shuffle(theirs)
        return theirs

    # --- serving others ---------------------------------------------------------------

    async def _keep_beating(self) -> None:
        while not self._closed:
            await self._connected.wait()
            connected = self.agents
            if not connected:
                self._connected.clear()
                continue
            with contextlib.suppress(StoreUnavailable):
                known = await self._agents.note_seen(list(connected), time.time())
                for id in connected.keys() - known:
                    logger.warning("agent %s was expelled", connected[id].name)
                    self.expel(id)
                async with self._telling:
                    told = [
                        self._row(a) for id, a in self.agents.items() if id in known
                    ]
                    await self._post.put_links(told)
            await self._rest(BEAT_SECONDS)

    async def _keep_taking(self) -> None:
        while not self._closed:
            await self._connected.wait()
            letters: Sequence[Letter] = ()
            with contextlib.suppress(StoreUnavailable):
                letters = await self._post.take(self._process, time.time())
            for letter in letters:
                self._run(self._answer(letter))
            await self._rest(self._pause)

    async def _rest(self, seconds: float) -> None:
        if not self._closed:
            await asyncio.sleep(seconds)

    async def _answer(self, letter: Letter) -> None:
        opened = self._letters.open(letter.text, _about(letter.id, letter.agent_id))
        if opened is None:
            logger.warning("a question to an agent is from nobody of this instance")
            return
        try:
            question = decode(opened.text, Question)
        except Malformed:
            return
        text = opened.answer(encode(await self._ask_here(letter.agent_id, question)))
        with contextlib.suppress(StoreUnavailable):
            await self._post.answer(letter.id, text, letter.expires_at)

    async def _ask_here(self, agent_id: str, question: Question) -> Reply:
        link = self.link(agent_id)
        if link is None:
            return Reply()
        try:
            async with asyncio.timeout(question.seconds):
                return Reply(said=await link.ask(question))
        except TimeoutError:
            return Reply(said=NoAnswer(reason="directory_timeout"))
        except LinkLost as lost:
            return Reply(lost="sent" if lost.sent else "unsent")
        except Crowded:
            return Reply(lost="crowded")

    async def close(self) -> None:
        """Ask nobody any more, and answer no other process."""
        connected = list(self.agents)
        self._closed = True
        self._connected.set()
        await super().close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if connected:
            with contextlib.suppress(StoreUnavailable):
                await self._post.drop_links(self._process, connected)


@dataclass(slots=True)
class RelayedLink:
    """The way to an agent that is connected to another process."""

    row: AgentLinkRow
    post: Post
    letters: Letters
    run: Run = field(repr=False)

    @property
    def agent(self) -> Agent:
        """The agent."""
        return self.row.agent

    def failed(self) -> None:
        """Its process remembers that."""

    async def ask(self, question: Question) -> Said:
        """What it says. Raises LinkLost or Crowded; cancel it to give up."""
        id = uuid.uuid4().hex
        about = _about(id, self.agent.id)
        sealed = self.letters.seal(encode(question), self.row.process_key, about)
        if sealed is None:
            raise LinkLost(sent=False)
        until = time.time() + question.seconds + GRACE_SECONDS
        letter = Letter(id, self.row.process, self.agent.id, sealed.text, until)
        sent = False
        try:
            await self.post.send(letter)
            sent = True
            text = await self._collect(id, question.seconds + GRACE_SECONDS)
        except StoreUnavailable:
            raise LinkLost(sent=sent) from None
        except asyncio.CancelledError:
            self.run(self._withdraw(id))
            raise
        return _said(sealed.open_answer(text))

    async def _collect(self, id: str, patience: float) -> str:
        clock = asyncio.get_running_loop().time
        began = clock()
        overdue, checked = began + UNTAKEN_SECONDS, False
        while (text := await self.post.collect(id)) is None:
            if clock() > began + patience:
                raise LinkLost(sent=True)
            if clock() > overdue and not checked:
                checked = True
                if await self.post.withdraw(id):
                    raise LinkLost(sent=False)
            await asyncio.sleep(QUICK)
        return text

    async def _withdraw(self, id: str) -> None:
        with contextlib.suppress(StoreUnavailable):
            await self.post.withdraw(id)


def _said(text: str | None) -> Said:
    """What a reply says. Raises LinkLost or Crowded."""
    try:
        reply = decode(text or "", Reply)
    except Malformed:
        raise LinkLost(sent=True) from None
    if reply.said is not None:
        return reply.said
    if reply.lost == "crowded":
        raise Crowded
    raise LinkLost(sent=reply.lost == "sent")


def _about(letter_id: str, agent_id: str) -> str:
    """What a letter is bound to: nobody can hand it to another agent."""
    return f"{letter_id}:{agent_id}"
