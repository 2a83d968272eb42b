"""What else speaks of an object that is removed or renamed, and must follow.

Otherwise a name would lead nowhere, or later to somebody else.
"""

from collections.abc import Collection
from dataclasses import replace

from ostiary.core.accounts import fold
from ostiary.core.model import AccessPolicy, Resource
from ostiary.flows.manage.changes import PutListed, PutUser, Write
from ostiary.flows.manage.declaration import StoredTenant
from ostiary.flows.manage.ports import Estate


async def forget_clients(
    estate: Estate, client_ids: Collection[str], tenant_id: str, *, whole: bool = False
) -> list[Write]:
    """Take removed clients of a tenant out of what names them, in every tenant.

    A client id that another tenant has as well is still somebody's. `whole`: the
    tenant is removed with them, so nothing in it needs to follow.
    """
    gone = {
        client_id
        for client_id in client_ids
        if all(c.tenant_id == tenant_id for c in await estate.find_clients(client_id))
    }
    writes: list[Write] = []
    for other in await estate.tenant_ids() if gone else ():
        stored = await estate.load(other)
        if stored is not None and not (whole and other == tenant_id):
            writes += _without_clients(stored, gone)
    return writes


def _without_clients(stored: StoredTenant, gone: set[str]) -> list[Write]:
    tenant_id = stored.tenant.id
    writes: list[Write] = []
    for each in stored.users.values():
        if each.user.assigned_to & gone:
            kept = each.user.assigned_to - gone
            writes.append(PutUser(replace(each.user, assigned_to=kept), 0.0))
    for resource in stored.resources.values():
        if resource.pre_authorized & gone:
            kept = resource.pre_authorized - gone
            writes.append(_put(tenant_id, replace(resource, pre_authorized=kept)))
    for policy in stored.policies.values():
        if policy.applications and policy.applications & gone:
            kept = policy.applications - gone
            writes.append(_put(tenant_id, replace(policy, applications=kept)))
    return writes


async def follow_name(
    estate: Estate, tenant_id: str, username: str, renamed: str | None
) -> list[Write]:
    """Let policies follow a user to another name, or forget one who was removed."""
    old = fold(username)
    new = {fold(renamed)} if renamed is not None else set()
    return [
        _put(tenant_id, replace(policy, users=(policy.users - {old}) | new))
        for policy in (await estate.policies(tenant_id)).values()
        if policy.users is not None and old in policy.users
    ]


async def forget_names(
    estate: Estate, tenant_id: str, usernames: Collection[str]
) -> list[Write]:
    """Take users who were removed together out of policies."""
    gone = {fold(name) for name in usernames}
    return [
        _put(tenant_id, replace(policy, users=policy.users - gone))
        for policy in (await estate.policies(tenant_id)).values()
        if policy.users is not None and policy.users & gone
    ]


def _put(tenant_id: str, value: Resource | AccessPolicy) -> PutListed:
    name = value.identifier if isinstance(value, Resource) else value.name
    return PutListed(tenant_id, name, 0, value)
