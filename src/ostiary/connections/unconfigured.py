"""A connection that nobody set up, or whose strategy cannot check passwords.

It never says "wrong password": nobody asked.
"""

from dataclasses import dataclass

from ostiary.core.errors import Reason
from ostiary.core.model import Tenant
from ostiary.flows.facts import Candidate, Claimed, Rejected, Unreachable, Verified


@dataclass(frozen=True, slots=True)
class Unconfigured:
    """Port `Connection` that cannot be reached."""

    name: str
    provisions: bool = True

    async def find(self, username: str) -> Unreachable:
        """Tell that nobody can check this password."""
        return Unreachable(Reason.CONNECTION_UNCONFIGURED)

    async def pretend(self, candidate: Candidate) -> None:
        """Nothing to wait for."""

    async def verify(
        self, tenant: Tenant, claimed: Claimed, password: str
    ) -> Verified | Rejected | Unreachable:
        """Tell it again."""
        return Unreachable(Reason.CONNECTION_UNCONFIGURED)
