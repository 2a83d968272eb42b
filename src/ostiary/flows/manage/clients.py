"""Clients and their secrets: added, changed, removed by administrators.

A secret is told once, when it is made; the store keeps its digest.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ostiary.core.clients import secret_sha256, shared_key_context, shares_key
from ostiary.core.errors import Refused
from ostiary.core.model import Client, ClientSecret, Permission, Tenant
from ostiary.core.names import OPENID_SCOPES
from ostiary.core.scopes import find_resource, registered_names
from ostiary.flows.manage.administration import Administration
from ostiary.flows.manage.changes import Drop, Kind, PutClient
from ostiary.flows.manage.declaration import DeclaredClient
from ostiary.flows.manage.ports import ConflictError, Invalid, Missing
from ostiary.flows.manage.references import forget_clients

SECRET_LENGTH = 40
"""Characters of a secret that is made here: 240 bits."""


async def find_client(
    admin: Administration, tenant: Tenant, name: str
) -> DeclaredClient:
    """The tenant's client of that id or name. Raises Missing or Invalid."""
    clients = await admin.estate.clients(tenant.id)
    by_id = clients.get(name) or clients.get(name.lower())
    if by_id is not None:
        return by_id
    found = [each for each in clients.values() if each.client.name == name]
    if len(found) > 1:
        raise Invalid(f"several applications are called {name}: give the client id")
    if not found:
        raise Missing(f"no such application in {tenant.name}: {name}")
    return found[0]


async def add_client(admin: Administration, client: Client) -> Client:
    """Add a client; without grant types it can do nothing yet."""
    same = await admin.estate.find_clients(client.client_id)
    if any(other.tenant_id == client.tenant_id for other in same):
        raise ConflictError(f"{client.client_id} is the id of another application")
    await _check(admin, client, ())
    event = admin.event("app.add", client.tenant_id, client_id=client.client_id)
    await admin.write(event, PutClient(client))
    return client


async def change_client(
    admin: Administration, before: Client, changes: Mapping[str, Any]
) -> tuple[Client, tuple[str, ...]]:
    """Change fields of a client; returns it with the names of what really changed."""
    client = replace(before, **changes)
    if not shares_key(client):
        unsealed = (replace(each, sealed="") for each in client.secrets)
        client = replace(client, secrets=tuple(unsealed))
    differing = tuple(
        name
        for name in Client.__dataclass_fields__
        if getattr(client, name) != getattr(before, name)
    )
    if differing:
        await _check(admin, client, before.permissions)
        fields = ", ".join(differing)
        event = admin.event(
            "app.change", client.tenant_id, client_id=client.client_id, fields=fields
        )
        await admin.write(event, PutClient(client))
    return client, differing


async def remove_client(admin: Administration, client: Client) -> None:
    """Remove a client with its consents and sessions."""
    tenant_id, client_id = client.tenant_id, client.client_id
    forgotten = await forget_clients(admin.estate, [client_id], tenant_id)
    event = admin.event("app.remove", tenant_id, client_id=client_id)
    await admin.write(event, Drop(tenant_id, Kind.CLIENT, client_id), *forgotten)


async def add_secret(
    admin: Administration, client: Client, expires_at: float | None
) -> str:
    """Make a secret; the only time that it is told. `expires_at` in epoch seconds."""
    if client.public:
        raise Invalid("a public application has no secret")
    # What signs has 256 bits and no less (RFC 7518 §3.2).
    shared = shares_key(client)
    length = None if shared else SECRET_LENGTH
    secret = admin.clock.token()[:length]
    while not secret[0].isalnum():
        # A leading hyphen would be an option on a command line.
        secret = admin.clock.token()[:length]
    sealed = admin.vault.seal(secret, shared_key_context(client)) if shared else ""
    stored = ClientSecret(secret_sha256(secret), expires_at, sealed)
    await _put_secrets(admin, client, (*client.secrets, stored), "app.secret.add")
    return secret


async def remove_secret(admin: Administration, client: Client, number: int) -> None:
    """Remove a client's secret by its number, counted from 1."""
    if not 1 <= number <= len(client.secrets):
        raise Missing(f"there is no secret number {number}")
    kept = client.secrets[: number - 1] + client.secrets[number:]
    await _put_secrets(admin, client, kept, "app.secret.remove")


async def _put_secrets(
    admin: Administration,
    client: Client,
    secrets: tuple[ClientSecret, ...],
    what: str,
) -> None:
    event = admin.event(what, client.tenant_id, client_id=client.client_id)
    await admin.write(event, PutClient(replace(client, secrets=secrets)))


async def _check(
    admin: Administration, client: Client, present: tuple[Permission, ...]
) -> None:
    """What the client is newly registered for exists at its tenant."""
    resources = (await admin.estate.resources(client.tenant_id)).values()
    for permission in client.permissions:
        if permission in present:
            continue
        if permission.resource == "" and permission.scope in OPENID_SCOPES:
            continue
        try:
            resource = find_resource(
                resources, permission.resource or None, admin.policy
            )
            registered_names(resource, [permission.scope], admin.policy)
        except Refused:
            raise Invalid(f"no such scope: {permission.scope}") from None
    if client.connections is not None:
        known = await admin.estate.connections(client.tenant_id)
        for name in sorted(client.connections):
            if name not in known:
                raise Invalid(f"no such connection: {name}")
