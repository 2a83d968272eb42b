"""The parent of several workers: forks them, replaces the dead, stops them together.

It owns processes and signals, has no event loop and no threads, and serves nothing.
"""

import contextlib
import logging
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, NoReturn

START_FAILED: Final = 3
"""Exit code of a worker that could not start; before the first `ready` it ends all."""

FIRST_DELAY: Final = 0.1
MAX_DELAY: Final = 5.0
"""Seconds before a worker is replaced that died without ever being ready; doubling. One
that had been ready is replaced at once."""

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
_PID_BYTES: Final = 4

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Link:
    """A worker's ties to its parent, as file descriptors.

    `alive` reads as ended when the parent is gone: then the worker stops too.
    """

    ready: int
    alive: int

    def tell_ready(self) -> None:
        """Tell the parent that this process accepts connections."""
        os.write(self.ready, os.getpid().to_bytes(_PID_BYTES, "big"))


class Supervisor:
    """Keeps `count` workers running until SIGTERM or SIGINT.

    `work` runs in each child and returns its exit code. `on_ready` is called once, when
    every worker is ready; `on_hangup` at each SIGHUP, before it goes on to the workers.
    Workers that run `grace` seconds after the order to stop are killed.
    """

    def __init__(
        self,
        count: int,
        work: Callable[[Link], int],
        *,
        on_ready: Callable[[], None],
        on_hangup: Callable[[], None],
        grace: float,
    ) -> None:
        """Only remember; `run` does it."""
        self._count = count
        self._work = work
        self._on_ready = on_ready
        self._on_hangup = on_hangup
        self._grace = grace
        self._ready_by_pid: dict[int, bool] = {}
        self._announced = False
        self._delay = 0.0
        self._next_start = 0.0
        self._kill_at: float | None = None  # set once the end is ordered
        self._code = 0

    def run(self) -> int:
        """Return 0 after an ordered stop, 1 when the workers could not start."""
        told, tell = os.pipe()
        alive, life = os.pipe()
        self._link = Link(ready=tell, alive=alive)
        with _ringing_signals() as (bell, ring):
            self._private = (told, life, bell.fileno(), ring.fileno())
            sources = [bell.fileno(), told]
            while self._ready_by_pid or self._kill_at is None:
                self._start_missing()
                ringing, _, _ = select.select(sources, [], [], self._patience())
                if bell.fileno() in ringing:
                    self._heed(bell.recv(64))
                if told in ringing:
                    self._note_ready(os.read(told, 64 * _PID_BYTES))
                self._bury_dead()
                self._kill_overdue()
        for descriptor in (told, tell, alive, life):
            os.close(descriptor)
        return self._code

    def _patience(self) -> float | None:
        """Seconds until something is due without any news; None: nothing is."""
        if self._kill_at is not None:
            return max(0.0, self._kill_at - time.monotonic())
        if len(self._ready_by_pid) < self._count:
            return max(0.0, self._next_start - time.monotonic())
        return None

    def _start_missing(self) -> None:
        if self._kill_at is None and time.monotonic() >= self._next_start:
            while len(self._ready_by_pid) < self._count:
                self._ready_by_pid[self._fork()] = False

    def _fork(self) -> int:
        sys.stdout.flush()
        sys.stderr.flush()
        # A signal between fork and the child's own handlers must not be lost.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        pid = os.fork()
        if pid == 0:
            self._be_worker()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        return pid

    def _be_worker(self) -> NoReturn:
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in _SIGNALS:
                ignored = number == signal.SIGHUP
                signal.signal(number, signal.SIG_IGN if ignored else signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            for descriptor in self._private:
                os.close(descriptor)
            code = self._work(self._link)
        except BaseException:
            logger.exception("a worker failed")
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _heed(self, signals: bytes) -> None:
        if signal.SIGTERM in signals or signal.SIGINT in signals:
            self._stop()
        if signal.SIGHUP in signals:
            self._on_hangup()
            self._tell_all(signal.SIGHUP)

    def _stop(self) -> None:
        if self._kill_at is None:
            self._kill_at = time.monotonic() + self._grace
            self._tell_all(signal.SIGTERM)

    def _tell_all(self, number: signal.Signals) -> None:
        for pid in self._ready_by_pid:
            os.kill(pid, number)

    def _note_ready(self, pids: bytes) -> None:
        for start in range(0, len(pids), _PID_BYTES):
            pid = int.from_bytes(pids[start : start + _PID_BYTES], "big")
            if pid in self._ready_by_pid:
                self._ready_by_pid[pid] = True
                self._delay = 0.0
        everyone = sum(self._ready_by_pid.values()) == self._count
        if everyone and not self._announced and self._kill_at is None:
            self._announced = True
            self._on_ready()

    def _bury_dead(self) -> None:
        for pid in list(self._ready_by_pid):
            found, status = os.waitpid(pid, os.WNOHANG)
            if found:
                was_ready = self._ready_by_pid.pop(pid)
                if self._kill_at is None:
                    self._mourn(pid, was_ready, os.waitstatus_to_exitcode(status))

    def _mourn(self, pid: int, was_ready: bool, code: int) -> None:
        """Decide what an unexpected death means: give up, or when to replace."""
        if code == START_FAILED and not self._announced:
            self._code = 1
            self._stop()
            return
        logger.error("worker %d ended with %d and is replaced", pid, code)
        if not was_ready:
            self._delay = min(MAX_DELAY, max(FIRST_DELAY, 2 * self._delay))
        self._next_start = time.monotonic() + self._delay

    def _kill_overdue(self) -> None:
        if self._kill_at is not None and time.monotonic() >= self._kill_at:
            self._tell_all(signal.SIGKILL)
            self._kill_at = time.monotonic() + self._grace


@contextlib.contextmanager
def _ringing_signals() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Make our signals readable as bytes, one each; for a loop around `select`."""
    bell, ring = socket.socketpair()
    ring.setblocking(False)
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    wakeup = signal.set_wakeup_fd(ring.fileno(), warn_on_full_buffer=False)
    for number in _SIGNALS:
        signal.signal(number, lambda *_: None)
    try:
        yield bell, ring
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)
        bell.close()
        ring.close()
