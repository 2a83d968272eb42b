"""A running `ostiary demo`, and what it showed cut into its sections.

What should stand there is judged in test_demo.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

SECONDS = 60
TITLE = re.compile(r"^── (.*?) ─*$\n", re.MULTILINE)
WAITING = "── Serving until Ctrl-C"

HOSTILE = {
    "REQUESTS_CA_BUNDLE": "/dev/null",
    "CURL_CA_BUNDLE": "/dev/null",
    "SSL_CERT_FILE": "/dev/null",
    "NODE_EXTRA_CA_CERTS": "/dev/null",
    "https_proxy": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
}
"""A machine whose own CA and proxy would lead every client astray."""


@dataclass(frozen=True)
class Shown:
    """What one demo printed, and where it serves."""

    text: str
    folder: Path
    port: int

    @property
    def sections(self) -> Mapping[str, str]:
        """Text by title, in order."""
        parts = TITLE.split(self.text)
        return dict(zip(parts[1::2], parts[2::2], strict=True))

    def snippets(self, *beginnings: str) -> Mapping[str, str]:
        """The sections whose titles begin with one of these words."""
        return {
            title: text
            for title, text in self.sections.items()
            if title.startswith(beginnings)
        }


def demo_command(folder: Path, *more: str) -> list[str]:
    """The command as one would type it."""
    return [sys.executable, "-m", "ostiary", "demo", "--directory", str(folder), *more]


def run_demo(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Run the demo to its end."""
    return subprocess.run(
        demo_command(folder, *more), capture_output=True, text=True, timeout=SECONDS
    )


@contextlib.contextmanager
def running_demo(folder: Path, port: int) -> Iterator[Shown]:
    """A demo that serves; at the end it gets Ctrl-C and must leave with 0."""
    process = subprocess.Popen(
        demo_command(folder, "--port", str(port)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **HOSTILE},
    )
    # A demo that hangs is killed, which ends the wait for its lines.
    alarm = threading.Timer(SECONDS, process.kill)
    alarm.start()
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith(WAITING):
            break
    alarm.cancel()
    try:
        yield Shown("".join(lines), folder, port)
    finally:
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=SECONDS)
    assert (process.returncode, rest) == (0, "")


def paste(snippet: str, path: Path | None = None, **variables: str) -> str:
    """What a snippet prints when it is pasted into a shell on a hostile machine."""
    environ = {**os.environ, **HOSTILE, **variables}
    if path is not None:
        environ["PATH"] = f"{path}{os.pathsep}{environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", snippet],
        env=environ,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    return f"{done.stdout}\n{done.stderr}"
