"""The difference between what is declared and what is stored, as a list of changes.

Applying the same declaration twice changes nothing; what it does not name is left
alone unless pruned; a stored password hash is never lowered (interface §2).
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ostiary.core.model import Tenant
from ostiary.flows.manage.changes import (
    Action,
    Change,
    Drop,
    Kind,
    PutKey,
    PutTenant,
)
from ostiary.flows.manage.declaration import (
    MAIL,
    DeclaredTenant,
    NotApplicable,
    StoredTenant,
)
from ostiary.flows.manage.planning_objects import (
    changed,
    difference,
    plan_clients,
    plan_listed,
)
from ostiary.flows.manage.planning_users import plan_users
from ostiary.flows.manage.ports import Planning
from ostiary.flows.manage.sealing import mail_context, sealed_options


@dataclass(frozen=True, slots=True)
class Planner(Planning):
    """Plans for one store."""

    async def plan(self, declared: Sequence[DeclaredTenant]) -> list[Change]:
        """Every change that would make the store say what `declared` says.

        Raises NotApplicable for what can never be carried out.
        """
        found = [await self._found(wanted) for wanted in declared]
        changes: list[Change] = []
        kept = {tenant_id for tenant_id in found if tenant_id}
        if self.prune:
            for other in await self.estate.tenant_ids():
                if other not in kept:
                    changes.append(await self._drop_tenant(other))
        freed = {change.key for change in changes} | kept
        for number, (wanted, tenant_id) in enumerate(zip(declared, found, strict=True)):
            await self._check_names(wanted, freed, number)
            changes += await self._plan_tenant(wanted, tenant_id, number)
        return changes

    async def _found(self, wanted: DeclaredTenant) -> str | None:
        name = wanted.tenant.id if wanted.id_given else wanted.tenant.name
        return await self.estate.find_tenant(name)

    async def _drop_tenant(self, tenant_id: str) -> Change:
        tenant = await self.estate.tenant(tenant_id)
        name = tenant.name if tenant else tenant_id
        drop = Drop(tenant_id, Kind.TENANT, tenant_id)
        return Change(Action.REMOVE, Kind.TENANT, name, tenant_id, (), (drop,))

    async def _check_names(
        self, wanted: DeclaredTenant, freed: set[str], number: int
    ) -> None:
        """Names and domains must not be those of tenants that keep them."""
        tenant, path = wanted.tenant, ("tenants", number)
        held = await self.estate.held_names()
        text = "belongs to another tenant of the store"
        if held.tenants.get(tenant.name, tenant.id) not in (tenant.id, *freed):
            raise NotApplicable((*path, "name"), f"{tenant.name} {text}")
        for place, domain in enumerate(tenant.domains):
            if held.domains.get(domain.name, tenant.id) not in (tenant.id, *freed):
                where = (*path, "domains", place, "name")
                raise NotApplicable(where, f"{domain.name} {text}")
        for alias in tenant.aliases:
            if held.domains.get(alias, tenant.id) not in (tenant.id, *freed):
                raise NotApplicable((*path, f"{alias}_alias"), f"the alias {text}")

    async def _plan_tenant(
        self, wanted: DeclaredTenant, tenant_id: str | None, number: int
    ) -> list[Change]:
        path = ("tenants", number)
        stored = await self.estate.load(tenant_id) if tenant_id else None
        if stored is not None:
            wanted = rebased(wanted, stored.tenant.id)
        elif await self.estate.holder(wanted.tenant.id) is not None:
            if wanted.id_given:
                text = "belonged to a tenant that was removed: ids are never reused"
                raise NotApplicable((*path, "id"), text)
            wanted = rebased(wanted, str(uuid.uuid4()))
        wanted = replace(wanted, tenant=self._sealed(wanted, stored))
        changes = await self._plan_itself(wanted.tenant, stored)
        changes += plan_listed(self, wanted, stored)
        changes += plan_clients(self, wanted, stored)
        changes += await plan_users(self, wanted, stored, path)
        return changes

    def _sealed(self, wanted: DeclaredTenant, stored: StoredTenant | None) -> Tenant:
        """The tenant with the secrets of its mail server sealed."""
        tenant = wanted.tenant
        plain = tenant.options.get(MAIL)
        if not isinstance(plain, Mapping):
            return tenant
        before = stored.tenant.options.get(MAIL) if stored else None
        mail = sealed_options(
            self.vault,
            mail_context(tenant.id),
            plain,
            wanted.secrets,
            before if isinstance(before, Mapping) else {},
        )
        return replace(tenant, options={**tenant.options, MAIL: mail})

    async def _plan_itself(
        self, tenant: Tenant, stored: StoredTenant | None
    ) -> list[Change]:
        if stored is None:
            current = await self.vault.new_key(tenant.id, signs=True)
            upcoming = await self.vault.new_key(tenant.id, signs=False)
            writes = (PutTenant(tenant), PutKey(current), PutKey(upcoming))
            return [changed(Action.ADD, Kind.TENANT, tenant, tenant.id, (), *writes)]
        differing = difference(stored.tenant, tenant)
        if not differing:
            return []
        write = PutTenant(tenant)
        return [
            changed(Action.CHANGE, Kind.TENANT, tenant, tenant.id, differing, write)
        ]


def rebased(wanted: DeclaredTenant, tenant_id: str) -> DeclaredTenant:
    """The same declaration for a tenant that has another id than was derived."""
    if wanted.tenant.id == tenant_id:
        return wanted
    return replace(
        wanted,
        tenant=replace(wanted.tenant, id=tenant_id),
        clients=tuple(
            replace(each, client=replace(each.client, tenant_id=tenant_id))
            for each in wanted.clients
        ),
        users=tuple(
            replace(each, user=replace(each.user, tenant_id=tenant_id))
            for each in wanted.users
        ),
    )
