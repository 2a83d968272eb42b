"""Connections as the management API tells of them: names and ids, never options.

Who may ask is decided in `management`.
"""

from dataclasses import dataclass

from ostiary.core.errors import Reason, Refused
from ostiary.core.model import ConnectionSettings
from ostiary.dialects.auth0.managed import Asked, connection_id, listed
from ostiary.dialects.auth0.responses import NOT_STORED
from ostiary.flows.facts import Registry
from ostiary.web import HttpResponse, json_response


@dataclass(frozen=True, slots=True)
class ManagedConnections:
    """The endpoints under `connections`."""

    async def list(self, asked: Asked) -> HttpResponse:
        """Those of a name or strategies, or all (interface §3)."""
        name, strategies = asked.query("name"), asked.values("strategy")
        found = [
            render_connection(asked.registry, settings)
            for settings in asked.registry.connections
            if name in (None, settings.name)
            and (not strategies or settings.strategy in strategies)
        ]
        return json_response(200, listed(asked, "connections", found), NOT_STORED)

    async def show(self, asked: Asked) -> HttpResponse:
        """The one of that id. Raises Refused(OBJECT_UNKNOWN)."""
        settings = find_by_id(asked.registry, asked.names[0])
        body = render_connection(asked.registry, settings)
        return json_response(200, body, NOT_STORED)


def find_by_id(registry: Registry, id: str) -> ConnectionSettings:
    """The tenant's connection of that id. Raises Refused(OBJECT_UNKNOWN)."""
    for settings in registry.connections:
        if connection_id(registry.tenant, settings.name) == id:
            return settings
    raise Refused(Reason.OBJECT_UNKNOWN)


def render_connection(
    registry: Registry, settings: ConnectionSettings
) -> dict[str, object]:
    """A connection; what its options say is nobody's business (security promise 9)."""
    clients = [
        client.client_id
        for client in registry.clients.values()
        if settings.enabled
        and (client.connections is None or settings.name in client.connections)
    ]
    return {
        "id": connection_id(registry.tenant, settings.name),
        "name": settings.name,
        "strategy": settings.strategy,
        "options": {},
        "realms": [settings.name],
        "is_domain_connection": False,
        "enabled_clients": sorted(clients),
    }
