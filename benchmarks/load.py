"""A closed-loop HTTP/1.1 load generator: many connections, little work for each.

Plain HTTP on loopback only. Requests are bytes made beforehand; answers are read just
far enough to know their status, body and time.
"""

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)

Next = Callable[[int, bytes], bytes]
"""A connection's next request, from its number and the body it got last."""


@dataclass
class Tally:
    """What a run of the generator saw; times in seconds."""

    seconds: float = 0.0
    latencies: dict[int, list[float]] = field(default_factory=dict)

    def rate(self, status: int = 200) -> float:
        """Answers of that status per second."""
        return len(self.latencies.get(status, ())) / self.seconds

    def percentile(self, share: float, status: int = 200) -> float:
        """The latency below which that share of the answers lies, in milliseconds."""
        ordered = sorted(self.latencies.get(status, ()))
        if not ordered:
            return float("nan")
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000

    def statuses(self) -> dict[int, int]:
        """How many answers of each status came."""
        return {status: len(times) for status, times in self.latencies.items()}


def post(path: str, form: str, host: str = "localhost") -> bytes:
    """A form POST as bytes."""
    body = form.encode()
    head = (
        f"POST {path} HTTP/1.1\r\nhost: {host}\r\n"
        "content-type: application/x-www-form-urlencoded\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def get(path: str, host: str = "localhost") -> bytes:
    """A GET as bytes."""
    return f"GET {path} HTTP/1.1\r\nhost: {host}\r\n\r\n".encode()


class _Connection(asyncio.Protocol):
    def __init__(
        self, number: int, following: Next, tally: Tally, stop: float, pause: float
    ) -> None:
        self._number, self._following = number, following
        self._tally, self._stop, self._pause = tally, stop, pause
        self._buffer = b""
        self._began = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._send(b"")

    def _send(self, last: bytes) -> None:
        self._began = time.perf_counter()
        if self._began >= self._stop:
            self._transport.close()
            return
        self._transport.write(self._following(self._number, last))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        found = _LENGTH.search(self._buffer, 0, end)
        length = int(found[1]) if found else 0
        if len(self._buffer) < end + 4 + length:
            return
        status = int(self._buffer[9:12])
        body = self._buffer[end + 4 : end + 4 + length]
        self._buffer = b""
        passed = time.perf_counter() - self._began
        self._tally.latencies.setdefault(status, []).append(passed)
        if self._pause:
            loop = asyncio.get_running_loop()
            loop.call_later(self._pause, self._send, body)
        else:
            self._send(body)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


async def drive(
    port: int, connections: int, seconds: float, following: Next, pause: float = 0.0
) -> Tally:
    """Keep `connections` busy for `seconds`; each sends again when it was answered.

    pause: seconds that each waits before.
    """
    loop = asyncio.get_running_loop()
    tally = Tally()
    began = time.perf_counter()
    made = []
    for number in range(connections):
        _, protocol = await loop.create_connection(
            lambda number=number: _Connection(  # type: ignore[misc]
                number, following, tally, began + seconds, pause
            ),
            "127.0.0.1",
            port,
        )
        made.append(protocol.done)
    await asyncio.wait_for(asyncio.gather(*made), seconds + 30)
    tally.seconds = time.perf_counter() - began
    return tally
