"""Where each set of client libraries lies, and how it is made: once, then cached.

`python -m tests.clients.environments` makes what is missing; tests only find it.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.services.provision import CACHE, Missing, foreign_variables, made_once

ROOT = Path(__file__).parents[2]
KEPT = CACHE / "clients"
NODE_FILES = Path(__file__).parent / "node"
PYTHON_SETS = (
    "microsoft",
    "adal",
    "auth0_3_0",
    "auth0_3_9",
    "auth0_3_24",
    "auth0_newest",
)
"""Each is a file requirements/clients/NAME.txt; what exists as source alone is in
NAME_source.txt beside it."""
INSTALL_SECONDS = 600


@dataclass(frozen=True)
class Node:
    """Node and the folder of modules that a script finds through NODE_PATH."""

    executable: Path
    modules: Path


def find_python(name: str) -> Path:
    """The interpreter that has the clients of one of PYTHON_SETS; raises `Missing`."""
    folder = _python_folder(name)
    _check_made(folder, f"the Python clients '{name}'")
    return folder / "bin" / "python"


def find_node() -> Node:
    """Node with the clients of package-lock.json; raises `Missing`."""
    executable = Path(_find_program("node"))
    folder = _node_folder()
    _check_made(folder, "the Node clients")
    return Node(executable, folder / "node_modules")


def client_environment(**extra: str) -> dict[str, str]:
    """Our environment without foreign CAs and proxies, and with `extra`.

    For a client that runs as a process of its own.
    """
    foreign = foreign_variables()
    own = {name: value for name, value in os.environ.items() if name not in foreign}
    return own | extra


def prepare() -> list[str]:
    """Make every environment that is missing; return what went wrong, a line each."""
    jobs = [_make_node, *(partial(_make_python, name) for name in PYTHON_SETS)]
    with ThreadPoolExecutor(len(jobs)) as pool:
        return [line for line in pool.map(_complaint, jobs) if line]


def _complaint(make: Callable[[], None]) -> str:
    try:
        make()
    except (Missing, subprocess.TimeoutExpired) as error:
        return str(error)
    except subprocess.CalledProcessError as error:
        said = error.stderr.strip().splitlines() or ["no reason given"]
        return f"{error.cmd[0]} failed: {said[-1]}"
    return ""


def _make_python(name: str) -> None:
    def install(folder: Path) -> None:
        script = ROOT / "scripts" / "environment.sh"
        pins = map(str, _pins(name))
        _run("sh", str(script), sys.executable, str(folder), *pins)

    _make(_python_folder(name), install)


def _make_node() -> None:
    _find_program("node")
    npm = _find_program("npm")

    def install(folder: Path) -> None:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(NODE_FILES / name, folder)
        options = ("--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund")
        _run(npm, "ci", "--prefix", str(folder), *options)

    _make(_node_folder(), install)


def _make(folder: Path, install: Callable[[Path], None]) -> None:
    made_once(folder, install)
    kind = folder.name.rpartition("-")[0]
    for other in KEPT.glob(f"{kind}-*"):
        if other.is_dir() and other != folder:
            shutil.rmtree(other, ignore_errors=True)


def _python_folder(name: str) -> Path:
    version = ".".join(map(str, sys.version_info[:2]))
    return KEPT / f"{name}-{version}-{_hash(*_pins(name))}"


def _node_folder() -> Path:
    return KEPT / f"node-{_hash(NODE_FILES / 'package-lock.json')}"


def _pins(name: str) -> list[Path]:
    folder = ROOT / "requirements" / "clients"
    source = folder / f"{name}_source.txt"
    return [folder / f"{name}.txt", *([source] if source.exists() else [])]


def _hash(*paths: Path) -> str:
    content = b"".join(path.read_bytes() for path in paths)
    return hashlib.sha256(content).hexdigest()[:12]


def _check_made(folder: Path, what: str) -> None:
    if not (folder / ".made").exists():
        raise Missing(f"{what} are not prepared: make services (needs the network)")


def _find_program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise Missing(f"{name} is not installed: apt-get install nodejs npm")
    return found


def _run(*command: str) -> None:
    subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=INSTALL_SECONDS
    )


if __name__ == "__main__":
    for problem in prepare():
        print(f"tests of these clients will skip: {problem}", file=sys.stderr)
