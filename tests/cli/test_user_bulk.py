"""`ostiary user import` and `ostiary user export`: files in, files out."""

import gzip
import json
import sqlite3
import stat
import sys
from typing import Any

import pytest

from ostiary.cli import user_bulk
from ostiary.connections.hashes import verify_password
from tests.cli.commands import Commands, commands, contoso
from tests.connections.vectors import BCRYPT, OURS, PASSWORD

__all__ = ["commands"]

MAPPINGS = [
    {"password_hash" if isinstance(each, str) else "custom_password_hash": each}
    for name, each in OURS.items()
    if not name.endswith(", text") or name.startswith("bcrypt")
]
"""Every vector of contract auth0 §7, as the field of the import that it belongs to."""


def write(commands: Commands, name: str, data: Any) -> str:
    """A file in the instance's folder: bytes, an array, or lines of a tuple."""
    path = commands.folder / name
    if isinstance(data, tuple):
        data = "".join(json.dumps(each) + "\n" for each in data).encode()
    if not isinstance(data, bytes):
        data = json.dumps(data, indent=1).encode()
    path.write_bytes(data)
    return str(path)


def stored(commands: Commands) -> dict[str, str | None]:
    """The hash of everybody in the store, by mail address."""
    store = sqlite3.connect(commands.folder / "data" / "ostiary.sqlite")
    rows = store.execute("SELECT email_folded, password_hash FROM users").fetchall()
    store.close()
    return {email: value for email, value in rows if email}


def test_every_hash_comes_in_and_opens(commands: Commands) -> None:
    """The vectors of contract auth0 §7, with their ids (case A120)."""
    users = [
        {"email": f"v{number}@example.test", "user_id": f"auth0|v{number}", **each}
        for number, each in enumerate(MAPPINGS)
    ]
    path = write(commands, "users.json", users)
    told = commands.tell("user", "import", path)
    assert told == {"inserted": len(users), "updated": 0, "failed": 0, "errors": []}
    hashes = stored(commands)
    assert len(hashes) == len(users)
    assert all(verify_password(PASSWORD, str(each)) for each in hashes.values())
    shown = commands.tell("user", "show", "v3@example.test")
    assert (shown["auth0_id"], shown["has_password"]) == ("v3", True)


def test_export_and_hashes_come_in_together(commands: Commands) -> None:
    """Two files, one in gzip: joined on the id (case A123)."""
    export = {
        "user_id": "auth0|60425da93519d90068f82973",
        "email": "a@b.c",
        "name": "A B",
        "created_at": "2021-03-05T16:33:29.000Z",
    }
    hashes = {
        "_id": {"$oid": "60425da93519d90068f82973"},
        "email": "a@b.c",
        "passwordHash": BCRYPT,
        "connection": "Username-Password-Authentication",
    }
    packed = gzip.compress(json.dumps(export).encode())
    files = write(commands, "u.gz", packed), write(commands, "h.ndjson", (hashes,))
    said = commands.say("user", "import", *files)
    assert said == "1 users added, 0 brought up to date\n"
    shown = commands.tell("user", "show", "a@b.c")
    assert (shown["auth0_id"], shown["name"]) == ("60425da93519d90068f82973", "A B")
    assert stored(commands)["a@b.c"] == BCRYPT


def test_one_error_and_nobody_comes_in(commands: Commands) -> None:
    """Every error with file and line, and nothing half done (case A121)."""
    path = write(
        commands,
        "users.json",
        [
            {"email": "good@b.c"},
            {"name": "nobody"},
            {"email": "odd@b.c", "age": 3},
            {"email": "GOOD@b.c"},
            {"email": "hash@b.c", "password_hash": "$2b$31$" + BCRYPT[7:]},
        ],
    )
    done = commands.run("user", "import", path)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        f"{path}:5: OBJECT_REQUIRED email is needed: email",
        f"{path}:8: NOT_PASSED age is not a field of users that are imported",
        f"{path}:12: DUPLICATED_USER was already provided",
        f"{path}:15: PATTERN password_hash is a bcrypt hash of cost 31; allowed: 4 "
        "to 14",
        "ostiary: nobody was brought in: 4 wrong",
    ]
    assert stored(commands) == {}
    told = commands.run("user", "import", path, "--json")
    document = json.loads(told.stdout)
    assert (told.exit_code, document["inserted"], document["failed"]) == (1, 0, 4)
    assert document["errors"][1] == {
        "file": path,
        "line": 8,
        "user": {"email": "odd@b.c"},
        "errors": [
            {
                "code": "NOT_PASSED",
                "message": "is not a field of users that are imported",
                "path": "age",
            }
        ],
    }
    assert BCRYPT[7:] not in told.stdout


def test_errors_can_be_skipped(commands: Commands) -> None:
    """The good ones come in; the others are listed and counted."""
    path = write(commands, "users.json", ({"email": "good@b.c"}, {"name": "nobody"}))
    done = commands.run("user", "import", path, "--skip-errors")
    assert (done.exit_code, done.stdout) == (
        0,
        "1 users added, 0 brought up to date, 1 left out\n",
    )
    assert done.stderr.startswith(f"{path}:2: OBJECT_REQUIRED email ")
    assert list(stored(commands)) == ["good@b.c"]


def test_what_is_exported_comes_in_again(commands: Commands) -> None:
    """With --upsert: brought up to date, ids unchanged, passwords too (case A122)."""
    first = {
        "email": "a@b.c",
        "user_id": "5f7c8ec7c33c6c004bbafe82",
        "user_metadata": {"favorite_color": "blue"},
        "password_hash": BCRYPT,
    }
    commands.say("user", "import", write(commands, "one.json", [first]))
    before = commands.tell("user", "show", "a@b.c")
    out = commands.folder / "out.ndjson.gz"
    assert commands.say("user", "export", "--gzip", "--out", str(out)) == ""
    lines = gzip.decompress(out.read_bytes()).decode().splitlines()
    ids = [json.loads(line)["user_id"] for line in lines]
    assert "auth0|5f7c8ec7c33c6c004bbafe82" in ids
    assert BCRYPT not in "".join(lines)
    assert commands.run("user", "import", str(out)).exit_code == 1
    told = commands.tell("user", "import", str(out), "--upsert")
    assert (told["inserted"], told["updated"]) == (0, 2)
    assert commands.tell("user", "show", "a@b.c") == before
    assert stored(commands)["a@b.c"] == BCRYPT
    # The same lines as an array, which is how others convert them.
    array = write(commands, "again.json", [json.loads(line) for line in lines])
    assert commands.tell("user", "import", array, "--upsert")["updated"] == 2


def test_exports_of_either_shape(commands: Commands) -> None:
    """Lines or a table, of one connection or all, readable by the owner alone."""
    (line,) = commands.say("user", "export").splitlines()
    assert json.loads(line)["email"] == "alice@contoso.test"
    assert json.loads(line)["user_id"].startswith("auth0|")
    out = commands.folder / "users.csv"
    commands.say("user", "export", "--format", "csv", "--out", str(out))
    names, row = out.read_text().splitlines()
    assert names.startswith("user_id,email,email_verified,")
    assert "alice@contoso.test" in row
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert commands.refuse("user", "export", "--connection", "nowhere").endswith(
        "no such connection: nowhere"
    )
    nowhere = str(commands.folder / "no" / "such" / "place")
    assert "cannot be written" in commands.refuse("user", "export", "--out", nowhere)


def test_only_database_connections_take_users(commands: Commands) -> None:
    """A directory keeps its own people."""
    connections = [
        {"name": "Username-Password-Authentication", "strategy": "auth0"},
        {"name": "second", "strategy": "auth0"},
        {"name": "goog", "strategy": "google-oauth2"},
    ]
    commands.apply(contoso(connections=connections))
    path = write(commands, "users.json", [{"email": "a@b.c"}])
    words = ("user", "import", path, "--connection")
    assert commands.refuse(*words, "goog").endswith("it keeps no passwords")
    assert commands.refuse(*words, "gone").endswith("no such connection: gone")
    commands.say(*words, "second")
    assert commands.tell("user", "show", "a@b.c")["connection"] == "second"
    (line,) = commands.say("user", "export", "--connection", "second").splitlines()
    assert json.loads(line)["email"] == "a@b.c"


def test_the_standard_input_is_a_file(commands: Commands) -> None:
    """`-` reads it; a file that is not there is wrong usage."""
    done = commands.run("user", "import", "-", input='[{"email": "a@b.c"}]')
    assert (done.exit_code, list(stored(commands))) == (0, ["a@b.c"])
    line = commands.refuse("user", "import", "nowhere.json", code=2)
    assert "nowhere.json" in line
    assert "FILE" in commands.refuse("user", "import", code=2)


def test_progress_is_for_terminals(
    commands: Commands, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """Numbers that overwrite each other on a terminal; nothing elsewhere."""
    users = tuple({"email": f"u{number}@b.c"} for number in range(150))
    path = write(commands, "users.ndjson", users)
    assert "checked" not in commands.run("user", "import", path).stderr
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with user_bulk._counting() as progress:
        progress(100)
        progress(150)
    assert capsys.readouterr().err == "\r100 users checked\r150 users checked\n"


def test_the_log_tells_of_an_import(commands: Commands) -> None:
    """One record with the numbers, and by whom (promise 10)."""
    users = tuple({"email": f"u{number}@b.c"} for number in range(3))
    commands.say("user", "import", write(commands, "users.ndjson", users))
    lines = commands.say("audit", "tail", "--json").splitlines()
    newest = json.loads(lines[-1])
    assert newest["reason"] == "user.import"
    assert newest["detail"]["inserted"] == "3"
