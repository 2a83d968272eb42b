"""One WebSocket: uvicorn's protocol, bounded further, with its end made known.

Imported when the first one is opened; what is said is the application's business.
"""

import asyncio
from typing import Any, Final

from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import (
    WebSocketsSansIOProtocol,
)
from uvicorn.server import ServerState
from websockets.frames import Frame

MOST_UNREAD: Final = 1024 * 1024
"""Bytes that may wait for a peer who asks for pongs and reads none."""
MOST_FRAGMENTS: Final = 1024
"""Frames of one message: empty ones have no size, and never an end."""
STUCK_SECONDS: Final = 30.0
"""How long a peer may leave what waits for it lying, also when all is said."""


class BoundedSocket(WebSocketsSansIOProtocol):
    """A WebSocket within the bounds of `Config`; `gone` is done when it is closed."""

    def __init__(
        self, config: Config, server_state: ServerState, app_state: dict[str, Any]
    ) -> None:
        """Serve `config`'s application."""
        super().__init__(config, server_state, app_state)
        self.gone: asyncio.Future[None] = self.loop.create_future()
        self._stuck: asyncio.TimerHandle | None = None

    def handle_ping(self) -> None:
        """Answer, as long as answers are read (RFC 6455 §5.5.3)."""
        super().handle_ping()
        if self.transport.get_write_buffer_size() > MOST_UNREAD:
            self.transport.abort()

    def handle_cont(self, event: Frame) -> None:
        """One more fragment of a message (RFC 6455 §5.4)."""
        super().handle_cont(event)
        if len(self.frames) > MOST_FRAGMENTS:
            self.transport.abort()

    def pause_writing(self) -> None:
        """Much waits for the peer, who has some time to take it."""
        super().pause_writing()
        if self._stuck is None:
            self._stuck = self.loop.call_later(STUCK_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """It was taken."""
        super().resume_writing()
        self._unstick()

    def _unstick(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None

    def connection_lost(self, exc: Exception | None) -> None:
        """The peer is gone, or was told that we are."""
        self._unstick()
        super().connection_lost(exc)
        if not self.gone.done():
            self.gone.set_result(None)
