"""Cases A120, A122 and A123 of contract auth0 §9 by the command line.

The same by the job of the management API is tested with that.
"""

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.cli.test_user_bulk import MAPPINGS
from tests.connections.vectors import BCRYPT
from tests.wire.auth0.conftest import PW, Auth0Client, refused
from tests.wire.auth0.test_success import claims_of
from tests.wire.instance import Instance


def command(instance: Instance, *words: str) -> str:
    """Run a command beside the server."""
    config = ("--config", str(instance.path), "--tenant", "example")
    done = subprocess.run(
        [sys.executable, "-m", "ostiary", "user", *words, *config],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def bring_in(instance: Instance, folder: Path, data: bytes, *more: str) -> Any:
    """Import a file; what the command answers."""
    path = folder / "users"
    path.write_bytes(data)
    return json.loads(command(instance, "import", str(path), "--json", *more))


def sub(d: Auth0Client, **changes: Any) -> str:
    """The subject of a sign-in that succeeds."""
    answer = d.ro(**changes)
    assert answer.status_code == 200, answer.text
    return str(claims_of(d, answer.json()["id_token"])["sub"])


def test_a120_every_vector_signs_in(
    auth0_server: Instance, d: Auth0Client, tmp_path: Path
) -> None:
    """0 failed, 200 each; wrong passwords are wrong before and after."""
    users = [
        {"email": f"a120-{n}@example.test", "user_id": f"a120{n:020}", **each}
        for n, each in enumerate(MAPPINGS)
    ]
    told = bring_in(auth0_server, tmp_path, json.dumps(users).encode())
    assert (told["inserted"], told["failed"]) == (len(users), 0)
    for user in users:
        name = str(user["email"])
        refused(d.ro(username=name, password="wrong"), 401, "invalid_user_password")
        assert sub(d, username=name) == f"auth0|{user['user_id']}"
        refused(d.ro(username=name, password="wrong"), 401, "invalid_user_password")
        assert sub(d, username=name, password=PW) == f"auth0|{user['user_id']}"


def test_a122_an_export_comes_back_with_its_ids(
    auth0_server: Instance, d: Auth0Client, tmp_path: Path
) -> None:
    """`auth0|` once, and the users sign in as before."""
    out = tmp_path / "export.gz"
    command(auth0_server, "export", "--gzip", "--out", str(out))
    lines = gzip.decompress(out.read_bytes()).splitlines()
    mine = [line for line in lines if b"alice@example.test" in line]
    before = sub(d)
    told = bring_in(auth0_server, tmp_path, b"\n".join(mine), "--upsert")
    assert (told["updated"], told["inserted"]) == (len(mine), 0)
    assert json.loads(mine[0])["user_id"] == before == sub(d)


def test_a123_a_hash_export_signs_in(
    auth0_server: Instance, d: Auth0Client, tmp_path: Path
) -> None:
    """200, and the subject is `auth0|` with the `$oid`; alice's favourite stays."""
    line = {
        "_id": {"$oid": "60425da93519d90068f82973"},
        "email_verified": False,
        "passwordHash": BCRYPT,
        "tenant": "contoso",
        "_tmp_is_unique": True,
        "identifiers": [{"type": "email", "value": "a123@b.c", "verified": True}],
    }
    told = bring_in(auth0_server, tmp_path, json.dumps(line).encode())
    assert told["inserted"] == 1
    assert sub(d, username="a123@b.c") == "auth0|60425da93519d90068f82973"


def test_metadata_and_blocks_count(
    auth0_server: Instance, d: Auth0Client, tmp_path: Path
) -> None:
    """What came in user_metadata is a claim; whoever was blocked stays so."""
    users = [
        {
            "email": "meta@example.test",
            "username": "meta",
            "password_hash": BCRYPT,
            "user_metadata": {"favorite_color": "blue"},
        },
        {"email": "shut@example.test", "password_hash": BCRYPT, "blocked": True},
    ]
    bring_in(auth0_server, tmp_path, json.dumps(users).encode())
    answer = d.ro(username="meta", scope="openid email favorite_color")
    claims = claims_of(d, answer.json()["id_token"])
    assert (claims["favorite_color"], claims["email"]) == ("blue", "meta@example.test")
    refused(d.ro(username="shut@example.test"), 401, "unauthorized")
