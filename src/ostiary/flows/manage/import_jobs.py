"""Bringing people in as a job: begun by one request, done behind it, asked for later.

Who may begin one, and how its file is read, is told by the wire.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ostiary.core.errors import Reason, Refused
from ostiary.core.jobs import BEAT, MOST_JOBS, Job, Status, judged
from ostiary.core.model import Tenant
from ostiary.flows.manage.administration import Administration
from ostiary.flows.manage.changes import PutJob
from ostiary.flows.manage.importing import (
    ImportedUser,
    Intake,
    Obstacle,
    carry_out,
    plan_import,
)
from ostiary.flows.manage.ports import ConflictError

KIND: Final = "users_import"
TRIES: Final = 3
"""How often it is planned anew when somebody takes a name in the meantime."""
USUAL_WAIT: Final = 30
"""Seconds after which it is worth asking again for a job."""

ErrorText = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class People:
    """What a file brought: users, and in the words of the wire what is none."""

    users: Sequence[ImportedUser]
    errors: Sequence[ErrorText]


@dataclass(frozen=True, slots=True)
class ImportOrder:
    """What is to be done: into which connection, and whether known people change.

    read: reads the file; it may take a while. tell: the wire's words for a user who
    cannot be brought in.
    """

    tenant: Tenant
    connection: str
    upsert: bool
    read: Callable[[], People]
    tell: Callable[[Obstacle], ErrorText]


async def begin_import(
    admin: Administration, tenant: Tenant, facts: Mapping[str, object]
) -> Job:
    """A job that is yet to be done; `facts` are what the asker reads again.

    Raises Refused(TOO_MANY_REQUESTS) when two are under way (contract auth0 §7).
    """
    now = admin.clock.now()
    job = Job(f"job_{admin.clock.short_id()}", tenant.id, KIND, now, now, facts=facts)
    if not await admin.jobs.add(job, MOST_JOBS):
        limit = {"retry_after": USUAL_WAIT, "limit": MOST_JOBS}
        raise Refused(Reason.TOO_MANY_REQUESTS, **limit)
    return job


async def do_import(admin: Administration, job: Job, order: ImportOrder) -> None:
    """Do it. What became of it is written with what it did, or it did nothing."""
    job = _alive(admin, replace(job, status=Status.PROCESSING))
    if not await admin.jobs.put(job):
        return
    beating = asyncio.create_task(_beat(admin, job))
    try:
        people = await asyncio.to_thread(order.read)
        await _bring_in(admin, job, order, people)
    except BaseException:
        with contextlib.suppress(Exception):
            await admin.jobs.put(replace(job, status=Status.FAILED))
        raise
    finally:
        beating.cancel()


async def _bring_in(
    admin: Administration, job: Job, order: ImportOrder, people: People
) -> None:
    tenant, users = order.tenant, people.users
    for remaining in reversed(range(TRIES)):
        intake = await plan_import(
            admin, tenant, order.connection, users, upsert=order.upsert
        )
        errors = (*people.errors, *map(order.tell, intake.obstacles))
        done = _done(_alive(admin, job), intake, errors)
        try:
            await carry_out(admin, tenant, intake, PutJob(done))
        except ConflictError:
            if not remaining:
                raise
        else:
            return


def _done(job: Job, intake: Intake, errors: tuple[ErrorText, ...]) -> Job:
    """The job when all is done; it failed if nobody at all could be brought in."""
    brought = intake.updated + intake.inserted
    summary = {
        "failed": len(errors),
        "updated": intake.updated,
        "inserted": intake.inserted,
        "total": brought + len(errors),
    }
    status = Status.FAILED if errors and not brought else Status.COMPLETED
    return replace(job, status=status, summary=summary, errors=errors)


def _alive(admin: Administration, job: Job) -> Job:
    return replace(job, seen_at=admin.clock.now())


async def _beat(admin: Administration, job: Job) -> None:
    """Signs of life, until cancelled; without them the job counts as given up."""
    while True:
        await asyncio.sleep(BEAT)
        with contextlib.suppress(Exception):
            await admin.jobs.put(_alive(admin, job))


async def find_job(admin: Administration, tenant: Tenant, job_id: str) -> Job:
    """The job as it is now. Raises Refused(OBJECT_UNKNOWN)."""
    now = admin.clock.now()
    job = await admin.jobs.find(tenant.id, job_id, now)
    if job is None:
        raise Refused(Reason.OBJECT_UNKNOWN)
    settled = judged(job, now)
    if settled is not job:
        await admin.jobs.put(settled)
    return settled
