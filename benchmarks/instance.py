"""An instance to be measured: made, filled with users, started and looked at.

One process, plain HTTP on a random loopback port, a fresh folder of its own.
"""

import contextlib
import json
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ostiary.connections.hashes import HashParameters, hash_password

TENANT = "11111111-2222-3333-4444-555555555555"
PUBLIC, DAEMON, SECRET = "bench-public", "bench-daemon", "bench-secret-0123456789abcdef"
PASSWORD = "Ostiary-Test-1"

CONFIGURATION = """
server:
  mode: development
  base_url: https://localhost:{port}
  listen: ["127.0.0.1:{port}"]
  tls: off
  workers: {workers}
  data_dir: ./data
  database: {database}
  metrics: {{listen: "127.0.0.1:{metrics}"}}
  log: {{format: text, level: error}}
tenants:
- id: {tenant}
  name: bench
  domains: [{{name: bench.test}}]
  auth0_domain: localhost
  password_grant: true
  legacy_resource_owner: true
  lockout: {{threshold: 1000000, source_failures: 100000000}}
  resources:
  - {{identifier: "api://bench", access_token_version: 2, roles: [Read]}}
  applications:
  - client_id: {public}
    public_client: true
    oidc_conformant: false
    grant_types: [password, refresh_token]
    admin_consent: [User.Read, openid, profile]
  - client_id: {daemon}
    grant_types: [client_credentials]
    secrets: [{{value: {secret}}}]
    roles: [{{resource: "api://bench", role: Read}}]
  users:
  - {{username: user0@bench.test, password_hash: "{hashed}"}}
  - {{username: disabled@bench.test, password_hash: "{hashed}", enabled: false}}
  - {{username: without@bench.test, password_state: none}}
"""


@dataclass(frozen=True)
class Instance:
    """A running server under measurement; `started` in seconds to its first answer."""

    folder: Path
    port: int
    metrics: int
    process: subprocess.Popen[str]
    started: float

    def memory(self) -> float:
        """Proportional set size of the server with its workers, in MB."""
        total = 0
        for pid in (self.process.pid, *_children(self.process.pid)):
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            line = next(x for x in rollup.splitlines() if x.startswith("Pss:"))
            total += int(line.split()[1])
        return total / 1024


def _children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in listed]


def free_port() -> int:
    """A loopback port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def instance(
    users: int,
    *,
    workers: int = 1,
    database: str = "sqlite",
    change: Callable[[dict[str, Any]], None] = lambda tenant: None,
) -> Iterator[Instance]:
    """Start a server with that many users, all of the same password.

    change: what is to be different in its one tenant.
    """
    with tempfile.TemporaryDirectory(prefix="ostiary-bench-") as name:
        folder, port, metrics = Path(name), free_port(), free_port()
        hashed = hash_password(PASSWORD, HashParameters())
        text = CONFIGURATION.format(
            port=port,
            metrics=metrics,
            workers=workers,
            database=database,
            tenant=TENANT,
            public=PUBLIC,
            daemon=DAEMON,
            secret=SECRET,
            hashed=hashed,
        )
        document = yaml.safe_load(text)
        change(document["tenants"][0])
        file = folder / "ostiary.yaml"
        file.write_text(yaml.safe_dump(document, sort_keys=False))
        command = [sys.executable, "-m", "ostiary"]
        subprocess.run([*command, "apply", str(file)], check=True, capture_output=True)
        if database == "sqlite":
            _fill(folder / "data/ostiary.sqlite", users, hashed)
        began = time.perf_counter()
        process = subprocess.Popen(
            [*command, "serve", "--config", str(file)],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("ready")
            keys = f"http://127.0.0.1:{port}/{TENANT}/discovery/v2.0/keys"
            with urllib.request.urlopen(keys, timeout=10) as answer:
                assert json.load(answer)["keys"]
            started = time.perf_counter() - began
            yield Instance(folder, port, metrics, process, started)
        finally:
            process.terminate()
            process.wait(30)


def _fill(path: Path, users: int, hashed: str) -> None:
    """Copy the one declared user under other names, straight into the store."""
    with contextlib.closing(sqlite3.connect(path)) as store, store:
        store.execute(
            """
            WITH RECURSIVE n(i) AS
                (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :users - 1)
            INSERT INTO users (id, tenant_id, connection, name_folded, document,
                               external_id, password_hash, password_source, mfa_secret,
                               password_changed_at, sessions_valid_from, created_at,
                               updated_at)
            SELECT id || '-' || i, tenant_id, connection, 'user' || i || '@bench.test',
                   json_set(document, '$.id', id || '-' || i,
                            '$.username', 'user' || i || '@bench.test'),
                   id || '-' || i, :hashed, password_source, mfa_secret,
                   password_changed_at,
                   sessions_valid_from, created_at, updated_at
            FROM n, (SELECT * FROM users WHERE name_folded = 'user0@bench.test')
            WHERE :users > 1
            """,
            {"users": users, "hashed": hashed},
        )
