"""Users brought in as a job, over the management API (contract auth0 §7).

How a file is read stands in `users_file`; what becomes of people, in the flow.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from ostiary.core.errors import Reason, Refused
from ostiary.core.jobs import ACTIVE, Job
from ostiary.dialects.auth0.claims import moment
from ostiary.dialects.auth0.managed import Asked, connection_id
from ostiary.dialects.auth0.managed_connections import find_by_id
from ostiary.dialects.auth0.managed_users import NOTHING, administration
from ostiary.dialects.auth0.multipart import parse_parts
from ostiary.dialects.auth0.responses import NOT_STORED
from ostiary.dialects.auth0.users_file import (
    DATABASE,
    UserError,
    obstacle_error,
    read_users,
)
from ostiary.flows.manage.administration import Desk
from ostiary.flows.manage.import_jobs import (
    ErrorText,
    ImportOrder,
    People,
    begin_import,
    do_import,
    find_job,
)
from ostiary.flows.manage.importing import ImportedUser, Obstacle
from ostiary.flows.ports import Ports
from ostiary.web import HttpResponse, json_response

LARGEST_FILE: Final = 500 * 1024
LARGEST_BODY: Final = LARGEST_FILE + 16 * 1024
"""With the other parts."""
GZIP: Final = b"\x1f\x8b"
BOOLEANS: Final = {b"": False, b"false": False, b"true": True}


@dataclass(frozen=True, slots=True)
class ImportJobs:
    """The endpoints under `jobs`."""

    ports: Ports
    desk: Desk

    async def begin(self, asked: Asked) -> HttpResponse:
        """202 with the job; the file is looked at behind the answer."""
        parts = parse_parts(asked.request)
        order = parse_order(asked, parts)
        admin = administration(self.desk, asked)
        job = await begin_import(admin, order.tenant, facts_of(order, parts))
        self.ports.courier.later(partial(do_import, admin, job, order))
        return json_response(202, render_job(job), NOT_STORED)

    async def show(self, asked: Asked) -> HttpResponse:
        """How far a job is. Raises Refused(OBJECT_UNKNOWN)."""
        admin = administration(self.desk, asked)
        job = await find_job(admin, asked.tenant, asked.names[0])
        return json_response(200, render_job(job), NOT_STORED)

    async def errors(self, asked: Asked) -> HttpResponse:
        """Who was not brought in, and why; 204 for nobody."""
        admin = administration(self.desk, asked)
        job = await find_job(admin, asked.tenant, asked.names[0])
        if job.status in ACTIVE or not job.errors:
            return NOTHING
        return json_response(200, job.errors, NOT_STORED)


def parse_order(asked: Asked, parts: Mapping[str, bytes]) -> ImportOrder:
    """What is to be done. Raises Refused."""
    for name in ("users", "connection_id"):
        if name not in parts:
            raise Refused(Reason.PARAMETER_MISSING, name=name)
    users = parts["users"]
    if len(users) > LARGEST_FILE:
        raise _wrong("users", "must be at most 500 KB")
    if users.startswith(GZIP):
        raise _wrong("users", "must not be compressed")
    settings = find_by_id(asked.registry, _text(parts, "connection_id"))
    if settings.strategy != DATABASE:
        raise _wrong("connection_id", "must be of a database connection")
    upsert = BOOLEANS.get(parts.get("upsert", b""))
    if upsert is None:
        raise _wrong("upsert", "must be true or false")
    read = partial(read_people, users)
    return ImportOrder(asked.tenant, settings.name, upsert, read, told)


def _wrong(name: str, why: str) -> Refused:
    return Refused(Reason.PARAMETER_INVALID, name=name, why=why)


def _text(parts: Mapping[str, bytes], name: str) -> str:
    try:
        return parts[name].decode()
    except UnicodeDecodeError:
        raise _wrong(name, "must be UTF-8") from None


def facts_of(order: ImportOrder, parts: Mapping[str, bytes]) -> dict[str, object]:
    """What the asker reads again: nothing else of the order is kept."""
    facts: dict[str, object] = {
        "connection": order.connection,
        "connection_id": connection_id(order.tenant, order.connection),
        "upsert": order.upsert,
    }
    if "external_id" in parts:
        facts["external_id"] = _text(parts, "external_id")[:100]
    return facts


def read_people(octets: bytes) -> People:
    """Users of a file, and what is none, in Auth0's words."""
    users: list[ImportedUser] = []
    errors: list[ErrorText] = []
    for each in read_users([("users", io.BytesIO(octets))]):
        if isinstance(each, UserError):
            errors.append(render_error(each))
        else:
            users.append(each)
    return People(users, errors)


def told(obstacle: Obstacle) -> ErrorText:
    """Why somebody could not be brought in, in Auth0's words."""
    return render_error(obstacle_error(obstacle))


def render_error(wrong: UserError) -> ErrorText:
    """An element of the answer about errors (contract auth0 §7)."""
    errors = [
        {"code": each.code, "message": each.message, "path": each.path}
        for each in wrong.errors
    ]
    return {"user": dict(wrong.user or {}), "errors": errors}


def render_job(job: Job) -> dict[str, object]:
    """A job, with its counts once it has ended (contract auth0 §7)."""
    body: dict[str, object] = {
        "id": job.id,
        "type": job.kind,
        "status": job.status.value,
        "created_at": moment(job.created_at),
        **job.facts,
    }
    return {**body, "summary": job.summary} if job.summary else body
