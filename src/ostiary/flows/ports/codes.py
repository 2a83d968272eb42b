"""One-time codes that were sent out, and whether what comes back is one of them.

How often a code may be tried is told in `core.codes`.
"""

from typing import Protocol

from ostiary.core.codes import CodePlace, CodeVerdict
from ostiary.flows.facts import AuditEvent


class Codes(Protocol):
    """Codes as keyed digests, one for each place."""

    async def keep(
        self, place: CodePlace, code: str, now: float, seconds: int, event: AuditEvent
    ) -> None:
        """Make `code` the only good one of its place, with its audit record."""
        ...

    async def judge(
        self, place: CodePlace, code: str, now: float, *, spend: bool
    ) -> CodeVerdict:
        """Try a code: a wrong try counts, a right one uses it up if `spend` says so.

        Of parallel tries each counts, and one spends.
        """
        ...

    async def is_current(self, place: CodePlace, code: str, now: float) -> bool:
        """Whether it is the newest one of its place; no try is counted.

        For long random texts only: what people type must count.
        """
        ...
