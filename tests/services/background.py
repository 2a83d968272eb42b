"""A server in the background for tests: started, waited for, stopped.

No knowledge of any one server.
"""

import contextlib
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

STOP_SECONDS = 10


def spawn(command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    """Start a server that writes to `log` alone, in a session of its own."""
    with log.open("wb") as out:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )


def answers(
    process: subprocess.Popen[bytes],
    connect: Callable[[], None],
    *refused: type[Exception],
    seconds: float,
) -> bool:
    """Whether `connect` succeeds within `seconds` while the server lives.

    refused: what it raises while nobody listens yet.
    """
    end = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < end:
        with contextlib.suppress(*refused):
            connect()
            return True
        time.sleep(0.02)
    return False


def stop(process: subprocess.Popen[bytes], by: int = signal.SIGINT) -> None:
    """Ask a server to end, and make it."""
    process.send_signal(by)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
