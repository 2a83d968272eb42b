"""What removing an object removes with it; users and tenants never give ids back.

Scripts run inside the one transaction of `estate.StoredEstate.write`.
"""

from collections.abc import Mapping
from typing import Final

from ostiary.flows.manage.changes import Drop, DropKey, Kind
from ostiary.stores.database import Script
from ostiary.stores.statement import Statement

_DROP_KEY: Final = Statement(
    "DELETE FROM signing_keys WHERE tenant_id = :tenant_id AND kid = :kid"
)
_RETIRE: Final = Statement(
    "INSERT INTO retired_ids (id) VALUES (:id) ON CONFLICT (id) DO NOTHING"
)
_RETIRE_USERS: Final = Statement(
    "INSERT INTO retired_ids (id) SELECT id FROM users WHERE tenant_id = :tenant_id "
    "ON CONFLICT (id) DO NOTHING"
)
_END_TENANT_SESSIONS: Final = Statement(
    "UPDATE sessions SET revoked_at = started_at "
    "WHERE tenant_id = :tenant_id AND revoked_at IS NULL"
)
_AND_NOWHERE_ELSE: Final = (
    "AND (tenant_id = :tenant_id OR NOT EXISTS (SELECT 1 FROM clients AS others "
    "WHERE others.client_id = :client_id AND others.tenant_id <> :tenant_id))"
)
"""A client of several tenants is known by its id in all of them."""
_END_CLIENT_SESSIONS: Final = Statement(
    "UPDATE sessions SET revoked_at = started_at "  # noqa: S608 - constants only
    "WHERE client_id = :client_id AND revoked_at IS NULL " + _AND_NOWHERE_ELSE
)
_CLIENTS_OF_TENANT: Final = Statement(
    "SELECT client_id FROM clients WHERE tenant_id = :tenant_id"
)
_END_USER_SESSIONS: Final = Statement(
    "UPDATE sessions SET revoked_at = started_at "
    "WHERE user_id = :id AND revoked_at IS NULL"
)
_DROP_USER: Final = Statement("DELETE FROM users WHERE id = :id")
_DROP_USER_CONSENTS: Final = Statement("DELETE FROM consents WHERE user_id = :id")
_DROP_AUTHENTICATORS: Final = Statement(
    "DELETE FROM authenticators WHERE tenant_id = :tenant_id AND user_id = :user_id"
)
_DROP_USER_KEYS: Final = Statement(
    "DELETE FROM device_keys WHERE tenant_id = :tenant_id AND user_id = :user_id"
)
_DROP_CLIENT_KEYS: Final = Statement(
    "DELETE FROM device_keys WHERE tenant_id = :tenant_id AND client_id = :client_id"
)
_DROP_CLIENT: Final = Statement(
    "DELETE FROM clients WHERE tenant_id = :tenant_id AND client_id = :client_id"
)
_DROP_CLIENT_CONSENTS: Final = Statement(
    "DELETE FROM consents WHERE client_id = :client_id " + _AND_NOWHERE_ELSE  # noqa: S608 - constants
)
_DROP_LISTED: Final = {
    kind: Statement(
        f"DELETE FROM {table} WHERE tenant_id = :tenant_id AND name = :name"  # noqa: S608
    )
    for kind, table in {
        Kind.RESOURCE: "resources",
        Kind.CONNECTION: "connections",
        Kind.POLICY: "access_policies",
    }.items()
}
_DROP_AGENTS: Final = tuple(
    Statement(
        f"DELETE FROM {table} "  # noqa: S608
        "WHERE tenant_id = :tenant_id AND connection = :name"
    )
    for table in ("agents", "agent_codes", "agent_links")
)
_OF_TENANT: Final = tuple(
    Statement(f"DELETE FROM {table} WHERE tenant_id = :tenant_id")  # noqa: S608
    for table in (
        "resources",
        "connections",
        "access_policies",
        "clients",
        "consents",
        "authenticators",
        "device_keys",
        "one_time_codes",
        "agents",
        "agent_codes",
        "agent_links",
        "users",
        "domains",
        "jobs",
        "signing_keys",
    )
)
_DROP_TENANT: Final = Statement("DELETE FROM tenants WHERE id = :tenant_id")


def drop_object(drop: Drop) -> Script[None]:
    """Remove an object and whatever hangs on it; nobody's id is given out again."""
    tenant = {"tenant_id": drop.tenant_id}
    if drop.kind is Kind.TENANT:
        yield _RETIRE, {"id": drop.tenant_id}
        yield _RETIRE_USERS, tenant
        yield _END_TENANT_SESSIONS, tenant
        for row in (yield _CLIENTS_OF_TENANT, tenant):
            yield from _drop_client({**tenant, "client_id": row["client_id"]})
        for statement in _OF_TENANT:
            yield statement, tenant
        yield _DROP_TENANT, tenant
    elif drop.kind is Kind.USER:
        yield _RETIRE, {"id": drop.key}
        yield _END_USER_SESSIONS, {"id": drop.key}
        yield _DROP_USER_CONSENTS, {"id": drop.key}
        yield _DROP_AUTHENTICATORS, {**tenant, "user_id": drop.key}
        yield _DROP_USER_KEYS, {**tenant, "user_id": drop.key}
        yield _DROP_USER, {"id": drop.key}
    elif drop.kind is Kind.CLIENT:
        yield from _drop_client({**tenant, "client_id": drop.key})
    else:
        if drop.kind is Kind.CONNECTION:
            for statement in _DROP_AGENTS:
                yield statement, {**tenant, "name": drop.key}
        yield _DROP_LISTED[drop.kind], {**tenant, "name": drop.key}


def _drop_client(client: Mapping[str, object]) -> Script[None]:
    yield _END_CLIENT_SESSIONS, client
    yield _DROP_CLIENT_CONSENTS, client
    yield _DROP_CLIENT_KEYS, client
    yield _DROP_CLIENT, client


def drop_key(drop: DropKey) -> Script[None]:
    """Forget a signing key."""
    yield _DROP_KEY, {"tenant_id": drop.tenant_id, "kid": drop.kid}
