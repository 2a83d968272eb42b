"""Secrets that sign: sealed where id_tokens are HS256, and nowhere else."""

import json
import sqlite3
from typing import Any

from ostiary.core.clients import shared_key_context
from ostiary.core.model import Client
from ostiary.keys.sealing import MasterKey
from tests.cli.commands import CONTOSO, Commands, Document, commands, contoso

__all__ = ["commands"]

SECRET = "a-secret-of-thirty-two-bytes-and-more"
OTHER = "another-secret-of-more-than-32-bytes"
HS256 = {"algorithm": "HS256"}


def tenant(
    *secrets: str, id_token: dict[str, Any] | None = None, **more: Any
) -> Document:
    """Contoso with one more application: `web`."""
    made = contoso()
    web = {
        "client_id": "web",
        "id_token": HS256 if id_token is None else id_token,
        "secrets": [{"value": secret} for secret in secrets],
        **more,
    }
    made["applications"].append(web)
    return made


def seals(commands: Commands) -> list[str]:
    """What is sealed of each of the application's secrets."""
    path = commands.folder / "data" / "ostiary.sqlite"
    with sqlite3.connect(path) as store:
        query = "SELECT document FROM clients WHERE client_id = 'web'"
        [document] = store.execute(query).fetchone()
    return [each["sealed"] for each in json.loads(document)["secrets"]]


def opened(commands: Commands, sealed: str) -> str:
    """The secret behind a seal."""
    master = MasterKey.load(commands.folder / "data" / "master.key")
    context = shared_key_context(Client(CONTOSO, "web"))
    return master.open(sealed, context).decode()


def test_a_declared_secret_is_sealed_and_stays_so(commands: Commands) -> None:
    """Applying again changes nothing; its text lies nowhere in the clear."""
    commands.apply(tenant(SECRET))
    before = seals(commands)
    assert [opened(commands, sealed) for sealed in before] == [SECRET]
    assert commands.plan()[0] == 0
    commands.apply(tenant(SECRET, OTHER))
    assert seals(commands)[0] == before[0]
    assert opened(commands, seals(commands)[1]) == OTHER
    assert SECRET.encode() not in commands.files()


def test_silence_keeps_seals(commands: Commands) -> None:
    """A file that says nothing of secrets leaves them as they are."""
    commands.apply(tenant(SECRET))
    before = seals(commands)
    commands.apply(tenant())
    assert seals(commands) == before


def test_what_does_not_sign_is_not_sealed(commands: Commands) -> None:
    """RS256 and public applications need no text; changing to them forgets it."""
    commands.apply(tenant(SECRET, id_token={"algorithm": "RS256"}))
    assert seals(commands) == [""]
    commands.apply(tenant(SECRET))
    assert seals(commands) != [""]
    commands.apply(tenant(id_token={"algorithm": "RS256"}))
    assert seals(commands) == [""]
    commands.apply(tenant(SECRET))
    commands.say("app", "change", "web", "--public-client")
    assert seals(commands) == [""]


def test_a_secret_made_here_signs_as_well(commands: Commands) -> None:
    """With 256 bits, whichever way its text is taken (RFC 7518 §3.2)."""
    commands.apply(tenant())
    secret = commands.say("app", "secret", "add", "web").strip()
    assert opened(commands, seals(commands)[0]) == secret
    assert len(secret) * 6 // 8 >= 32
    shown = commands.say("app", "show", "web", "--json")
    assert json.loads(shown)["secrets"] == [{"number": 1, "expires": None}]
    assert "sealed" not in shown + commands.say("export")
