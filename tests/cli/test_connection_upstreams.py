"""`ostiary connection test` at a stand-in for Entra ID and AD FS.

What these answer at sign-in is told where the adapters are tested.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.commands import Commands, commands
from tests.services.microsoft import (
    CLOUD,
    CONFIDENTIAL,
    FEDERATED,
    PASSWORD,
    PUBLIC,
    SECRET,
    Microsoft,
    microsoft,
)

__all__ = ["commands"]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Microsoft]:
    """A running stand-in."""
    with microsoft(tmp_path / "microsoft") as running:
        yield running


def add(commands: Commands, strategy: str, **options: str) -> None:
    """Add the connection `corp`."""
    words = ["connection", "add", "corp", "--strategy", strategy]
    for key, value in options.items():
        words += ["--option", f"{key}={value}"]
    commands.say(*words)


def tried(commands: Commands, *more: str, code: int = 0, password: str = "") -> str:
    """What `connection test` says."""
    words = ("connection", "test", "corp", *more)
    if password:
        words = (*words, "--password-stdin")
    done = commands.run(*words, input=f"{password}\n")
    assert done.exit_code == code, (done.stdout, done.stderr, done.exception)
    return done.stdout


def test_entra(commands: Commands, service: Microsoft) -> None:
    """Metadata and keys; a password, and an upstream that asks for a second factor."""
    add(commands, "waad", authority=service.entra, client_id=PUBLIC, ca=service.ca)
    text = tried(commands)
    assert "it answers as" in text
    assert not service.asked("/token")
    name = f"alice@{CLOUD}"
    text = tried(commands, "--username", name)
    assert "is told with the password only" in text
    assert not service.asked("/token")
    text = tried(commands, "--username", name, password=PASSWORD)
    assert "the password is right" in text
    assert f"  username: {name}" in text
    assert len(service.asked("/token")) == 1
    text = tried(commands, "--username", f"mfa@{CLOUD}", code=1, password=PASSWORD)
    assert "asks for a second factor" in text
    assert "Exempt the user there" in text


def test_a_client_that_entra_does_not_know(
    commands: Commands, service: Microsoft
) -> None:
    """A missing secret is our misconfiguration, told by its number; nobody's guess."""
    add(
        commands, "waad", authority=service.entra, client_id=CONFIDENTIAL, ca=service.ca
    )
    name = ("--username", f"alice@{CLOUD}")
    text = tried(commands, *name, code=1, password=PASSWORD)
    assert "refuses our application: AADSTS7000218; give client_secret" in text
    assert "wrong" not in text
    commands.say(
        "connection", "change", "corp", "--secret", "client_secret=-", input=SECRET
    )
    assert "the password is right" in tried(commands, *name, password=PASSWORD)


def test_adfs_by_both_protocols(commands: Commands, service: Microsoft) -> None:
    """OAuth, then WS-Trust by a change; each examines and checks a password."""
    add(commands, "adfs", authority=service.adfs, client_id=PUBLIC, ca=service.ca)
    name = ("--username", f"alice@{FEDERATED}")
    assert "it answers as" in tried(commands)
    assert "the password is right" in tried(commands, *name, password=PASSWORD)
    commands.say(
        "connection", "change", "corp", "--option", "protocol=ws-trust",
        "--option", f"wstrust_metadata={service.mex}",
        "--option", f"signing_certificate={service.signing_certificate}",
    )  # fmt: skip
    text = tried(commands)
    assert "it takes passwords by WS-Trust" in text
    assert "signing_certificate is good until" in text
    text = tried(commands, *name, password=PASSWORD)
    assert "the password is right" in text
    assert f"  id: alice@{FEDERATED}" in text
    assert "FAIL" in tried(commands, *name, code=1, password="wrong")


def test_a_ca_that_is_not_theirs(commands: Commands, service: Microsoft) -> None:
    """Nothing is sent, and it is no defect."""
    add(commands, "waad", authority=service.entra, client_id=PUBLIC)
    text = tried(commands, code=1)
    assert text.startswith("FAIL     no answer that can be used")
    assert service.asked("") == []
