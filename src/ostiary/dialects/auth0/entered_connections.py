"""Connections entered, changed and removed over the management API.

Which options there are, and where they may lead, is judged in `flows.manage`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from ostiary.core.errors import Reason, Refused
from ostiary.dialects.auth0.body import Fields, parse_json
from ostiary.dialects.auth0.managed import Asked
from ostiary.dialects.auth0.managed_connections import find_by_id, render_connection
from ostiary.dialects.auth0.managed_users import NOTHING, administration
from ostiary.dialects.auth0.responses import NOT_STORED
from ostiary.dialects.forms import media_type
from ostiary.flows.manage.administration import Desk
from ostiary.flows.manage.entering import (
    Entry,
    alter_connection,
    enter_connection,
    take_connection_away,
)
from ostiary.flows.ports import Ports
from ostiary.web import HttpResponse, json_response

CHANGEABLE: Final = ("options", "enabled_clients", "realms", "is_domain_connection")
FIRST: Final = ("name", "strategy", *CHANGEABLE)
"""The members of a body (contract auth0 §6); `realms` is always the name alone."""


@dataclass(frozen=True, slots=True)
class EnteredConnections:
    """The endpoints under `connections` that change something."""

    ports: Ports
    desk: Desk

    async def enter(self, asked: Asked) -> HttpResponse:
        """201 with the new connection. Raises Refused(OBJECT_TAKEN, OBJECT_INVALID)."""
        fields = parse_fields(asked, FIRST)
        name, strategy = _required(fields, "name"), _required(fields, "strategy")
        admin = administration(self.desk, asked)
        await enter_connection(admin, asked.tenant, name, strategy, entry_of(fields))
        return await self._told(201, asked, name)

    async def alter(self, asked: Asked) -> HttpResponse:
        """200 with the connection of that id. Raises Refused as `enter`."""
        name = find_by_id(asked.registry, asked.names[0]).name
        entry = entry_of(parse_fields(asked, CHANGEABLE))
        await alter_connection(
            administration(self.desk, asked), asked.tenant, name, entry
        )
        return await self._told(200, asked, name)

    async def remove(self, asked: Asked) -> HttpResponse:
        """204; its users are gone as well. Raises Refused(OBJECT_UNKNOWN, …)."""
        name = find_by_id(asked.registry, asked.names[0]).name
        admin = administration(self.desk, asked)
        await take_connection_away(admin, asked.tenant, name)
        return NOTHING

    async def _told(self, status: int, asked: Asked, name: str) -> HttpResponse:
        """The connection as it is now."""
        directory, tenant_id = self.ports.directory, asked.tenant.id
        await directory.tenant_id(tenant_id)  # sees what was just written
        registry = await directory.registry(tenant_id)
        settings = registry.connection(name) if registry else None
        if registry is None or settings is None:
            raise Refused(Reason.OBJECT_UNKNOWN)
        return json_response(status, render_connection(registry, settings), NOT_STORED)


def parse_fields(asked: Asked, known: Collection[str]) -> Fields:
    """The members of the body. Raises Refused(OBJECT_INVALID)."""
    if media_type(asked.request) != "application/json":
        raise _invalid("the body must be application/json")
    try:
        fields = parse_json(asked.request.body)
    except Refused as refused:
        why = refused.facts.get("why", "names a member twice")
        raise _invalid(f"the body {why}") from None
    for name in fields:
        if name not in known:
            raise _invalid(f"Additional properties not allowed: {name}")
    return fields


def entry_of(fields: Fields) -> Entry:
    """What is to become of the connection. Raises Refused(OBJECT_INVALID)."""
    options, clients = fields.get("options"), _texts(fields, "enabled_clients")
    _texts(fields, "realms")
    if not isinstance(fields.get("is_domain_connection", False), bool):
        raise _invalid("is_domain_connection: must be true or false")
    if options is not None and not isinstance(options, Mapping):
        raise _invalid("options: must be an object")
    return Entry(options, None if clients is None else frozenset(clients))


def _texts(fields: Fields, name: str) -> list[str] | None:
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise _invalid(f"{name}: must be an array of strings")
    return value


def _required(fields: Fields, name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise _invalid(f"{name}: must be a string")
    return value


def _invalid(why: str) -> Refused:
    return Refused(Reason.OBJECT_INVALID, why=why)
