"""One connection that stands in no file: read by the types and rules of the file.

Where its values come from, and what becomes of it, is the caller's business.
"""

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec.inspect as kinds

from ostiary.settings.connection import OPTIONS, Connection, Options
from ostiary.settings.problems import KeyPath, Places, SettingsError
from ostiary.settings.reader import Reader
from ostiary.settings.rules import find_contradictions
from ostiary.settings.safety import find_unsafe
from ostiary.settings.secret import Secret, SecretUrl
from ostiary.settings.server import Server
from ostiary.settings.tenant import Tenant, TenantDomain

_PLACE: Final[KeyPath] = ("tenants", 0, "connections", 0)
_NAMES: Final = (TenantDomain(name="localhost.localdomain"),)


def read_connection(
    document: dict[str, Any],
    server: Server,
    texts: Mapping[KeyPath, str],
    secrets: Collection[str] = (),
    environ: Mapping[str, str] = os.environ,
) -> Connection:
    """A connection as `connections:` lists it, for an instance of that `server`.

    texts: how a value was typed that reads like a number or a date. secrets: names of
    the options that came by a way for secrets; no other one may hold one. Relative
    paths count from the working folder. Raises SettingsError; its paths begin at the
    connection.
    """
    places = Places("command line")
    for name in secrets:
        places.mark_indirect(("options", name))
        places.mark_indirect((*_PLACE, "options", name))
    reader = Reader(places, texts, environ, Path.cwd())
    connection = reader.read(kinds.type_info(Connection), document, ())
    if reader.problems:
        raise SettingsError(reader.problems)
    problems = _misplaced(connection, secrets) or _found(connection, server, places)
    if problems:
        raise SettingsError(places.problem(path, text) for path, text in problems)
    made: Connection = connection
    return made


def secret_options(strategy: str) -> frozenset[str]:
    """The options of a strategy that are secrets, or addresses that may hold one."""
    return frozenset(name for name, kind in _options(strategy) if _holds_secret(kind))


def list_options(strategy: str) -> frozenset[str]:
    """The options of a strategy that are lists."""
    return frozenset(
        name
        for name, kind in _options(strategy)
        if isinstance(_bare(kind), kinds.VarTupleType)
    )


def _options(strategy: str) -> list[tuple[str, kinds.Type]]:
    struct = kinds.type_info(OPTIONS.get(strategy, Options))
    assert isinstance(struct, kinds.StructType)  # noqa: S101 - so they are declared
    return [(field.encode_name, field.type) for field in struct.fields]


def _bare(kind: kinds.Type) -> kinds.Type:
    return _bare(kind.type) if isinstance(kind, kinds.Metadata) else kind


def _holds_secret(kind: kinds.Type) -> bool:
    bare = _bare(kind)
    if isinstance(bare, kinds.UnionType):
        return any(map(_holds_secret, bare.types))
    cls = getattr(bare, "cls", None)
    return isinstance(cls, type) and issubclass(cls, (Secret, SecretUrl))


def _found(
    connection: Connection, server: Server, places: Places
) -> list[tuple[KeyPath, str]]:
    tenant = Tenant(name="any", domains=_NAMES, connections=(connection,))
    found = (
        *find_contradictions((tenant,)),
        *find_unsafe(server, (tenant,), places),
    )
    length = len(_PLACE)
    return [(path[length:], text) for path, text in found if path[:length] == _PLACE]


def _misplaced(
    connection: Connection, secrets: Collection[str]
) -> list[tuple[KeyPath, str]]:
    """Secrets among what everybody on the machine may read, and the reverse."""
    options = connection.options
    if options is None:
        return []
    wrong: list[tuple[KeyPath, str]] = []
    for field, key in zip(
        options.__struct_fields__, options.__struct_encode_fields__, strict=True
    ):
        value = getattr(options, field)
        secret = isinstance(value, Secret) or (
            isinstance(value, SecretUrl) and value.has_password
        )
        if secret and key not in secrets:
            wrong.append((("options", key), "holds a secret; give it by --secret"))
    known = secret_options(connection.strategy)
    wrong += (
        (("options", key), "is no secret; give it by --option")
        for key in secrets
        if key not in known
    )
    return wrong
