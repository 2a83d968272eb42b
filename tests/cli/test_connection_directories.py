"""`ostiary connection test` and the doctor at real directories.

What directories answer at sign-in is told by the contract suite.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ostiary.cli import main
from tests.cli.commands import Commands, commands
from tests.services import active_directory as ad
from tests.services import openldap_people as people
from tests.services.active_directory import ActiveDirectoryServer
from tests.services.certificates import Authority
from tests.services.openldap import OpenLdapServer
from tests.services.provision import free_port

__all__ = ["commands"]


def add(commands: Commands, options: Mapping[str, object], secret: str) -> None:
    """Add the connection `corp`, its secret by the standard input."""
    words = ["connection", "add", "corp", "--strategy", "ad"]
    for key, value in options.items():
        for each in value if isinstance(value, list) else [value]:
            words += ["--option", f"{key}={each}"]
    commands.say(*words, "--secret", "bind_password=-", input=f"{secret}\n")


def tried(commands: Commands, *more: str, code: int = 0, password: str = "") -> str:
    """What `connection test` says."""
    words = ("connection", "test", "corp", *more)
    if password:
        words = (*words, "--password-stdin")
    done = commands.run(*words, input=f"{password}\n")
    assert done.exit_code == code, (done.stdout, done.stderr, done.exception)
    assert people.BIND_PASSWORD not in done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def corp(commands: Commands, openldap: OpenLdapServer) -> Commands:
    """An instance with a connection to the OpenLDAP."""
    add(commands, openldap.options, people.BIND_PASSWORD)
    return commands


def test_an_examination_costs_one_bind(
    corp: Commands, openldap: OpenLdapServer
) -> None:
    """Connected over TLS, signed in, people found, its lockout read from its policy."""
    before = openldap.binds()
    text = tried(corp)
    assert openldap.binds() - before == 1
    assert "certificate accepted" in text
    assert f"signed in as {people.BIND_DN}" in text
    assert f"users are found below {people.PEOPLE}" in text
    assert f"locks after {people.THRESHOLD} wrong passwords" in text
    assert "FAIL" not in text


def test_somebody_and_their_password(corp: Commands, openldap: OpenLdapServer) -> None:
    """Profile and nested groups; their password costs one bind as them, no more."""
    before = openldap.binds("uid=alice,")
    told = tried(corp, "--username", "alice@ldap.example.test")
    assert openldap.binds("uid=alice,") == before
    assert "  given_name: Alice\n" in told
    assert "  - everybody\n" in told
    assert f"locks there after {people.THRESHOLD} wrong passwords, here after 3" in told
    text = tried(corp, "--username", "alice", password=people.PASSWORD)
    assert "ok       the password is right" in text
    text = tried(corp, "--username", "alice", code=1, password="not hers")
    assert "FAIL     The password was wrong" in text
    assert openldap.binds("uid=alice,") - before == 2
    tried(
        corp, "--username", "alice", password=people.PASSWORD
    )  # forgets the wrong one


@pytest.mark.parametrize(
    ("username", "words"),
    [
        ("locked", "The directory itself has locked the account"),
        ("expired", "has expired in the directory or must be changed"),
        ("mustchange", "has expired in the directory or must be changed"),
    ],
)
def test_states_are_told(corp: Commands, username: str, words: str) -> None:
    """As the password policy tells them."""
    text = tried(corp, "--username", username, code=1, password=people.PASSWORD)
    assert words in text


def test_nobody(corp: Commands, openldap: OpenLdapServer) -> None:
    """Names of nobody, and one that would be a filter; no bind is made for them."""
    before = openldap.binds()
    for username in ("alicia", "*", "alice)(uid=*"):
        text = tried(corp, "--username", username, code=1, password="x")
        assert "FAIL     nobody is called" in text
    assert openldap.binds() - before == 3  # those of the searching account


MISTAKES: Mapping[str, tuple[dict[str, Any], str, str]] = {
    "password": ({}, "not the right one", "the directory refuses cn=svc-ostiary"),
    "base": ({"base_dn": "ou=gone,dc=ldap,dc=example,dc=test"}, "", "there is no ou="),
    "filter": (
        {"user_filter": "(&(objectClass=printer)(cn={0}))"},
        "",
        "no user is found below",
    ),
    "port": ({"urls": ["ldaps://localhost:{free}"]}, "", "ldaps://localhost:{free}"),
    "authority": ({"ca": "{other}"}, "", "certificate not accepted"),
    "plain": ({"urls": ["ldaps://localhost:{plain}"]}, "", "no TLS"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_explained(
    commands: Commands, openldap: OpenLdapServer, tmp_path: Path, mistake: str
) -> None:
    """What is wrong and how it is mended, for each thing that people get wrong."""
    changes, secret, words = MISTAKES[mistake]
    other = Authority(tmp_path)
    places = {
        "free": str(free_port()),
        "other": str(other.certificate),
        "plain": str(openldap.plain_port),
    }

    def filled(value: Any) -> Any:
        if isinstance(value, list):
            return [filled(each) for each in value]
        text = str(value)
        for name, place in places.items():
            text = text.replace(f"{{{name}}}", place)
        return text

    changed = {key: filled(value) for key, value in changes.items()}
    add(commands, {**openldap.options, **changed}, secret or people.BIND_PASSWORD)
    text = tried(commands, code=0 if mistake == "filter" else 1)
    (line,) = [each for each in text.splitlines() if filled(words) in each]
    assert line.startswith("warning" if mistake == "filter" else "FAIL")
    assert ";" in line  # and how it is mended
    assert "not the right one" not in text


def test_start_tls(commands: Commands, openldap: OpenLdapServer) -> None:
    """With it the plain port will do; without it the doctor's words warn."""
    plain = {**openldap.options, "urls": [openldap.plain_url]}
    add(commands, {**plain, "start_tls": "true"}, people.BIND_PASSWORD)
    assert "certificate accepted" in tried(commands)
    commands.say("connection", "change", "corp", "--option", "start_tls=false")
    text = tried(commands, code=1)  # the server demands encryption
    assert "passwords cross the network unencrypted" in text


@pytest.mark.xdist_group("active_directory")
def test_active_directory(
    commands: Commands, active_directory: ActiveDirectoryServer
) -> None:
    """What it is, its lockout, and somebody by the form that only it has."""
    add(commands, active_directory.options, ad.BIND_PASSWORD)
    text = tried(commands)
    assert "it is Active Directory, domain corp.example.test" in text
    assert f"locks after {ad.THRESHOLD} wrong passwords" in text
    text = tried(commands, "--username", "CORP\\alice", password=people.PASSWORD)
    assert "CORP\\alice is alice@corp.example.test" in text
    assert f"  id: corp|{active_directory.people['alice']['guid']}" in text
    assert "the password is right" in text
    text = tried(commands, "--username", "badhours", code=1, password=people.PASSWORD)
    assert "limits hours or workstations" in text
    told = CliRunner().invoke(main, ["doctor", str(commands.path)]).stdout
    assert "contoso: corp: it is Active Directory" in told
