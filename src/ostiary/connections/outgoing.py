"""The way out: hosts resolved, judged, and connected to at the very address judged.

Which addresses are allowed is told in `core.outgoing`; who asks stands in the adapters.
"""

import asyncio
import socket
import ssl
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final

import httpx

from ostiary.connections.upstream import Away
from ostiary.core.errors import Reason
from ostiary.core.outgoing import find_literal, is_allowed, is_plain_host

FIRST_TRY_SECONDS: Final = 1.5
"""How long an address may take to accept a connection while another one is left."""
_PORTS: Final = {"http": 80, "https": 443}
_APART: Final = ThreadPoolExecutor(8, "names of tenants")
"""Where restricted hosts are resolved. A thread stays with a name whose servers are
silent, whoever gave up meanwhile: tenants must not keep the operator's names waiting.
"""

Found = Sequence[tuple[Any, Any, Any, Any, tuple[Any, ...]]]
"""What the resolver answers, by `socket.getaddrinfo`."""


async def connect_addresses(
    host: str, port: int, *, restricted: bool, networks: tuple[str, ...]
) -> list[str]:
    """The addresses of a host, as the resolver prefers them; at least one.

    restricted: a tenant's administrator entered the host. Then every address must be
    the internet's or within `networks` (CIDR texts), or none is told (ADM-09). Connect
    to what is told, not to the name, which may mean something else by then.
    Raises Away (DIRECTORY_MISCONFIGURED: not allowed; DIRECTORY_UNREACHABLE: no such
    name). Takes as long as the resolver: the caller sets a limit.
    """
    _check_form(host, restricted=restricted)
    if find_literal(host) is not None:
        return _judged([host], restricted=restricted, networks=networks)
    resolve = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    threads = _APART if restricted else None
    try:
        found = await asyncio.get_running_loop().run_in_executor(threads, resolve)
    except (OSError, UnicodeError):
        raise Away(Reason.DIRECTORY_UNREACHABLE, "name not found") from None
    return _judged(_texts(found), restricted=restricted, networks=networks)


def blocking_addresses(
    host: str, port: int, *, restricted: bool, networks: tuple[str, ...]
) -> list[str]:
    """`connect_addresses` for a thread that may wait."""
    _check_form(host, restricted=restricted)
    if find_literal(host) is not None:
        return _judged([host], restricted=restricted, networks=networks)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Away(Reason.DIRECTORY_UNREACHABLE, "name not found") from None
    return _judged(_texts(found), restricted=restricted, networks=networks)


def transport(
    restricted: bool, networks: tuple[str, ...], context: ssl.SSLContext
) -> httpx.AsyncBaseTransport:
    """How an `httpx.AsyncClient` of one connection reaches its upstream.

    restricted: each request is held to `connect_addresses`, and raises its Away.
    context: whom to believe; the certificate is checked for the name in the address.
    No redirect is followed here; clients that followed one would be judged again.
    """
    if not restricted:
        return httpx.AsyncHTTPTransport(verify=context, trust_env=False)
    return _Judged(networks, context)


class _Judged(httpx.AsyncBaseTransport):
    """Connects to the address that was judged, under the name that was asked for.

    One inner transport for each name: two names may share an address, but a
    connection whose certificate proved the one says nothing about the other.
    """

    def __init__(self, networks: tuple[str, ...], context: ssl.SSLContext) -> None:
        self._networks = networks
        self._context = context
        self._inner: dict[str, httpx.AsyncHTTPTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.raw_host.decode("ascii")
        port = request.url.port or _PORTS.get(request.url.scheme)
        if port is None:
            raise httpx.UnsupportedProtocol("neither http nor https", request=request)
        addresses = await connect_addresses(
            host, port, restricted=True, networks=self._networks
        )
        for address in addresses[:-1]:
            try:
                return await self._send(request, host, address, FIRST_TRY_SECONDS)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await self._send(request, host, addresses[-1])

    async def aclose(self) -> None:
        for inner in self._inner.values():
            await inner.aclose()

    async def _send(
        self,
        request: httpx.Request,
        host: str,
        address: str,
        connect: float | None = None,
    ) -> httpx.Response:
        inner = self._inner.get(host)
        if inner is None:
            inner = httpx.AsyncHTTPTransport(verify=self._context, trust_env=False)
            self._inner[host] = inner
        pinned = httpx.Request(
            request.method,
            request.url.copy_with(host=address),
            headers=request.headers,
            stream=request.stream,
            extensions={
                **request.extensions,
                "sni_hostname": host,
                "timeout": _timeout(request.extensions.get("timeout", {}), connect),
            },
        )
        return await inner.handle_async_request(pinned)


def _timeout(
    asked: Mapping[str, float | None], connect: float | None
) -> dict[str, float | None]:
    """The time limits of a request, in seconds, with a shorter one for connecting."""
    limits = [each for each in (asked.get("connect"), connect) if each is not None]
    return {**asked, "connect": min(limits, default=None)}


def _check_form(host: str, *, restricted: bool) -> None:
    if restricted and not is_plain_host(host):
        raise Away(Reason.DIRECTORY_MISCONFIGURED, "address not allowed")


def _texts(found: Found) -> list[str]:
    """Addresses, each once; one with a scope keeps it, and is nobody's then."""
    texts = (
        f"{place[0]}%{place[3]}" if len(place) > 3 and place[3] else str(place[0])
        for *_, place in found
    )
    return list(dict.fromkeys(texts))


def _judged(
    addresses: list[str], *, restricted: bool, networks: tuple[str, ...]
) -> list[str]:
    """All of them, or Away: one that is not allowed speaks against its name."""
    if not addresses:
        raise Away(Reason.DIRECTORY_UNREACHABLE, "name not found")
    if restricted and not all(is_allowed(each, networks) for each in addresses):
        raise Away(Reason.DIRECTORY_MISCONFIGURED, "address not allowed")
    return addresses
