"""WebSockets of the server: at their own address alone, bounded, and ended politely.

What is said over them is tried in tests/agent.
"""

import asyncio
import base64
import hashlib
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from ostiary.serving import sockets, worker
from ostiary.serving.connection import Limits
from ostiary.serving.listeners import open_listeners
from ostiary.serving.worker import Site, serving

PATH = "/agent/v1/connect"
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
"""The example of RFC 6455 §1.3."""
UPGRADE = (
    f"GET {PATH} HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\n"
    f"connection: Upgrade\r\nsec-websocket-version: 13\r\n"
    f"sec-websocket-key: {KEY}\r\n\r\n"
)
PLAIN = "GET /plain HTTP/1.1\r\nhost: localhost\r\n\r\n"
SECONDS = 20.0


class Echo:
    """An application that repeats what it hears, and answers HTTP with `plain`."""

    def __init__(self) -> None:
        self.ended: list[int] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Speak ASGI 3."""
        if scope["type"] == "lifespan":
            for phase in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{phase}.complete"})
        elif scope["type"] == "http":
            headers = [(b"content-length", b"5")]
            start = {"type": "http.response.start", "status": 200}
            await send({**start, "headers": headers})
            await send({"type": "http.response.body", "body": b"plain"})
        else:
            await self._echo(receive, send)

    async def _echo(self, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})
        self.ended.append(message["code"])


@asynccontextmanager
async def served(echo: Echo) -> AsyncIterator[int]:
    """The port at which it is served, with WebSockets at PATH."""
    (listener,) = open_listeners("127.0.0.1:0")
    port: int = listener.getsockname()[1]
    site = Site(lambda: echo, [listener], None, frozenset({PATH.encode()}))
    async with serving([site], Limits(grace_seconds=1, head_seconds=5)):
        yield port


def connected(port: int, query: str = "") -> connect:
    """A WebSocket to it; messages of any size are taken."""
    return connect(f"ws://127.0.0.1:{port}{PATH}{query}", max_size=None)


async def flood(writer: asyncio.StreamWriter, octets: bytes) -> None:
    """Send the same for ever, until it is not taken any more: ConnectionError."""
    async with asyncio.timeout(SECONDS):
        while True:
            writer.write(octets)
            await writer.drain()


async def head_of(reader: asyncio.StreamReader) -> str:
    """The head of the next answer."""
    async with asyncio.timeout(SECONDS):
        return (await reader.readuntil(b"\r\n\r\n")).decode().lower()


async def test_an_upgrade_is_answered_as_the_rfc_says() -> None:
    """The server's key of RFC 6455 §1.3; no compression, which we never offer."""
    digest = hashlib.sha1(
        f"{KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode(), usedforsecurity=False
    ).digest()
    assert base64.b64encode(digest).decode() == ACCEPT
    async with served(Echo()) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        offer = "sec-websocket-extensions: permessage-deflate\r\n\r\n"
        writer.write(UPGRADE.removesuffix("\r\n").encode() + offer.encode())
        head = await head_of(reader)
        assert head.startswith("http/1.1 101")
        assert f"sec-websocket-accept: {ACCEPT}".lower() in head
        assert "sec-websocket-extensions" not in head
        writer.close()


async def test_messages_pass_and_requests_beside_them() -> None:
    """One connection speaks WebSocket, others HTTP, for as long as they like."""
    async with served(Echo()) as port, connected(port, "?x=y") as socket:
        for text in ("one", "zwei", "x" * 100_000):
            await socket.send(text)
            assert await socket.recv() == text
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(PLAIN.encode())
        assert (await head_of(reader)).startswith("http/1.1 200")
        writer.close()
        await asyncio.sleep(0.1)
        await socket.send("still")
        assert await socket.recv() == "still"


async def test_a_connection_may_be_upgraded_after_a_request() -> None:
    """Once its answer is out."""
    async with served(Echo()) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(PLAIN.encode())
        assert (await head_of(reader)).startswith("http/1.1 200")
        assert await reader.readexactly(5) == b"plain"
        writer.write(UPGRADE.encode())
        assert (await head_of(reader)).startswith("http/1.1 101")
        writer.close()


@pytest.mark.parametrize(
    "request_text",
    [
        UPGRADE.replace(PATH, "/elsewhere"),
        UPGRADE.replace(PATH, PATH + "/"),
        UPGRADE.replace("GET", "POST"),
        UPGRADE.replace("upgrade: websocket", "upgrade: h2c"),
        UPGRADE.replace("connection: Upgrade", "connection: close"),
    ],
    ids=["elsewhere", "slash", "post", "h2c", "no-upgrade"],
)
async def test_anything_else_is_plain_http(request_text: str) -> None:
    """Answered as ever, and the connection ends with that."""
    echo = Echo()
    async with served(echo) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request_text.encode())
        assert (await head_of(reader)).startswith("http/1.1 200")
        assert await reader.readexactly(5) == b"plain"
        async with asyncio.timeout(SECONDS):
            assert await reader.read() == b""
        writer.close()
    assert echo.ended == []


async def test_an_upgrade_behind_another_request_is_plain_http() -> None:
    """Its answer would come before the one that is due."""
    async with served(Echo()) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write((PLAIN + UPGRADE).encode())
        for _ in range(2):
            assert (await head_of(reader)).startswith("http/1.1 200")
            assert await reader.readexactly(5) == b"plain"
        writer.close()


@pytest.mark.parametrize("missing", ["sec-websocket-key", "sec-websocket-version"])
async def test_a_broken_handshake_is_refused(missing: str) -> None:
    """RFC 6455 §4.2.2: an HTTP error, and the end."""
    lines = [line for line in UPGRADE.split("\r\n") if not line.startswith(missing)]
    async with served(Echo()) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write("\r\n".join(lines).encode())
        assert (await head_of(reader)).startswith("http/1.1 4")
        async with asyncio.timeout(SECONDS):
            await reader.read()
        writer.close()


async def test_the_head_of_an_upgrade_has_its_limit() -> None:
    """431, as for any other."""
    async with served(Echo()) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        fields = "".join(f"x-{n}: y\r\n" for n in range(250))
        writer.write((UPGRADE.removesuffix("\r\n") + fields + "\r\n").encode())
        assert (await head_of(reader)).startswith("http/1.1 431")
        writer.close()


async def test_dead_peers_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that answers no ping is let go, after 35 seconds at most."""
    assert worker.PING_SECONDS + worker.PONG_SECONDS <= 40
    monkeypatch.setattr(worker, "PING_SECONDS", 0.1)
    monkeypatch.setattr(worker, "PONG_SECONDS", 0.1)
    echo = Echo()
    async with served(echo) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(UPGRADE.encode())
        assert (await head_of(reader)).startswith("http/1.1 101")
        async with asyncio.timeout(SECONDS):
            await reader.read()
        writer.close()
    assert len(echo.ended) == 1


async def test_living_peers_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """However little they say."""
    monkeypatch.setattr(worker, "PING_SECONDS", 0.05)
    async with served(Echo()) as port, connected(port) as socket:
        await asyncio.sleep(0.5)
        await socket.send("here")
        assert await socket.recv() == "here"


async def test_a_message_has_its_limit() -> None:
    """Of 256 KiB; longer ones end the connection with 1009 (RFC 6455 §7.4.1)."""
    async with served(Echo()) as port:
        async with connected(port) as socket:
            await socket.send("x" * (256 * 1024))
            assert len(await socket.recv()) == 256 * 1024
            await socket.send("x" * (256 * 1024 + 1))
            with pytest.raises(ConnectionClosed) as closed:
                await socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009


@pytest.mark.parametrize("frame", [b"\x89\xfd\0\0\0\0" + b"x" * 125, b"\0\x80\0\0\0\0"])
async def test_frames_of_no_message_have_their_limit(frame: bytes) -> None:
    """Pings whose pongs nobody reads, and a message of ever more empty fragments.

    Both would fill the memory of a server that knows neither who is there.
    """
    echo = Echo()
    async with served(echo) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(UPGRADE.encode())
        assert (await head_of(reader)).startswith("http/1.1 101")
        writer.write(b"\x01\x81\0\0\0\0x")  # the first fragment of a message
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        with pytest.raises(ConnectionError):
            await flood(writer, frame * 500)
        writer.close()
        assert sockets.MOST_UNREAD <= 1024 * 1024
        assert sockets.MOST_FRAGMENTS <= 1024
    assert echo.ended == [1005]


async def test_a_peer_that_takes_nothing_is_cut(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who asks to be told much, and leaves it lying, is let go of."""
    assert sockets.STUCK_SECONDS <= 60
    monkeypatch.setattr(sockets, "STUCK_SECONDS", 0.2)
    async with served(Echo()) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(UPGRADE.encode())
        assert (await head_of(reader)).startswith("http/1.1 101")
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        text = b"\x81\xff" + (250_000).to_bytes(8, "big") + bytes(4) + b"x" * 250_000
        with pytest.raises(ConnectionError):
            await flood(writer, text)
        writer.close()
        async with connected(port) as socket:
            await socket.send("still")
            assert await socket.recv() == "still"


async def test_a_server_that_stops_says_so() -> None:
    """1012: the peer may come again soon; and the application's task ends."""
    echo = Echo()
    async with connect_later() as waiting:
        async with served(echo) as port:
            socket = await waiting(port)
            await socket.send("here")
            assert await socket.recv() == "here"
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012
    assert echo.ended == [1012]


@asynccontextmanager
async def connect_later() -> AsyncIterator[Any]:
    """A function that connects; what it connected is closed at the end."""
    opened = []

    async def waiting(port: int) -> Any:
        opened.append(await connected(port))
        return opened[-1]

    yield waiting
    for socket in opened:
        await socket.close()


def test_a_server_without_agents_loads_none_of_it() -> None:
    """The library comes with the first WebSocket, LDAP with the first directory."""
    code = (
        "import sys, ostiary.hosting, ostiary.server, ostiary.cli.serve;"
        "heavy = ('websockets', 'ldap', 'ostiary.agent');"
        "print([name for name in heavy if name in sys.modules])"
    )
    line = [sys.executable, "-c", code]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
