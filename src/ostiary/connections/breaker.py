"""A circuit breaker: who does not answer is left alone, and asked now and then.

What counts as an answer is told by who uses it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

FAILURES: Final = 5
"""Failures in a row that open it (interface §3)."""
EVERY: Final = 10.0
"""Seconds between two trials while it is open."""
TRIAL_SECONDS: Final = 5.0

logger = logging.getLogger(__name__)


class Breaker:
    """Counts failures of what is called `name`; `probe` raises while it is away."""

    def __init__(
        self, name: str, probe: Callable[[], Awaitable[None]], every: float = EVERY
    ) -> None:
        """Start closed."""
        self._name = name
        self._probe = probe
        self._every = every
        self._failures = 0
        self._trials: asyncio.Task[None] | None = None
        self._opened: asyncio.Event = asyncio.Event()

    @property
    def is_open(self) -> bool:
        """Whether nobody should ask just now."""
        return self._opened.is_set()

    async def opening(self) -> None:
        """Wait until it is open."""
        await self._opened.wait()

    def succeeded(self) -> None:
        """There was an answer, whatever it said."""
        self._failures = 0

    def failed(self, detail: str) -> None:
        """There was none; `detail` goes to the log."""
        self._failures += 1
        if self._failures >= FAILURES and not self.is_open:
            self._opened.set()
            logger.error("%s does not answer: %s", self._name, detail)
            self._trials = asyncio.create_task(self._try_again())

    async def _try_again(self) -> None:
        clock = asyncio.get_running_loop().time
        due = clock() + self._every
        while True:
            await asyncio.sleep(max(0.0, due - clock()))
            due = clock() + self._every
            try:
                async with asyncio.timeout(min(TRIAL_SECONDS, self._every)):
                    await self._probe()
            except Exception as failure:
                logger.info("%s is still away: %s", self._name, type(failure).__name__)
                continue
            self._failures = 0
            self._opened.clear()
            logger.warning("%s answers again", self._name)
            return

    async def close(self) -> None:
        """Stop trying."""
        if self._trials is not None:
            self._trials.cancel()
            await asyncio.wait([self._trials])
