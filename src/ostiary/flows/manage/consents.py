"""Consents: what users, or administrators for everybody, allow clients.

Which scopes exist and who may consent to them is judged by `core.scopes`.
"""

from collections.abc import Sequence

from ostiary.core.errors import Reason, Refused
from ostiary.core.model import Client, Consent, Permission, Resource, Scope, Tenant
from ostiary.core.names import OPENID_SCOPES
from ostiary.core.scopes import enabled, find_resource, identifies, registered_names
from ostiary.flows.manage.administration import Administration
from ostiary.flows.manage.changes import DropConsent, PutConsent
from ostiary.flows.manage.ports import Invalid, Missing


async def list_consents(
    admin: Administration,
    tenant: Tenant,
    *,
    client_id: str | None = None,
    user_id: str | None = None,
) -> list[Consent]:
    """The consents of a tenant; user_id "" stands for those for everybody."""
    return [
        consent
        for consent in await admin.estate.consents(tenant.id)
        if client_id in (None, consent.client_id) and user_id in (None, consent.user_id)
    ]


async def find_consentable(
    admin: Administration, tenant: Tenant, client_id: str
) -> Client:
    """The tenant's own client of that id, or a multi-tenant one of another tenant."""
    found = await admin.estate.find_clients(client_id)
    for client in found:
        if client.tenant_id == tenant.id:
            return client
    foreign = [client for client in found if client.multi_tenant]
    if len(foreign) == 1:
        return foreign[0]
    raise Missing(f"no such application for {tenant.name}: {client_id}")


async def add_consent(
    admin: Administration,
    tenant: Tenant,
    client_id: str,
    user_id: str,
    asked: Sequence[Permission],
) -> frozenset[Permission]:
    """Allow a client scopes, for a user or with user_id "" for everybody.

    Raises Invalid for unknown scopes, and for scopes to which only an administrator
    consents (contract entra §5.3) when a user is named.
    """
    client = await find_consentable(admin, tenant, client_id)
    resources = tuple((await admin.estate.resources(tenant.id)).values())
    permissions = frozenset(
        _permission(admin, resources, each, for_all=not user_id) for each in asked
    )
    event = admin.event(
        "consent.add", tenant.id, client_id=client.client_id, user_id=user_id
    )
    put = PutConsent(tenant.id, client.client_id, user_id, permissions)
    await admin.write(event, put)
    return permissions


def _permission(
    admin: Administration,
    resources: Sequence[Resource],
    asked: Permission,
    *,
    for_all: bool,
) -> Permission:
    """The permission in its registered spelling."""
    written = f"{asked.resource}/{asked.scope}" if asked.resource else asked.scope
    try:
        resource = find_resource(resources, asked.resource or None, admin.policy)
        default = identifies(resource, "", admin.policy)
        if default and asked.scope in OPENID_SCOPES:
            return Permission("", asked.scope)
        name = registered_names(resource, [asked.scope], admin.policy)[0]
    except Refused as refused:
        what = "resource" if refused.reason is Reason.RESOURCE_UNKNOWN else "scope"
        raise Invalid(f"no such {what}: {written}") from None
    if _scope(resource, name).admin and not for_all:
        raise Invalid(f"{written} needs an administrator's consent for everybody")
    return Permission("" if default else resource.identifier, name)


def _scope(resource: Resource, name: str) -> Scope:
    return next(scope for scope in enabled(resource) if scope.value == name)


async def remove_consent(
    admin: Administration,
    tenant: Tenant,
    client_id: str,
    user_id: str,
    asked: Sequence[Permission] = (),
) -> frozenset[Permission]:
    """Take scopes back, or all of them; running sessions end when they refresh.

    Raises Missing when nothing of it was allowed.
    """
    held = frozenset[Permission]().union(
        *(
            consent.permissions
            for consent in await admin.estate.consents(tenant.id)
            if (consent.client_id, consent.user_id) == (client_id, user_id)
        )
    )
    resources = tuple((await admin.estate.resources(tenant.id)).values())
    gone = held
    if asked:
        wanted = {_meaning(admin, resources, permission) for permission in asked}
        gone = frozenset(p for p in held if _meaning(admin, resources, p) in wanted)
    if not gone:
        raise Missing(f"no such consent for {client_id}")
    event = admin.event(
        "consent.remove", tenant.id, client_id=client_id, user_id=user_id
    )
    await admin.write(event, DropConsent(tenant.id, client_id, user_id, gone))
    return gone


def _meaning(
    admin: Administration, resources: Sequence[Resource], permission: Permission
) -> tuple[str, str]:
    """The same for every spelling of a permission, even where its resource is gone."""
    name = permission.resource
    for resource in (*resources, *admin.default_resources):
        if identifies(resource, permission.resource, admin.policy):
            name = resource.identifier
            break
    return name.lower(), permission.scope.lower()
