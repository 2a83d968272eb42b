"""People who were brought in sign in at once, and their foreign hashes go."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.commands import contoso
from tests.cli.test_user_bulk import MAPPINGS
from tests.cli.test_user_live import Live
from tests.connections.vectors import PASSWORD
from tests.wire.instance import Instance


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """One server process for this file."""
    folder: Path = tmp_path_factory.mktemp("live")
    instance = Instance(folder, {}, {"tenants": [contoso()]})
    instance.start()
    client = Live(instance)
    yield client
    client.close()
    instance.stop()


def hashes(live: Live) -> dict[str, str]:
    """The hash of everybody, by the id they were brought in with."""
    store = sqlite3.connect(live.path.parent / "data" / "ostiary.sqlite")
    query = "SELECT external_id, password_hash FROM users"
    found = dict(store.execute(query).fetchall())
    store.close()
    return found


def test_every_vector_signs_in_and_is_replaced(live: Live) -> None:
    """Case A120, through a whole server: wrong, right, and right again by our hash."""
    users = [
        {"email": f"v{number}@contoso.test", "user_id": f"v{number}", **each}
        for number, each in enumerate(MAPPINGS)
    ]
    path = live.path.parent / "users.json"
    path.write_text(json.dumps(users))
    live.command("user", "import", str(path), "--json")
    before = hashes(live)

    for number in range(len(users)):
        name = f"v{number}"
        assert live.sign_in(name, "wrong")["error_codes"] == [50126], name
        assert "access_token" in live.sign_in(name, PASSWORD), name
        after = hashes(live)[name]
        assert after != before[name]
        assert after.startswith("$argon2id$v=19$m=64,t=1,p=1$")
        assert live.sign_in(name, "wrong")["error_codes"] == [50126], name
        assert "access_token" in live.sign_in(name, PASSWORD), name
        assert hashes(live)[name] == after
