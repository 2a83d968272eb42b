"""Agents that are connected to another process: asked through the store, unreadably.

Two workers on SQLite, two nodes on PostgreSQL, and commands beside a server.
"""

import base64
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from tests.agent.conftest import Hire
from tests.agent.running import (
    AgentProcess,
    agents_document,
    command,
    sign_in,
    until,
)
from tests.agent.stand_in import PEOPLE, RIGHT, SLOW
from tests.services.postgres import PostgresServer
from tests.wire.client import WireClient
from tests.wire.instance import Instance

Nodes = tuple[Instance, Instance, str]

pytestmark = pytest.mark.xdist_group("agents-relay")


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """One server of two processes."""
    folder = tmp_path_factory.mktemp("workers")
    instance = Instance(folder, {"workers": 2}, agents_document())
    instance.start()
    yield instance
    instance.stop()


@pytest.fixture(scope="module")
def nodes(
    tmp_path_factory: pytest.TempPathFactory, postgresql_server: PostgresServer
) -> Iterator[Nodes]:
    """Two servers on one database, by the address of the first; and its URL."""
    folder = tmp_path_factory.mktemp("nodes")
    name = postgresql_server.create_database()
    url = postgresql_server.url(name)
    shared = {
        "database": url,
        "master_key": "bm9kZXMtc2hhcmUtdGhpcy1rZXktb2YtMzItYnl0ZXM",
        "data_dir": str(folder / "data"),
    }
    first = Instance(folder, shared, agents_document())
    second = Instance(folder, {**shared, "base_url": first.base}, agents_document())
    try:
        first.start()
        second.start()
        yield first, second, url
    finally:
        first.stop()
        second.stop()
        postgresql_server.drop_database(name)


def status_at(node: Instance, username: str, password: str = RIGHT) -> int:
    """A sign-in over a connection of its own."""
    client = WireClient(node.address, node.data / "ca.pem")
    try:
        return sign_in(client, username, password).status_code
    finally:
        client.close()


def test_every_worker_can_ask_the_agent(workers: Instance, hire: Hire) -> None:
    """It is connected to one of them; one sign-in is one bind all the same."""
    one = hire(workers)
    one.start()
    threads = []
    answers: list[int] = []
    for n in range(40):
        who = PEOPLE[n % len(PEOPLE)]
        act = threading.Thread(
            target=lambda w=who: answers.append(status_at(workers, w))
        )
        threads.append(act)
    for act in threads:
        act.start()
    for act in threads:
        act.join(60)
    assert answers == [200] * 40
    assert 0 < len(one.noted()) <= 40


def test_the_other_node_can_ask_the_agent(nodes: Nodes, hire: Hire) -> None:
    """Right, wrong and unknown are told there as here, with who said so."""
    first, second, url = nodes
    one = hire(first, "relayed")
    one.start()
    client = WireClient(second.address, second.data / "ca.pem")
    id = str(uuid.uuid4())
    assert sign_in(client, "alice", RIGHT, id).status_code == 200
    assert sign_in(client, "alice", "wrong").json()["error_codes"] == [50126]
    assert sign_in(client, "mallory", "wrong").json()["error_codes"] == [50126]
    assert one.noted() == ["bind CN=alice", "bind CN=alice", "bind "]
    with psycopg.connect(url) as store:
        query = "SELECT detail FROM audit WHERE correlation_id = %s"
        assert '"agent":"relayed"' in store.execute(query, [id]).fetchall()[0][0]
        left = "SELECT COUNT(*) FROM agent_questions"
        until(lambda: store.execute(left).fetchone() == (0,))
    client.close()


def test_many_at_once_through_the_other_node(nodes: Nodes, hire: Hire) -> None:
    """None gets another's answer."""
    first, second, _ = nodes
    one = hire(first)
    one.start()

    def act(n: int) -> int:
        password = f"wrong{n}" if n % 2 else RIGHT
        return status_at(second, PEOPLE[n % len(PEOPLE)], password)

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(act, range(24)))
    assert answers == [200, 400] * 12


def test_what_passes_cannot_be_read_in_the_store(nodes: Nodes, hire: Hire) -> None:
    """The holder is stopped, so that the question lies there for a moment."""
    first, second, url = nodes
    one = hire(first)
    one.start()
    assert status_at(second, "bob") == 200
    password = "Never-In-The-Store-7"
    _send(first, signal.SIGSTOP)
    try:
        answers: list[int] = []
        asking = threading.Thread(
            target=lambda: answers.append(status_at(second, "bob", password))
        )
        asking.start()
        rows = _questions(url)
        asking.join(60)
    finally:
        _send(first, signal.SIGCONT)
    assert answers == [503]
    assert rows
    plain = _texts(rows)
    for secret in (password, "bob", "find", "username"):
        assert secret.encode() not in plain
    until(lambda: status_at(second, "bob") == 200)


def _send(instance: Instance, number: signal.Signals) -> None:
    assert instance.process is not None
    instance.process.send_signal(number)


def _questions(url: str) -> list[tuple[str, ...]]:
    with psycopg.connect(url, autocommit=True) as store:
        found: list[tuple[str, ...]] = []

        def look() -> bool:
            found[:] = store.execute("SELECT * FROM agent_questions").fetchall()
            return bool(found)

        until(look)
        return found


def _texts(rows: list[tuple[str, ...]]) -> bytes:
    """All that stands there, also what base64 hides."""
    texts = [str(value) for row in rows for value in row]
    hidden = [
        base64.b64decode(part + "=" * (-len(part) % 4))
        for text in texts
        for part in text.split(".")
        if len(part) > 40
    ]
    return b"\n".join([*hidden, *(text.encode() for text in texts)])


def test_a_node_that_died_holds_nobody_up(nodes: Nodes, hire: Hire) -> None:
    """Its agents are asked again once they are connected again."""
    first, second, _ = nodes
    one = hire(first)
    one.start()
    assert status_at(second, "carol") == 200
    assert first.process is not None
    first.process.kill()
    first.process.wait()
    assert status_at(second, "carol") == 503
    first.start()
    until(lambda: status_at(second, "carol") == 200)


def test_a_password_on_its_way_is_not_asked_twice(nodes: Nodes, hire: Hire) -> None:
    """The agent dies while it tries one for the other node."""
    first, second, _ = nodes
    agents: list[AgentProcess] = [hire(first, name) for name in ("one", "two")]
    for agent in agents:
        agent.start()
    answers: list[int] = []
    asking = threading.Thread(
        target=lambda: answers.append(status_at(second, "dave", SLOW))
    )
    asking.start()
    until(lambda: any(agent.noted() for agent in agents))
    (doomed,) = (agent for agent in agents if agent.noted())
    doomed.send(signal.SIGKILL)
    asking.join(60)
    assert answers == [503]
    assert sum(len(agent.noted()) for agent in agents) == 1


def test_expelling_works_from_everywhere(nodes: Nodes, hire: Hire) -> None:
    """The command runs beside the second node, the agent is at the first."""
    first, second, _ = nodes
    one = hire(first, "outcast")
    one.start()
    assert status_at(second, "erin") == 200
    command(second, "connection", "expel", "corp-ad", "outcast", "--yes")
    assert one.wait() == 1
    assert status_at(second, "erin") == 503


def test_a_command_beside_the_server_asks_its_agents(
    server: Instance, hire: Hire
) -> None:
    """`ostiary connection test` is a process of its own."""
    one = hire(server, "tested")
    one.start()
    line = ["connection", "test", "corp-ad", "--config", str(server.path)]
    done = subprocess.run(
        [sys.executable, "-m", "ostiary", *line],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "asked by the agent tested" in done.stdout
    assert "it is made up" in done.stdout
