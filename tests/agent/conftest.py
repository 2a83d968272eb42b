"""One server for each test process that is asked through agents.

Agents are made by each test; see `running`.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.agent.running import AgentProcess, agents_document, new_code
from tests.wire.client import WireClient
from tests.wire.instance import Instance

Hire = Callable[..., AgentProcess]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """The server of this test process, on SQLite."""
    instance = Instance(tmp_path_factory.mktemp("agents"), {}, agents_document())
    instance.start()
    yield instance
    instance.stop()


@pytest.fixture(scope="session")
def client(server: Instance) -> Iterator[WireClient]:
    """A client of that server."""
    client = WireClient(server.address, server.data / "ca.pem")
    yield client
    client.close()


@pytest.fixture
def hire(tmp_path: Path) -> Iterator[Hire]:
    """A function that makes agents of a server, all of which end with the test.

    The server must be the only one whose folder has its CA.
    """
    hired: list[AgentProcess] = []

    def agent(
        instance: Instance, name: str = "one", connection: str = "corp-ad"
    ) -> AgentProcess:
        base = instance.document["server"]["base_url"]
        ca, code = instance.data / "ca.pem", new_code(instance, connection)
        hired.append(AgentProcess(tmp_path, base, ca, name, code))
        return hired[-1]

    yield agent
    for each in hired:
        each.stop()
