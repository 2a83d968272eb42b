"""core.jobs: when a job is given up."""

from dataclasses import replace

import pytest

from ostiary.core.jobs import (
    KEPT,
    LONGEST_JOB,
    SILENCE,
    Job,
    Status,
    is_active,
    judged,
)
from tests.core.things import NOW

JOB = Job("job", "tenant", "import", NOW, NOW)


@pytest.mark.parametrize("status", [Status.PENDING, Status.PROCESSING])
def test_a_silent_job_has_failed(status: Status) -> None:
    """A minute without a sign of life: its worker is gone."""
    job = replace(JOB, status=status)
    assert judged(job, NOW + SILENCE) == job
    assert judged(job, NOW + SILENCE + 1).status is Status.FAILED
    assert is_active(job, NOW)
    assert not is_active(job, NOW + SILENCE + 1)


def test_a_job_that_takes_too_long_has_failed() -> None:
    """Two hours, however lively it is (contract auth0 §7)."""
    late = NOW + LONGEST_JOB
    assert judged(replace(JOB, seen_at=late), late).status is Status.PENDING
    assert judged(replace(JOB, seen_at=late), late + 1).status is Status.FAILED


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.FAILED])
def test_what_has_ended_stays_as_it_is(status: Status) -> None:
    """Nobody waits for signs of life of it."""
    job = replace(JOB, status=status)
    assert judged(job, NOW + 10 * KEPT) is job
    assert not is_active(job, NOW)


def test_one_can_ask_for_a_day() -> None:
    """From its beginning on."""
    assert JOB.expires_at == NOW + 86400
