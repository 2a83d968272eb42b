"""An upstream behind its guard: bounded in time, left alone while it is down.

Nobody can tell from the time of a wrong password whether somebody has that name
(security case ROPC-02), and an upstream that fails is never a wrong password.
"""

import asyncio
import logging
import traceback
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeVar

from ostiary.connections.breaker import EVERY, Breaker
from ostiary.connections.upstream import SECONDS, Away, Upstream
from ostiary.core.errors import Reason
from ostiary.core.model import Tenant
from ostiary.flows.facts import Candidate, Claimed, Rejected, Unreachable, Verified
from ostiary.flows.ports import Overloaded

T = TypeVar("T")

REMEMBERED: Final = 64
"""Durations of wrong passwords that are known."""
ODD: Final = 20
"""One in so many of them may take longer than nobody's."""
_DOWN: Final = frozenset({Reason.DIRECTORY_UNREACHABLE, Reason.DIRECTORY_TIMEOUT})
"""It does not answer. Whatever else is wrong, one odd account must not keep the others
from it."""
FAIR: Final = 2.0
"""Seconds that a question must have had before its silence is held against anybody."""

logger = logging.getLogger(__name__)


class GuardedConnection:
    """Port `Connection` over an upstream."""

    provisions: Final = True

    def __init__(self, name: str, upstream: Upstream, *, every: float = EVERY) -> None:
        """Guard `upstream`; `every` seconds it is tried while it is away."""
        self.name = name
        self.upstream = upstream
        self.breaker = Breaker(f"connection {name}", upstream.probe, every)
        self._wrong: deque[float] = deque(maxlen=REMEMBERED)

    async def find(self, username: str) -> Candidate | Unreachable:
        """Whom the upstream means by a name; its answers are due from now on."""
        clock = asyncio.get_running_loop().time
        began = clock()
        until = began + SECONDS
        found = await self._ask(lambda: self.upstream.find(username), until)
        if isinstance(found, Unreachable):
            return found
        return replace(found, until=until, took=clock() - began)

    async def verify(
        self, tenant: Tenant, claimed: Claimed, password: str
    ) -> Verified | Rejected | Unreachable:
        """Check a password in the time that is left."""
        if not password or "\0" in password:  # would pass for an anonymous bind
            return Rejected()
        clock = asyncio.get_running_loop().time
        began, candidate = clock(), claimed.candidate
        verdict = await self._ask(
            lambda: self.upstream.verify(candidate, claimed.username, password),
            candidate.until or began + SECONDS,
        )
        if verdict == Rejected():
            took = candidate.took + clock() - began
            usual = self._usual()
            if candidate.external_id is not None:
                self._wrong.append(took)
            await self._wait(usual - took, candidate)
        return verdict

    async def pretend(self, candidate: Candidate) -> None:
        """Take as long as a wrong password usually does."""
        await self._wait(self._usual() - candidate.took, candidate)

    async def _wait(self, seconds: float, candidate: Candidate) -> None:
        """Wait, but not beyond the time in which an answer is due."""
        left = candidate.until - asyncio.get_running_loop().time()
        most = left if candidate.until else SECONDS
        await asyncio.sleep(max(0.0, min(seconds, most)))

    async def close(self) -> None:
        """Let go of the upstream."""
        await self.breaker.close()
        await self.upstream.close()

    def _usual(self) -> float:
        """Seconds that nearly all of the last wrong passwords took, with the search.

        Not those of one of them: somebody would wait for the longer of two such times,
        nobody for one, and a few samples would tell them apart (ROPC-02).
        """
        if not self._wrong:
            return 0.0
        return sorted(self._wrong)[-1 - len(self._wrong) // ODD]

    async def _ask(
        self, work: Callable[[], Awaitable[T]], until: float
    ) -> T | Unreachable:
        """An answer by `until`, or sooner that there is none."""
        if self.breaker.is_open:
            return Unreachable()
        fair = until - asyncio.get_running_loop().time() >= min(FAIR, SECONDS / 2)
        try:
            answer = await self._in_time(work, until)
        except Away as away:
            self._note(away, fair=fair)
            return Unreachable(away.reason, away.retry_after)
        except Overloaded:
            raise
        except Exception as defect:
            # Its text may quote what was asked; where it happened says enough.
            logger.error("connection %s failed: %s", self.name, _whereabouts(defect))
            return Unreachable(Reason.DIRECTORY_LIED)
        self.breaker.succeeded()
        return answer

    def _note(self, away: Away, *, fair: bool) -> None:
        """Silence counts against the upstream, unless its time went by in a queue."""
        if away.reason not in _DOWN:
            self.breaker.succeeded()
            logger.error("connection %s: %s", self.name, away)
        elif fair or away.reason is Reason.DIRECTORY_UNREACHABLE:
            self.breaker.failed(str(away))

    async def _in_time(self, work: Callable[[], Awaitable[T]], until: float) -> T:
        left = until - asyncio.get_running_loop().time()
        asked = asyncio.ensure_future(work())
        opening = asyncio.ensure_future(self.breaker.opening())
        try:
            await asyncio.wait(
                {asked, opening},
                timeout=max(0.0, left),
                return_when=asyncio.FIRST_COMPLETED,
            )
            if asked.done():
                return asked.result()
        finally:
            opening.cancel()
            asked.cancel()
        if opening.done():
            raise Away(detail="others got no answer")
        raise Away(Reason.DIRECTORY_TIMEOUT, "no answer in time")


def _whereabouts(defect: Exception) -> str:
    """The kind of a defect and the line that raised it."""
    frames = traceback.extract_tb(defect.__traceback__)
    where = (
        f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    )
    return f"{type(defect).__name__}{where}"
