"""What every administrative act needs, and the record that each one leaves.

The acts themselves live in the module of their noun.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ostiary.core.model import Resource, Tenant
from ostiary.core.policy import Policy
from ostiary.flows.facts import AuditEvent
from ostiary.flows.manage.apply import management_event
from ostiary.flows.manage.changes import Write
from ostiary.flows.manage.ports import (
    Entrance,
    Estate,
    Hashes,
    Invalid,
    Jobs,
    Journal,
    Locks,
    Missing,
    Vault,
)
from ostiary.flows.ports import Clock


@dataclass(frozen=True, slots=True)
class Administration:
    """The ports of administration, and who acts by which door.

    default_resources: what exists at every tenant; scopes that name no resource belong
    to the first of them.
    """

    estate: Estate
    vault: Vault
    hashes: Hashes
    clock: Clock
    journal: Journal
    locks: Locks
    jobs: Jobs
    entrance: Entrance
    default_resources: Sequence[Resource]
    door: str
    who: str

    @property
    def policy(self) -> Policy:
        """How scopes are read in registrations and consents."""
        return Policy(default_resource=self.default_resources[0])

    async def tenant(self, name: str | None) -> Tenant:
        """The tenant of that id, name or domain; without a name the only one there is.

        Raises Missing, or Invalid when several could be meant.
        """
        if name is None:
            tenant_ids = await self.estate.tenant_ids()
            if len(tenant_ids) > 1:
                raise Invalid("there are several tenants: say which one is meant")
            found = tenant_ids[0] if tenant_ids else None
        else:
            found = await self.estate.find_tenant(name)
        tenant = await self.estate.tenant(found) if found else None
        if tenant is None:
            raise Missing(f"no such tenant: {name}" if name else "there is no tenant")
        return tenant

    def event(
        self,
        what: str,
        tenant_id: str,
        *,
        client_id: str = "",
        user_id: str = "",
        username: str = "",
        **detail: str,
    ) -> AuditEvent:
        """The audit record of an act; `detail` names fields, never their values."""
        event = management_event(what, self.clock.now(), self.clock.guid(), tenant_id)
        return replace(
            event,
            trace=replace(event.trace, door=self.door),
            client_id=client_id,
            user_id=user_id,
            username=username,
            detail={"by": self.who, **detail},
        )

    async def write(self, event: AuditEvent, *writes: Write) -> None:
        """Carry out an act with its record. Raises ConflictError for a taken name."""
        await self.estate.write(writes, event)


Desk = Callable[[str, str], Administration]
"""Where a front gets `Administration`: told by which door, and who acts."""
