"""Resources, connections, policies and clients in a plan.

Users are planned in `planning_users`, tenants themselves in `planning`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

from ostiary.core.model import AccessPolicy, ConnectionSettings, Resource, Tenant
from ostiary.flows.manage.changes import (
    Action,
    Arrange,
    Change,
    Drop,
    DropConsent,
    Kind,
    PutClient,
    PutConsent,
    PutListed,
    Write,
)
from ostiary.flows.manage.declaration import (
    DeclaredClient,
    DeclaredTenant,
    StoredTenant,
)
from ostiary.flows.manage.ids import derived_id
from ostiary.flows.manage.ports import Planning
from ostiary.flows.manage.sealing import sealed_connection, sealed_secrets

T = TypeVar("T", Resource, AccessPolicy)
Listed = Resource | ConnectionSettings | AccessPolicy


def plan_listed(
    planning: Planning, wanted: DeclaredTenant, stored: StoredTenant | None
) -> list[Change]:
    """The changes to resources, connections and policies of a tenant."""
    tenant = wanted.tenant
    resources = stored.resources if stored else {}
    connections = stored.connections if stored else {}
    policies = stored.policies if stored else {}
    apis = {
        each.identifier: _with_id(each, tenant, resources.get(each.identifier))
        for each in wanted.resources
    }
    sources = {
        each.settings.name: sealed_connection(
            planning.vault, tenant.id, each, connections.get(each.settings.name)
        )
        for each in wanted.connections
    }
    rules = {
        each.name: _with_id(each, tenant, policies.get(each.name))
        for each in wanted.policies
    }
    changes = _plan(planning, tenant, Kind.RESOURCE, apis, resources)
    changes += _plan(planning, tenant, Kind.CONNECTION, sources, connections)
    changed_rules = _plan(planning, tenant, Kind.POLICY, rules, policies)
    return changes + _arranged(planning, tenant, changed_rules, [*rules], [*policies])


def _with_id(value: T, tenant: Tenant, before: T | None) -> T:
    """The value with the id it has, was given or will have for ever."""
    if value.id:
        return value
    if before is not None:
        return replace(value, id=before.id)
    if isinstance(value, Resource):
        return replace(value, id=derived_id(tenant.id, value.identifier))
    return replace(value, id=derived_id(tenant.id, "policy", value.name))


def _plan(
    planning: Planning,
    tenant: Tenant,
    kind: Kind,
    wanted: Mapping[str, Listed],
    present: Mapping[str, Listed],
) -> list[Change]:
    changes: list[Change] = []
    for place, (name, value) in enumerate(wanted.items()):
        before = present.get(name)
        put = PutListed(tenant.id, name, len(present) + place, value)
        differing = difference(before, value)
        if before is None:
            changes.append(changed(Action.ADD, kind, tenant, name, (), put))
        elif differing:
            changes.append(changed(Action.CHANGE, kind, tenant, name, differing, put))
    return changes + pruned(planning, tenant, kind, present, wanted)


def _arranged(
    planning: Planning,
    tenant: Tenant,
    changes: list[Change],
    wanted: list[str],
    present: list[str],
) -> list[Change]:
    """The order of policies counts: the declared ones follow one another as declared.

    Those that are not declared stay before or behind them.
    """
    if wanted == [name for name in present if name in wanted]:
        return changes
    others = [n for n in present if n not in wanted and not planning.prune]
    first = next((n for n, name in enumerate(present) if name in wanted), len(present))
    before = [name for name in present[:first] if name in others]
    order = (*before, *wanted, *(name for name in others if name not in before))
    write = Arrange(tenant.id, order)
    if changes:
        *rest, last = changes
        return [*rest, replace(last, writes=(*last.writes, write))]
    moved = next(
        name
        for name, old in zip(wanted, (n for n in present if n in wanted), strict=True)
        if name != old
    )
    return [changed(Action.CHANGE, Kind.POLICY, tenant, moved, ("position",), write)]


def plan_clients(
    planning: Planning, wanted: DeclaredTenant, stored: StoredTenant | None
) -> list[Change]:
    """The changes to the clients of a tenant, and to what is consented for all."""
    tenant = wanted.tenant
    present = stored.clients if stored else {}
    named = {each.client.client_id: each for each in wanted.clients}
    changes = []
    for client_id, declared in named.items():
        change = _plan_client(planning, tenant, declared, present.get(client_id))
        if change is not None:
            changes.append(change)
    return changes + pruned(planning, tenant, Kind.CLIENT, present, named)


def _plan_client(
    planning: Planning,
    tenant: Tenant,
    wanted: DeclaredClient,
    before: DeclaredClient | None,
) -> Change | None:
    client_id = wanted.client.client_id
    secrets = sealed_secrets(planning.vault, wanted, before.client if before else None)
    client = replace(wanted.client, secrets=secrets)
    differing = difference(before.client if before else None, client)
    writes: list[Write] = [PutClient(client)] if differing else []
    had = before.admin_consent if before else frozenset()
    if missing := wanted.admin_consent - had:
        writes.append(PutConsent(tenant.id, client_id, "", missing))
    surplus = had - wanted.admin_consent
    if planning.prune and surplus:
        writes.append(DropConsent(tenant.id, client_id, "", surplus))
    if not writes:
        return None
    if not isinstance(writes[-1], PutClient):
        differing = (*differing, "admin_consent")
    action = Action.CHANGE if before else Action.ADD
    return changed(
        action, Kind.CLIENT, tenant, client_id, differing if before else (), *writes
    )


def pruned(
    planning: Planning,
    tenant: Tenant,
    kind: Kind,
    present: Iterable[str],
    named: Iterable[str],
) -> list[Change]:
    """The removal of what is there and not declared, if the plan prunes."""
    if not planning.prune:
        return []
    return [
        changed(Action.REMOVE, kind, tenant, name, (), Drop(tenant.id, kind, name))
        for name in sorted(set(present) - set(named))
    ]


def difference(before: Any, after: Any) -> tuple[str, ...]:
    """Names of the fields in which two values differ; all of them without `before`."""
    names = (field.name for field in fields(after))
    if before is None:
        return tuple(names)
    return tuple(
        name for name in names if getattr(before, name) != getattr(after, name)
    )


def changed(
    action: Action,
    kind: Kind,
    tenant: Tenant,
    key: str,
    differing: tuple[str, ...],
    *writes: Write,
) -> Change:
    """One line of the plan."""
    return Change(action, kind.value, tenant.name, key, differing, writes)
