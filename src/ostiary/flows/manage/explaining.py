"""One decision told whole: who asked what where, what came of it and why.

From the audit log, with the names that ids have today.
"""

from dataclasses import dataclass

from ostiary.core.errors import Reason
from ostiary.flows.facts import AuditEvent
from ostiary.flows.manage.administration import Administration
from ostiary.flows.manage.ports import Missing
from ostiary.flows.manage.reasons import MEANINGS


@dataclass(frozen=True, slots=True)
class Explained:
    """A record with today's names of what it speaks of; why and remedy as sentences."""

    number: int
    event: AuditEvent
    tenant: str
    client: str
    user: str
    why: str = ""
    remedy: str = ""


async def explain(admin: Administration, id: str) -> list[Explained]:
    """All records of a trace or correlation id. Raises Missing when there is none."""
    found = await admin.journal.find(id)
    if not found:
        raise Missing(f"no record has the trace or correlation id {id}")
    return [await _explained(admin, number, event) for number, event in found]


async def _explained(
    admin: Administration, number: int, event: AuditEvent
) -> Explained:
    tenant = await admin.estate.tenant(event.tenant_id) if event.tenant_id else None
    clients = sorted(
        await admin.estate.find_clients(event.client_id),
        key=lambda client: client.tenant_id != event.tenant_id,
    )
    user = event.username
    if event.user_id and tenant is not None:
        for stored in await admin.estate.find_users(tenant.id, event.user_id):
            user = stored.user.username
    meaning = MEANINGS[Reason(event.reason)] if event.reason in _REASONS else None
    return Explained(
        number=number,
        event=event,
        tenant=tenant.name if tenant else "",
        client=clients[0].name if clients else "",
        user=user,
        why=meaning.why if meaning else "",
        remedy=meaning.remedy if meaning else "",
    )


_REASONS = frozenset(reason.value for reason in Reason)
