"""One worker: its applications on listening sockets, inside a running event loop.

Processes and signals are the supervisor's and `ostiary.server`'s business.
"""

import asyncio
import contextlib
import inspect
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any, Final

from uvicorn.config import Config
from uvicorn.lifespan.on import LifespanOn
from uvicorn.server import ServerState

from ostiary.serving.certificates import Certificate
from ostiary.serving.connection import BoundedProtocol, Limits
from ostiary.serving.listeners import BACKLOG

App = Callable[[Any, Any, Any], Awaitable[None]]
"""An ASGI 3 application."""

MakeApp = Callable[[], Awaitable[App] | App]
"""Makes the application inside the worker's event loop: opens stores and the like."""

TLS_CLOSE_SECONDS: Final = 5.0
"""How long a closing TLS connection waits for the client's goodbye."""

LARGEST_MESSAGE: Final = 256 * 1024
"""Bytes of one WebSocket message."""
PING_SECONDS: Final = 15.0
PONG_SECONDS: Final = 20.0
"""How long the other end of a WebSocket may be silent, once asked whether it lives."""

UNWIND_SECONDS: Final = 1.0
"""How long a cancelled request may take to clean up, before its stores close."""


class StartError(Exception):
    """The application refused to start; it has logged why."""


@dataclass(frozen=True, slots=True)
class Site:
    """One application, where it listens, and behind which certificate, if any.

    upgrades: paths at which it takes WebSockets.
    """

    make_app: MakeApp
    sockets: Sequence[socket.socket]
    certificate: Certificate | None = None
    upgrades: frozenset[bytes] = frozenset()


@contextlib.asynccontextmanager
async def serving(sites: Sequence[Site], limits: Limits) -> AsyncIterator[None]:
    """Serve all sites while the context lasts; the first site starts first.

    Inside, every socket accepts connections. At the end nothing new is accepted, what
    is under way may finish within the grace, and the applications are shut down, the
    first site last. Raises StartError, and whatever `make_app` raises.
    """
    async with contextlib.AsyncExitStack() as stack:
        edges = [await stack.enter_async_context(_started(s, limits)) for s in sites]
        for edge in edges:
            await edge.listen()
        clock = asyncio.create_task(_keep_date([edge.state for edge in edges]))
        try:
            yield
        finally:
            clock.cancel()
            await asyncio.gather(*(edge.stop() for edge in edges))


@contextlib.asynccontextmanager
async def _started(site: Site, limits: Limits) -> "AsyncIterator[_Edge]":
    """Make the application and take it through its ASGI lifespan."""
    made = site.make_app()
    app = await made if inspect.isawaitable(made) else made
    config = _configure(app, limits)
    lifespan = LifespanOn(config)
    await lifespan.startup()
    if lifespan.should_exit:
        raise StartError("the application did not start")
    try:
        yield _Edge(site, config, lifespan.state, limits)
    finally:
        await lifespan.shutdown()


@dataclass(slots=True)
class _Edge:
    """A started site: its listeners and connections."""

    site: Site
    config: Config
    app_state: dict[str, Any]
    limits: Limits
    state: ServerState = field(default_factory=ServerState)
    servers: list[asyncio.Server] = field(default_factory=list)

    async def listen(self) -> None:
        loop = asyncio.get_running_loop()
        tls: dict[str, Any] = {}
        if self.site.certificate is not None:
            tls = {
                "ssl": self.site.certificate.context,
                "ssl_handshake_timeout": self.limits.handshake_seconds,
                "ssl_shutdown_timeout": TLS_CLOSE_SECONDS,
            }
        for listener in self.site.sockets:
            server = await loop.create_server(
                self._connect, sock=listener, backlog=BACKLOG, **tls
            )
            self.servers.append(server)

    def _connect(self) -> BoundedProtocol:
        upgrades = self.site.upgrades
        return BoundedProtocol(
            self.config, self.state, self.app_state, self.limits, upgrades
        )

    async def stop(self) -> None:
        """Stop accepting, let requests finish within the grace, cut the rest."""
        for server in self.servers:
            server.close()
        deadline = asyncio.get_running_loop().time() + self.limits.grace_seconds
        connections = _connections(self.state)
        for connection in connections:
            connection.shutdown()
        await _finished([connection.gone for connection in connections], deadline)
        # A client that left does not end its request: see `WebApp`.
        await _finished(list(self.state.tasks), deadline)
        for connection in _connections(self.state):
            connection.transport.abort()
        cancelled = list(self.state.tasks)
        for task in cancelled:
            task.cancel()
        await _finished(cancelled, deadline + UNWIND_SECONDS)


def _connections(state: ServerState) -> list[Any]:
    """Of HTTP and WebSockets: all that tell when they are `gone`."""
    return [c for c in state.connections if hasattr(c, "gone")]


async def _finished(futures: Sequence[asyncio.Future[None]], deadline: float) -> None:
    if futures:
        remaining = deadline - asyncio.get_running_loop().time()
        await asyncio.wait(futures, timeout=max(0.0, remaining))


async def _keep_date(states: Sequence[ServerState]) -> None:
    """Give every answer its Date (RFC 9110 §6.6.1), formatted once a second."""
    while True:
        date = formatdate(usegmt=True).encode("ascii")
        for state in states:
            state.default_headers = [(b"date", date)]
        await asyncio.sleep(1)


def _configure(app: App, limits: Limits) -> Config:
    """Switch off what uvicorn would log, trust and tell of itself."""
    config = Config(
        app,
        http=BoundedProtocol,
        ws="none",  # see BoundedProtocol, which loads its own when it is needed
        ws_max_size=LARGEST_MESSAGE,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PONG_SECONDS,
        ws_per_message_deflate=False,
        lifespan="on",
        interface="asgi3",
        workers=1,  # or WEB_CONCURRENCY of the environment would be read
        log_config=None,
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=limits.idle_seconds,
    )
    config.load()
    return config
