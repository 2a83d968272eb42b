"""A connection that nobody set up, or whose strategy cannot check passwords.

It never says "wrong password": nobody asked.
"""

from dataclasses import dataclass

from ostiary.core.errors import Reason
from ostiary.core.model import Tenant
from ostiary.flows.facts import Account, Rejected, Unreachable, Verified


@dataclass(frozen=True, slots=True)
class Unconfigured:
    """Port `Connection` that cannot be reached."""

    name: str
    provisions: bool = True

    async def verify(
        self, tenant: Tenant, account: Account | None, username: str, password: str
    ) -> Verified | Rejected | Unreachable:
        """Tell that nobody can check this password."""
        return Unreachable(Reason.CONNECTION_UNCONFIGURED)
