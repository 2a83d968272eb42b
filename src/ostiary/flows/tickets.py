"""Tickets: what a link in a mail carries, so that it opens one thing once.

Sealed, so that nobody reads or makes one; the newest one of a purpose alone is good.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ostiary.core.codes import CodePlace, CodeVerdict
from ostiary.core.errors import Reason, Refused
from ostiary.core.model import Tenant, User
from ostiary.core.request import Trace
from ostiary.flows.facts import AuditEvent, Unsigned
from ostiary.flows.ports import Ports

TICKET_SECONDS: Final = 3600
"""Seconds for which a ticket is good at most."""


class Purpose(StrEnum):
    """What a ticket is good for, and nothing else."""

    RESET = "reset"
    UNBLOCK = "unblock"


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a genuine ticket says; `made_at` in epoch seconds.

    address: the mail address that it was sent to, folded.
    """

    purpose: Purpose
    user_id: str
    address: str
    key: str
    made_at: float


async def make_ticket(
    ports: Ports, tenant: Tenant, user: User, purpose: Purpose, event: AuditEvent
) -> str:
    """A new ticket for a user; from now on older ones of its purpose are dead."""
    now, key = ports.clock.now(), ports.clock.token()
    claims = {
        "purpose": purpose.value,
        "user": user.id,
        "address": user.email or "",
        "key": key,
        "made_at": now,
        "exp": int(now) + TICKET_SECONDS,
    }
    place = _place(tenant, purpose, user.id)
    await ports.codes.keep(place, key, now, TICKET_SECONDS, event)
    sealed = await ports.signer.sign(tenant.id, [Unsigned(claims, opaque=True)])
    return sealed[0]


async def read_ticket(
    ports: Ports, tenant: Tenant, purpose: Purpose, text: str
) -> Ticket:
    """The ticket, if it is one of ours, for this, and good now; it stays so.

    Raises Refused(TICKET_DEAD), whatever is wrong with it.
    """
    claims = await ports.signer.verify(tenant.id, text) or {}
    made_at = claims.get("made_at")
    if claims.get("purpose") != purpose.value or not isinstance(made_at, (int, float)):
        raise Refused(Reason.TICKET_DEAD)
    ticket = Ticket(
        purpose=purpose,
        user_id=str(claims.get("user")),
        address=str(claims.get("address")),
        key=str(claims.get("key")),
        made_at=made_at,
    )
    place = _place(tenant, purpose, ticket.user_id)
    if not await ports.codes.is_current(place, ticket.key, ports.clock.now()):
        raise Refused(Reason.TICKET_DEAD)
    return ticket


async def spend_ticket(ports: Ports, tenant: Tenant, ticket: Ticket) -> None:
    """Use a ticket up; of two at once one is too late. Raises Refused(TICKET_DEAD)."""
    place, now = _place(tenant, ticket.purpose, ticket.user_id), ports.clock.now()
    verdict = await ports.codes.judge(place, ticket.key, now, spend=True)
    if verdict is not CodeVerdict.RIGHT:
        raise Refused(Reason.TICKET_DEAD)


def _place(tenant: Tenant, purpose: Purpose, user_id: str) -> CodePlace:
    return CodePlace(tenant.id, f"ticket:{purpose}", user_id)


def page_event(
    ports: Ports,
    tenant: Tenant,
    trace: Trace,
    outcome: str,
    reason: str,
    user: User | None = None,
) -> AuditEvent:
    """The audit record of what somebody did on the page behind a link."""
    return AuditEvent(
        at=ports.clock.now(),
        trace=trace,
        outcome=outcome,
        reason=reason,
        tenant_id=tenant.id,
        user_id=user.id if user else "",
        username=user.username if user else "",
    )
