"""One connection to each kind of directory, by each way.

No test lives here; the servers come from the fixtures of the whole suite.
"""

import contextlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace

import pytest

from ostiary.connections.guarded import GuardedConnection
from ostiary.connections.upstream import Upstream
from ostiary.core.model import Tenant
from ostiary.flows.facts import (
    Candidate,
    Claimed,
    Rejected,
    Unreachable,
    Verified,
)
from tests.contracts.directories.kinds import KINDS, Held
from tests.contracts.directories.ways import WAYS, Way
from tests.services.proxy import Proxy, proxy_to

TENANT = Tenant("t", "contoso")


@dataclass(frozen=True)
class Directory:
    """A connection to a directory; `held`: what is in it; `proxy`: before it."""

    held: Held
    upstream: Upstream
    connection: GuardedConnection
    proxy: Proxy
    way: Way

    async def sign_in(
        self, username: str, password: str
    ) -> Verified | Rejected | Unreachable:
        """Find somebody and check their password, as a sign-in does."""
        found = await self.found(username)
        claimed = Claimed(username, found)
        return await self.connection.verify(TENANT, claimed, password)

    async def found(self, username: str) -> Candidate:
        """Whom the connection means by a name; it answers."""
        found = await self.connection.find(username)
        assert isinstance(found, Candidate)
        return found

    def by(self, **options: object) -> AbstractAsyncContextManager[Upstream]:
        """Another upstream, with other options."""
        registered = self.held.registered
        told = {**registered.options, **options}
        return self.way(replace(registered, options=told))


def kind_params() -> list[object]:
    """Each kind; those with a domain controller share one worker."""
    return [
        pytest.param(kind, marks=pytest.mark.xdist_group(kind), id=kind)
        for kind in KINDS
    ]


@pytest.fixture(params=sorted(WAYS))
def way(request: pytest.FixtureRequest) -> Way:
    """Each way."""
    return WAYS[request.param]


@pytest.fixture(params=kind_params())
def held(request: pytest.FixtureRequest) -> Held:
    """Each kind of directory."""
    return KINDS[request.param](request.getfixturevalue(request.param))


@pytest.fixture
async def directory(held: Held, way: Way) -> AsyncIterator[Directory]:
    """A fresh connection, by way of a proxy that counts."""
    async with contextlib.AsyncExitStack() as stack:
        proxy = await stack.enter_async_context(proxy_to(held.host, held.port))
        urls = [f"ldaps://localhost:{proxy.port}"]
        told = {**held.registered.options, "urls": urls}
        registered = replace(held.registered, options=told)
        held = replace(held, registered=registered)
        upstream = await stack.enter_async_context(way(registered))
        connection = GuardedConnection(registered.name, upstream)
        yield Directory(held, upstream, connection, proxy, way)
        await connection.breaker.close()
