"""Connections: added, changed, removed by administrators.

Which options a strategy has is told by the settings; asking one is not done here.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from ostiary.core.connections import SEALED
from ostiary.core.model import ConnectionSettings, Tenant
from ostiary.flows.manage.administration import Administration
from ostiary.flows.manage.changes import Drop, Kind, PutClient, PutListed, Write
from ostiary.flows.manage.declaration import DeclaredConnection
from ostiary.flows.manage.ports import ConflictError, Invalid, Missing
from ostiary.flows.manage.references import forget_names
from ostiary.flows.manage.sealing import sealed_connection


@dataclass(frozen=True, slots=True)
class ConnectionChange:
    """What a change did: names of what differs, and of secrets that were forgotten."""

    settings: ConnectionSettings
    differing: tuple[str, ...] = ()
    forgotten: tuple[str, ...] = ()


def open_options(settings: ConnectionSettings) -> dict[str, object]:
    """The options without the secrets."""
    return {name: each for name, each in settings.options.items() if name != SEALED}


def secret_names(settings: ConnectionSettings) -> tuple[str, ...]:
    """The names of the secrets that are kept."""
    sealed = settings.options.get(SEALED)
    return tuple(sorted(sealed)) if isinstance(sealed, Mapping) else ()


async def find_connection(
    admin: Administration, tenant: Tenant, name: str
) -> ConnectionSettings:
    """The tenant's connection of that name. Raises Missing."""
    found = (await admin.estate.connections(tenant.id)).get(name)
    if found is None:
        raise Missing(f"no such connection in {tenant.name}: {name}")
    return found


async def add_connection(
    admin: Administration, tenant: Tenant, wanted: DeclaredConnection
) -> ConnectionSettings:
    """Add a connection behind the others, its secrets sealed. Raises ConflictError."""
    name = wanted.settings.name
    present = await admin.estate.connections(tenant.id)
    if name in present:
        raise ConflictError(f"{name} is the name of another connection")
    settings = sealed_connection(admin.vault, tenant.id, wanted, None)
    event = admin.event("connection.add", tenant.id, connection=name)
    await admin.write(event, PutListed(tenant.id, name, len(present), settings))
    return settings


async def change_connection(
    admin: Administration,
    tenant: Tenant,
    before: ConnectionSettings,
    wanted: DeclaredConnection,
    without: Collection[str] = (),
) -> ConnectionChange:
    """Bring a connection to what is wanted.

    Secrets that are not given stay, but those in `without`; all of them are forgotten
    when an address changes that they are sent to (security promise 9).
    """
    named = replace(wanted.settings, restricted=before.restricted)
    kept = replace(before, options=_less(before, without))
    settings = sealed_connection(
        admin.vault, tenant.id, replace(wanted, settings=named), kept
    )
    gone = set(secret_names(before)) - set(secret_names(settings))
    differing = tuple(_differing(before, settings))
    if differing:
        event = admin.event(
            "connection.change",
            tenant.id,
            connection=before.name,
            fields=", ".join(differing),
        )
        await admin.write(event, PutListed(tenant.id, before.name, 0, settings))
    return ConnectionChange(settings, differing, tuple(sorted(gone - set(without))))


def _less(settings: ConnectionSettings, without: Collection[str]) -> dict[str, object]:
    sealed = settings.options.get(SEALED)
    if not isinstance(sealed, Mapping):
        return dict(settings.options)
    kept = {name: text for name, text in sealed.items() if name not in without}
    return {**open_options(settings), SEALED: kept}


def _differing(before: ConnectionSettings, after: ConnectionSettings) -> Iterator[str]:
    for name in ("strategy", "enabled"):
        if getattr(before, name) != getattr(after, name):
            yield name
    old, new = open_options(before), open_options(after)
    seals = before.options.get(SEALED), after.options.get(SEALED)
    told, tells = (each if isinstance(each, Mapping) else {} for each in seals)
    for name in sorted({*old, *new, *told, *tells}):
        if old.get(name) != new.get(name) or told.get(name) != tells.get(name):
            yield name


async def remove_connection(
    admin: Administration,
    tenant: Tenant,
    name: str,
    *,
    with_users: bool = False,
) -> int:
    """Remove a connection with its agents; the number of users that went with it.

    `with_users`: its users are removed, and clients forget it. Otherwise it must not
    be in use. Raises Missing, and Invalid as long as the tenant sends sign-ins to it.
    """
    await find_connection(admin, tenant, name)
    _check_unused(tenant, name)
    users = [
        each.user
        for each in await admin.estate.users(tenant.id)
        if each.user.connection == name
    ]
    writes = await _clients_without(admin, tenant, name)
    if (users or writes) and not with_users:
        raise Invalid(
            f"{name} has {len(users)} user(s), and {len(writes)} application(s) name "
            "it: say that it goes with its users"
        )
    writes += [Drop(tenant.id, Kind.USER, user.id) for user in users]
    names = [user.username for user in users]
    writes += await forget_names(admin.estate, tenant.id, names)
    event = admin.event(
        "connection.remove", tenant.id, connection=name, users=str(len(users))
    )
    await admin.write(event, Drop(tenant.id, Kind.CONNECTION, name), *writes)
    return len(users)


def _check_unused(tenant: Tenant, name: str) -> None:
    if tenant.default_directory == name:
        raise Invalid(f"{name} is the default directory of {tenant.name}")
    for domain in tenant.domains:
        if domain.connection == name:
            raise Invalid(f"{name} has the users of the domain {domain.name}")


async def _clients_without(
    admin: Administration, tenant: Tenant, name: str
) -> list[Write]:
    """An empty list of connections stays one: the client then reaches nobody."""
    declared = (await admin.estate.clients(tenant.id)).values()
    return [
        PutClient(replace(each.client, connections=each.client.connections - {name}))
        for each in declared
        if each.client.connections is not None and name in each.client.connections
    ]
