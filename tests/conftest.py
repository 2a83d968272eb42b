"""What every test may ask for: real servers, real clients, a plain environment.

A running Ostiary is not here: tests/wire makes its own.
"""

import contextlib
import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import hypothesis.configuration
import pytest
from hypothesis import settings

from tests.clients.environments import Node, find_node, find_python
from tests.services import provision
from tests.services.active_directory import (
    ActiveDirectoryServer,
    active_directory_server,
)
from tests.services.openldap import OpenLdapServer, openldap_server
from tests.services.postgres import PostgresServer, postgres_server

IN_CI = os.environ.get("CI") == "true"

hypothesis.configuration.set_hypothesis_home_dir(provision.CACHE / "hypothesis")
# No deadline: a machine that hashes passwords in other tests is slow by turns.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if IN_CI else "local")


@pytest.fixture(scope="session", autouse=True)
def plain_environment() -> Iterator[None]:
    """No CA bundle and no proxy of this machine reaches a client.

    They would beat what a client was told about TLS.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in provision.foreign_variables():
            patch.delenv(name)
        yield


@pytest.fixture
def free_port() -> Callable[[], int]:
    """A function that names a free loopback port."""
    return provision.free_port


@contextlib.contextmanager
def skip_when_missing() -> Iterator[None]:
    """Skip with the line that says how to get what is missing."""
    try:
        yield
    except provision.Missing as missing:
        raise pytest.skip.Exception(str(missing)) from missing


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresServer]:
    """One PostgreSQL for this test process."""
    with skip_when_missing(), postgres_server() as server:
        yield server


@pytest.fixture
def postgresql_url(postgresql_server: PostgresServer) -> Iterator[str]:
    """The address of an empty database that is this test's own."""
    name = postgresql_server.create_database()
    yield postgresql_server.url(name)
    postgresql_server.drop_database(name)


@pytest.fixture(scope="session")
def openldap() -> Iterator[OpenLdapServer]:
    """One OpenLDAP for this test process."""
    with skip_when_missing(), openldap_server() as server:
        yield server


@pytest.fixture(scope="session")
def active_directory() -> Iterator[ActiveDirectoryServer]:
    """One domain controller for this test process.

    Who asks for it stands in the xdist group `active_directory`, so there is only one.
    """
    with skip_when_missing(), active_directory_server() as server:
        yield server


@pytest.fixture(scope="session")
def microsoft_python() -> Path:
    """The Python that has msal and azure-identity."""
    with skip_when_missing():
        return find_python("microsoft")


@pytest.fixture(scope="session")
def adal_python() -> Path:
    """The Python that has adal."""
    with skip_when_missing():
        return find_python("adal")


@pytest.fixture(scope="session")
def auth0_python() -> Callable[[str], Path]:
    """A function that gives the Python of a set with auth0-python, `auth0_…`."""

    def find(name: str) -> Path:
        with skip_when_missing():
            return find_python(name)

    return find


@pytest.fixture(scope="session")
def node() -> Node:
    """Node with the clients of tests/clients/node."""
    with skip_when_missing():
        return find_node()


def refuse_to_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """With CI=true a skip is a failure: what is not tested there is tested nowhere."""
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        report.outcome = "failed"
        report.longrepr = f"nothing may skip with CI=true; {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Name each missing service once, not at every test; see also refuse_to_skip."""
    report = yield
    cause = call.excinfo.value.__cause__ if call.excinfo else None
    if report.skipped and isinstance(cause, provision.Missing):
        report.longrepr = (__file__, 1, f"Skipped: {cause}")
    refuse_to_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[
    None, pytest.CollectReport, pytest.CollectReport
]:
    """Nor may a whole file skip; see refuse_to_skip."""
    report = yield
    refuse_to_skip(report)
    return report


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let `xdist_group` hold: xdist writes the group where pytest no longer reads it.

    Of pytest 9.2 with xdist 3.8; without it each worker would start every server.
    """
    for item in items:
        grouped = getattr(item, "_nodeid", item.nodeid)
        if grouped != item.nodeid:
            from _pytest.nodeid import NodeId

            item._id = NodeId.parse(grouped)
