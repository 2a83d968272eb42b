"""Values that the tables of tests/core are about; no test lives here."""

from collections.abc import Callable
from typing import Any

from ostiary.core.errors import Reason, Refused
from ostiary.core.model import (
    Client,
    ClientSecret,
    Consent,
    Permission,
    Resource,
    Scope,
    Tenant,
    User,
)
from ostiary.core.policy import Policy

NOW = 1_700_000_000.0
CLIENT_ID = "c1"

MAIN = Resource(
    identifier="https://main.example",
    id="00000000-0000-0000-0000-0000000000aa",
    scopes=(Scope("Read"), Scope("Write"), Scope("All", admin=True)),
)
TASKS = Resource(
    identifier="api://tasks",
    id="00000000-0000-0000-0000-0000000000bb",
    access_token_version=2,
    scopes=(Scope("Tasks.Read"), Scope("Old", enabled=False)),
    roles=("Reader", "Writer"),
)
POLICY = Policy(default_resource=MAIN)


def client(**changes: Any) -> Client:
    """A public client that may do nothing yet."""
    values: dict[str, Any] = {"tenant_id": "t1", "client_id": CLIENT_ID, "public": True}
    return Client(**{**values, **changes})


def user(**changes: Any) -> User:
    """A member with a password."""
    values: dict[str, Any] = {
        "id": "u1",
        "tenant_id": "t1",
        "connection": "directory",
        "username": "Ann@Example.Test",
    }
    return User(**{**values, **changes})


def tenant(**changes: Any) -> Tenant:
    """A tenant as it is when nothing is said of it."""
    values: dict[str, Any] = {"id": "t1", "name": "example"}
    return Tenant(**{**values, **changes})


def secret(sha256: str, expires_at: float | None = None) -> ClientSecret:
    """A stored client secret."""
    return ClientSecret(sha256, expires_at)


def consent(*permissions: str, client_id: str = CLIENT_ID) -> Consent:
    """What somebody allowed: `resource/scope`, or a scope of the main resource."""
    pairs = (text.rpartition("/") for text in permissions)
    held = frozenset(Permission(resource, scope) for resource, _, scope in pairs)
    return Consent(client_id, "", held)


def refusal(check: Callable[[], object]) -> Reason | None:
    """Why `check` refuses; None when it does not."""
    try:
        check()
    except Refused as refused:
        return refused.reason
    return None
