"""Bringing people in as a job: what becomes of it, whatever happens meanwhile."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from ostiary.core.errors import Reason, Refused
from ostiary.core.jobs import SILENCE, Job, Status
from ostiary.flows.manage import import_jobs
from ostiary.flows.manage.administration import Administration
from ostiary.flows.manage.changes import PutUser
from ostiary.flows.manage.import_jobs import (
    ImportOrder,
    People,
    begin_import,
    do_import,
    find_job,
)
from ostiary.flows.manage.importing import ImportedUser, Obstacle
from ostiary.stores.jobs import JobStore
from tests.flows import values
from tests.flows.fakes import StillClock
from tests.flows.manage.test_importing import Office, office, person
from tests.flows.values import DIRECTORY, NOON, TENANT

__all__ = ["office"]

SECONDS = 20
Error = Mapping[str, object]


@pytest.fixture
def clock() -> StillClock:
    """A clock that the test moves."""
    return StillClock()


@pytest.fixture
def admin(office: Office, clock: StillClock) -> Administration:
    """Administration that can keep jobs."""
    return replace(office.admin, jobs=JobStore(office.database), clock=clock)


def told(obstacle: Obstacle) -> Error:
    """A wire's words."""
    return {"who": obstacle.user.email, "why": obstacle.problem.value}


def order(
    *users: ImportedUser,
    errors: tuple[Error, ...] = (),
    upsert: bool = False,
    read: Callable[[], People] | None = None,
) -> ImportOrder:
    """To bring these in."""
    people = read or (lambda: People(users, errors))
    return ImportOrder(values.tenant(), DIRECTORY, upsert, people, told)


async def done(admin: Administration, work: ImportOrder) -> Job:
    """The job once all is over."""
    job = await begin_import(admin, work.tenant, {"fact": 1})
    await asyncio.wait_for(do_import(admin, job, work), SECONDS)
    return await find_job(admin, work.tenant, job.id)


async def test_a_job_brings_people_in_and_counts_them(
    office: Office, admin: Administration
) -> None:
    """What was known, what was new, and what was in the way."""
    before = await begin_import(admin, values.tenant(), {"fact": 1})
    assert (before.status, before.facts) == (Status.PENDING, {"fact": 1})
    assert await find_job(admin, values.tenant(), before.id) == before
    alice = person("alice", email="alice@contoso.test", external_id=None)
    unreadable: Error = {"who": "?", "why": "unreadable"}
    job = await done(admin, order(person(), alice, errors=(unreadable,)))
    assert job.status is Status.COMPLETED
    assert job.summary == {"failed": 2, "updated": 0, "inserted": 1, "total": 3}
    assert job.errors == (
        unreadable,
        {"who": "alice@contoso.test", "why": "email-taken"},
    )
    assert set(await office.people()) == {"bob@example.test"}


async def test_with_upsert_the_known_ones_are_brought_up_to_date(
    admin: Administration,
) -> None:
    """They are counted as that."""
    alice = person("alice", email="alice@contoso.test", external_id=None)
    job = await done(admin, order(alice, upsert=True))
    assert job.status is Status.COMPLETED
    assert job.summary == {"failed": 0, "updated": 1, "inserted": 0, "total": 1}
    assert job.errors == ()


async def test_a_job_that_brings_nobody_in_has_failed(
    office: Office, admin: Administration
) -> None:
    """With its reasons; one without anybody has nothing to fail at."""
    wrong: Error = {"who": "?", "why": "unreadable"}
    job = await done(admin, order(errors=(wrong,)))
    assert (job.status, job.errors) == (Status.FAILED, (wrong,))
    assert job.summary["total"] == 1
    assert (await done(admin, order())).status is Status.COMPLETED
    assert await office.people() == {}


async def test_two_at_once(admin: Administration) -> None:
    """The third is told when to come again (contract auth0 §7)."""
    tenant = values.tenant()
    jobs = [await begin_import(admin, tenant, {}) for _ in range(2)]
    with pytest.raises(Refused) as caught:
        await begin_import(admin, tenant, {})
    assert caught.value.reason is Reason.TOO_MANY_REQUESTS
    assert caught.value.facts["limit"] == 2
    await do_import(admin, jobs[0], order())
    assert (await begin_import(admin, tenant, {})).status is Status.PENDING


async def test_a_file_that_breaks_the_reader_fails_the_job(
    admin: Administration,
) -> None:
    """The defect reaches the log; nobody waits for the job."""

    def broken() -> People:
        raise ZeroDivisionError

    job = await begin_import(admin, values.tenant(), {})
    with pytest.raises(ZeroDivisionError):
        await do_import(admin, job, order(read=broken))
    found = await find_job(admin, values.tenant(), job.id)
    assert (found.status, found.summary) == (Status.FAILED, {})


async def test_a_worker_that_was_lost_fails_the_job(
    office: Office, admin: Administration, clock: StillClock
) -> None:
    """Whoever asks after a minute of silence is told; it stays so."""
    job = await begin_import(admin, values.tenant(), {})
    clock.at += SILENCE + 1
    found = await find_job(admin, values.tenant(), job.id)
    assert found.status is Status.FAILED
    await do_import(admin, job, order(person()))
    assert await office.people() == {}
    again = await find_job(admin, values.tenant(), job.id)
    assert again.status is Status.FAILED


async def test_a_long_job_gives_signs_of_life(
    admin: Administration, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that nobody takes it for lost."""
    monkeypatch.setattr(import_jobs, "BEAT", 0.01)
    seen: list[Job] = []
    put = admin.jobs.put

    class Heard(JobStore):
        async def put(self, job: Job) -> bool:
            seen.append(job)
            return await put(job)

    heard = replace(admin, jobs=Heard(None))  # type: ignore[arg-type]

    def slow() -> People:
        until = time.monotonic() + SECONDS / 2
        while len(seen) < 4 and time.monotonic() < until:
            time.sleep(0.01)
        return People((person(),), ())

    job = await begin_import(admin, values.tenant(), {})
    await asyncio.wait_for(do_import(heard, job, order(read=slow)), SECONDS)
    assert len(seen) >= 4
    assert {one.status for one in seen} == {Status.PROCESSING}


async def test_a_name_that_is_taken_meanwhile_is_an_obstacle(
    office: Office, admin: Administration
) -> None:
    """It is planned anew; nothing is half done."""
    taken = False
    find = office.estate.find_people

    async def find_late(*asked: Any) -> Any:
        nonlocal taken
        found = await find(*asked)
        if not taken:
            taken = True
            bob = values.user(
                id="bbbbbbbb-0000-4000-8000-000000000001",
                username="bob@example.test",
                email="bob@example.test",
            )
            await office.estate.write([PutUser(bob, NOON)], values.event("changed"))
        return found

    class Late:
        find_people = staticmethod(find_late)
        write = office.estate.write

    late = replace(admin, estate=Late())  # type: ignore[arg-type]
    work = order(person(), person("carol"))
    job = await begin_import(admin, values.tenant(), {})
    await do_import(late, job, work)
    found = await find_job(admin, values.tenant(), job.id)
    assert found.summary == {"failed": 1, "updated": 0, "inserted": 1, "total": 2}
    assert found.errors == ({"who": "bob@example.test", "why": "email-taken"},)


@pytest.mark.parametrize("tenant_id", [TENANT, values.ELSEWHERE])
async def test_a_job_that_is_not_there(admin: Administration, tenant_id: str) -> None:
    """Nor is another tenant's (promise 6)."""
    job = await begin_import(admin, values.tenant(), {})
    name = "job_nobodys" if tenant_id == TENANT else job.id
    with pytest.raises(Refused) as caught:
        await find_job(admin, values.tenant(id=tenant_id), name)
    assert caught.value.reason is Reason.OBJECT_UNKNOWN
