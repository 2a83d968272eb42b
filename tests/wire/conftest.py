"""One running server for each test process, and a client that talks to it.

What the server is made of is in `instance`; the second node is `cluster`'s.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.keys.forms import certificate_for, pem_of
from tests.services.postgres import PostgresServer
from tests.wire.client import WireClient
from tests.wire.instance import FRESH, Instance, fixture_document


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The search for secrets comes after all that could have left some."""
    items.sort(key=lambda item: "test_case_84" in item.name)


@pytest.fixture(scope="session")
def app_key() -> rsa.RSAPrivateKey:
    """The key of the applications CERT."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="session")
def app_pem(app_key: rsa.RSAPrivateKey) -> bytes:
    """The certificate that they registered."""
    return pem_of(certificate_for(app_key))


@pytest.fixture(scope="session")
def ostiary(
    tmp_path_factory: pytest.TempPathFactory, app_pem: bytes
) -> Iterator[Instance]:
    """The server of this test process, on SQLite."""
    folder = tmp_path_factory.mktemp("ostiary")
    (folder / "app.pem").write_bytes(app_pem)
    instance = Instance(folder, {}, fixture_document())
    instance.start()
    yield instance
    instance.stop()


@pytest.fixture(scope="session")
def wire(ostiary: Instance) -> Iterator[WireClient]:
    """A client of that server."""
    client = WireClient(ostiary.address, ostiary.data / "ca.pem")
    yield client
    client.close()


@pytest.fixture(scope="session")
def fresh_user() -> Callable[[str], str]:
    """A function that names a user of a domain whom no test has used yet."""
    used: dict[str, int] = {}

    def name(domain: str) -> str:
        used[domain] = used.get(domain, 0) + 1
        assert used[domain] <= FRESH, "add users to instance.FRESH"
        return f"fresh{used[domain]}@{domain}"

    return name


@pytest.fixture(scope="session")
def nodes(
    tmp_path_factory: pytest.TempPathFactory,
    postgresql_server: PostgresServer,
    app_pem: bytes,
) -> Iterator[tuple[Instance, Instance]]:
    """Two servers (three workers) on one database, by the address of the first."""
    folder = tmp_path_factory.mktemp("nodes")
    (folder / "app.pem").write_bytes(app_pem)
    name = postgresql_server.create_database()
    shared = {
        "database": postgresql_server.url(name),
        "master_key": "bm9kZXMtc2hhcmUtdGhpcy1rZXktb2YtMzItYnl0ZXM",
        "data_dir": str(folder / "data"),
    }
    first = Instance(folder, shared, fixture_document())
    alike = {**shared, "base_url": first.base, "workers": 2}
    second = Instance(folder, alike, fixture_document())
    try:
        first.start()
        second.start()
        yield first, second
    finally:
        first.stop()
        second.stop()
        postgresql_server.drop_database(name)


@pytest.fixture(scope="session")
def node_clients(
    nodes: tuple[Instance, Instance],
) -> Iterator[tuple[WireClient, WireClient]]:
    """A client of each node."""
    ca: Path = nodes[0].data / "ca.pem"
    first, second = (WireClient(node.address, ca) for node in nodes)
    yield first, second
    first.close()
    second.close()
