"""Work in the background on SQLite and PostgreSQL: bounded, and never ended twice.

When a job is given up is tried in tests/core.
"""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from ostiary.core.jobs import KEPT, SILENCE, Job, Status
from ostiary.flows.manage.changes import PutJob, PutTenant, PutUser
from ostiary.flows.manage.ports import ConflictError
from ostiary.stores.database import Database
from ostiary.stores.estate import StoredEstate
from ostiary.stores.jobs import JobStore
from ostiary.stores.sweeping import sweep
from tests.flows import values
from tests.flows.values import ELSEWHERE, NOON, TENANT

SECONDS = 30


@pytest.fixture
async def jobs(database: Database) -> JobStore:
    """The jobs of a store with two tenants."""
    estate = StoredEstate(database)
    other = values.tenant(id=ELSEWHERE, name="other", domains=())
    writes = [PutTenant(values.tenant()), PutTenant(other)]
    await estate.write(writes, values.event("applied"))
    return JobStore(database)


def job(name: str, **fields: Any) -> Job:
    """A job that was begun at NOON."""
    known: dict[str, Any] = {
        "tenant_id": TENANT,
        "kind": "import",
        "created_at": NOON,
        "seen_at": NOON,
    }
    return Job(name, **{**known, **fields})


async def test_a_job_comes_back_as_it_was(jobs: JobStore) -> None:
    """With what it brought along, its counts and its errors."""
    full = job(
        "full",
        facts={"connection": "DB", "upsert": True},
        summary={"failed": 1, "total": 2},
        errors=({"user": {"email": "a"}, "errors": [{"code": "FORMAT"}]},),
    )
    assert await jobs.add(full, 2)
    assert await jobs.find(TENANT, "full", NOON) == full
    assert await jobs.find(ELSEWHERE, "full", NOON) is None
    assert await jobs.find(TENANT, "another", NOON) is None


async def test_two_at_once_and_a_third_when_one_ends(jobs: JobStore) -> None:
    """Each tenant and kind for itself (contract auth0 §7)."""
    assert await jobs.add(job("1"), 2)
    assert await jobs.add(job("2", status=Status.PROCESSING), 2)
    assert not await jobs.add(job("3"), 2)
    assert await jobs.find(TENANT, "3", NOON) is None
    assert await jobs.add(job("others", tenant_id=ELSEWHERE), 2)
    assert await jobs.add(job("export", kind="export"), 2)
    assert await jobs.put(job("1", status=Status.COMPLETED))
    assert await jobs.add(job("3"), 2)


async def test_a_lost_job_holds_nobody_up(jobs: JobStore) -> None:
    """Its worker is gone: after a minute of silence another may begin."""
    for name in ("1", "2"):
        assert await jobs.add(job(name), 2)
    later = NOON + SILENCE + 1
    assert await jobs.add(job("3", created_at=later, seen_at=later), 2)


async def test_parallel_beginners_on_two_nodes_are_bounded(
    jobs: JobStore, neighbour: Database
) -> None:
    """Of ten at once two begin."""
    stores = (jobs, JobStore(neighbour))
    begun = (stores[n % 2].add(job(str(n)), 2) for n in range(10))
    told = await asyncio.wait_for(asyncio.gather(*begun), SECONDS)
    assert told.count(True) == 2


async def test_what_has_ended_stays_so(jobs: JobStore) -> None:
    """A worker that was given up for lost cannot say otherwise."""
    await jobs.add(job("1"), 2)
    assert await jobs.put(job("1", status=Status.PROCESSING, seen_at=NOON + 15))
    assert await jobs.put(job("1", status=Status.FAILED))
    assert not await jobs.put(job("1", status=Status.COMPLETED))
    found = await jobs.find(TENANT, "1", NOON)
    assert found is not None
    assert found.status is Status.FAILED


async def test_the_end_is_written_with_what_was_done(
    jobs: JobStore, database: Database
) -> None:
    """Of a job that was given up nothing is written at all (promise 13)."""
    estate = StoredEstate(database)
    await jobs.add(job("1"), 2)
    await jobs.add(job("2"), 2)
    await jobs.put(job("2", status=Status.FAILED))
    alice = PutUser(values.user(), NOON)
    done = replace(job("2"), status=Status.COMPLETED)
    with pytest.raises(ConflictError):
        await estate.write([alice, PutJob(done)], values.event("changed"))
    assert await estate.users(TENANT) == []
    await estate.write([alice, PutJob(replace(done, id="1"))], values.event("changed"))
    assert len(await estate.users(TENANT)) == 1
    found = await jobs.find(TENANT, "1", NOON)
    assert found is not None
    assert found.status is Status.COMPLETED


async def test_a_job_is_forgotten_after_a_day(
    jobs: JobStore, database: Database
) -> None:
    """Not found once it has expired, and swept."""
    await jobs.add(job("1"), 2)
    assert await jobs.find(TENANT, "1", NOON + KEPT - 1) is not None
    assert await jobs.find(TENANT, "1", NOON + KEPT) is None
    await sweep(database, NOON + KEPT + 1)
    assert await jobs.find(TENANT, "1", NOON) is None
