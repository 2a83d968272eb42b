"""`ostiary demo`: its folder, its port, and how it says no."""

import io
import json
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from ostiary.demo.instance import NotTheDemo, configuration, open_instance
from ostiary.demo.screen import Screen
from ostiary.demo.snippets import snippets
from tests.cli.showing import demo_command, paste, run_demo
from tests.services.provision import free_port

pytestmark = pytest.mark.xdist_group("port443")

UNPRIVILEGED = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
SECONDS = 60


def test_configuration_is_private_and_reused(tmp_path: Path) -> None:
    """`--once` ends with 0; a second run keeps file, passwords and people as they are.

    The port may be another one then (interface §1 and §3).
    """
    first = run_demo(tmp_path / "d", "--once", "--port", str(free_port()))
    assert first.returncode == 0, first.stderr
    file = tmp_path / "d" / "ostiary.yaml"
    before = file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600
    other = free_port()
    second = run_demo(tmp_path / "d", "--once", "--port", str(other))
    assert second.returncode == 0, second.stderr
    assert f"https://localhost:{other}" in second.stdout
    assert file.read_bytes() == before
    oid = re.compile(r"^  oid +(\S+)$", re.M)
    assert oid.findall(first.stdout)[0] == oid.findall(second.stdout)[0]


def test_low_ports_without_the_privilege(tmp_path: Path) -> None:
    """The command that would allow them, ready to paste; and it serves all the same."""
    drop = ["setpriv", "--bounding-set=-net_bind_service"]
    drop += ["--inh-caps=-net_bind_service"]
    if os.getuid() != 0 or shutil.which("setpriv") is None:
        drop = []  # an ordinary user has not got it anyway
    options = ["--once", "--port", str(free_port())]
    done = subprocess.run(
        [*drop, *demo_command(tmp_path, *options)],
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr
    if int(UNPRIVILEGED.read_text()) > 443:
        assert "not served: ports below 1024 need a privilege here" in done.stdout
        assert "sysctl net.ipv4.ip_unprivileged_port_start=443" in done.stdout
    else:
        assert "not served: ports below 1024" not in done.stdout


def test_a_taken_port_is_said_in_one_line(tmp_path: Path) -> None:
    """Exit 1, and how to go on."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        done = run_demo(tmp_path, "--once", "--port", str(port))
    assert done.returncode == 1
    assert done.stderr == (
        f"ostiary: cannot listen on 127.0.0.1:{port}: another program listens there "
        "already; choose another port with --port\n"
    )


def test_a_broken_file_is_said_with_its_line(tmp_path: Path) -> None:
    """Exit 2, and a line as for every configuration error (interface §3)."""
    file = tmp_path / "ostiary.yaml"
    file.write_text("server:\n  modus: development\n")
    done = run_demo(tmp_path, "--once")
    assert done.returncode == 2
    assert done.stderr.startswith(f"{file}:2: server.modus: ")


def test_another_instance_is_left_alone(tmp_path: Path) -> None:
    """A folder with a configuration that shows nothing is refused, not changed."""
    file = tmp_path / "ostiary.yaml"
    file.write_text("tenants:\n- {name: a, domains: [{name: a.test}]}\n")
    with pytest.raises(NotTheDemo, match="no tenant has password_grant"):
        open_instance(tmp_path, None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ostiary.yaml"]


def test_every_instance_has_passwords_of_its_own() -> None:
    """Nothing drawn for one instance is in another."""
    one, two = (re.findall(r'"([\w-]{16,})"', configuration(8443)) for _ in range(2))
    assert len(one) == len(two) == 5
    assert not set(one) & set(two)


def test_port_443_itself_is_left_out_of_addresses(tmp_path: Path) -> None:
    """`--port 443` gives addresses as clients write them, without the port."""
    instance = open_instance(tmp_path / "d", 443)
    assert instance.authority == "https://localhost/contoso.test"


def test_snippets_quote_what_the_file_says(tmp_path: Path) -> None:
    """A password with quotes, dollars and blanks is one string in each language."""
    odd = """it's "$HOME" \\ `id` ü"""
    text = re.sub(r"password: .*", lambda _: f"password: {json.dumps(odd)}", _new())
    (tmp_path / "ostiary.yaml").write_text(text)
    instance = open_instance(tmp_path, None)
    for snippet in snippets(instance, realm_served=True):
        if "curl" in snippet.title:
            words = snippet.text.replace("curl", "printf '%s\\n'", 1)
            assert f"password={odd}" in paste(words).splitlines()
        else:
            assert json.dumps(odd) in snippet.text


def _new() -> str:
    return configuration(free_port())


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Yes."""
        return True


@pytest.mark.parametrize(
    ("stream", "styled"), [(Terminal(), True), (io.StringIO(), False)]
)
def test_colours_are_for_terminals_only(stream: io.StringIO, styled: bool) -> None:
    """A file or pipe gets plain text."""
    facts: Mapping[str, str] = {"exp": "1"}
    Screen(stream).facts(facts)
    assert ("\x1b[" in stream.getvalue()) is styled
