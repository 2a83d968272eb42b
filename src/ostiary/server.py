"""Serving: sockets first, then one worker here or several in processes of their own.

What is served comes as functions that make ASGI applications; this knows no front.
"""

import asyncio
import concurrent.futures
import gc
import logging
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import uvloop

from ostiary.serving.certificates import Certificate, CertificateError, TlsFiles
from ostiary.serving.connection import Limits
from ostiary.serving.listeners import ListenError, open_listeners
from ostiary.serving.supervisor import START_FAILED, Link, Supervisor
from ostiary.serving.worker import App, MakeApp, Site, StartError, serving

__all__ = [
    "App",
    "BackgroundServer",
    "CertificateError",
    "Limits",
    "ListenError",
    "MakeApp",
    "ServeOptions",
    "StartError",
    "TlsFiles",
    "run",
]

KILL_AFTER = 5.0
"""Seconds beyond the grace that a worker has for shutting its application down."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """How to serve.

    `listen` are addresses such as `127.0.0.1:8443`, `[::1]:443` or `:443`, all with
    `tls` (None: plain HTTP); those of `listen_if_possible` are left out with a warning
    when they cannot be had. `metrics_listen` is plain HTTP. `ready_line` goes to the
    standard output once every worker accepts connections. `upgrades` are paths at which
    the application takes WebSockets.
    """

    listen: Sequence[str]
    tls: TlsFiles | None
    ready_line: str = ""
    workers: int = 1
    metrics_listen: str | None = None
    listen_if_possible: Sequence[str] = ()
    limits: Limits = field(default_factory=Limits)
    upgrades: Sequence[str] = ()


def run(
    options: ServeOptions, make_app: MakeApp, make_metrics_app: MakeApp | None = None
) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code of the process.

    `make_app`, then `make_metrics_app`, are called in the event loop of every worker.
    SIGHUP reads the certificate again. Call it from the main thread, and with more than
    one worker before any other thread is started: the workers are forked. What the
    operator must mend is told in one line on the standard error, with exit code 1.
    """
    try:
        house = _House(options, make_app, make_metrics_app)
    except (ListenError, CertificateError) as error:
        print(f"ostiary: {error}", file=sys.stderr)
        return 1

    def announce() -> None:
        logger.info("ready with %d worker(s)", options.workers)
        print(options.ready_line, flush=True)

    for host, port in house.addresses:
        logger.info("listening on %s port %d", host, port)
    for host, port in house.metrics_addresses:
        logger.info("listening on %s port %d for health and metrics", host, port)
    code = _serve(house, options, announce)
    logger.info("stopped")
    return code


def _serve(house: "_House", options: ServeOptions, announce: Callable[[], None]) -> int:
    if options.workers == 1:
        return min(1, house.work(announce))
    gc.freeze()  # what is loaded by now stays shared between the workers
    return Supervisor(
        options.workers,
        lambda link: house.work(link.tell_ready, link),
        on_ready=announce,
        on_hangup=house.reload,
        grace=options.limits.grace_seconds + KILL_AFTER,
    ).run()


class _House:
    """Open sockets and a loaded certificate: all that must be had before workers."""

    def __init__(
        self, options: ServeOptions, make_app: MakeApp, make_metrics_app: MakeApp | None
    ) -> None:
        self._limits = options.limits
        self._certificate = Certificate(options.tls) if options.tls else None
        self.missed: list[str] = []
        self._sockets: list[socket.socket] = []
        try:
            public = [s for address in options.listen for s in self._open(address)]
            metrics = []
            if options.metrics_listen is not None and make_metrics_app is not None:
                metrics = self._open(options.metrics_listen)
        except ListenError:
            self.close()
            raise
        for address in options.listen_if_possible:
            public += self._try(address)
        self.addresses = [listener.getsockname()[:2] for listener in public]
        self.metrics_addresses = [listener.getsockname()[:2] for listener in metrics]
        upgrades = frozenset(path.encode() for path in options.upgrades)
        self.sites = [Site(make_app, public, self._certificate, upgrades)]
        if make_metrics_app is not None and metrics:
            self.sites.append(Site(make_metrics_app, metrics))

    def _open(self, address: str) -> list[socket.socket]:
        opened = open_listeners(address)
        self._sockets += opened
        return opened

    def _try(self, address: str) -> list[socket.socket]:
        try:
            return self._open(address)
        except ListenError as error:
            logger.warning("%s", error)
            self.missed.append(str(error))
            return []

    def reload(self) -> None:
        if self._certificate is not None:
            self._certificate.reload()

    def close(self) -> None:
        for listener in self._sockets:
            listener.close()

    def work(self, on_ready: Callable[[], None], link: Link | None = None) -> int:
        """Be a worker in this process until told to stop; return its exit code."""
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(self._work(on_ready, link))

    async def _work(self, on_ready: Callable[[], None], link: Link | None) -> int:
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        loop.add_signal_handler(signal.SIGHUP, self.reload)
        if link is not None:
            _watch(link.alive, stop)
        try:
            async with serving(self.sites, self._limits):
                on_ready()
                await stop.wait()
        except StartError:
            return START_FAILED
        except Exception:
            logger.exception("the server failed")
            return START_FAILED
        return 0

    async def work_in_thread(
        self, started: "concurrent.futures.Future[Callable[[], object]]"
    ) -> None:
        """Be a worker beside other threads; the future is what stops it."""
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        try:
            async with serving(self.sites, self._limits):
                started.set_result(lambda: loop.call_soon_threadsafe(stop.set))
                await stop.wait()
        except Exception as error:
            if started.done():
                raise
            started.set_exception(error)


def _watch(alive: int, stop: asyncio.Event) -> None:
    """Stop when the parent is gone: its end of the pipe closes with it."""
    loop = asyncio.get_running_loop()

    def orphaned() -> None:
        loop.remove_reader(alive)
        stop.set()

    loop.add_reader(alive, orphaned)


class BackgroundServer:
    """One worker on a thread of its own, for `ostiary demo` and tests.

    `addresses` and `metrics_addresses` tell where it listens, as host and port;
    `missed` has a line for each address of `listen_if_possible` that is not served.
    """

    def __init__(
        self,
        options: ServeOptions,
        make_app: MakeApp,
        make_metrics_app: MakeApp | None = None,
    ) -> None:
        """Open the sockets; raises ListenError or CertificateError."""
        self._house = _House(options, make_app, make_metrics_app)
        self.addresses = self._house.addresses
        self.metrics_addresses = self._house.metrics_addresses
        self.missed = self._house.missed

    def start(self) -> None:
        """Return when connections are accepted; raises what kept it from that."""
        started: concurrent.futures.Future[Callable[[], object]]
        started = concurrent.futures.Future()
        self._thread = threading.Thread(
            target=self._live, args=(started,), name="ostiary-server", daemon=True
        )
        self._thread.start()
        try:
            self._order_stop = started.result()
        except Exception:
            self._thread.join()
            self._house.close()
            raise

    def _live(self, started: "concurrent.futures.Future[Callable[[], object]]") -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._house.work_in_thread(started))

    def stop(self) -> None:
        """Let what is under way finish, and return when all is down; twice is fine."""
        if self._thread.is_alive():
            self._order_stop()
            self._thread.join()
        self._house.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
