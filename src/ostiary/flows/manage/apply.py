"""Carrying a plan out: every write of it in one transaction, with one record.

What the plan says is decided in `planning`.
"""

from collections.abc import Sequence

from ostiary.core.request import Trace
from ostiary.flows.facts import AuditEvent
from ostiary.flows.manage.changes import Change
from ostiary.flows.manage.ports import Estate


async def apply(changes: Sequence[Change], estate: Estate, event: AuditEvent) -> None:
    """Make all changes, or none. Raises ConflictError for a name that is taken."""
    writes = [write for change in changes for write in change.writes]
    if writes:
        await estate.write(writes, event)


def management_event(
    what: str, at: float, trace_id: str, tenant_id: str = ""
) -> AuditEvent:
    """The audit record of an administrator's act at the command line."""
    trace = Trace(trace_id, trace_id, source="", door="command line")
    return AuditEvent(
        at=at, trace=trace, outcome="changed", reason=what, tenant_id=tenant_id
    )
