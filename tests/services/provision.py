"""What servers and clients under test need of the machine: ports, folders, locks.

No knowledge of any one server or client.
"""

import contextlib
import fcntl
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

CACHE = Path(__file__).parents[2] / ".cache"
"""Where what is dear to make is kept between runs; `make clean` removes it."""

FOREIGN_TRUST = frozenset(
    {
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "NODE_EXTRA_CA_CERTS",
    }
)
"""Variables by which a machine points clients at its own CA, or away from ours."""


class Missing(Exception):
    """A server or client is not on this machine; the text says how to get it."""


def foreign_variables() -> list[str]:
    """Names in the environment that would bend a client's TLS trust or its way."""
    return [
        name
        for name in os.environ
        if name in FOREIGN_TRUST or name.lower().endswith("_proxy")
    ]


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path` alone, among all processes of this machine."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def made_once(folder: Path, make: Callable[[Path], None]) -> Path:
    """Return `folder`, filled by `make(folder)` unless an earlier run has finished it.

    The mark is written last, so what an interrupted run leaves is thrown away.
    """
    mark = folder / ".made"
    with locked(folder.with_name(f"{folder.name}.lock")):
        if not mark.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            mark.touch()
    return folder


def as_other_user(folder: Path) -> list[str]:
    """The command prefix under which a server that refuses root runs in `folder`.

    Nothing when we are not root. As root a user namespace in which root's files belong
    to nobody, so that no folder changes hands; where that is forbidden, `nobody`.
    """
    if os.getuid() != 0:
        return []
    inside = ["unshare", "--user", "--map-user=65534", "--map-group=65534", "--"]
    if subprocess.run([*inside, "true"], capture_output=True).returncode == 0:
        return inside
    subprocess.run(["chown", "-R", "nobody:nogroup", str(folder)], check=True)
    return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"]


def ends_with_us(by: str = "INT") -> list[str]:
    """The command prefix by which a server gets that signal when our process dies."""
    return ["setpriv", "--pdeathsig", by, "--"] if shutil.which("setpriv") else []
