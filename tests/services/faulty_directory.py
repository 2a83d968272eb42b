"""An LDAP server over loopback that is honest until it is told otherwise.

    with faulty_directory() as directory:
        directory.manner = Manner.SILENT       # or DRIPPING, DYING, …
        directory.twist = lambda request, answers: …   # what is said instead
        directory.go(); directory.come_back()          # the port is closed meanwhile

It lets in whoever binds without a password, as careless directories do, and keeps every
bind and search that arrived. Bytes are made in `ldap_messages`.
"""

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from tests.services import ldap_messages as ldap
from tests.services.certificates import Issued
from tests.services.provision import free_port

HOST = "127.0.0.1"
BASE = "dc=faulty,dc=test"
PEOPLE = f"ou=people,{BASE}"
JDOE = f"uid=jdoe,{PEOPLE}"
STAFF = f"cn=staff,ou=groups,{BASE}"
PASSWORD = "Right-Passw0rd!"
GUID = bytes.fromhex("00112233445566778899aabbccddeeff")
"""The example of contract auth0 §4.3, whose text is GUID_TEXT."""
GUID_TEXT = "33221100-5544-7766-8899-aabbccddeeff"
DRIP_SECONDS = 0.5
READY_SECONDS = 10.0

Answers = Iterable[bytes]
Twist = Callable[[ldap.Request, list[bytes]], Answers]
"""From the honest messages to those that are sent."""


class Manner(Enum):
    """How it treats its clients. DEAF: never shakes hands. DYING: in mid-answer."""

    HONEST = auto()
    SILENT = auto()
    DEAF = auto()
    DRIPPING = auto()
    DYING = auto()


def jdoe(**changes: Sequence[bytes]) -> dict[str, Sequence[bytes]]:
    """The one person's entry, with attributes changed; an empty list takes one out."""
    values: dict[str, Sequence[bytes]] = {
        "objectClass": [b"inetOrgPerson"],
        "uid": [b"jdoe"],
        "cn": [b"J. Doe"],
        "sn": [b"Doe"],
        "givenName": [b"J."],
        "mail": [b"jdoe@faulty.test"],
        "objectGUID": [GUID],
        **changes,
    }
    return {name: each for name, each in values.items() if each}


def honest_entries() -> dict[str, Mapping[str, Sequence[bytes]]]:
    """One person and their group."""
    group = {"objectClass": [b"groupOfNames"], "cn": [b"staff"]}
    return {
        BASE: {"objectClass": [b"domain"]},
        JDOE: jdoe(),
        STAFF: {**group, "member": [JDOE.encode()]},
    }


@dataclass
class FaultyDirectory:
    """What it is told, and what it saw; may be changed from any thread."""

    port: int
    tls: ssl.SSLContext | None = None
    start_tls: ssl.SSLContext | None = None
    entries: dict[str, Mapping[str, Sequence[bytes]]] = field(
        default_factory=honest_entries
    )
    passwords: dict[str, str] = field(default_factory=lambda: {JDOE: PASSWORD})
    accepts_all: bool = False
    manner: Manner = Manner.HONEST
    twist: Twist | None = None
    binds: list[tuple[str, str]] = field(default_factory=list)
    searches: list[ldap.Request] = field(default_factory=list)
    accepted: int = 0
    said: int = 0
    go: Callable[[], None] = field(default=lambda: None, repr=False)
    come_back: Callable[[], None] = field(default=lambda: None, repr=False)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{'ldaps' if self.tls else 'ldap'}://localhost:{self.port}"

    @property
    def options(self) -> dict[str, object]:
        """The options of a connection to it, but for a CA."""
        return {"urls": [self.url], "base_dn": BASE}

    def behave(self) -> None:
        """Be honest again, and forget what was seen."""
        self.manner, self.twist, self.accepts_all = Manner.HONEST, None, False
        self.entries = honest_entries()
        self.binds.clear()
        self.searches.clear()
        self.accepted = self.said = 0

    def answers(self, request: ldap.Request) -> list[bytes]:
        """The honest messages."""
        own = request.message_id
        if request.kind == ldap.BIND:
            self.binds.append((request.dn, request.password))
            return [
                ldap.message(
                    own, ldap.result(ldap.BIND_RESPONSE, self._let(own, request))
                )
            ]
        if request.kind == ldap.SEARCH:
            self.searches.append(request)
            return [ldap.message(own, each) for each in self._found(request)]
        if request.kind == ldap.EXTENDED:
            known = request.name == ldap.START_TLS and self.start_tls is not None
            code = ldap.SUCCESS if known else ldap.PROTOCOL_ERROR
            return [ldap.message(own, ldap.result(ldap.EXTENDED_RESPONSE, code))]
        return []

    def _let(self, own: int, request: ldap.Request) -> int:
        known = self.passwords.get(request.dn) == request.password
        lets = known or self.accepts_all or not request.password
        return ldap.SUCCESS if lets else ldap.INVALID_CREDENTIALS

    def _found(self, request: ldap.Request) -> Iterator[bytes]:
        code = ldap.SUCCESS
        if request.is_for_root:
            yield ldap.entry("", {"namingContexts": [BASE.encode()]})
        elif request.scope == 0:
            held = self.entries.get(request.dn)
            code = ldap.NO_SUCH_OBJECT if held is None else code
            if held is not None:
                yield ldap.entry(request.dn, held)
        else:
            found = [
                ldap.entry(dn, values)
                for dn, values in self.entries.items()
                if dn.endswith(request.dn) and ldap.matches(request.filter, values)
            ]
            most = request.most or len(found)
            code = ldap.SIZE_LIMIT_EXCEEDED if len(found) > most else code
            yield from found[:most]
        yield ldap.result(ldap.SEARCH_DONE, code)


class _Serving:
    """The loop, in a thread of its own, and who is connected."""

    def __init__(self, directory: FaultyDirectory) -> None:
        self.directory = directory
        self.server: asyncio.Server | None = None
        self.sessions: set[asyncio.Task[None]] = set()
        self.loop = asyncio.new_event_loop()

    async def listen(self) -> None:
        self.server = await asyncio.start_server(
            self.session, HOST, self.directory.port, limit=1 << 20
        )

    async def leave(self) -> None:
        if self.server is not None:
            self.server.close()
        for session in list(self.sessions):
            session.cancel()
        await asyncio.gather(*self.sessions, return_exceptions=True)

    async def session(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.sessions.add(task)
        self.directory.accepted += 1
        try:
            await self.serve(reader, writer)
        except (OSError, ValueError, asyncio.CancelledError, EOFError):
            pass
        finally:
            self.sessions.discard(task)
            writer.transport.abort()

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        directory = self.directory
        if directory.manner is Manner.DEAF:
            await asyncio.sleep(3600)
        if directory.tls is not None:
            await writer.start_tls(directory.tls)
        buffer = bytearray()
        while data := await reader.read(1 << 16):
            buffer += data
            while length := ldap.whole(buffer):
                request = ldap.request_of(bytes(buffer[:length]))
                del buffer[:length]
                if request.kind == ldap.UNBIND:
                    return
                await self.answer(request, writer)

    async def answer(self, request: ldap.Request, writer: asyncio.StreamWriter) -> None:
        directory = self.directory
        honest = directory.answers(request)
        if directory.manner is Manner.SILENT:
            return
        twisted = directory.twist(request, honest) if directory.twist else honest
        for said in twisted:
            if directory.manner is Manner.DYING:
                writer.write(said[: len(said) // 2])
                await writer.drain()
                raise EOFError
            if directory.manner is Manner.DRIPPING:
                for octet in said:
                    writer.write(bytes([octet]))
                    await asyncio.sleep(DRIP_SECONDS)
                continue
            writer.write(said)
            directory.said += len(said)
            await writer.drain()
        if request.name == ldap.START_TLS and directory.start_tls is not None:
            await writer.start_tls(directory.start_tls)


@contextlib.contextmanager
def faulty_directory(
    *, tls: Issued | None = None, start_tls: Issued | None = None
) -> Iterator[FaultyDirectory]:
    """A running server. With a certificate it speaks LDAPS, or offers StartTLS."""
    directory = FaultyDirectory(free_port(), _context(tls), _context(start_tls))
    serving = _Serving(directory)
    thread = threading.Thread(target=serving.loop.run_forever, daemon=True)
    thread.start()

    def do(what: Callable[[], Coroutine[Any, Any, None]]) -> None:
        asyncio.run_coroutine_threadsafe(what(), serving.loop).result(READY_SECONDS)

    directory.go = lambda: do(serving.leave)
    directory.come_back = lambda: do(serving.listen)
    directory.come_back()
    try:
        yield directory
    finally:
        directory.go()
        serving.loop.call_soon_threadsafe(serving.loop.stop)
        thread.join(READY_SECONDS)
        serving.loop.close()


def _context(issued: Issued | None) -> ssl.SSLContext | None:
    if issued is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.certificate, issued.key)
    return context
