"""A real PostgreSQL on a random loopback port, for tests and benchmarks.

Its data lies in a temporary folder; what a fresh cluster holds is cached between runs.
"""

import contextlib
import hashlib
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from tests.services.background import answers, spawn, stop
from tests.services.provision import (
    CACHE,
    Missing,
    as_other_user,
    ends_with_us,
    free_port,
    made_once,
)

HOST = "127.0.0.1"
USER = "ostiary"
START_SECONDS = 30
ATTEMPTS = 3  # another process may take the free port before the server does

SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "timezone": "UTC",
}
UNSYNCED = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class PostgresServer:
    """A running server and its one account, which may do everything."""

    port: int
    password: str = field(repr=False)

    def url(self, database: str = "postgres") -> str:
        """The address of one database, as `server.database` takes it."""
        return f"postgresql://{USER}:{self.password}@{HOST}:{self.port}/{database}"

    def connect(self) -> None:
        """See whether sessions are taken; raises psycopg.OperationalError."""
        psycopg.connect(self.url(), connect_timeout=2).close()

    def create_database(self, template: str = "template1") -> str:
        """Make a database of a fresh name, a copy of `template`; return the name.

        Nobody may be connected to the template meanwhile.
        """
        name = f"t_{secrets.token_hex(8)}"
        self._run(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        return name

    def drop_database(self, name: str) -> None:
        """Drop a database and cut the sessions that still use it."""
        self._run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(statement)


@contextlib.contextmanager
def postgres_server(
    *, durable: bool = False, settings: Mapping[str, str] | None = None
) -> Iterator[PostgresServer]:
    """Run a server for as long as the context lasts.

    `durable` leaves syncing to disk as PostgreSQL ships it: for benchmarks and for
    tests of what survives a crash. `settings` adds to its configuration.
    Raises `Missing`.
    """
    programs = find_programs()
    cluster = made_once(
        CACHE / f"postgres-{_fingerprint(programs)}",
        lambda folder: _make_cluster(programs, folder),
    )
    chosen = SETTINGS | ({} if durable else UNSYNCED) | dict(settings or {})
    with _open_folder() as folder:
        shutil.copytree(cluster / "data", folder / "data")
        password = (cluster / "password").read_text()
        process, server = _start(programs, folder, password, chosen)
        try:
            yield server
        finally:
            stop(process)  # SIGINT, a fast shutdown: sessions are cut


def find_programs() -> Path:
    """The folder of the newest server's programs; raises `Missing`.

    Debian keeps each version in a folder of its own, off the PATH.
    """
    found = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    newest = max(found, key=lambda path: int(path.parts[-3]), default=None)
    on_path = shutil.which("postgres")
    if newest is None and on_path is None:
        raise Missing("PostgreSQL is not installed: apt-get install postgresql")
    return (newest or Path(str(on_path)).resolve()).parent


def _fingerprint(programs: Path) -> str:
    version = subprocess.run(
        [programs / "postgres", "--version"], check=True, capture_output=True
    ).stdout
    return hashlib.sha256(version).hexdigest()[:12]


@contextlib.contextmanager
def _open_folder() -> Iterator[Path]:
    """A temporary folder that the server may enter when it runs as somebody else."""
    with tempfile.TemporaryDirectory(
        prefix="ostiary-postgres-", ignore_cleanup_errors=True
    ) as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def _make_cluster(programs: Path, kept: Path) -> None:
    password = secrets.token_urlsafe(16)
    with _open_folder() as folder:
        # Not readable by others; as_other_user hands it over where the user changes.
        (folder / "password").touch(mode=0o600)
        (folder / "password").write_text(password)
        (folder / "data").mkdir(mode=0o700)
        command = [
            *as_other_user(folder),
            str(programs / "initdb"),
            f"--pgdata={folder}/data",
            f"--username={USER}",
            "--auth=scram-sha-256",
            f"--pwfile={folder}/password",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ]
        made = subprocess.run(command, capture_output=True, text=True, timeout=120)
        if made.returncode:
            raise RuntimeError(f"initdb failed:\n{made.stderr[-2000:]}")
        shutil.copytree(folder / "data", kept / "data")
        shutil.copy2(folder / "password", kept / "password")


def _start(
    programs: Path, folder: Path, password: str, settings: Mapping[str, str]
) -> tuple[subprocess.Popen[bytes], PostgresServer]:
    prefix = [*as_other_user(folder), *ends_with_us()]
    log = folder / "server.log"
    for _ in range(ATTEMPTS):
        server = PostgresServer(free_port(), password)
        options = [f"-c{name}={value}" for name, value in settings.items()]
        command = [*prefix, str(programs / "postgres"), f"-D{folder}/data", *options]
        process = spawn([*command, f"-cport={server.port}"], log)
        away = psycopg.OperationalError
        if answers(process, server.connect, away, seconds=START_SECONDS):
            return process, server
        stop(process)
    raise RuntimeError(f"PostgreSQL did not come up:\n{log.read_text()[-3000:]}")
