"""Running servers before real directories, one for each kind and test process.

Their tests stand in the xdist group of the directory, so it is started once.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import ldap
import pytest

from tests.services import active_directory as ad
from tests.services import openldap_people as people
from tests.services.active_directory import ActiveDirectoryServer
from tests.services.openldap import OpenLdapServer
from tests.wire.directories.estate import (
    Connection,
    Estate,
    connection,
    start_estate,
    stop_estate,
)

Binds = Callable[[str, str], bool]
"""Whether a directory itself takes a name and a password, asked without Ostiary."""


@contextmanager
def running(
    folder: Path,
    connections: Sequence[Connection],
    domains: Mapping[str, str],
    **server: object,
) -> Iterator[Estate]:
    """An estate for as long as the context lasts."""
    estate = start_estate(folder, connections, domains, **server)
    try:
        yield estate
    finally:
        stop_estate(estate)


@pytest.fixture(scope="session")
def ldap_estate(
    tmp_path_factory: pytest.TempPathFactory, openldap: OpenLdapServer
) -> Iterator[Estate]:
    """Before OpenLDAP, with two workers: pta.test passes through by short name."""
    options = {**openldap.options, "user_filter": "(|(uid={1})(mail={0}))"}
    connections = [
        connection("corp-ad", openldap.options, openldap.secrets),
        connection("corp-pta", options, openldap.secrets),
    ]
    domains = {"ldap.example.test": "corp-ad", "pta.test": "corp-pta"}
    folder = tmp_path_factory.mktemp("openldap-estate")
    with running(folder, connections, domains, workers=2) as estate:
        yield estate


@pytest.fixture(scope="session")
def ad_estate(
    tmp_path_factory: pytest.TempPathFactory, active_directory: ActiveDirectoryServer
) -> Iterator[Estate]:
    """Before a domain controller."""
    server = active_directory
    connections = [connection("corp-ad", server.options, server.secrets)]
    domains = {"corp.example.test": "corp-ad", "mail.example.test": "corp-ad"}
    folder = tmp_path_factory.mktemp("ad-estate")
    with running(folder, connections, domains) as estate:
        yield estate


def _binds(url: str, ca: Path, dn: str, password: str) -> bool:
    handle = ldap.initialize(url)
    handle.set_option(ldap.OPT_TIMEOUT, 10.0)
    handle.set_option(ldap.OPT_X_TLS_CACERTFILE, str(ca))
    handle.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
    try:
        handle.simple_bind_s(dn, password)
    except ldap.INVALID_CREDENTIALS:
        return False
    finally:
        handle.unbind_s()
    return True


@pytest.fixture(scope="session")
def openldap_binds(openldap: OpenLdapServer) -> Binds:
    """By uid."""

    def binds(uid: str, password: str) -> bool:
        dn = f"uid={uid},{people.PEOPLE}"
        # libldap takes localhost for the name of the machine, which has no certificate.
        url = openldap.url.replace("localhost", "127.0.0.1")
        return _binds(url, openldap.ca, dn, password)

    return binds


@pytest.fixture(scope="session")
def ad_binds(active_directory: ActiveDirectoryServer) -> Binds:
    """By account name."""

    def binds(account: str, password: str) -> bool:
        name = f"{account}@{ad.REALM}"
        return _binds(active_directory.url, active_directory.ca, name, password)

    return binds
