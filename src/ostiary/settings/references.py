"""Names that must lead somewhere: to connections, applications, resources, users.

A name dangles only when it could be nowhere but in this file (interface.md §2).
"""

from collections.abc import Collection, Iterator
from itertools import chain

from ostiary.settings.application import Application, Resource
from ostiary.settings.duplicates import Finding
from ostiary.settings.problems import KeyPath
from ostiary.settings.tenant import Tenant
from ostiary.settings.user import Policy, User
from ostiary.settings.wording import suggest

GRAPH = "https://graph.microsoft.com"
GRAPH_ID = "00000003-0000-0000-c000-000000000000"
MANAGEMENT = "management"

_SHOWN = 10
"""How many of the names that are allowed a message repeats."""


def find_dangling(tenants: tuple[Tenant, ...]) -> Iterator[Finding]:
    """Find every name that leads nowhere, and say which would."""
    clients = {a.client_id for tenant in tenants for a in tenant.applications}
    resources = tuple(chain.from_iterable(t.resources for t in tenants))
    for number, tenant in enumerate(tenants):
        place: KeyPath = ("tenants", number)
        yield from _connections(tenant, place)
        for index, app in enumerate(tenant.applications):
            yield from _application(app, tenant, (*place, "applications", index))
        for index, resource in enumerate(tenant.resources):
            path = (*place, "resources", index, "pre_authorized")
            yield from _each(path, resource.pre_authorized, clients, "application")
        for index, user in enumerate(tenant.users):
            path = (*place, "users", index)
            yield from _user(user, tenant, clients, resources, path)
        for index, policy in enumerate(tenant.policies):
            yield from _policy(policy, tenant, clients, (*place, "policies", index))


def _missing(
    path: KeyPath, name: str, known: Collection[str], what: str
) -> Iterator[Finding]:
    """Find `name` absent from `known`."""
    if name not in known:
        some = ", ".join([*sorted(known)[:_SHOWN], *["…"] * (len(known) > _SHOWN)])
        allowed = f"allowed: {some or 'none, as none is listed'}"
        yield path, f"no such {what}: {name!r};{suggest(name, known)} {allowed}"


def _each(
    path: KeyPath, names: tuple[str, ...], known: Collection[str], what: str
) -> Iterator[Finding]:
    for index, name in enumerate(names):
        yield from _missing((*path, index), name, known, what)


def _connections(tenant: Tenant, place: KeyPath) -> Iterator[Finding]:
    known = {connection.name for connection in tenant.known_connections}
    if tenant.default_directory is not None:
        path = (*place, "default_directory")
        yield from _missing(path, tenant.default_directory, known, "connection")
    for index, domain in enumerate(tenant.domains):
        path = (*place, "domains", index, "connection")
        if domain.connection is not None:
            yield from _missing(path, domain.connection, known, "connection")


def _application(app: Application, tenant: Tenant, place: KeyPath) -> Iterator[Finding]:
    known = {connection.name for connection in tenant.known_connections}
    path = (*place, "connections")
    yield from _each(path, app.connections or (), known, "connection")
    for key, scopes in (
        ("permissions", app.permissions),
        ("admin_consent", app.admin_consent),
    ):
        for index, scope in enumerate(scopes):
            yield from _scope((*place, key, index), scope, tenant.resources)
    for index, assignment in enumerate(app.roles):
        if assignment.resource in (GRAPH, GRAPH_ID, MANAGEMENT):
            continue
        path = (*place, "roles", index)
        found = [r for r in tenant.resources if _is_named(r, assignment.resource)]
        known = {r.identifier for r in tenant.resources} | {GRAPH, MANAGEMENT}
        if found:
            roles = {role for resource in found for role in resource.roles}
            yield from _missing((*path, "role"), assignment.role, roles, "role")
        else:
            name = assignment.resource
            yield from _missing((*path, "resource"), name, known, "resource")


def _scope(
    path: KeyPath, scope: str, resources: tuple[Resource, ...]
) -> Iterator[Finding]:
    """A scope with a prefix names a resource, all before its last slash (entra §5)."""
    prefix, slash, value = scope.rpartition("/")
    if not slash or prefix.rstrip("/") in (GRAPH, GRAPH_ID):
        return
    found = [r for r in resources if _is_named(r, prefix)]
    if not found:
        known = {r.identifier for r in resources} | {GRAPH}
        yield from _missing(path, prefix, known, "resource")
    elif value != ".default":
        scopes = {s.value for resource in found for s in resource.scopes}
        yield from _missing(path, value, scopes, "scope")


def _is_named(resource: Resource, name: str) -> bool:
    return name == resource.identifier or name.lower() == resource.id


def _user(
    user: User,
    tenant: Tenant,
    clients: Collection[str],
    resources: tuple[Resource, ...],
    place: KeyPath,
) -> Iterator[Finding]:
    if user.connection is not None:
        known = {connection.name for connection in tenant.known_connections}
        path = (*place, "connection")
        yield from _missing(path, user.connection, known, "connection")
    path = (*place, "assigned_to")
    yield from _each(path, user.assigned_to, clients, "application")
    for index, consent in enumerate(user.consents):
        path = (*place, "consents", index)
        client_path = (*path, "client_id")
        yield from _missing(client_path, consent.client_id, clients, "application")
        for n, scope in enumerate(consent.scopes):
            # The application of another tenant may bring resources of its own.
            yield from _scope((*path, "scopes", n), scope, resources)


def _policy(
    policy: Policy, tenant: Tenant, clients: Collection[str], place: KeyPath
) -> Iterator[Finding]:
    if policy.applications != "all":
        path = (*place, "applications")
        yield from _each(path, policy.applications, clients, "application")
    # Users may also sign up, or come from a directory just in time.
    from_elsewhere = any(c.strategy != "auth0" for c in tenant.known_connections)
    if policy.users != "all" and not tenant.signup and not from_elsewhere:
        names = {user.username.casefold(): user.username for user in tenant.users}
        for index, name in enumerate(policy.users):
            if name.casefold() not in names:
                path = (*place, "users", index)
                yield from _missing(path, name, list(names.values()), "user")
