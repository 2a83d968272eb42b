"""Second factors: which a user has, and the seeds that codes are computed from.

What may be shown, and when, is decided in `core.factors`.
"""

from collections.abc import Sequence
from typing import Protocol

from ostiary.core.factors import Factor, Seed
from ostiary.flows.facts import AuditEvent


class Factors(Protocol):
    """The second factors of users; each change is written with its audit record.

    What a right code changes is written with the tokens: `facts.FactorUse`.
    """

    async def of_user(self, tenant_id: str, user_id: str) -> Sequence[Factor]:
        """All of a user's factors, the declared one first, then the oldest."""
        ...

    async def is_completed(self, key: str) -> bool:
        """Whether the sign-in of that key has got its tokens already."""
        ...

    async def begin(
        self,
        tenant_id: str,
        user_id: str,
        factors: Sequence[Factor],
        event: AuditEvent,
    ) -> None:
        """Write an enrolment that is to be completed, in place of any other such."""
        ...

    async def remove(
        self,
        tenant_id: str,
        user_id: str,
        factors: Sequence[Factor],
        event: AuditEvent,
    ) -> None:
        """Forget these factors."""
        ...


class Seeds(Protocol):
    """Shared keys of time-based one-time passwords (RFC 6238).

    context: what a seed is sealed for; it opens for nothing else.
    """

    def new(self, context: str) -> Seed:
        """A new random seed."""
        ...

    def step_of(self, sealed: str, context: str, code: str, now: float) -> int | None:
        """The time step of which `code` is the password; None when it is wrong.

        `now` in epoch seconds; one step earlier or later is as good.
        """
        ...
