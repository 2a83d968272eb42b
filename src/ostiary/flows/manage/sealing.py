"""Secrets among options: sealed into the store, kept when a declaration is silent.

Which options are secret is said by who declares them.
"""

from collections.abc import Mapping
from dataclasses import replace

from ostiary.core.clients import shared_key_context, shares_key
from ostiary.core.connections import SEALED, connection_context
from ostiary.core.model import Client, ClientSecret, ConnectionSettings
from ostiary.flows.manage.declaration import (
    MAIL,
    DeclaredClient,
    DeclaredConnection,
    Secrets,
)
from ostiary.flows.manage.ports import Vault


def mail_context(tenant_id: str) -> str:
    """The seal's context of a tenant's mail secrets; `:` and the option follow."""
    return f"{MAIL}:{tenant_id}"


def sealed_secrets(
    vault: Vault, wanted: DeclaredClient, before: Client | None
) -> tuple[ClientSecret, ...]:
    """A client's secrets, sealed where they sign; a seal of the same one is kept."""
    client, stored = wanted.client, before.secrets if before else ()
    secrets = stored if wanted.keep_secrets else client.secrets
    if not shares_key(client):
        return tuple(replace(each, sealed="") for each in secrets)
    if wanted.keep_secrets:
        return secrets
    seals = {each.sha256: each.sealed for each in stored}
    context = shared_key_context(client)
    return tuple(
        replace(each, sealed=seals.get(each.sha256) or vault.seal(text, context))
        for each, text in zip(secrets, wanted.shared_keys, strict=True)
    )


def sealed_options(
    vault: Vault,
    context: str,
    plain: Mapping[str, object],
    secrets: Secrets,
    before: Mapping[str, object],
) -> dict[str, object]:
    """The options to store: `plain`, and the secrets sealed apart.

    A declared secret that is the stored one keeps its seal, so that nothing changes.
    One that is not declared stays, unless it would go to another address than it was
    given for: then it is forgotten (security promise 9).
    """
    stored = before.get(SEALED)
    kept = dict(stored) if isinstance(stored, Mapping) else {}
    if any(plain.get(name) != before.get(name) for name in secrets.addresses):
        kept = {name: text for name, text in kept.items() if name in secrets.texts}
    for name, text in secrets.texts.items():
        place = f"{context}:{name}"
        if name not in kept or vault.open(kept[name], place) != text:
            kept[name] = vault.seal(text, place)
    return {**plain, SEALED: kept} if kept else dict(plain)


def sealed_connection(
    vault: Vault,
    tenant_id: str,
    wanted: DeclaredConnection,
    before: ConnectionSettings | None,
) -> ConnectionSettings:
    """The connection with its secrets sealed; another strategy keeps none."""
    settings = wanted.settings
    same = before is not None and before.strategy == settings.strategy
    options = sealed_options(
        vault,
        connection_context(tenant_id, settings.name),
        settings.options,
        wanted.secrets,
        before.options if before is not None and same else {},
    )
    return replace(settings, options=options)
