"""The directories that tests are given: real ones, gone afterwards.

How Ostiary asks them is tested in tests/contracts/directories.
"""

import socket
import time
import uuid

import ldap
import pytest

from tests.services import active_directory as ad
from tests.services import openldap_people as people
from tests.services.active_directory import (
    ActiveDirectoryServer,
    active_directory_server,
)
from tests.services.openldap import OpenLdapServer, openldap_server
from tests.services.provision import Missing


def test_openldap_lets_in_without_a_password(openldap: OpenLdapServer) -> None:
    """As careless directories do (RFC 4513 §5.1.2), but not over plaintext."""
    plain = ldap.initialize(openldap.plain_url)
    plain.simple_bind_s(f"uid=alice,{people.PEOPLE}", "")
    assert plain.whoami_s() == ""
    with pytest.raises(ldap.CONFIDENTIALITY_REQUIRED):
        plain.simple_bind_s(f"uid=alice,{people.PEOPLE}", people.PASSWORD)


def test_openldap_writes_down_what_it_was_asked(openldap: OpenLdapServer) -> None:
    """By which tests count binds."""
    before = openldap.binds("uid=counted")
    plain = ldap.initialize(openldap.plain_url)
    with pytest.raises(ldap.LDAPError):
        plain.simple_bind_s(f"uid=counted,{people.PEOPLE}", "x")
    for _ in range(500):
        if openldap.binds("uid=counted") > before:
            break
        time.sleep(0.02)  # it writes when it pleases
    assert openldap.binds("uid=counted") == before + 1


def test_openldap_ends_with_its_context() -> None:
    """Nobody listens there afterwards."""
    with openldap_server() as server:
        assert server.log.exists()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", server.tls_port), timeout=2)
    assert not server.log.exists()


@pytest.mark.xdist_group("active_directory")
def test_the_domain_tells_its_people(active_directory: ActiveDirectoryServer) -> None:
    """Everybody who was asked for, with a GUID of their own."""
    guids = {uuid.UUID(told["guid"]) for told in active_directory.people.values()}
    assert len(guids) == len(active_directory.people)
    assert {"alice", "zoe", *ad.STATES} <= set(active_directory.people)


def test_missing_servers_say_how_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one line that a skipped test shows names the package."""
    monkeypatch.setattr("pathlib.Path.exists", lambda _: False)
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    with pytest.raises(Missing, match="apt-get install slapd"), openldap_server():
        pytest.fail("nothing to start")
    with (
        pytest.raises(Missing, match="apt-get install samba-ad-dc"),
        active_directory_server(),
    ):
        pytest.fail("nothing to start")
