"""The management API, version 2: its routes, and who may use each.

What they do stands in `managed_…`, `entered_connections` and `import_jobs`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ostiary.core.errors import Reason, Refused
from ostiary.core.model import Client, Tenant
from ostiary.core.request import ScopeRequest
from ostiary.core.scopes import application_access, find_resource
from ostiary.dialects.auth0.domain import management_audience
from ostiary.dialects.auth0.entered_connections import EnteredConnections
from ostiary.dialects.auth0.import_jobs import ImportJobs
from ostiary.dialects.auth0.managed import Act, Asked
from ostiary.dialects.auth0.managed_connections import ManagedConnections
from ostiary.dialects.auth0.managed_users import ManagedUsers
from ostiary.dialects.auth0.public_keys import bearer_of
from ostiary.dialects.auth0.surface import Surface
from ostiary.dialects.auth0.wire import Auth0Wire
from ostiary.flows.access_tokens import inspect_access
from ostiary.flows.facts import Registry
from ostiary.flows.manage.administration import Desk
from ostiary.flows.ports import Ports
from ostiary.web import HttpRequest, HttpResponse

Segments = tuple[str, ...]

ROOT: Final = ("api", "v2")
ANY: Final = "*"


@dataclass(frozen=True, slots=True)
class Need:
    """What a request does, and the scopes any of which allows it."""

    act: str
    scopes: tuple[str, ...]


_BLOCKS: Final = {
    "GET": ("read:users", "read:user_blocks"),
    "DELETE": ("update:users", "update:users_blocks"),
}
_JOBS: Final = ("create:users", "read:users")

ROUTES: Final[Mapping[Segments, Mapping[str, Need]]] = {
    ("connections",): {
        "GET": Need("list connections", ("read:connections",)),
        "POST": Need("enter connection", ("create:connections",)),
    },
    ("connections", ANY): {
        "GET": Need("show connection", ("read:connections",)),
        "PATCH": Need("alter connection", ("update:connections",)),
        "DELETE": Need("remove connection", ("delete:connections",)),
    },
    ("users", ANY): {"GET": Need("show user", ("read:users",))},
    ("users-by-email",): {"GET": Need("find users", ("read:users",))},
    ("user-blocks",): {
        "GET": Need("blocks of name", _BLOCKS["GET"]),
        "DELETE": Need("unblock name", _BLOCKS["DELETE"]),
    },
    ("user-blocks", ANY): {
        "GET": Need("blocks of user", _BLOCKS["GET"]),
        "DELETE": Need("unblock user", _BLOCKS["DELETE"]),
    },
    ("anomaly", "blocks", "ips", ANY): {
        "GET": Need("show address", ("read:anomaly_blocks",)),
        "DELETE": Need("unblock address", ("delete:anomaly_blocks",)),
    },
    ("jobs", "users-imports"): {"POST": Need("begin import", ("create:users",))},
    ("jobs", ANY): {"GET": Need("show job", _JOBS)},
    ("jobs", ANY, "errors"): {"GET": Need("errors of job", _JOBS)},
}
"""Behind ROOT, the particular before the general (contract auth0 §5, §7)."""

MANAGED: Final[Mapping[Segments, tuple[str, ...]]] = {
    (*ROOT, *path): tuple(needs) for path, needs in ROUTES.items()
}
"""Whole paths, and the methods that each answers."""


def find_needs(segments: Segments) -> tuple[Mapping[str, Need], tuple[str, ...]]:
    """What a path of MANAGED needs by method, and the names in it."""
    for path, needs in ROUTES.items():
        tail = segments[-len(path) :]
        pairs = list(zip(path, tail, strict=True)) if len(tail) == len(path) else []
        before = segments[: -len(path)][-len(ROOT) :]
        if (
            pairs
            and before == ROOT
            and all(each in (ANY, part) for each, part in pairs)
        ):
            return needs, tuple(part for each, part in pairs if each == ANY)
    raise Refused(Reason.OBJECT_UNKNOWN)


@dataclass(frozen=True, slots=True)
class Management:
    """All of it: asks who it is, then lets the act happen."""

    ports: Ports
    acts: Mapping[str, Act]

    async def answer(self, request: HttpRequest, registry: Registry) -> HttpResponse:
        """What came of it. Raises Refused(TOKEN_INVALID, SCOPE_INSUFFICIENT, …)."""
        needs, names = find_needs(request.segments)
        need = needs[request.method]
        client, scopes = await self._caller(request, registry)
        if not scopes & set(need.scopes):
            raise Refused(Reason.SCOPE_INSUFFICIENT, scope=", ".join(need.scopes))
        asked = Asked(request, registry, names, client.client_id, scopes)
        return await self.acts[need.act](asked)

    async def _caller(
        self, request: HttpRequest, registry: Registry
    ) -> tuple[Client, frozenset[str]]:
        """The client whose own token this is, and what it may do.

        That is what the token says and the client still is allowed.
        """
        wire = Auth0Wire(Surface.MANAGEMENT, registry.tenant)
        found = await inspect_access(registry, bearer_of(request), wire, self.ports)
        access = found.access if found else None
        if access is None or access.user_id:
            raise Refused(Reason.TOKEN_INVALID)
        client = registry.clients.get(access.client_id)
        here = access.audience == management_audience(registry.tenant)
        if client is None or not here:
            raise Refused(Reason.TOKEN_INVALID)
        allowed = allowed_scopes(client, registry.tenant, wire)
        return client, allowed & frozenset(access.scopes)


def allowed_scopes(client: Client, tenant: Tenant, wire: Auth0Wire) -> frozenset[str]:
    """What the client is registered for now, whatever its token says."""
    policy = wire.policy(tenant)
    resource = find_resource((), management_audience(tenant), policy)
    request = ScopeRequest(resource.identifier, given=False)
    return frozenset(application_access(request, client, resource, policy).roles)


def management(ports: Ports, desk: Desk) -> Management:
    """The management API over these ports."""
    connections, users = ManagedConnections(), ManagedUsers(ports, desk)
    entered, jobs = EnteredConnections(ports, desk), ImportJobs(ports, desk)
    acts: Mapping[str, Act] = {
        "list connections": connections.list,
        "show connection": connections.show,
        "enter connection": entered.enter,
        "alter connection": entered.alter,
        "remove connection": entered.remove,
        "show user": users.show,
        "find users": users.by_email,
        "blocks of name": users.blocks_of_name,
        "unblock name": users.unblock_name,
        "blocks of user": users.blocks_of_user,
        "unblock user": users.unblock_user,
        "show address": users.show_address,
        "unblock address": users.unblock_address,
        "begin import": jobs.begin,
        "show job": jobs.show,
        "errors of job": jobs.errors,
    }
    return Management(ports, acts)
