"""An upstream that does as it is told, for tests of its guard.

No test lives here.
"""

import asyncio

from ostiary.connections.upstream import Remark
from ostiary.core.passwords import DirectoryLimit
from ostiary.flows.facts import Candidate, Profile, Rejected, Verified

RIGHT = "the right one"
JDOE = Profile("jdoe@corp.test", external_id="corp|1")


class ToldUpstream:
    """Knows `jdoe`; `failure` is raised and `seconds` are waited, if there are any."""

    def __init__(self) -> None:
        self.failure: Exception | None = None
        self.seconds: float = 0.0
        self.asked: list[str] = []
        self.probed = 0
        self.cancelled = 0
        self.closed = False

    async def _act(self) -> None:
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.failure is not None:
            raise self.failure

    async def find(self, username: str) -> Candidate:
        """J. Doe, or nobody."""
        await self._act()
        known = username == "jdoe"
        limit = DirectoryLimit()
        return Candidate(username, "corp|1" if known else None, limit=limit)

    async def verify(
        self, candidate: Candidate, username: str, password: str
    ) -> Verified | Rejected:
        """One password is right."""
        self.asked.append(password)
        await self._act()
        if candidate.external_id and password == RIGHT:
            return Verified(profile=JDOE)
        return Rejected()

    async def look_up(self, username: str) -> Profile | None:
        """J. Doe's profile."""
        return JDOE if username == "jdoe" else None

    async def probe(self) -> None:
        """What the others do, too."""
        self.probed += 1
        await self._act()

    async def examine(self) -> tuple[Remark, ...]:
        """Nothing to remark."""
        return ()

    async def close(self) -> None:
        """Note it."""
        self.closed = True
