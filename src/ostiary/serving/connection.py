"""One HTTP connection: uvicorn's protocol with bounds on size, time and queueing.

What a request means is the application's business.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import (
    HttpToolsProtocol,
    RequestResponseCycle,
)
from uvicorn.server import ServerState

MAX_FIELDS: Final = 200
"""Header fields in one request; browsers send some twenty."""

MAX_QUEUED: Final = 16
"""Pipelined requests waiting behind the one being answered (RFC 9112 §9.3.2)."""

_TOO_LARGE: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a client may take: bytes of a head, and seconds.

    `head_seconds` for a whole request head, `idle_seconds` between requests and for
    taking an answer, `handshake_seconds` for TLS, `grace_seconds` for what is under way
    when the server stops.
    """

    head_bytes: int = 64 * 1024
    head_seconds: float = 10.0
    idle_seconds: int = 65
    handshake_seconds: float = 10.0
    grace_seconds: float = 10.0


class _Timer:
    """Calls once, some seconds after its first `start`, unless stopped before."""

    def __init__(self) -> None:
        self._handle: asyncio.TimerHandle | None = None

    def start(self, seconds: float, act: Callable[[], None]) -> None:
        if self._handle is None:
            loop = asyncio.get_running_loop()
            self._handle = loop.call_later(seconds, self._ring, act)

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _ring(self, act: Callable[[], None]) -> None:
        self._handle = None
        act()


class BoundedProtocol(HttpToolsProtocol):
    """Cuts off large heads (431), slow heads, deep pipelines and stuck readers.

    `gone` is done when the connection is closed and everything sent.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        limits: Limits,
        upgrades: frozenset[bytes] = frozenset(),
    ) -> None:
        """Serve `config`'s application within `limits`, WebSockets at `upgrades`."""
        super().__init__(config, server_state, app_state)
        self.gone: asyncio.Future[None] = self.loop.create_future()
        self._limits = limits
        self._upgrades = upgrades
        self._upgraded = False
        self._head_open = False
        self._head_fed = 0  # bytes of a head that is not complete yet
        self._head_size = 0  # bytes of the parsed fields
        self._fields = 0
        self._too_large = False
        self._head_timer = _Timer()
        self._write_timer = _Timer()

    @property
    def idle(self) -> bool:
        """Whether no request is being answered."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop every timer; a request under way runs on without its reader."""
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        self._head_timer.stop()
        self._write_timer.stop()
        if not self.gone.done():
            self.gone.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Feed the parser; from here on an incomplete head has its time and size."""
        head = self.headers  # a new list for each request
        super().data_received(data)
        if self.transport.is_closing() or self._upgraded:
            return
        if self._head_open and self.headers is head:  # all of `data` belongs to it
            self._head_fed += len(data)
            if self._head_fed > self._limits.head_bytes:
                self._too_large = True
                self.send_400_response("")
        if self._head_open or self.idle:
            self._expect_head()

    def on_message_begin(self) -> None:
        """Start counting a new head."""
        super().on_message_begin()
        self._head_open = True
        self._head_fed = self._head_size = self._fields = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a field and keep it, unless it is a trailer.

        Trailers must not pass for header fields (RFC 9110 §6.5.1); we need none.
        """
        self._fields += 1
        self._head_size += len(name) + len(value) + 4
        self._check_size()
        if self._head_open:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Start the request, or queue it behind the one being answered."""
        self._head_open = False
        self._head_timer.stop()
        self._head_size += len(self.url)
        self._check_size()
        if len(self.pipeline) >= MAX_QUEUED:
            raise httptools.HttpParserError("too many requests in the pipeline")
        super().on_headers_complete()
        # It is None only once the connection is gone.
        asked = self.parser.should_upgrade()  # pyright: ignore[reportOptionalMemberAccess]
        if asked and not self._should_upgrade():
            # Nothing comes of it, and the parser reads no request after this one.
            self.cycle.keep_alive = False

    def _should_upgrade_to_ws(self) -> bool:
        """Only at known addresses, and not while other answers are due."""
        plain = self.scope["method"] == "GET" and self.idle and not self.pipeline
        return plain and self.url.partition(b"?")[0] in self._upgrades

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over: its bounds are those of a WebSocket from here."""
        from ostiary.serving.sockets import BoundedSocket

        self._upgraded = True
        self._head_timer.stop()
        self._write_timer.stop()
        self.ws_protocol_class = BoundedSocket
        super().handle_websocket_upgrade()
        if not self.gone.done():
            self.gone.set_result(None)

    def send_400_response(self, msg: str) -> None:
        """Answer what cannot be parsed: 400, or 431 for a head too large; then close.

        When the answer to another request is due first, only close.
        """
        if not self.idle and (
            self._head_open or self.pipeline or self.cycle.response_started
        ):
            self.transport.abort()
        elif self._too_large:
            self.transport.write(_TOO_LARGE)
            self.transport.close()
        else:
            super().send_400_response(msg)

    def pause_writing(self) -> None:
        """Give a client that does not read its answers a last chance."""
        super().pause_writing()
        self._write_timer.start(self._limits.idle_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on: the client reads again."""
        super().resume_writing()
        self._write_timer.stop()

    def _check_size(self) -> None:
        if self._fields > MAX_FIELDS or self._head_size > self._limits.head_bytes:
            self._too_large = True
            raise httptools.HttpParserError("the head is too large")

    def _expect_head(self) -> None:
        self._head_timer.start(self._limits.head_seconds, self._head_overdue)

    def _head_overdue(self) -> None:
        if self.idle:
            self.transport.close()
        else:  # half a pipelined head: the answer before it is still due
            self.cycle.keep_alive = False
