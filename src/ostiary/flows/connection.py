"""Which connection a sign-in goes to: the one named, or the tenant's way of finding it.

Nobody's password is looked at before that is settled.
"""

from ostiary.core.connections import check_connection
from ostiary.core.errors import Reason, Refused
from ostiary.core.model import Client, ConnectionSettings, Domain
from ostiary.flows.attempt import Attempt
from ostiary.flows.facts import Registry
from ostiary.flows.ports import Connection


def find_connection(
    attempt: Attempt, registry: Registry, client: Client, domain: Domain | None
) -> Connection:
    """Where this request's credential is checked.

    Raises Refused(CONNECTION_UNKNOWN, CONNECTION_DISABLED, CONNECTION_PASSIVE or
    DIRECTORY_MISSING).
    """
    policy, connections = attempt.policy, attempt.ports.connections
    named = attempt.request.connection
    if named is None and policy is not None and policy.connection_by_domain:
        return connections.for_domain(registry, domain)
    settings = check_named(registry, client, named)
    connection = connections.named(registry.tenant, settings)
    if connection is None:
        raise Refused(Reason.CONNECTION_PASSIVE, connection=settings.name)
    return connection


def check_named(
    registry: Registry, client: Client, name: str | None
) -> ConnectionSettings:
    """The connection of that name, or the tenant's default directory, if open."""
    name = name or registry.tenant.default_directory
    if not name:
        raise Refused(Reason.DIRECTORY_MISSING)
    return check_connection(registry.connection(name), name, client)
