"""What connections are made with outside of a server.

The server's own are put together in `app`.
"""

import contextlib
from collections.abc import AsyncIterator
from typing import cast

from ostiary.app import House
from ostiary.clock import SystemClock
from ostiary.connections import Means
from ostiary.connections.agent_links import Switchboard
from ostiary.connections.kept import KeptConnections
from ostiary.connections.lane import HashLane
from ostiary.flows.ports import Codes
from ostiary.settings import Server


@contextlib.asynccontextmanager
async def open_means(
    server: Server, house: House | None = None
) -> AsyncIterator[Means]:
    """Means of upstreams; without a house, of such as ask nothing of the store.

    Agents that are connected to a server are asked by way of the store.
    """
    lane, kept = HashLane(1), KeptConnections()
    networks = tuple(str(each) for each in server.outgoing_networks)
    no_codes = cast("Codes", None)  # upstreams send none
    unseal = house.vault.open if house is not None else _sealed
    agents = house.switchboard if house is not None else Switchboard()
    try:
        yield Means(lane, no_codes, SystemClock(), kept, unseal, networks, agents)
    finally:
        await kept.close()
        await agents.close()
        lane.close()


def _sealed(text: str, context: str) -> str:
    raise ValueError(f"{context} is sealed, and there is no key")
