"""Settings that only some reader knows, as plain options with the secrets apart.

What is kept is JSON of the file's own keys, so that it can be written out again.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from ostiary.core.model import ConnectionSettings
from ostiary.flows.manage.declaration import DeclaredConnection, Secrets
from ostiary.settings import Secret, SecretUrl
from ostiary.settings.connection import Connection

ADDRESSES: Final = (
    "urls",
    "authority",
    "wstrust_metadata",
    "wstrust_endpoint",
    "smtp",
    "webhook",
)
"""Options that say where a secret is sent."""


def chosen(source: Struct, names: Iterable[str]) -> dict[str, object]:
    """The named keys that say something, as JSON would bring them back."""
    said = {name: getattr(source, name) for name in names}
    return _plain({name: value for name, value in said.items() if value is not None})


def split(source: Struct | None) -> tuple[dict[str, object], Secrets]:
    """All keys that say something, and the secrets among them.

    Of an address with a password the rest stays plain; the secret is all of it.
    """
    plain: dict[str, object] = {}
    texts: dict[str, str] = {}
    fields = source.__struct_fields__ if source is not None else ()
    keys = source.__struct_encode_fields__ if source is not None else ()
    for name, key in zip(fields, keys, strict=True):
        value = getattr(source, name)
        if isinstance(value, Secret):
            texts[key] = value.reveal()
            continue
        if isinstance(value, SecretUrl) and value.has_password:
            texts[key] = str(value)
            value = without_password(value)
        if value is not None:
            plain[key] = str(value) if isinstance(value, (str, Path)) else value
    return _plain(plain), Secrets(texts, ADDRESSES)


def declare_connection(connection: Connection) -> DeclaredConnection:
    """The connection, with its secrets apart."""
    plain, secrets = split(connection.options)
    settings = ConnectionSettings(
        connection.name,
        connection.strategy,
        connection.enabled,
        plain,
        connection.restricted,
    )
    return DeclaredConnection(settings, secrets)


def without_password(url: str) -> str:
    """The address `scheme://user:password@host` without its password."""
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    name = user.partition(":")[0]
    return parts._replace(netloc=f"{name}@{host}" if name else host).geturl()


def _plain(values: dict[str, object]) -> dict[str, object]:
    plain: dict[str, object] = msgspec.json.decode(msgspec.json.encode(values))
    return plain
