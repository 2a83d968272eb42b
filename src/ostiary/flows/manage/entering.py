"""Connections that administrators of a tenant enter: held to addresses outside.

What the operator enters is in `connections` and in the file, and may lie anywhere.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

from ostiary.core.connections import SEALED
from ostiary.core.errors import Reason, Refused
from ostiary.core.model import Client, ConnectionSettings, Tenant
from ostiary.flows.manage.administration import Administration
from ostiary.flows.manage.changes import PutClient, PutListed, Write
from ostiary.flows.manage.connections import open_options, remove_connection
from ostiary.flows.manage.declaration import DeclaredConnection
from ostiary.flows.manage.ports import Invalid, Missing
from ostiary.flows.manage.sealing import sealed_connection

NOT_ALLOWED: Final = (
    "must lead to public addresses, or to networks that the operator allows"
)
MOST_ADDRESSES: Final = 20
PORTS: Final[Mapping[str, int]] = {
    "http": 80,
    "https": 443,
    "ldap": 389,
    "ldaps": 636,
    "smtp": 25,
    "smtps": 465,
}
"""Where a service is asked whose address names no port."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to become of a connection; None: that part stays as it is.

    options: by their names in the file; None among them takes one away. clients: ids
    of all that may use it; a new connection without is open to those that may use all.
    """

    options: Mapping[str, object] | None = None
    clients: frozenset[str] | None = None


async def enter_connection(
    admin: Administration, tenant: Tenant, name: str, strategy: str, entry: Entry
) -> None:
    """Add a connection behind the others.

    Raises Refused(OBJECT_TAKEN, OBJECT_INVALID).
    """
    present = await admin.estate.connections(tenant.id)
    wanted = admin.entrance.connection(name, strategy, entry.options or {}, None)
    if name in present:
        raise Refused(Reason.OBJECT_TAKEN)
    await _check_addresses(admin, wanted)
    settings = sealed_connection(admin.vault, tenant.id, wanted, None)
    settings = replace(settings, restricted=True)
    opened = await _opened(admin, tenant, {*present, name}, name, entry.clients)
    event = admin.event("connection.add", tenant.id, connection=name)
    put = PutListed(tenant.id, name, len(present), settings)
    await admin.write(event, put, *opened)


async def alter_connection(
    admin: Administration, tenant: Tenant, name: str, entry: Entry
) -> None:
    """Change options of a connection, or who may use it.

    Where an address changes, the stored secrets are forgotten (security promise 9).
    With any option changed, what the operator had written is an administrator's, and
    has to lead outside. Raises Refused(OBJECT_UNKNOWN, OBJECT_INVALID).
    """
    present = await admin.estate.connections(tenant.id)
    before = present.get(name)
    if before is None:
        raise Refused(Reason.OBJECT_UNKNOWN)
    writes: list[Write] = []
    fields: list[str] = []
    if entry.options is not None:
        settings = await _altered(admin, tenant, before, entry.options)
        if settings != before:
            writes.append(PutListed(tenant.id, name, 0, settings))
            fields += sorted(entry.options)
    opened = await _opened(admin, tenant, present, name, entry.clients)
    if opened:
        fields.append("clients")
    if writes or opened:
        event = admin.event(
            "connection.change", tenant.id, connection=name, fields=", ".join(fields)
        )
        await admin.write(event, *writes, *opened)


async def take_connection_away(
    admin: Administration, tenant: Tenant, name: str
) -> None:
    """Remove a connection with its users.

    Raises Refused(OBJECT_UNKNOWN; OBJECT_INVALID where sign-ins are sent to it).
    """
    try:
        await remove_connection(admin, tenant, name, with_users=True)
    except Missing:
        raise Refused(Reason.OBJECT_UNKNOWN) from None
    except Invalid as wrong:
        raise Refused(Reason.OBJECT_INVALID, why=str(wrong)) from None


async def _altered(
    admin: Administration,
    tenant: Tenant,
    before: ConnectionSettings,
    options: Mapping[str, object],
) -> ConnectionSettings:
    wanted = admin.entrance.connection(before.name, before.strategy, options, before)
    gone = {key for key, value in options.items() if value is None}
    kept = replace(before, options=_without(before, gone))
    settings = sealed_connection(admin.vault, tenant.id, wanted, kept)
    if settings.options == before.options:
        return before
    await _check_addresses(admin, wanted)
    return replace(settings, restricted=True)


def _without(settings: ConnectionSettings, gone: Collection[str]) -> dict[str, object]:
    """The options as stored, without the secrets that are taken away."""
    sealed = settings.options.get(SEALED)
    secrets = sealed if isinstance(sealed, Mapping) else {}
    kept = {key: text for key, text in secrets.items() if key not in gone}
    return {**open_options(settings), **({SEALED: kept} if kept else {})}


async def _check_addresses(admin: Administration, wanted: DeclaredConnection) -> None:
    """They lead outside (security case ADM-09)."""
    places = list(_places(wanted))
    if len(places) > MOST_ADDRESSES:
        why = f"options: holds more than {MOST_ADDRESSES} addresses"
        raise Refused(Reason.OBJECT_INVALID, why=why)
    if not await admin.entrance.may_reach(places):
        raise Refused(Reason.OBJECT_INVALID, why=f"options: {NOT_ALLOWED}")


def _places(wanted: DeclaredConnection) -> Iterator[tuple[str, int]]:
    for key in wanted.secrets.addresses:
        value = wanted.settings.options.get(key)
        for url in value if isinstance(value, list) else [value]:
            if isinstance(url, str):
                parts = urlsplit(url)
                yield parts.hostname or "", parts.port or PORTS[parts.scheme]


async def _opened(
    admin: Administration,
    tenant: Tenant,
    names: Collection[str],
    name: str,
    clients: frozenset[str] | None,
) -> list[Write]:
    """The clients that may use the connection, and no others.

    A client that could use all, and may not use this one, is left with the others.
    """
    if clients is None:
        return []
    present = {
        client_id: declared.client
        for client_id, declared in (await admin.estate.clients(tenant.id)).items()
    }
    if strangers := sorted(clients - present.keys()):
        why = f"enabled_clients: no such client: {strangers[0]}"
        raise Refused(Reason.OBJECT_INVALID, why=why)
    return [
        PutClient(replace(client, connections=wanted))
        for client_id, client in present.items()
        if (wanted := _wanted(client, names, name, client_id in clients))
        != client.connections
    ]


def _wanted(
    client: Client, names: Collection[str], name: str, may: bool
) -> frozenset[str] | None:
    if may:
        return None if client.connections is None else client.connections | {name}
    known = names if client.connections is None else client.connections
    return frozenset(known) - {name}
