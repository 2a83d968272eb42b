"""A directory that answers from memory, in place of strategy `ad`'s, for commands.

What real directories answer is tested where the adapters are.
"""

import asyncio
from typing import ClassVar

import pytest

from ostiary.connections import UPSTREAMS, Means
from ostiary.connections.upstream import Away, Grade, Registered, Remark
from ostiary.core.errors import Reason
from ostiary.core.passwords import DirectoryLimit
from ostiary.flows.facts import Candidate, Profile, Rejected, Verified

RIGHT = "Corporate-1"
ALICE = Profile(
    "alice@corp.test",
    external_id="corp-ad|33221100-5544-7766-8899-aabbccddeeff",
    email="alice@corp.test",
    given_name="Alice",
    groups=("staff", "admins"),
)
LIMIT = DirectoryLimit(5, 1800)


class Corporate:
    """Knows Alice; `Corporate.made` tells what each was made from, and was asked."""

    made: ClassVar[list["Corporate"]] = []
    failure: Exception | None = None
    hangs = False
    verdict: Rejected = Rejected()

    def __init__(self, registered: Registered, means: Means) -> None:
        """Remember what it was made from."""
        if "{" in str(registered.options.get("base_dn")):
            raise ValueError("base_dn: a brace is no DN")
        self.registered = registered
        self.asked: list[tuple[str, ...]] = []
        self.closed = False
        self.made.append(self)

    async def _act(self, *asked: str) -> None:
        self.asked.append(asked)
        if self.hangs:
            await asyncio.sleep(600)
        if self.failure is not None:
            raise self.failure

    async def find(self, username: str) -> Candidate:
        """Alice, or nobody."""
        await self._act("find", username)
        known = username in ("alice", "alice@corp.test")
        return Candidate(username, ALICE.external_id if known else None, limit=LIMIT)

    async def look_up(self, username: str) -> Profile | None:
        """Alice's profile."""
        await self._act("look_up", username)
        return ALICE if username in ("alice", "alice@corp.test") else None

    async def verify(
        self, candidate: Candidate, username: str, password: str
    ) -> Verified | Rejected:
        """One password is right."""
        await self._act("verify", username, password)
        return Verified(profile=ALICE) if password == RIGHT else self.verdict

    async def probe(self) -> None:
        """Nothing is asked by it here."""
        await self._act("probe")

    async def examine(self) -> tuple[Remark, ...]:
        """Two remarks, of which one needs mending."""
        await self._act("examine")
        return (
            Remark(Grade.OK, "Active Directory answers over TLS"),
            Remark(Grade.WARNING, "locks after 3 wrong passwords", "raise it to 10"),
        )

    async def close(self) -> None:
        """Note it."""
        self.closed = True


@pytest.fixture
def corporate(monkeypatch: pytest.MonkeyPatch) -> type[Corporate]:
    """The directory in place of strategy `ad`; it forgets at the end."""
    monkeypatch.setitem(UPSTREAMS, "ad", f"{__name__}:Corporate")
    for name, value in (
        ("made", []),
        ("failure", None),
        ("hangs", False),
        ("verdict", Rejected()),
    ):
        monkeypatch.setattr(Corporate, name, value)
    return Corporate


def away(reason: Reason, detail: str) -> Away:
    """Nobody could tell, for that reason."""
    return Away(reason, detail)
