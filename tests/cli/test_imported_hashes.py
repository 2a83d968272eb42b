"""`password_hash` in the configuration file: every form, and what is wrong with it."""

import sqlite3

import pytest

from ostiary.connections.hashes import verify_password
from tests.cli.commands import Commands, commands, contoso
from tests.connections.vectors import BCRYPT, OURS, PASSWORD, Declared, custom

__all__ = ["commands"]


def stored_hashes(commands: Commands) -> list[str]:
    """The hashes in the store, by user name."""
    store = sqlite3.connect(commands.folder / "data" / "ostiary.sqlite")
    query = "SELECT password_hash FROM users ORDER BY name_folded"
    rows = store.execute(query).fetchall()
    store.close()
    return [row[0] for row in rows]


def test_every_vector_can_stand_in_the_file(commands: Commands) -> None:
    """Interface §2: texts and mappings; applying them again changes nothing."""
    users = [
        {"username": f"u{number:02}@contoso.test", "password_hash": declared}
        for number, declared in enumerate(OURS.values())
    ]
    lines = commands.apply(contoso(users=users), prune=True)
    assert len(lines) == len(users) + 1
    hashes = stored_hashes(commands)
    assert len(hashes) == len(users)
    assert all(verify_password(PASSWORD, each) for each in hashes)
    assert commands.apply(contoso(users=users), prune=True) == ["no differences"]


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        ("Ostiary-Test-1", "is of no known format; allowed: $argon2id$ $argon2i$"),
        (BCRYPT.replace("$10$", "$20$"), "is a bcrypt hash of cost 20; allowed:"),
        (custom("md5", "d56e"), "is a hash of 2 bytes; allowed: 16"),
        (custom("scrypt", "00" * 32), "is a hash by scrypt and needs keylen"),
    ],
    ids=["plain", "dear", "short", "incomplete"],
)
def test_an_unusable_hash_is_named_with_its_place(
    commands: Commands, declared: Declared, told: str
) -> None:
    """File, line, key and what is allowed; never the hash."""
    commands.write(
        contoso(users=[{"username": "bob@contoso.test", "password_hash": declared}])
    )
    written = commands.path.read_text().splitlines()
    # The tenant's own password_hash stands further up.
    place = max(n for n, text in enumerate(written, 1) if "password_hash:" in text)
    line = commands.refuse("plan", str(commands.path), code=2)
    key = f"{commands.path}:{place}: tenants[0].users[0].password_hash: "
    assert line.startswith(key + told)
    assert "Ostiary-Test-1" not in line
    assert "CfgL" not in line
