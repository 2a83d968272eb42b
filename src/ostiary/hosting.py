"""An instance as the server wants it: applications, listeners, certificate.

Called by the commands `serve` and `demo`, and by tests.
"""

import asyncio
import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from ostiary.agents.messages import CONNECT_PATH
from ostiary.agents.socket import beside
from ostiary.app import Serving, local_tls, open_serving
from ostiary.health import Health
from ostiary.server import App, MakeApp, ServeOptions, TlsFiles
from ostiary.settings import Server
from ostiary.settings.server import Tls
from ostiary.web import WebApp

METRICS_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
"""Where several workers keep their figures; read when `ostiary.metrics` is imported."""


def options_of(server: Server, *, also: tuple[str, ...] = ()) -> ServeOptions:
    """How to serve what `server` says; `also` are addresses that may fail."""
    return ServeOptions(
        listen=[str(address) for address in server.listen],
        tls=_tls(server),
        ready_line=f"ready {server.base_url}",
        workers=server.workers,
        metrics_listen=str(server.metrics.listen) if server.metrics else None,
        listen_if_possible=also,
        upgrades=(CONNECT_PATH,),
    )


def _tls(server: Server) -> TlsFiles | None:
    if isinstance(server.tls, Tls):
        return TlsFiles(server.tls.certificate, server.tls.key)
    if server.tls == "off":
        return None
    local = local_tls(server, certificate_hosts(server))
    return TlsFiles(local.certificate_path, local.key_path)


def certificate_hosts(server: Server) -> tuple[str, ...]:
    """Names that a certificate of this server must bear, the clients' one first."""
    hosts = [address.host for address in server.listen if address.host]
    named = urlsplit(server.base_url).hostname or "localhost"
    return tuple(dict.fromkeys((named, *hosts)))


@contextlib.contextmanager
def shared_figures(server: Server) -> Iterator[None]:
    """A folder in which several workers put their metrics together.

    Enter it before `applications` and the fork; at its end it is removed.
    """
    if server.metrics is None or server.workers == 1:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="ostiary-metrics-") as folder:
        os.environ[METRICS_FOLDER] = folder
        yield
    del os.environ[METRICS_FOLDER]


def applications(server: Server) -> tuple[MakeApp, MakeApp]:
    """What makes the public application and the health application of a worker."""
    opened: list[Serving] = []
    if server.metrics is not None:
        return _measured(server, opened)

    async def public() -> App:
        stack = contextlib.AsyncExitStack()
        opened.append(await stack.enter_async_context(open_serving(server)))
        return _web_app(server, opened[-1], stack)

    return public, lambda: WebApp([Health(opened[-1])])


def _measured(server: Server, opened: list[Serving]) -> tuple[MakeApp, MakeApp]:
    """The same, with metrics; their library is loaded here, once for all workers."""
    if server.workers == 1:
        os.environ.pop(METRICS_FOLDER, None)  # another server's, perhaps
    from ostiary.metrics import Metrics

    kept: list[Metrics] = []

    async def public() -> App:
        metrics = Metrics()
        kept.append(metrics)
        stack = contextlib.AsyncExitStack()
        opening = open_serving(server, metrics.watch)
        opened.append(await stack.enter_async_context(opening))
        sampling = asyncio.create_task(metrics.keep_sampling())
        stack.callback(sampling.cancel)
        return metrics.timed(_web_app(server, opened[-1], stack))

    return public, lambda: WebApp([Health(opened[-1], kept[-1].render)])


def _web_app(server: Server, serving: Serving, stack: contextlib.AsyncExitStack) -> App:
    web = WebApp(
        serving.fronts,
        shutdown=stack.aclose,
        trusted_proxies=[str(proxy) for proxy in server.trusted_proxies],
    )
    return beside(web, serving.socket)
