"""Threads that sign: short work off the event loop, handed over cheaply.

A general executor spends as much on its futures as a signature costs.
"""

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")

Job = tuple[Callable[[], T], asyncio.AbstractEventLoop, "asyncio.Future[T]"]


class SigningThreads(Generic[T]):
    """Runs work in threads of its own; ends each after what it is doing."""

    def __init__(self, count: int) -> None:
        """Start `count` threads; they never keep the process from exiting."""
        self._jobs: queue.SimpleQueue[Job[T] | None] = queue.SimpleQueue()
        self._count = count
        for number in range(count):
            name = f"signer-{number}"
            threading.Thread(target=self._serve, name=name, daemon=True).start()

    def run(self, work: Callable[[], T]) -> "asyncio.Future[T]":
        """The result of `work`, which is done in a thread."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._jobs.put((work, loop, future))
        return future

    def close(self) -> None:
        """Let the threads end when all that was accepted is done."""
        for _ in range(self._count):
            self._jobs.put(None)

    def _serve(self) -> None:
        while job := self._jobs.get():
            work, loop, future = job
            try:
                outcome: tuple[Any, Exception | None] = (work(), None)
            except Exception as error:
                outcome = (None, error)
            try:
                loop.call_soon_threadsafe(_settle, future, *outcome)
            except RuntimeError:  # the loop was closed under us
                return


def _settle(
    future: "asyncio.Future[Any]", result: Any, error: Exception | None
) -> None:
    if future.done():  # the caller has gone away
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
