"""What directories and identity providers look like to their guard.

One adapter for each strategy; time limits, the breaker and equal times are told in
`guarded`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from ostiary.core.errors import Reason
from ostiary.flows.facts import Candidate, Profile, Rejected, Verified

SECONDS = 6.5
"""How long finding somebody and checking their password may take together, so that
the answer is out within seven seconds (security promise 11)."""


class Away(Exception):
    """Nobody could tell whether the password is right: never a failed guess.

    reason: DIRECTORY_UNREACHABLE, DIRECTORY_TIMEOUT, DIRECTORY_MISCONFIGURED,
    DIRECTORY_BUSY, DIRECTORY_LIED or AGENT_ABSENT. detail: for the operator's log;
    neither a secret nor anybody's name. retry_after: seconds.
    """

    def __init__(
        self,
        reason: Reason = Reason.DIRECTORY_UNREACHABLE,
        detail: str = "",
        retry_after: int = 5,
    ) -> None:
        super().__init__(f"{reason.value}: {detail}")
        self.reason = reason
        self.detail = detail
        self.retry_after = retry_after


class Unserved(Exception):
    """This installation cannot serve the connection; the text says what to do."""


class Grade(StrEnum):
    """How a remark is meant; the words of the doctor."""

    OK = "ok"
    WARNING = "warning"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Remark:
    """One line of an examination: what was found, and how it is mended."""

    grade: Grade
    text: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Registered:
    """What an adapter is made from: the options as in the file, secrets apart.

    restricted: an administrator of the tenant entered it, see `outgoing`.
    """

    tenant_id: str
    name: str
    options: Mapping[str, object]
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    restricted: bool = False


class Upstream(Protocol):
    """A directory or identity provider. Every method can be cancelled at any await.

    Raises `Away` whenever nobody could tell; anything else is a defect.
    """

    async def find(self, username: str) -> Candidate:
        """Whom it means by a name, as typed; nobody is a candidate without id."""
        ...

    async def verify(
        self, candidate: Candidate, username: str, password: str
    ) -> Verified | Rejected:
        """Check a password, never an empty one or one with NUL.

        For nobody the same questions are asked, as far as they can be.
        """
        ...

    async def look_up(self, username: str) -> Profile | None:
        """What is known of somebody, without their password; None: nothing."""
        ...

    async def probe(self) -> None:
        """Whether it answers at all: the cheapest question, counted nowhere."""
        ...

    async def examine(self) -> tuple[Remark, ...]:
        """What an operator should know, at the price of one bind or one request."""
        ...

    async def close(self) -> None:
        """Let go of connections and threads."""
        ...
