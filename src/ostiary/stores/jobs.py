"""Work in the background, as every worker and node sees it: port `Jobs`.

When a job is given up is decided in `core.jobs`.
"""

from collections.abc import Mapping
from typing import Final

from ostiary.core.jobs import Job, is_active
from ostiary.flows.manage.changes import PutJob
from ostiary.flows.manage.ports import ConflictError
from ostiary.stores.database import Database, Script
from ostiary.stores.documents import decode, encode
from ostiary.stores.statement import Statement

_TENANT: Final = Statement("SELECT id FROM tenants WHERE id = :tenant_id", lock=True)
_UNFINISHED: Final = Statement(
    "SELECT document FROM jobs WHERE tenant_id = :tenant_id AND kind = :kind "
    "AND status IN ('pending', 'processing')"
)
_ADD: Final = Statement(
    "INSERT INTO jobs (id, tenant_id, kind, status, document, created_at, expires_at) "
    "VALUES (:id, :tenant_id, :kind, :status, :document, :created_at, :expires_at)"
)
_FIND: Final = Statement(
    "SELECT document FROM jobs WHERE id = :id AND tenant_id = :tenant_id "
    "AND expires_at > :now"
)
_PUT: Final = Statement(
    "UPDATE jobs SET status = :status, document = :document "
    "WHERE id = :id AND tenant_id = :tenant_id "
    "AND status IN ('pending', 'processing') RETURNING id"
)


class JobStore:
    """Port `Jobs` over the store."""

    def __init__(self, database: Database) -> None:
        """Keep jobs in `database`."""
        self._database = database

    async def add(self, job: Job, most: int) -> bool:
        """Keep a new job, unless the tenant has `most` of its kind at work."""

        def script() -> Script[bool]:
            yield _TENANT, {"tenant_id": job.tenant_id}
            where = {"tenant_id": job.tenant_id, "kind": job.kind}
            rows = yield _UNFINISHED, where
            others = [decode(row["document"], Job) for row in rows]
            if sum(is_active(other, job.created_at) for other in others) >= most:
                return False
            more = {"created_at": job.created_at, "expires_at": job.expires_at}
            yield _ADD, {**_row(job), "kind": job.kind, **more}
            return True

        return await self._database.transact(script)

    async def find(self, tenant_id: str, job_id: str, now: float) -> Job | None:
        """The tenant's job of that id, as it was last written."""
        rows = await self._database.fetch(
            _FIND, id=job_id, tenant_id=tenant_id, now=now
        )
        return decode(rows[0]["document"], Job) if rows else None

    async def put(self, job: Job) -> bool:
        """Write how far a job is; False for one that has ended already."""

        def script() -> Script[bool]:
            return bool((yield _PUT, _row(job)))

        return await self._database.transact(script)


def put_job(put: PutJob) -> Script[None]:
    """Write how far a job is with what it did; raises ConflictError if it has ended."""
    written = yield _PUT, _row(put.job)
    if not written:
        raise ConflictError("the job has ended already")


def _row(job: Job) -> Mapping[str, object]:
    return {
        "id": job.id,
        "tenant_id": job.tenant_id,
        "status": job.status.value,
        "document": encode(job),
    }
