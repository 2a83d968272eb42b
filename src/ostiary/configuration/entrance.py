"""What administrators of tenants enter over the wire, held to the rules of the file.

It may name nothing of this machine: no file, no variable, no address that is inside.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ostiary.configuration.options import declare_connection
from ostiary.connections.outgoing import connect_addresses
from ostiary.connections.upstream import Away
from ostiary.core.connections import SEALED
from ostiary.core.errors import Reason, Refused
from ostiary.core.model import ConnectionSettings
from ostiary.flows.manage.declaration import DeclaredConnection
from ostiary.settings import Server, SettingsError, render_path
from ostiary.settings.connection import OPTIONS, Connection
from ostiary.settings.one_connection import read_connection, secret_options

SECONDS: Final = 3.0
"""How long the addresses of one connection may take to resolve, all together."""
MOST_PROBLEMS: Final = 3
"""How many of them one refusal tells."""
# Auth0's own rule: an id made of the name holds no separator.
_NAME: Final = re.compile(r"[A-Za-z0-9](?:-?[A-Za-z0-9]){0,127}")


@dataclass(frozen=True, slots=True)
class ConnectionEntrance:
    """Port `Entrance` of an instance."""

    server: Server

    def connection(
        self,
        name: str,
        strategy: str,
        given: Mapping[str, object],
        present: ConnectionSettings | None,
    ) -> DeclaredConnection:
        """A connection as the file would list it: what is present, changed.

        Raises Refused(OBJECT_INVALID).
        """
        if len(name) > 128 or _NAME.fullmatch(name) is None:
            raise _invalid("name: must be letters, digits and single hyphens, 128 most")
        if strategy not in OPTIONS:
            raise _invalid(f"strategy: must be one of {', '.join(OPTIONS)}")
        _check_own(given)
        before = present.options if present else {}
        kept = {key: each for key, each in before.items() if key != SEALED}
        options = {
            key: each for key, each in {**kept, **given}.items() if each is not None
        }
        document: dict[str, object] = {
            "name": name,
            "strategy": strategy,
            "options": options,
        }
        if not options:
            del document["options"]
        connection = _read(document, self.server, strategy, given)
        declared = declare_connection(connection)
        enabled = present.enabled if present else True
        return replace(declared, settings=replace(declared.settings, enabled=enabled))

    async def may_reach(self, places: Sequence[tuple[str, int]]) -> bool:
        """Whether all these hosts and ports may be connected to.

        Neither does one whose name leads nowhere: whoever asks must not learn which
        names there are inside.
        """
        networks = tuple(str(each) for each in self.server.outgoing_networks)
        try:
            async with asyncio.timeout(SECONDS):
                for host, port in places:
                    await connect_addresses(
                        host, port, restricted=True, networks=networks
                    )
        except (Away, TimeoutError):
            return False
        return True


def _read(
    document: dict[str, object],
    server: Server,
    strategy: str,
    given: Mapping[str, object],
) -> Connection:
    secrets = secret_options(strategy) & given.keys()
    try:
        connection = read_connection(document, server, {}, secrets, {})
    except SettingsError as wrong:
        told = (f"{render_path(p.path)}: {p.text}" for p in wrong.problems)
        raise _invalid("; ".join(list(told)[:MOST_PROBLEMS])) from None
    options = connection.options
    for key in given if options is not None else ():
        if isinstance(getattr(options, key, None), Path):
            raise _invalid(f"options.{key}: names a file of the server; not allowed")
    return connection


def _check_own(given: Mapping[str, object]) -> None:
    """Nothing speaks of the server's files and variables, which the file may do."""
    for key, each in given.items():
        if isinstance(each, dict) and each.keys() in ({"env"}, {"file"}):
            raise _invalid(f"options.{key}: must be the value itself")
        for inner in _members(each):
            if isinstance(inner, (dict, list)):
                raise _invalid(f"options.{key}: must not be nested that deep")


def _members(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, list) else []


def _invalid(why: str) -> Refused:
    return Refused(Reason.OBJECT_INVALID, why=why)
