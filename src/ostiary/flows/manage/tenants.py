"""Tenants: added, changed, removed by administrators.

They are planned like those of a configuration file, so the same checks hold.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ostiary.core.model import ConnectionSettings, Tenant
from ostiary.flows.manage.administration import Administration
from ostiary.flows.manage.changes import Change, Drop, Kind
from ostiary.flows.manage.declaration import (
    DeclaredConnection,
    DeclaredTenant,
    NotApplicable,
)
from ostiary.flows.manage.planning import Planner
from ostiary.flows.manage.ports import ConflictError, Invalid
from ostiary.flows.manage.references import forget_clients


async def list_tenants(admin: Administration) -> list[Tenant]:
    """All tenants, by name."""
    found = [await admin.estate.tenant(id) for id in await admin.estate.tenant_ids()]
    return [tenant for tenant in found if tenant is not None]


async def add_tenant(
    admin: Administration, tenant: Tenant, directory: ConnectionSettings
) -> Tenant:
    """Add a tenant with signing keys and the connection that checks its passwords."""
    names = (tenant.id, tenant.name, *(domain.name for domain in tenant.domains))
    for name in names:
        if await admin.estate.find_tenant(name) is not None:
            raise ConflictError(f"{name} belongs to another tenant")
    _check_domains(tenant, {directory.name})
    tenant = replace(tenant, default_directory=directory.name)
    declared = DeclaredTenant(tenant, connections=(DeclaredConnection(directory),))
    await _carry_out(admin, "tenant.add", tenant, await _plan(admin, declared))
    return tenant


async def change_tenant(
    admin: Administration, name: str, changes: Mapping[str, Any]
) -> tuple[Tenant, tuple[str, ...]]:
    """Change fields of a tenant; returns it with the names of what really changed."""
    before = await admin.tenant(name)
    tenant = replace(before, **changes)
    connections = await admin.estate.connections(tenant.id)
    _check_domains(tenant, connections.keys())
    if tenant.default_directory not in ("", *connections):
        raise Invalid(f"no such connection: {tenant.default_directory}")
    plan = await _plan(admin, DeclaredTenant(tenant))
    if plan:
        await _carry_out(admin, "tenant.change", tenant, plan)
    return tenant, tuple(field for change in plan for field in change.fields)


async def remove_tenant(admin: Administration, name: str) -> Tenant:
    """Remove a tenant with everything in it; its id never comes back."""
    tenant = await admin.tenant(name)
    clients = await admin.estate.clients(tenant.id)
    forgotten = await forget_clients(admin.estate, clients, tenant.id, whole=True)
    event = admin.event("tenant.remove", tenant.id, name=tenant.name)
    await admin.write(event, Drop(tenant.id, Kind.TENANT, tenant.id), *forgotten)
    return tenant


def _check_domains(tenant: Tenant, connections: Any) -> None:
    if not tenant.domains:
        raise Invalid("a tenant keeps one domain at least")
    for domain in tenant.domains:
        if domain.connection is not None and domain.connection not in connections:
            raise Invalid(f"no such connection: {domain.connection}")


async def _plan(admin: Administration, declared: DeclaredTenant) -> list[Change]:
    planner = Planner(admin.estate, admin.vault, admin.hashes, admin.clock.now())
    try:
        return await planner.plan([declared])
    except NotApplicable as wrong:
        raise ConflictError(str(wrong)) from None


async def _carry_out(
    admin: Administration, what: str, tenant: Tenant, plan: list[Change]
) -> None:
    writes = [write for change in plan for write in change.writes]
    fields = ", ".join(field for change in plan for field in change.fields)
    event = admin.event(what, tenant.id, name=tenant.name, fields=fields)
    await admin.write(event, *writes)
