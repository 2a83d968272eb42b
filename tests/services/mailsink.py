"""A mail server on loopback that keeps what it takes (RFC 5321), for tests.

It speaks STARTTLS and AUTH when told to; `refused@…` is no mailbox of it, `slow@…`
takes its time, and everybody else's mail is kept.
"""

import asyncio
import base64
import contextlib
import email
import email.policy
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage

from tests.services.inbox import Inbox

HOST = "127.0.0.1"
SLOW_SECONDS = 3600.0


@dataclass(frozen=True)
class Received:
    """One mail as it arrived; `tls` says whether the connection was encrypted."""

    sender: str
    to: tuple[str, ...]
    message: EmailMessage = field(repr=False)
    tls: bool
    login: str | None

    @property
    def text(self) -> str:
        """The plain text, with the line ends of this place."""
        body = self.message.get_body(("plain",))
        assert body is not None
        text: str = body.get_content()
        return text.replace("\r\n", "\n")


@dataclass
class MailSink:
    """A running server; `tls` offers STARTTLS, `login` demands that name and password.

    greets: what it says first; anything but 220 turns everybody away.
    """

    port: int = 0
    tls: ssl.SSLContext | None = None
    login: tuple[str, str] | None = None
    greets: str = "220 sink ready"
    inbox: Inbox[Received] = field(default_factory=Inbox)

    @property
    def url(self) -> str:
        """The address, as `smtp` of the configuration takes it."""
        return f"smtp://{HOST}:{self.port}"

    def to(self, address: str, count: int = 1) -> list[Received]:
        """The mails for an address, `count` of them at least."""
        return self.inbox.wait(lambda mail: address in mail.to, count)

    def newest(self, address: str) -> Received:
        """The newest mail for an address."""
        return self.to(address)[-1]

    def count(self, address: str) -> int:
        """How many mails for an address there are by now."""
        return len(self.inbox.found(lambda mail: address in mail.to))


@dataclass
class _Session:
    """One connection of a client."""

    sink: MailSink
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    encrypted: bool = False
    login: str | None = None
    sender: str = ""
    to: list[str] = field(default_factory=list)

    async def serve(self) -> None:
        """Answer until the client goes."""
        await self.say(self.sink.greets)
        while line := (await self.reader.readline()).decode().strip():
            verb, _, rest = line.partition(" ")
            if verb.upper() == "QUIT":
                await self.say("221 bye")
                return
            act = getattr(self, f"on_{verb.lower()}", None)
            await (act(rest) if act else self.say("502 unknown"))

    async def say(self, *lines: str) -> None:
        """One answer of one or more lines."""
        self.writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await self.writer.drain()

    async def on_ehlo(self, rest: str) -> None:
        """What the server can do."""
        offers = ["250-sink", "250-SMTPUTF8", "250-8BITMIME"]
        if self.sink.tls is not None and not self.encrypted:
            offers.append("250-STARTTLS")
        if self.sink.login is not None:
            offers.append("250-AUTH PLAIN")
        await self.say(*offers, "250 HELP")

    async def on_starttls(self, rest: str) -> None:
        """Encrypt from now on (RFC 3207)."""
        assert self.sink.tls is not None
        await self.say("220 go on")
        await self.writer.start_tls(self.sink.tls)
        self.encrypted = True

    async def on_auth(self, rest: str) -> None:
        """AUTH PLAIN with an initial response (RFC 4954, RFC 4616)."""
        _, _, encoded = rest.partition(" ")
        _, name, password = base64.b64decode(encoded).decode().split("\0")
        if (name, password) != self.sink.login:
            await self.say("535 wrong")
            return
        self.login = name
        await self.say("235 welcome")

    async def on_mail(self, rest: str) -> None:
        """Who sends."""
        if self.sink.login is not None and self.login is None:
            await self.say("530 sign in first")
            return
        self.sender, self.to = _path(rest), []
        await self.say("250 fine")

    async def on_rcpt(self, rest: str) -> None:
        """For whom."""
        address = _path(rest)
        if address.startswith("refused@"):
            await self.say("550 no such mailbox")
            return
        self.to.append(address)
        await self.say("250 fine")

    async def on_data(self, rest: str) -> None:
        """The mail itself."""
        await self.say("354 go on")
        octets = b""
        while not octets.endswith(b"\r\n.\r\n"):
            octets += await self.reader.readline()
        if any(address.startswith("slow@") for address in self.to):
            await asyncio.sleep(SLOW_SECONDS)
        content = octets[:-3].replace(b"\r\n..", b"\r\n.")
        parsed = email.message_from_bytes(content, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        kept = (self.sender, tuple(self.to), parsed, self.encrypted, self.login)
        self.sink.inbox.add(Received(*kept))
        await self.say("250 kept")

    async def on_rset(self, rest: str) -> None:
        """Begin again."""
        self.sender, self.to = "", []
        await self.say("250 fine")


def _path(rest: str) -> str:
    """The address in `FROM:<…>` or `TO:<…>`."""
    return rest.partition("<")[2].partition(">")[0]


@contextlib.contextmanager
def mail_sink(
    *,
    tls: ssl.SSLContext | None = None,
    login: tuple[str, str] | None = None,
    greets: str = MailSink.greets,
    port: int = 0,
) -> Iterator[MailSink]:
    """A running sink, in a thread of its own."""
    sink = MailSink(tls=tls, login=login, greets=greets)
    ready, running = threading.Event(), []

    async def answer(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await _Session(sink, reader, writer).serve()
        writer.close()

    async def live() -> None:
        server = await asyncio.start_server(answer, HOST, port)
        sink.port = server.sockets[0].getsockname()[1]
        ended = asyncio.Event()
        running.append((asyncio.get_running_loop(), ended))
        ready.set()
        await ended.wait()

    thread = threading.Thread(target=lambda: asyncio.run(live()), daemon=True)
    thread.start()
    assert ready.wait(5)
    try:
        yield sink
    finally:
        loop, ended = running[0]
        loop.call_soon_threadsafe(ended.set)
        thread.join(5)
