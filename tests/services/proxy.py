"""A TCP proxy before a server under test: it counts, holds back, and cuts.

What passes is not looked into; it is encrypted as a rule.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

HOST = "127.0.0.1"
CHUNK = 65536


@dataclass
class Proxy:
    """A running proxy; `sent`: bytes from clients, `connections`: so far."""

    port: int = 0
    sent: int = 0
    connections: int = 0
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _flows: asyncio.Event = field(default_factory=asyncio.Event)

    def hold(self) -> None:
        """Let nothing more through, in either direction."""
        self._flows.clear()

    def flow(self) -> None:
        """Let through what was held back, and what comes."""
        self._flows.set()

    def cut(self) -> None:
        """Break every connection."""
        for writer in self._open:
            writer.transport.abort()

    async def pump(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, ours: bool
    ) -> None:
        """Hand on until one side ends."""
        with contextlib.suppress(ConnectionError):
            while data := await source.read(CHUNK):
                self.sent += len(data) if ours else 0
                await self._flows.wait()
                target.write(data)
                await target.drain()
        target.close()


@contextlib.asynccontextmanager
async def proxy_to(host: str, port: int, at: str = HOST) -> AsyncIterator[Proxy]:
    """A proxy on a loopback address for as long as the context lasts."""
    proxy, tasks = Proxy(), set[asyncio.Task[None] | None]()
    proxy.flow()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        proxy.connections += 1
        tasks.add(asyncio.current_task())
        there, back = await asyncio.open_connection(host, port)
        both = {writer, back}
        proxy._open |= both
        await asyncio.gather(
            proxy.pump(reader, back, ours=True), proxy.pump(there, writer, ours=False)
        )
        proxy._open -= both

    server = await asyncio.start_server(serve, at, 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        proxy.flow()
        server.close()
        proxy.cut()
        await asyncio.gather(*filter(None, tasks), return_exceptions=True)
