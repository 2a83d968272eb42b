"""An agent over a made-up directory, as a process of its own: run by `running`.

Its people and their password are here; each bind leaves a line in the file `binds`.
"""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

from ostiary import logs
from ostiary.agent.identity import Refused
from ostiary.agent.program import AgentProgram
from ostiary.agent.settings import load
from ostiary.connections.upstream import Away, Grade, Registered, Remark
from ostiary.core.errors import Reason
from ostiary.core.passwords import DirectoryLimit
from ostiary.flows.facts import Candidate, Profile, Rejected, Verified

RIGHT = "Right-Horse-7!"
PEOPLE = ("alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi")
SLOW = "slow"
"""A password, and a name, that take for ever."""
LOCKED = "locked"
LIMIT = DirectoryLimit(0, 1800)


class MadeUpDirectory:
    """`Upstream` over PEOPLE of the domain pta.test."""

    def __init__(self, registered: Registered, binds: Path) -> None:
        """Answer for the connection `registered`."""
        self._name, self._binds = registered.name, binds

    async def find(self, username: str) -> Candidate:
        """Somebody of PEOPLE, by UPN or short name."""
        local = username.lower().partition("@")[0]
        if local == SLOW:
            self._note("find slow")
            await asyncio.sleep(600)
        if local not in PEOPLE:
            return Candidate(local, limit=LIMIT)
        id = f"{self._name}|guid-of-{local}"
        return Candidate(f"id:{id}", id, f"CN={local}", LIMIT)

    async def verify(
        self, candidate: Candidate, username: str, password: str
    ) -> Verified | Rejected:
        """RIGHT is everybody's."""
        self._note(f"bind {candidate.place}")
        if password == SLOW:
            await asyncio.sleep(600)
        if password == LOCKED:
            return Rejected(Reason.DIRECTORY_LOCKED, {"retry_after": 60})
        if candidate.external_id is None or password != RIGHT:
            return Rejected()
        return Verified(profile=self._profile(candidate))

    def _profile(self, candidate: Candidate) -> Profile:
        local = candidate.place.removeprefix("CN=")
        return Profile(
            f"{local}@pta.test",
            candidate.external_id,
            email=f"{local}@pta.test",
            name=local.title(),
            groups=("staff", "Grüße"),
            attributes={"department": "R&D", "dn": candidate.place},
        )

    async def look_up(self, username: str) -> Profile | None:
        """Their profile."""
        found = await self.find(username)
        return self._profile(found) if found.external_id else None

    async def probe(self) -> None:
        """It is there."""

    async def examine(self) -> tuple[Remark, ...]:
        """It is made up."""
        return (Remark(Grade.WARNING, "it is made up", "take a real one"),)

    async def close(self) -> None:
        """Nothing is open."""

    def _note(self, what: str) -> None:
        with self._binds.open("a") as file:
            file.write(what + "\n")


class DownDirectory(MadeUpDirectory):
    """The agent is well; its directory is not."""

    async def find(self, username: str) -> Candidate:
        """Nobody can tell."""
        raise Away(Reason.DIRECTORY_UNREACHABLE, "connection refused")


class QuickDirectory(MadeUpDirectory):
    """Nobody is called SLOW here."""

    async def find(self, username: str) -> Candidate:
        """At once."""
        local = username.lower().partition("@")[0]
        if local != SLOW:
            return await super().find(username)
        self._note("find quick")
        return Candidate(local, limit=LIMIT)


class LyingDirectory(MadeUpDirectory):
    """Says of everybody that they are Alice."""

    async def verify(
        self, candidate: Candidate, username: str, password: str
    ) -> Verified | Rejected:
        """Every password is right, and Alice's."""
        alice = replace(candidate, external_id=f"{self._name}|guid-of-alice")
        return Verified(profile=self._profile(replace(alice, place="CN=alice")))


KINDS = {
    "well": MadeUpDirectory,
    "down": DownDirectory,
    "quick": QuickDirectory,
    "lying": LyingDirectory,
}


def main(config: str, binds: str, kind: str) -> int:
    """Run as `ostiary agent` does, with that directory."""
    settings, _ = load(Path(config))
    logs.configure(settings.log)
    program = AgentProgram(settings, lambda told: KINDS[kind](told, Path(binds)))
    try:
        asyncio.run(program.run())
    except Refused as refused:
        print(f"ostiary: {refused}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
