"""Two ends that hand on to each other what arrives: the network, and libldap's socket.

What the bytes mean is none of its business.
"""

import asyncio
from typing import Final, cast

MOST_BYTES: Final = 2 * 1024 * 1024
"""What a server may say to one question. A thousand groups take less than half of it;
as entries in memory it can become forty times as much.
"""
MOST_HELD: Final = 64 * 1024
"""What it may say before it is asked anything."""


class Relay(asyncio.Protocol):
    """One end. Until it has a peer, what arrives is held.

    passed: bytes handed on since the last question. flooded: there were too many.
    """

    def __init__(self, most: int = MOST_BYTES) -> None:
        """Nothing arrived; `most`: bytes that may."""
        self.transport: asyncio.Transport | None = None
        self.peer: Relay | None = None
        self.held = bytearray()
        self.heard = asyncio.Event()
        self.lost = False
        self.passed = 0
        self.flooded = False
        self._most = most

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Know where to write."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Hand on."""
        self.passed += len(data)
        if self.peer is None:
            self.held += data
            self.heard.set()
            self.flooded = len(self.held) > MOST_HELD
        else:
            self.flooded = self.passed > self._most
            self.peer.write(data)
        if self.flooded:
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let the other end know, behind what was written there before."""
        self.lost = True
        self.heard.set()
        if self.peer is not None and self.peer.transport is not None:
            self.peer.transport.close()

    def pause_writing(self) -> None:
        """The peer must not read more than can be written here."""
        if (source := self._source()) is not None:
            source.pause_reading()

    def resume_writing(self) -> None:
        """Go on."""
        if (source := self._source()) is not None:
            source.resume_reading()

    def _source(self) -> asyncio.Transport | None:
        """Where what is written here comes from, while it is open."""
        transport = None if self.peer is None else self.peer.transport
        return None if transport is None or transport.is_closing() else transport

    def write(self, data: bytes) -> None:
        """Say something at this end."""
        if self.transport is not None and not self.lost:
            self.transport.write(data)

    def abort(self) -> None:
        """Cut both ends now."""
        for end in (self, self.peer):
            if end is not None and end.transport is not None:
                end.transport.abort()


def join(one: Relay, other: Relay) -> None:
    """Make two ends each other's peer."""
    one.peer, other.peer = other, one
    for source, target in ((one, other), (other, one)):
        if source.held:
            target.write(bytes(source.held))
            source.held.clear()
        if source.lost and target.transport is not None:
            target.transport.close()
