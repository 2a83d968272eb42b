"""One connection of an agent to its server: proven, then asked until it ends.

When the next one is tried is decided in `program`.
"""

import asyncio
import logging
import ssl
import time
from collections.abc import Callable
from typing import Final

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from ostiary.agent.answering import Answering
from ostiary.agent.identity import USER_AGENT, Identity, Refused, Unanswered
from ostiary.agents.messages import (
    CONNECT_PATH,
    LARGEST_MESSAGE,
    REFUSED,
    VERSION,
    Challenge,
    Proof,
    Welcome,
)
from ostiary.connections.agent_messages import Cancel, Malformed, Question, decode
from ostiary.core.agents import PROOF_SECONDS

OPEN_SECONDS: Final = 15.0
PING_SECONDS: Final = 15.0
PONG_SECONDS: Final = 20.0
CLOSE_SECONDS: Final = 3.0
MOST_ASKED: Final = 512
"""Questions at a time, well beyond what a server asks."""

Message = Question | Cancel

logger = logging.getLogger(__name__)


async def hold(
    identity: Identity,
    context: ssl.SSLContext,
    answering: Answering,
    on_ready: Callable[[], None],
) -> None:
    """Connect, prove who this is, answer until the connection ends.

    `on_ready` is called once the server has let it in. Raises Refused when it does not
    want this agent, Unanswered for everything else that ends a connection.
    """
    address = "wss" + identity.enrolled.server.removeprefix("https") + CONNECT_PATH
    try:
        async with connect(
            address,
            ssl=context,
            compression=None,
            max_size=LARGEST_MESSAGE,
            open_timeout=OPEN_SECONDS,
            ping_interval=PING_SECONDS,
            ping_timeout=PONG_SECONDS,
            close_timeout=CLOSE_SECONDS,
            user_agent_header=USER_AGENT,
        ) as socket:
            async with asyncio.timeout(OPEN_SECONDS):
                await _prove(socket, identity)
            on_ready()
            await _Asked(socket, answering).serve()
    except ConnectionClosed as closed:
        if closed.rcvd is not None and closed.rcvd.code == REFUSED:
            raise Refused("the server does not know this agent, or no more") from None
        raise Unanswered("the connection ended") from None
    except Malformed:
        raise Unanswered("the server does not speak this version") from None
    except (OSError, TimeoutError, WebSocketException) as error:
        raise Unanswered(f"{type(error).__name__}: {error}") from None


async def _prove(socket: ClientConnection, identity: Identity) -> None:
    """Answer the server's challenge (RFC 7519, RFC 8037); it proves itself by TLS."""
    challenge = decode(await socket.recv(), Challenge)
    if challenge.version != VERSION:
        raise Malformed("another version")
    now = int(time.time())
    claims = {
        "iss": identity.enrolled.id,
        "aud": identity.enrolled.server,
        "nonce": challenge.nonce,
        "iat": now,
        "exp": now + PROOF_SECONDS,
    }
    proof = Proof(agent=identity.enrolled.id, proof=identity.key.prove(claims))
    await socket.send(msgspec.json.encode(proof).decode())
    decode(await socket.recv(), Welcome)


class _Asked:
    """The questions of one connection."""

    def __init__(self, socket: ClientConnection, answering: Answering) -> None:
        self._socket, self._answering = socket, answering
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def serve(self) -> None:
        """Answer until the connection ends, which raises ConnectionClosed."""
        try:
            while True:
                self._take(_message(await self._socket.recv()))
        finally:
            tasks = list(self._tasks.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _take(self, message: Message) -> None:
        if isinstance(message, Cancel):
            if task := self._tasks.get(message.id):
                task.cancel()
        elif message.id in self._tasks or len(self._tasks) >= MOST_ASKED:
            raise Malformed("too many questions")
        else:
            task = asyncio.create_task(self._answer(message))
            self._tasks[message.id] = task
            task.add_done_callback(lambda _: self._tasks.pop(message.id))

    async def _answer(self, question: Question) -> None:
        text = await self._answering.answer(question)
        try:
            await self._socket.send(text)
        except ConnectionClosed:
            logger.info("an answer came too late for its connection")


def _message(text: str | bytes) -> Message:
    kind: type[Message] = Message  # type: ignore[assignment]
    return decode(text, kind)
