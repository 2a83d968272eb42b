"""One running instance for each family of clients, with one user locked out."""

from collections.abc import Iterator

import pytest

from tests.wire.clients import fixture
from tests.wire.clients.asking import ask
from tests.wire.clients.auth0_serving import Auth0Served, serve_auth0
from tests.wire.clients.serving import Served, serve


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The instance of `fixture`; LOCKED has had ten wrong guesses."""
    with serve(tmp_path_factory.mktemp("clients")) as instance:
        for number in range(10):
            wrong = f"wrong-{number}"
            answer = ask(instance, "openid", username=fixture.LOCKED, password=wrong)
            assert answer.json()["error_codes"] == [50126]
        yield instance


@pytest.fixture(scope="session")
def auth0_served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Auth0Served]:
    """The instance that the clients of the Auth0 half sign in to."""
    with serve_auth0(tmp_path_factory.mktemp("auth0-clients")) as instance:
        yield instance


@pytest.fixture
def port_443(served: Served) -> None:
    """Skip where this process may not bind port 443."""
    if not served.port_443:
        pytest.skip(
            "port 443 cannot be bound: run as root, or "
            "sysctl net.ipv4.ip_unprivileged_port_start=443"
        )
