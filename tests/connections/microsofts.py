"""Upstreams of strategies `waad` and `adfs`, made for a stand-in and asked by tests.

No test lives here.
"""

import contextlib
import time
from collections.abc import AsyncIterator

import pytest

from ostiary.connections import Means, make_upstream
from ostiary.connections.kept import KeptConnections
from ostiary.connections.upstream import Away, Registered, Upstream
from ostiary.flows.facts import Rejected, Verified
from tests.flows.fakes import StillClock
from tests.services.microsoft import PASSWORD, PUBLIC, Microsoft

NAME = "upstream"


def means(clock: StillClock, networks: tuple[str, ...] = ()) -> Means:
    """What the strategies use of what connections are made with."""

    return Means(
        lane=None,  # type: ignore[arg-type]
        codes=None,  # type: ignore[arg-type]
        clock=clock,
        kept=KeptConnections(),
        unseal=lambda sealed, context: sealed,
        outgoing_networks=networks,
    )


def present() -> StillClock:
    """A clock that stands at the present moment."""
    clock = StillClock()
    clock.at = time.time()
    return clock


@contextlib.asynccontextmanager
async def made(
    strategy: str,
    service: Microsoft,
    *,
    secret: str | None = None,
    restricted: bool = False,
    networks: tuple[str, ...] = (),
    clock: StillClock | None = None,
    **options: object,
) -> AsyncIterator[Upstream]:
    """The upstream of a connection to the stand-in, as the registry makes it."""
    told: dict[str, object] = {"client_id": PUBLIC, "ca": service.ca}
    if strategy == "waad":
        told["authority"] = service.entra
    elif options.get("protocol") == "ws-trust":
        told["wstrust_metadata"] = service.mex
        told["signing_certificate"] = service.signing_certificate
    else:
        told["authority"] = service.adfs
    secrets = {} if secret is None else {"client_secret": secret}
    registered = Registered("t", NAME, told | options, secrets, restricted)
    upstream = make_upstream(strategy, registered, means(clock or present(), networks))
    try:
        yield upstream
    finally:
        await upstream.close()


async def ask(
    upstream: Upstream, username: str, password: str = PASSWORD
) -> Verified | Rejected:
    """What it says of a password."""
    candidate = await upstream.find(username)
    return await upstream.verify(candidate, username, password)


async def away(upstream: Upstream, username: str, password: str = PASSWORD) -> Away:
    """Why nobody could tell."""
    with pytest.raises(Away) as caught:
        await ask(upstream, username, password)
    return caught.value
