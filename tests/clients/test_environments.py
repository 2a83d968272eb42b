"""The environments of the clients: pinned, complete, and free of this machine's ways.

What the clients then say to Ostiary is tested in tests/wire.
"""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients.environments import NODE_FILES, ROOT, Node, client_environment

VERSIONS = "import importlib.metadata as m, sys; print(*map(m.version, sys.argv[1:]))"
NODE_VERSIONS = """
// Those of auth0-js load in a browser's page alone: tests/wire/clients opens one.
const names = process.argv.slice(1);
for (const name of names) if (!name.startsWith("auth0-js")) require(name);
const modules = process.env.NODE_PATH;
const version = name => require(`${modules}/${name}/package.json`).version;
console.log(JSON.stringify(names.map(version)));
"""


def run(*command: str | Path, **variables: str) -> str:
    """What a command prints, in a client's environment; it must succeed."""
    done = subprocess.run(
        [str(word) for word in command],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
        env=client_environment(**variables),
    )
    return done.stdout.strip()


def test_microsoft_clients_are_the_pinned_ones(microsoft_python: Path) -> None:
    """msal and azure-identity are what requirements/clients/microsoft.in names."""
    printed = run(microsoft_python, "-c", VERSIONS, "msal", "azure-identity")
    assert printed == "1.39.0 1.27.0"


def test_asynchronous_half_imports(microsoft_python: Path) -> None:
    """azure-identity's asynchronous half finds a transport."""
    code = "import azure.identity.aio, aiohttp; print('imported')"
    assert run(microsoft_python, "-c", code) == "imported"


def test_adal_is_the_last_one(adal_python: Path) -> None:
    """ADAL Python is 1.2.7, the last that was published."""
    assert run(adal_python, "-c", VERSIONS, "adal") == "1.2.7"


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("auth0_3_0", "3.0.0"),
        ("auth0_3_9", "3.9.2"),
        ("auth0_3_24", "3.24.1"),
        ("auth0_newest", "6.8.0"),
    ],
)
def test_auth0_clients_are_the_pinned_ones(
    auth0_python: Callable[[str], Path], name: str, version: str
) -> None:
    """Each set has the auth0-python it is named after; 3.0 was built from source."""
    assert run(auth0_python(name), "-c", VERSIONS, "auth0-python") == version


def test_node_clients_load(node: Node) -> None:
    """Each client of package.json loads, in the version that stands there."""
    pinned = json.loads((NODE_FILES / "package.json").read_text())["dependencies"]
    printed = run(
        node.executable, "-e", NODE_VERSIONS, *pinned, NODE_PATH=str(node.modules)
    )
    # Several versions of one client stand there as "npm:name@version".
    versions = [version.rpartition("@")[2] for version in pinned.values()]
    assert json.loads(printed) == versions


def test_client_environment_is_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client gets no CA bundle and no proxy of this machine, but what we give it."""
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_DIR", "https_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "/elsewhere")
    monkeypatch.setenv("KEPT", "yes")
    made = client_environment(REQUESTS_CA_BUNDLE="/ours.pem")
    assert made["REQUESTS_CA_BUNDLE"] == "/ours.pem"
    assert made["KEPT"] == "yes"
    assert not {"SSL_CERT_DIR", "https_proxy", "NO_PROXY"} & set(made)


def test_pins_name_no_registry() -> None:
    """Pins carry hashes and no address: each machine asks the registry it uses."""
    pins = sorted((ROOT / "requirements").rglob("*.txt"))
    assert len(pins) >= 7
    for path in pins:
        text = path.read_text()
        assert not re.search(r"://|index-url|find-links|trusted-host", text), path
        assert "--hash=sha256:" in text, path
    lock = json.loads((NODE_FILES / "package-lock.json").read_text())
    entries = [entry for name, entry in lock["packages"].items() if name]
    assert entries
    for entry in entries:
        assert "resolved" not in entry
        assert entry["integrity"].startswith("sha512-")
