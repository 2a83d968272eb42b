"""A real Ostiary process over the fixture of contract entra §12, and what it kept.

Starting, stopping, applying and looking into the store; no request is made here.
"""

import copy
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.services.provision import free_port

FIXTURE = Path(__file__).parent / "entra" / "fixture.yaml"
PASSWORD = "Pw-123456!"
FRESH = 60
"""Users of each domain in FRESH_DOMAINS that no test has touched yet."""
FRESH_DOMAINS = ("contoso.test", "strict.test")
START_SECONDS = 30.0
STOP_SECONDS = 15.0

Document = dict[str, Any]


def fixture_document() -> Document:
    """The configuration of the acceptance cases, without `server`."""
    document: Document = yaml.safe_load(FIXTURE.read_text())
    for tenant in document["tenants"]:
        domain = tenant["domains"][0]["name"]
        if domain in FRESH_DOMAINS:
            tenant["users"] += [
                {"username": f"fresh{n}@{domain}", "password": PASSWORD}
                for n in range(1, FRESH + 1)
            ]
    return document


class Instance:
    """One server process, its folder and its configuration file."""

    def __init__(
        self,
        folder: Path,
        server: Mapping[str, Any],
        document: Document,
        *,
        port: int = 0,
    ) -> None:
        """Write the configuration into `folder`; `server` adds to its settings."""
        self.folder = folder
        self.port, self.metrics_port = port or free_port(), free_port()
        self.base = f"https://localhost:{self.port}"
        self.document: Document = {
            "server": {
                "mode": "development",
                "base_url": self.base,
                "listen": [f"127.0.0.1:{self.port}"],
                "data_dir": str(folder / "data"),
                "metrics": {"listen": f"127.0.0.1:{self.metrics_port}"},
                **server,
            },
            **document,
        }
        self.path = folder / f"ostiary-{self.port}.yaml"
        self.log = folder / f"server-{self.port}.log"
        self.process: subprocess.Popen[str] | None = None
        self._write()

    def _write(self) -> None:
        self.path.write_text(yaml.safe_dump(self.document, sort_keys=False))

    @property
    def data(self) -> Path:
        """The data folder."""
        return Path(self.document["server"]["data_dir"])

    @property
    def address(self) -> str:
        """Where this process listens; of a second node, not the base URL."""
        return f"https://localhost:{self.port}"

    def start(self) -> None:
        """Serve; returns once the process said that it is ready."""
        command = [sys.executable, "-m", "ostiary", "serve", "--config", str(self.path)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--apply"], stdout=subprocess.PIPE, stderr=log, text=True
            )
        # A process that hangs is killed, which ends the wait for its line.
        alarm = threading.Timer(START_SECONDS, self.process.kill)
        alarm.start()
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        alarm.cancel()
        assert line.startswith("ready https://"), self.log.read_text()[-3000:]

    def stop(self) -> None:
        """End the process and wait for it."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.process = None

    def apply(self, change: Callable[[Document], None]) -> None:
        """Change the configuration and apply it, while the server runs."""
        document = copy.deepcopy(self.document)
        change(document)
        self.document = document
        self._write()
        done = subprocess.run(
            [sys.executable, "-m", "ostiary", "apply", str(self.path)],
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
        )
        assert done.returncode == 0, done.stderr

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of the SQLite store, as they lie there."""
        path = self.data / "ostiary.sqlite"
        store = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)
        try:
            return store.execute(query, values).fetchall()
        finally:
            store.close()

    def guesses(self) -> list[tuple[Any, ...]]:
        """Every counter of wrong passwords: equal before and after means untouched."""
        failures = "SELECT tenant_id, account, place, count, locks FROM failures"
        sources = "SELECT tenant_id, source, '', count, 0 FROM source_failures"
        return sorted(self.rows(f"{failures} UNION ALL {sources}"))

    def records(self, correlation_id: str) -> list[tuple[str, str]]:
        """Outcome and reason of each audit record of one correlation id."""
        query = "SELECT outcome, reason FROM audit WHERE correlation_id = ?"
        return self.rows(query, correlation_id)

    def kept(self) -> dict[str, bytes]:
        """Every file that the server wrote: store, keys, logs."""
        files = [path for path in self.data.rglob("*") if path.is_file()]
        return {str(path): path.read_bytes() for path in [*files, self.log]}
