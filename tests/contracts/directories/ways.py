"""The ways to a directory: each makes an upstream of a connection's registration.

A new way to ask a directory joins WAYS, and the whole suite holds for it.
"""

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager

from ostiary.connections.ldap import LdapDirectory
from ostiary.connections.upstream import Registered, Upstream
from tests.contracts.directories.agent_way import by_agent

Way = Callable[[Registered], AbstractAsyncContextManager[Upstream]]


@contextlib.asynccontextmanager
async def direct(registered: Registered) -> AsyncIterator[Upstream]:
    """This server asks the directory itself."""
    directory = LdapDirectory(registered, ())
    yield directory
    await directory.close()


WAYS: Mapping[str, Way] = {"direct": direct, "agent": by_agent}
