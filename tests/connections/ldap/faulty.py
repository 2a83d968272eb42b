"""Asking a faulty directory through the guard, as a sign-in does.

No test lives here; the directory is `tests.services.faulty_directory`.
"""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from ostiary.connections.guarded import GuardedConnection
from ostiary.connections.ldap import LdapDirectory
from ostiary.connections.upstream import Registered
from ostiary.core.model import Tenant
from ostiary.flows.facts import Claimed, Rejected, Unreachable, Verified
from tests.services.faulty_directory import PASSWORD, FaultyDirectory

CONTOSO = Tenant("a-tenant", "contoso")
Verdict = Verified | Rejected | Unreachable


@dataclass(frozen=True)
class Asking:
    """A guarded connection to a directory."""

    connection: GuardedConnection

    async def check(self, password: str = PASSWORD, name: str = "jdoe") -> Verdict:
        """What becomes of a password: one search and one bind."""
        found = await self.connection.find(name)
        if isinstance(found, Unreachable):
            return found
        claimed = Claimed(name, found)
        return await self.connection.verify(CONTOSO, claimed, password)


@contextlib.asynccontextmanager
async def asking(
    directory: FaultyDirectory, *, every: float = 10.0, **options: Any
) -> AsyncIterator[Asking]:
    """Ask a directory, by options of the connection; closed in the end."""
    told = {**directory.options, **options}
    upstream = LdapDirectory(Registered("a-tenant", "corp-ad", told), ())
    connection = GuardedConnection("corp-ad", upstream, every=every)
    try:
        yield Asking(connection)
    finally:
        await connection.close()
