"""The servers of a directory: which is tried when, and how one is reached.

Encrypted and verified before anything is said; what is said is told elsewhere.
"""

import asyncio
import os
import ssl
from collections.abc import Awaitable, Callable
from typing import Final

from ostiary.connections.ldap.link import Link, attach
from ostiary.connections.ldap.options import Address, LdapSettings
from ostiary.connections.ldap.relay import Relay
from ostiary.connections.ldap.start_tls import start_tls
from ostiary.connections.outgoing import connect_addresses
from ostiary.connections.upstream import Away
from ostiary.core.errors import Reason

TRY_SECONDS: Final = 5.0
"""How long all servers but the last may take together to let us in."""
MOST_TRY_SECONDS: Final = 2.5
"""How long one of them may."""
ADDRESS_SECONDS: Final = 1.5
"""How long one address of a name may take to accept while there is another."""
LAST_FOR: Final = 30.0
"""Seconds for which a server that failed is tried after the others."""

Greet = Callable[[Link], Awaitable[None]]


class Servers:
    """The servers of one directory, in the operator's order."""

    def __init__(self, settings: LdapSettings, networks: tuple[str, ...]) -> None:
        """Open nothing; `networks`: where restricted addresses may lie."""
        self._settings = settings
        self._networks = networks
        self._last_until: dict[Address, float] = {}
        self._context: ssl.SSLContext | None = None

    def failed(self, address: Address) -> None:
        """Try that one last for a while."""
        self._last_until[address] = asyncio.get_running_loop().time() + LAST_FOR

    async def open(self, greet: Greet | None = None) -> Link:
        """A link to the first server that lets us in and can be greeted.

        Raises Away when none does, or at once when a server answers that our own name
        or password is wrong: the others would count that too.
        """
        now = asyncio.get_running_loop().time()
        order = sorted(
            self._settings.addresses, key=lambda a: self._last_until.get(a, 0.0) > now
        )
        each = min(MOST_TRY_SECONDS, TRY_SECONDS / len(order))
        for address in order[:-1]:
            try:
                async with asyncio.timeout(each):
                    return await self._enter(address, greet)
            except Away as away:
                if isinstance(away, Unwelcome):
                    raise
            except TimeoutError:
                continue
        return await self._enter(order[-1], greet)

    async def connect(self, address: Address) -> Link:
        """A link to one server, encrypted as configured. Raises Away."""
        try:
            return await self._connect(address)
        except ssl.SSLCertVerificationError as error:
            self._context = None  # the file of the CA may be a new one next time
            raise Away(
                Reason.DIRECTORY_MISCONFIGURED,
                f"{address.url}: certificate not accepted: {error.verify_message}",
            ) from None
        except ssl.SSLError as error:
            raise Away(detail=f"{address.url}: no TLS: {error.reason}") from None
        except (ConnectionResetError, ConnectionAbortedError):
            what = "no TLS: " if address.tls else ""
            raise Away(detail=f"{address.url}: {what}the connection broke") from None
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else type(error).__name__
            raise Away(detail=f"{address.url}: {why}") from None

    async def _enter(self, address: Address, greet: Greet | None) -> Link:
        try:
            link = await self.connect(address)
            try:
                if greet is not None:
                    await greet(link)
            except BaseException:
                link.abort()
                raise
        except Unwelcome:
            raise
        except (Away, asyncio.CancelledError):
            self.failed(address)
            raise
        return link

    async def _connect(self, address: Address) -> Link:
        settings = self._settings
        found = await connect_addresses(
            address.host,
            address.port,
            restricted=settings.restricted,
            networks=self._networks,
        )
        encrypted = address.tls or settings.start_tls
        context = await self._trust() if encrypted else None
        network = await _reach(address, found, context if address.tls else None)
        try:
            if context is not None and not address.tls:
                await start_tls(network, context, address.host)
            return await attach(address, network)
        except BaseException:
            network.abort()
            raise

    async def _trust(self) -> ssl.SSLContext:
        """Whose certificates are believed: the configured CA's alone, or the system's.

        Reading them takes a while, and is done off the event loop.
        """
        if self._context is None:
            try:
                self._context = await asyncio.to_thread(
                    ssl.create_default_context, cafile=self._settings.ca
                )
            except OSError:  # ssl.SSLError is one: not a certificate in there
                raise Away(
                    Reason.DIRECTORY_MISCONFIGURED, "the file of `ca` cannot be read"
                ) from None
        return self._context


class Unwelcome(Away):
    """The directory does not take our own name and password."""


async def _reach(
    address: Address, found: list[str], context: ssl.SSLContext | None
) -> Relay:
    """A connection to the first address that accepts one."""
    loop = asyncio.get_running_loop()
    name = address.host if context is not None else None

    async def to(host: str) -> Relay:
        _, relay = await loop.create_connection(
            Relay, host, address.port, ssl=context, server_hostname=name
        )
        return relay

    for host in found[:-1]:
        try:
            return await asyncio.wait_for(to(host), ADDRESS_SECONDS)
        except ssl.SSLCertVerificationError:
            raise
        except OSError:  # TimeoutError is one
            continue
    return await to(found[-1])
