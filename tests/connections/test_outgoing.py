"""The way out: hosts are resolved, judged and reached at the address judged (ADM-09).

Which addresses are allowed is tested in tests/core/test_outgoing.py.
"""

import asyncio
import contextlib
import re
import smtplib
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from ostiary.connections import mail as mail_module
from ostiary.connections.courier import MessageCourier
from ostiary.connections.outgoing import (
    blocking_addresses,
    connect_addresses,
    transport,
)
from ostiary.connections.upstream import Away
from ostiary.core.errors import Reason
from ostiary.flows.ports.messages import Gateway, Mail, MailServer, TextMessage
from ostiary.keys.local_ca import LocalTls, ensure_local_ca
from tests.services.mailsink import mail_sink
from tests.services.webhook import webhook

LOOPBACK = ("127.0.0.0/8", "::1/128")
PUBLIC = "93.184.215.14"
MAIL = Mail("alice@contoso.test", "Code", "Your code: 123456\n")
TEXT = TextMessage("+15551234567", "Your code: 123456", "123456")

HOSTILE = [
    "",
    "localhost",
    "localhost.",
    "LOCALHOST",
    "127.0.0.1",
    "2130706433",
    "0x7f.1",
    "127.1",
    "0177.0.0.1",
    "0",
    "0.0.0.0",  # noqa: S104 - not bound to
    "::1",
    "::",
    "::ffff:127.0.0.1",
    "[::1]",
    "fe80::1%lo",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "169.254.169.254",
    "10.0.0.1",
    "100.100.100.200",
    "192.168.0.1",
    "fd00:ec2::254",
    "１２７.0.0.1",
    "good.example@127.0.0.1",
    "good.example\\@127.0.0.1",
]


class Resolver:
    """In place of the system's: the answers in their order, the last one for ever."""

    def __init__(self, *answers: list[str]) -> None:
        """Answer this."""
        self.answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, host: str, port: int, *_: object, **__: object) -> list[Any]:
        """`socket.getaddrinfo`; addresses are themselves."""
        if host[0].isdigit():
            return [answer(host, port)]
        self.asked.append(host)
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "not known")
        return [answer(each, port) for each in found]


def answer(address: str, port: int) -> tuple[Any, ...]:
    """One line of `getaddrinfo`; what stands behind `%` is the scope."""
    text, _, scope = address.partition("%")
    if ":" in text:
        place: tuple[Any, ...] = (text, port, 0, int(scope or 0))
        return (socket.AF_INET6, socket.SOCK_STREAM, 6, "", place)
    return (socket.AF_INET, socket.SOCK_STREAM, 6, "", (text, port))


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Resolver]:
    """Makes what answers whoever asks for a name."""

    def install(*answers: list[str]) -> Resolver:
        made = Resolver(*answers)

        async def ask(self: object, host: str, port: int, **more: object) -> list[Any]:
            return made(host, port, **more)

        loop = type(asyncio.get_running_loop())
        monkeypatch.setattr(loop, "getaddrinfo", ask)
        monkeypatch.setattr(socket, "getaddrinfo", made)
        return made

    return install


class Ear:
    """Listens on loopback, and counts who comes."""

    def __init__(self) -> None:
        """Nobody yet."""
        self.visits = 0
        self.port = 0

    async def hear(self, _: object, writer: asyncio.StreamWriter) -> None:
        """One more."""
        self.visits += 1
        writer.close()


@pytest.fixture
async def ear() -> AsyncIterator[Ear]:
    """A listening socket on 127.0.0.1."""
    made = Ear()
    server = await asyncio.start_server(made.hear, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()
    await server.wait_closed()


async def refusal(host: str, networks: tuple[str, ...] = ()) -> Away:
    """Why a host that an administrator entered is not connected to."""
    with pytest.raises(Away) as caught:
        await connect_addresses(host, 443, restricted=True, networks=networks)
    with pytest.raises(Away) as blocking:
        blocking_addresses(host, 443, restricted=True, networks=networks)
    assert blocking.value.reason is caught.value.reason
    return caught.value


# --- addresses ------------------------------------------------------------------------


async def test_names_of_tenants_keep_no_others_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A silent name server holds a thread, even when everybody gave up (promise 11)."""
    real, silent = socket.getaddrinfo, threading.Event()

    def resolve(host: str, port: int, **more: Any) -> Any:
        if host == "silent.example":
            silent.wait(30)
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return real(host, port, **more)

    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await connect_addresses(
                    "silent.example", 636, restricted=True, networks=()
                )

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    try:
        await asyncio.gather(*(give_up() for _ in range(50)))
        async with asyncio.timeout(10):
            found = await connect_addresses(
                "localhost", 636, restricted=False, networks=()
            )
    finally:
        silent.set()
    assert set(found) <= {"127.0.0.1", "::1"}
    assert found


@pytest.mark.parametrize("host", HOSTILE)
async def test_adm_09_a_hostile_host_has_no_address(host: str) -> None:
    """Whatever the real resolver of this machine makes of it."""
    away = await refusal(host)
    assert away.reason is Reason.DIRECTORY_MISCONFIGURED
    assert away.detail == "address not allowed"


@pytest.mark.parametrize(
    "inside", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fe80::1%2"]
)
async def test_adm_09_one_address_inside_speaks_against_the_name(
    resolver: Callable[..., Resolver], inside: str
) -> None:
    """Wherever it stands among public ones: none is told."""
    for found in ([inside], [PUBLIC, inside], [inside, PUBLIC]):
        resolver(found)
        assert (await refusal("name.test")).detail == "address not allowed"


async def test_names_that_lead_outside(resolver: Callable[..., Resolver]) -> None:
    """Every address once, in the resolver's order."""
    found = ["2606:4700::1111", PUBLIC, PUBLIC]
    resolver(found)
    told = await connect_addresses("name.test", 443, restricted=True, networks=())
    assert told == found[:2]
    assert (
        blocking_addresses("name.test", 443, restricted=True, networks=()) == found[:2]
    )


async def test_networks_that_the_operator_allows(
    resolver: Callable[..., Resolver],
) -> None:
    """Are allowed, and no other ones."""
    resolver(["10.1.2.3"])
    told = await connect_addresses(
        "dc.test", 636, restricted=True, networks=("10.0.0.0/8",)
    )
    assert told == ["10.1.2.3"]
    assert (await refusal("dc.test", ("10.2.0.0/16",))).detail == "address not allowed"


async def test_what_the_operator_wrote_may_lie_anywhere(
    resolver: Callable[..., Resolver],
) -> None:
    """No name of it is judged."""
    seen = resolver(["127.0.0.1", "fe80::1%2"])
    told = await connect_addresses("dc.test.", 636, restricted=False, networks=())
    assert told == ["127.0.0.1", "fe80::1%2"]
    assert seen.asked == ["dc.test."]


@pytest.mark.parametrize("restricted", [True, False])
async def test_a_name_that_leads_nowhere(
    resolver: Callable[..., Resolver], restricted: bool
) -> None:
    """Is unreachable, and no defect of ours."""
    resolver([])
    with pytest.raises(Away) as caught:
        await connect_addresses("name.test", 443, restricted=restricted, networks=())
    assert caught.value.reason is Reason.DIRECTORY_UNREACHABLE
    with pytest.raises(Away) as caught:
        blocking_addresses("name.test", 443, restricted=restricted, networks=())
    assert caught.value.reason is Reason.DIRECTORY_UNREACHABLE


async def test_literals_ask_nobody(resolver: Callable[..., Resolver]) -> None:
    """An address is itself."""
    seen = resolver(["127.0.0.1"])
    told = await connect_addresses(PUBLIC, 443, restricted=True, networks=())
    assert (told, seen.asked) == ([PUBLIC], [])


# --- requests -------------------------------------------------------------------------


@dataclass
class Place:
    """A server of HTTP on loopback, and the heads of what it was asked."""

    port: int = 0
    heads: list[str] = field(default_factory=list)


@contextlib.asynccontextmanager
async def answering(
    status: int, location: str = "", *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Place]:
    """A server that answers everything so, once for each connection."""
    place = Place()

    async def answer_one(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            head = await reader.readuntil(b"\r\n\r\n")
            place.heads.append(head.decode())
            length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
            await reader.readexactly(int(length[1]) if length else 0)
            lines = f"HTTP/1.1 {status} So\r\ncontent-length: 0\r\n"
            lines += f"location: {location}\r\n" if location else ""
            writer.write(f"{lines}connection: close\r\n\r\n".encode())
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer_one, "127.0.0.1", 0, ssl=tls)
    place.port = server.sockets[0].getsockname()[1]
    yield place
    server.close()
    await server.wait_closed()


@contextlib.asynccontextmanager
async def client(
    networks: tuple[str, ...] = (), *, trust: ssl.SSLContext | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """What a restricted connection asks its upstream with."""
    way = transport(True, networks, trust or ssl.create_default_context())
    async with httpx.AsyncClient(transport=way, timeout=5.0) as made:
        yield made


@pytest.mark.parametrize(
    "host", [*(h for h in HOSTILE if "%" not in h and "@" not in h), "u@127.0.0.1"]
)
async def test_adm_09_no_packet_is_sent_inside(ear: Ear, host: str) -> None:
    """Nobody comes to a socket on loopback, however its address is written."""
    shown = f"[{host}]" if ":" in host and "[" not in host else host
    async with client() as asks:
        for scheme in ("http", "https"):
            with pytest.raises((Away, httpx.HTTPError, httpx.InvalidURL)):
                await asks.get(f"{scheme}://{shown}:{ear.port}/")
    await asyncio.sleep(0.02)
    assert ear.visits == 0


async def test_adm_09_a_name_that_changes_its_meaning(
    ear: Ear, resolver: Callable[..., Resolver]
) -> None:
    """Allowed when it is judged, not when it is asked for again: nobody comes.

    It is asked for once for each request; the connection goes to that very answer.
    """
    seen = resolver(["127.0.0.9"], ["127.0.0.1"])
    async with client(("127.0.0.9/32",)) as asks:
        with pytest.raises(httpx.ConnectError):
            await asks.get(f"http://rebind.test:{ear.port}/")
        assert seen.asked == ["rebind.test"]
        with pytest.raises(Away):
            await asks.get(f"http://rebind.test:{ear.port}/")
    assert seen.asked == ["rebind.test", "rebind.test"]
    assert ear.visits == 0


async def test_adm_09_a_redirect_is_not_followed(
    ear: Ear, resolver: Callable[..., Resolver]
) -> None:
    """And one who followed it would be judged again."""
    resolver(["127.0.0.1"])
    async with answering(302, f"http://127.0.0.2:{ear.port}/") as place:
        networks = ("127.0.0.1/32",)
        async with client(networks) as asks:
            told = await asks.get(f"http://name.test:{place.port}/")
            assert told.status_code == 302
            with pytest.raises(Away):
                await asks.get(f"http://name.test:{place.port}/", follow_redirects=True)
    assert ear.visits == 0


async def test_the_request_says_the_name(resolver: Callable[..., Resolver]) -> None:
    """Address of the connection, but `Host` and path as they were asked for."""
    resolver(["127.0.0.1"])
    async with answering(200) as place, client(LOOPBACK) as asks:
        told = await asks.post(f"http://name.test:{place.port}/a/b?c=d", content=b"x")
    assert told.status_code == 200
    assert str(told.request.url) == f"http://name.test:{place.port}/a/b?c=d"
    [head] = place.heads
    assert head.startswith("POST /a/b?c=d HTTP/1.1\r\n")
    assert f"host: name.test:{place.port}\r\n" in head.lower()


async def test_another_address_is_tried(resolver: Callable[..., Resolver]) -> None:
    """A name with a dead address first is answered by the one behind it."""
    resolver(["127.0.0.9", "127.0.0.1"])
    async with answering(200) as place, client(LOOPBACK) as asks:
        told = await asks.post(f"http://name.test:{place.port}/", content=b"body")
    assert told.status_code == 200
    assert len(place.heads) == 1


# --- certificates ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> LocalTls:
    """A CA, and a certificate of it for localhost and name.test."""
    return ensure_local_ca(tmp_path_factory.mktemp("ca"), ("name.test",))


def offered(tls: LocalTls) -> ssl.SSLContext:
    """What a server offers with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls.certificate_path, tls.key_path)
    return context


async def test_the_certificate_is_checked_for_the_name(
    tls: LocalTls, resolver: Callable[..., Resolver]
) -> None:
    """name.test is proven, other.test at the same address is not, even after it."""
    resolver(["127.0.0.1"])
    trust = ssl.create_default_context(cafile=str(tls.ca_path))
    named: list[str | None] = []
    context = offered(tls)
    context.sni_callback = lambda _, name, __: named.append(name)
    async with answering(200, tls=context) as place:
        async with client(LOOPBACK, trust=trust) as asks:
            told = await asks.get(f"https://name.test:{place.port}/")
            assert told.status_code == 200
            with pytest.raises(httpx.ConnectError, match=r"other\.test"):
                await asks.get(f"https://other.test:{place.port}/")
        async with client(LOOPBACK) as asks:
            with pytest.raises(httpx.ConnectError, match="certificate"):
                await asks.get(f"https://name.test:{place.port}/")
    assert named == ["name.test", "other.test", "name.test"]
    assert len(place.heads) == 1


# --- messages -------------------------------------------------------------------------


@pytest.fixture
async def courier() -> AsyncIterator[Callable[..., MessageCourier]]:
    """Makes couriers with networks of the operator's."""
    made: list[MessageCourier] = []

    def make(*networks: str) -> MessageCourier:
        made.append(MessageCourier(lambda sealed, _: sealed, networks))
        return made[-1]

    yield make
    for each in made:
        await each.close()


async def test_adm_09_messages_of_an_administrators_server(
    courier: Callable[..., MessageCourier], caplog: pytest.LogCaptureFixture
) -> None:
    """Go to no socket inside, unless the operator allows the network."""
    sender = "no-reply@contoso.test"
    with mail_sink() as sink, webhook() as hook:
        server = MailServer(sink.url, sender, restricted=True)
        gateway = Gateway(hook.url, restricted=True)
        assert not await courier().mail(server, MAIL)
        assert not await courier().text(gateway, TEXT)
        assert (sink.count(MAIL.to), hook.count(TEXT.to)) == (0, 0)
        assert caplog.text.count("address not allowed") == 2
        allowed = courier(*LOOPBACK)
        assert await allowed.mail(server, MAIL)
        assert await allowed.text(gateway, TEXT)
        assert (sink.count(MAIL.to), hook.count(TEXT.to)) == (1, 1)


async def test_adm_09_mail_to_a_name_that_changes_its_meaning(
    ear: Ear,
    resolver: Callable[..., Resolver],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The name is asked for once, and the connection goes to that answer."""
    seen = resolver([PUBLIC], ["127.0.0.1"])
    tried: list[tuple[str, int]] = []

    def connect(place: tuple[str, int], timeout: float) -> socket.socket:
        tried.append(place)
        raise OSError

    monkeypatch.setattr(socket, "create_connection", connect)
    url = f"smtp://rebind.test:{ear.port}"
    server = MailServer(url, "no-reply@contoso.test", restricted=True)
    with pytest.raises(OSError):  # noqa: PT011 - ours, from above
        mail_module.deliver(server, url, MAIL)
    assert (seen.asked, tried) == (["rebind.test"], [(PUBLIC, ear.port)])
    assert ear.visits == 0


async def test_a_mail_server_proves_its_name(
    tls: LocalTls, resolver: Callable[..., Resolver]
) -> None:
    """The one that was configured, at the address that was judged."""
    resolver(["127.0.0.9", "127.0.0.1"])
    with mail_sink(tls=offered(tls)) as sink:
        await sent(f"smtp://name.test:{sink.port}", tls)
        with pytest.raises(ssl.SSLCertVerificationError, match=r"other\.test"):
            await sent(f"smtp://other.test:{sink.port}", tls)
        assert [got.tls for got in sink.to(MAIL.to)] == [True]


async def test_a_mail_server_proves_its_name_from_the_beginning(
    tls: LocalTls, resolver: Callable[..., Resolver]
) -> None:
    """With smtps, before anything is said; this one says no more than that."""
    resolver(["127.0.0.1"])
    async with answering(200, tls=offered(tls)) as place:
        with pytest.raises((smtplib.SMTPException, OSError)) as met:
            await sent(f"smtps://name.test:{place.port}", tls, seconds=0.3)
        assert not isinstance(met.value, ssl.SSLError)
        with pytest.raises(ssl.SSLCertVerificationError, match=r"other\.test"):
            await sent(f"smtps://other.test:{place.port}", tls)


async def sent(url: str, tls: LocalTls, *, seconds: float = 5.0) -> None:
    """A mail for a server that an administrator entered, in the time that it takes."""
    server = MailServer(url, "a@b.test", ca=str(tls.ca_path), restricted=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mail_module, "STEP_SECONDS", seconds)
        await asyncio.to_thread(mail_module.deliver, server, url, MAIL, LOOPBACK)
