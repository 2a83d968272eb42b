"""The WebSocket half of the door for agents: one ASGI session for each agent.

The server proves itself by TLS, the agent by a signature over a nonce; then questions
and answers pass until one side leaves.
"""

import asyncio
import contextlib
import logging
import secrets
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from ostiary.agents.messages import (
    CONNECT_PATH,
    MISBEHAVED,
    REFUSED,
    TRY_LATER,
    VERSION,
    Challenge,
    Proof,
    Welcome,
)
from ostiary.core.agents import Agent
from ostiary.core.errors import Refused
from ostiary.core.limits import network_of
from ostiary.core.request import Trace
from ostiary.defects import log_defect
from ostiary.flows.agents import DOOR, AgentDoor, admit
from ostiary.flows.ports import StoreUnavailable
from ostiary.flows.ports.agents import AgentLink, AgentLinks
from ostiary.proxies import Proxies

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]

MOST_STRANGERS: Final = 64
"""Sockets of a process that have not proven themselves yet."""
MOST_FROM_ONE_PLACE: Final = 16
"""As many of them may come from one network, or one stranger would keep all away."""
PROOF_SECONDS: Final = 10.0
"""How long one may take for that."""
SEND_SECONDS: Final = 20.0
"""How long an agent may leave what is sent to it lying."""

logger = logging.getLogger(__name__)


class _Left(Exception):
    """The other side is gone."""


class AgentSocket:
    """An ASGI application for WebSockets; raises nothing."""

    def __init__(
        self, door: AgentDoor, links: AgentLinks, trusted_proxies: Sequence[str] = ()
    ) -> None:
        """Let agents in by `door`, and connect them to `links`."""
        self._door, self._links = door, links
        self._proxies = Proxies(trusted_proxies)
        self._strangers: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket until it ends."""
        session = _Session(receive, send)
        try:
            await self._serve(scope, session)
        except (_Left, OSError):  # OSError: uvicorn's word for a peer that is gone
            pass
        except StoreUnavailable:
            await session.close(TRY_LATER)
        except Exception as bug:
            log_defect(logger, str(uuid.uuid4()), "with an agent", bug)
            await session.close(1011)

    async def _serve(self, scope: Scope, session: "_Session") -> None:
        if scope["path"] != CONNECT_PATH:
            await session.refuse(404)
            return
        trace = self._trace(scope)
        place = network_of(trace.source)
        crowded = place != "" and self._strangers[place] >= MOST_FROM_ONE_PLACE
        if crowded or self._strangers.total() >= MOST_STRANGERS:
            await session.refuse(503)
            return
        self._strangers[place] += 1
        try:
            agent = await self._let_in(session, trace)
        finally:
            self._strangers -= Counter((place,))  # forgets who has none left
        if agent is not None:
            await self._connect(session, agent)

    def _trace(self, scope: Scope) -> Trace:
        fields: dict[str, str] = {}
        for name, value in scope["headers"]:
            fields[name.decode("latin-1").lower()] = value.decode("latin-1")
        forwarded = fields.get("x-forwarded-for", "")
        source = self._proxies.source(scope["client"], forwarded)
        id = str(uuid.uuid4())
        return Trace(id, id, source, user_agent=fields.get("user-agent", ""), door=DOOR)

    async def _let_in(self, session: "_Session", trace: Trace) -> Agent | None:
        await session.accept()
        nonce = secrets.token_urlsafe(32)
        await session.send(Challenge(version=VERSION, nonce=nonce))
        try:
            async with asyncio.timeout(PROOF_SECONDS):
                said = msgspec.json.decode(await session.receive(), type=Proof)
            return await admit(self._door, said.agent, said.proof, nonce, trace)
        except Refused as refused:
            await session.close(
                TRY_LATER if refused.facts.get("retry_after") else REFUSED
            )
        except (TimeoutError, msgspec.MsgspecError, UnicodeError, RecursionError):
            await session.close(MISBEHAVED)
        return None

    async def _connect(self, session: "_Session", agent: Agent) -> None:
        link = await self._links.attach(agent)
        logger.info("agent %s of %s is connected", agent.name, agent.connection)
        try:
            welcome = Welcome(
                tenant=agent.tenant_id, connection=agent.connection, name=agent.name
            )
            await session.send(welcome)
            await _exchange(session, link)
        finally:
            logger.info("agent %s of %s left", agent.name, agent.connection)
            # A server that stops cancels this task; others must hear of it still.
            await asyncio.shield(self._links.detach(link))


async def _exchange(session: "_Session", link: AgentLink) -> None:
    """Pass messages until either way ends."""
    ways = {
        asyncio.create_task(_pass_questions(session, link)),
        asyncio.create_task(_pass_answers(session, link)),
    }
    try:
        done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in ways:
            task.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
    for task in done:
        await session.close(task.result())


async def _pass_questions(session: "_Session", link: AgentLink) -> int:
    while (text := await link.outgoing()) is not None:
        async with asyncio.timeout(SEND_SECONDS):
            await session.send_text(text)
    return REFUSED


async def _pass_answers(session: "_Session", link: AgentLink) -> int:
    while link.incoming(await session.receive()):
        pass
    return MISBEHAVED


class _Session:
    """The ASGI words of one WebSocket."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send

    async def refuse(self, status: int) -> None:
        """Answer by plain HTTP instead."""
        await self._receive()
        start = {"type": "websocket.http.response.start", "status": status}
        await self._send({**start, "headers": []})
        await self._send({"type": "websocket.http.response.body", "body": b""})

    async def accept(self) -> None:
        await self._receive()
        await self._send({"type": "websocket.accept"})

    async def send(self, message: msgspec.Struct) -> None:
        await self.send_text(msgspec.json.encode(message).decode())

    async def send_text(self, text: str) -> None:
        await self._send({"type": "websocket.send", "text": text})

    async def receive(self) -> str:
        """The next message; one of bytes is none of ours."""
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            raise _Left
        return message.get("text") or ""

    async def close(self, code: int) -> None:
        with contextlib.suppress(OSError, RuntimeError):
            await self._send({"type": "websocket.close", "code": code})


def beside(web: App, socket: AgentSocket) -> App:
    """One application of both: HTTP for everybody, WebSockets for agents."""

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        app: App = socket if scope["type"] == "websocket" else web
        await app(scope, receive, send)

    return serve
