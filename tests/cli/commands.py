"""An instance in a folder, and the commands run against it in this process.

What a running server sees of them is tested in test_user_live.py.
"""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from ostiary.cli import main

Document = dict[str, Any]
CONTOSO = "11111111-2222-3333-4444-555555555555"
CHEAP = {"memory_kib": 64, "iterations": 1}


def contoso(**more: Any) -> Document:
    """A small tenant with cheap hashes."""
    tenant: Document = {
        "id": CONTOSO,
        "name": "contoso",
        "domains": [{"name": "contoso.test"}],
        "password_grant": True,
        "password_hash": CHEAP,
        "resources": [
            {
                "identifier": "api://tasks",
                "scopes": [
                    {"value": "Tasks.Read"},
                    {"value": "Tasks.Write", "consent": "admin"},
                ],
            }
        ],
        "applications": [
            {
                "client_id": "console",
                "public_client": True,
                "grant_types": ["password", "refresh_token"],
                "permissions": ["User.Read", "openid"],
                "admin_consent": ["User.Read", "openid"],
            }
        ],
        "users": [{"username": "alice@contoso.test", "password": "Alices-1st-word"}],
    }
    return copy.deepcopy({**tenant, **more})


class Commands:
    """The commands of one instance."""

    def __init__(self, folder: Path, *tenants: Document, **server: str) -> None:
        """Write a configuration with these tenants; apply it."""
        self.folder, self.server = folder, server
        self.path = folder / "ostiary.yaml"
        self.write(*tenants)
        if tenants:
            self.say("apply", str(self.path))

    def write(self, *tenants: Document) -> None:
        """Write the configuration file."""
        server = {"data_dir": str(self.folder / "data"), **self.server}
        document = {"server": server, "tenants": list(tenants)}
        self.path.write_text(yaml.safe_dump(document, sort_keys=False))

    def run(self, *words: str, input: str | None = None) -> Result:
        """Run a command; nouns are told the configuration file."""
        files = words[0] in ("plan", "apply")
        config = () if files else ("--config", str(self.path))
        return CliRunner().invoke(main, [*words, *config], input=input)

    def say(self, *words: str, input: str | None = None) -> str:
        """Run a command that succeeds; what it says on the standard output."""
        done = self.run(*words, input=input)
        assert done.exit_code == 0, (words, done.stdout, done.stderr, done.exception)
        return done.stdout

    def tell(self, *words: str, input: str | None = None) -> Any:
        """Run a command that succeeds, with --json; what it answers."""
        return json.loads(self.say(*words, "--json", input=input))

    def refuse(self, *words: str, code: int = 1, input: str | None = None) -> str:
        """Run a command that does not; its one line on the standard error."""
        done = self.run(*words, input=input)
        assert done.exit_code == code, (words, done.stdout, done.stderr, done.exception)
        assert isinstance(done.exception, SystemExit)
        (line,) = done.stderr.splitlines()
        return line

    def plan(self, *more: str) -> tuple[int, list[str]]:
        """Exit code and lines of `plan` for the configuration file."""
        done = self.run("plan", str(self.path), *more)
        return done.exit_code, done.stdout.splitlines()

    def apply(self, *tenants: Document, prune: bool = False) -> list[str]:
        """Write the file anew and apply it; the lines of what changed."""
        self.write(*tenants)
        more = ("--prune",) if prune else ()
        return self.say("apply", str(self.path), *more).splitlines()

    def files(self) -> bytes:
        """Everything that lies in the data folder, but the keys."""
        return b"".join(
            path.read_bytes()
            for path in (self.folder / "data").iterdir()
            if path.is_file() and path.suffix not in (".key", ".pem")
        )


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    """An instance with one tenant, `contoso`."""
    return Commands(tmp_path, contoso())
