"""Servers that are asked through agents, and agents as processes beside them.

No test lives here; the made-up directory of the agents is `stand_in`.
"""

import json
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.agent.stand_in import RIGHT
from tests.services.provision import ends_with_us
from tests.wire.client import WireClient
from tests.wire.instance import Document, Instance

STAND_IN = Path(__file__).parent / "stand_in.py"
CLIENT = "6731de76-14a6-49ae-97bc-6eba6914391e"
TENANT = "11111111-2222-3333-4444-555555555555"
START_SECONDS = 60.0
PATIENCE = 30.0
"""Seconds that something may take on a machine that is busy."""


def agents_document() -> Document:
    """A tenant whose domain pta.test signs in through agents."""
    return {
        "tenants": [
            {
                "id": TENANT,
                "name": "contoso",
                "domains": [
                    {"name": "contoso.test"},
                    {
                        "name": "pta.test",
                        "authentication": "pass-through",
                        "connection": "corp-ad",
                    },
                ],
                "password_grant": True,
                "password_hash": {
                    "algorithm": "argon2id",
                    "memory_kib": 64,
                    "iterations": 1,
                },
                "connections": [
                    {"name": "Username-Password-Authentication", "strategy": "auth0"},
                    {"name": "corp-ad", "strategy": "ad", "options": {"agent": True}},
                    {"name": "other-ad", "strategy": "ad", "options": {"agent": True}},
                ],
                "applications": [
                    {
                        "client_id": CLIENT,
                        "name": "PUB",
                        "public_client": True,
                        "grant_types": ["password", "refresh_token"],
                        "permissions": ["User.Read", "openid", "profile"],
                        "admin_consent": ["User.Read", "openid", "profile"],
                    }
                ],
            }
        ]
    }


def command(instance: Instance, *words: str) -> Any:
    """The JSON that `ostiary` prints for an instance."""
    line = [sys.executable, "-m", "ostiary", *words]
    line += ["--config", str(instance.path), "--json"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=START_SECONDS)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def new_code(instance: Instance, connection: str = "corp-ad") -> str:
    """A code with which an agent may enrol."""
    code: str = command(instance, "connection", "enrol", connection)["code"]
    return code


class AgentProcess:
    """One agent of `stand_in`, with a folder of its own."""

    def __init__(
        self, folder: Path, server: str, ca: Path, name: str, code: str
    ) -> None:
        """Write its configuration."""
        self.name, self.folder = name, folder / name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config = self.folder / "agent.yaml"
        self.binds, self.log = self.folder / "binds", self.folder / "log"
        self.binds.touch()
        self.document = {
            "server": server,
            "ca": str(ca),
            "name": name,
            "code": code,
            "data_dir": str(self.folder / "data"),
            "directory": {"urls": ["ldaps://made-up.test"], "base_dn": "DC=test"},
        }
        self.process: subprocess.Popen[str] | None = None
        self._lines: queue.Queue[str] = queue.Queue()

    def launch(self, kind: str = "well") -> None:
        """Start it; it need not get in."""
        self.config.write_text(yaml.safe_dump(self.document))
        words = [str(STAND_IN), str(self.config), str(self.binds), kind]
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [*ends_with_us(), sys.executable, *words],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=Path(__file__).parents[2],
                env=None,
            )
        self.process = process
        threading.Thread(target=self._read, args=(process,), daemon=True).start()

    def _read(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self._lines.put(line.strip())

    def start(self, kind: str = "well") -> None:
        """Start it; returns when the server has let it in."""
        self.launch(kind)
        try:
            line = self._lines.get(timeout=START_SECONDS)
        except queue.Empty:
            raise AssertionError(self.log.read_text()[-3000:]) from None
        assert line == f"ready {self.document['server']}"

    def send(self, number: signal.Signals) -> None:
        """A signal to it."""
        assert self.process is not None
        self.process.send_signal(number)

    def wait(self) -> int:
        """Its exit code."""
        assert self.process is not None
        return self.process.wait(PATIENCE)

    def stop(self) -> None:
        """End it, however."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.process is not None and self.process.stdout is not None:
            self.process.stdout.close()

    def noted(self) -> list[str]:
        """What its directory was asked."""
        return self.binds.read_text().splitlines()

    def logged(self) -> str:
        """Its log."""
        return self.log.read_text()


def until(true: Callable[[], Any], seconds: float = PATIENCE) -> None:
    """Look again and again, until it is so."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.05)


def sign_in(
    client: WireClient,
    username: str,
    password: str = RIGHT,
    correlation_id: str | None = None,
) -> httpx.Response:
    """The password grant of CLIENT."""
    headers = {"client-request-id": correlation_id} if correlation_id else None
    form = {
        "grant_type": "password",
        "client_id": CLIENT,
        "scope": "openid profile",
        "username": f"{username}@pta.test",
        "password": password,
    }
    return client.post(f"/{TENANT}/oauth2/v2.0/token", form, headers)
