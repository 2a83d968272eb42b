"""What arrived somewhere, in order, for tests that wait for it.

Filled by servers in threads of their own, read by the test.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")

PATIENCE = 10.0
"""Seconds until something that should have arrived has failed to."""
SILENCE = 0.5
"""Seconds after which nothing more is expected."""


@dataclass
class Inbox(Generic[T]):
    """Messages, newest last."""

    _arrived: threading.Condition = field(default_factory=threading.Condition)
    _messages: list[T] = field(default_factory=list)

    def add(self, message: T) -> None:
        """Keep one more."""
        with self._arrived:
            self._messages.append(message)
            self._arrived.notify_all()

    def found(self, wanted: Callable[[T], bool]) -> list[T]:
        """Those wanted, as of now."""
        with self._arrived:
            return [message for message in self._messages if wanted(message)]

    def wait(self, wanted: Callable[[T], bool], count: int = 1) -> list[T]:
        """At least `count` of those wanted; fails when they do not arrive in time."""
        until = time.monotonic() + PATIENCE
        with self._arrived:
            while True:
                found = [message for message in self._messages if wanted(message)]
                if len(found) >= count:
                    return found
                left = until - time.monotonic()
                assert left > 0, f"{len(found)} of {count} messages arrived"
                self._arrived.wait(left)

    def stays(self, wanted: Callable[[T], bool], count: int) -> None:
        """Exactly `count` of those wanted, also a while later."""
        time.sleep(SILENCE)
        assert len(self.found(wanted)) == count
