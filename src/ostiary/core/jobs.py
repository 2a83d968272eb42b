"""Work in the background: what it is about, how far it is, and when it is given up.

What the work is and who does it is told elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

MOST_JOBS: Final = 2
"""Jobs of a kind that a tenant may have at once (contract auth0 §7)."""
SILENCE: Final = 60
"""Seconds without a sign of life after which a job is given up: its worker is gone."""
BEAT: Final = 15
"""Seconds between two signs of life."""
LONGEST_JOB: Final = 7200
"""Seconds after which a job is given up although it lives (contract auth0 §7)."""
KEPT: Final = 86400
"""Seconds for which one can ask what became of a job."""


class Status(StrEnum):
    """How far a job is."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"


ACTIVE: Final = (Status.PENDING, Status.PROCESSING)


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work; times in epoch seconds, `seen_at` is its last sign of life.

    facts: what whoever began it wants to read again. errors: what could not be done,
    each in the words of the wire.
    """

    id: str
    tenant_id: str
    kind: str
    created_at: float
    seen_at: float
    status: Status = Status.PENDING
    facts: Mapping[str, object] = field(default_factory=dict)
    summary: Mapping[str, int] = field(default_factory=dict)
    errors: tuple[Mapping[str, object], ...] = ()

    @property
    def expires_at(self) -> float:
        """When it may be forgotten."""
        return self.created_at + KEPT


def judged(job: Job, now: float) -> Job:
    """The job as it is now: one that is silent or takes too long has failed."""
    if job.status not in ACTIVE:
        return job
    lost = now - job.seen_at > SILENCE or now - job.created_at > LONGEST_JOB
    return replace(job, status=Status.FAILED) if lost else job


def is_active(job: Job, now: float) -> bool:
    """Whether somebody is, or soon will be, at work on it."""
    return judged(job, now).status in ACTIVE
