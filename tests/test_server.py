"""The server over real sockets: TLS, bounds, stopping, several workers."""

import asyncio
import contextlib
import datetime
import errno
import ipaddress
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import ostiary
from ostiary.core.errors import Refused
from ostiary.server import (
    BackgroundServer,
    CertificateError,
    Limits,
    ListenError,
    ServeOptions,
    TlsFiles,
)
from ostiary.serving.listeners import explain, open_listeners, parse_listen
from ostiary.web import Handler, HttpRequest, HttpResponse, WebApp, json_response

PATIENCE = 10.0  # seconds; nothing below waits longer for anything


def make_certificate(folder: Path, name: str) -> TlsFiles:
    """A throw-away certificate for localhost whose subject is `name`."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    addresses = [x509.IPAddress(ipaddress.ip_address(a)) for a in ("127.0.0.1", "::1")]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), *addresses]), False
        )
        .sign(key, hashes.SHA256())
    )
    files = TlsFiles(folder / "cert.pem", folder / "key.pem")
    pem = serialization.Encoding.PEM
    files.certificate.write_bytes(certificate.public_bytes(pem))
    files.key.write_bytes(
        key.private_bytes(
            pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return files


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    return make_certificate(tmp_path_factory.mktemp("tls"), "first")


@dataclass
class EchoFront:
    """Answers every path with what it saw; `/hold` waits until released."""

    seen: list[HttpRequest] = field(default_factory=list)
    held: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)
    finished: threading.Event = field(default_factory=threading.Event)

    async def find(self, request: HttpRequest) -> Handler | None:
        return self.hold if request.segments == ("hold",) else self.echo

    async def echo(self, request: HttpRequest) -> HttpResponse:
        self.seen.append(request)
        return json_response(
            200,
            {
                "path": request.path,
                "headers": dict(request.headers),
                "scheme": request.scheme,
                "source": request.source,
                "body": len(request.body),
            },
        )

    async def hold(self, request: HttpRequest) -> HttpResponse:
        self.held.set()
        await asyncio.get_running_loop().run_in_executor(
            None, self.release.wait, PATIENCE
        )
        self.finished.set()
        return json_response(200, {"held": True})

    def refused(self, request: HttpRequest, refused: Refused) -> HttpResponse:
        raise NotImplementedError

    def failed(self, request: HttpRequest, error_id: str) -> HttpResponse:
        raise NotImplementedError

    def malformed(self, request: HttpRequest, why: str, status: int) -> HttpResponse:
        raise NotImplementedError


@dataclass
class Running:
    """A server under test."""

    server: BackgroundServer
    front: EchoFront
    tls: TlsFiles | None

    def connect(self, which: int = 0) -> socket.socket:
        """Connect, with TLS that trusts the certificate where there is TLS."""
        raw = self.connect_raw(which)
        if self.tls is None:
            return raw
        context = ssl.create_default_context(cafile=str(self.tls.certificate))
        return context.wrap_socket(raw, server_hostname="localhost")

    def connect_raw(self, which: int = 0) -> socket.socket:
        return socket.create_connection(self.server.addresses[which], timeout=PATIENCE)


@contextlib.contextmanager
def running(
    tls: TlsFiles | None = None,
    *,
    limits: Limits | None = None,
    listen: tuple[str, ...] = ("127.0.0.1:0",),
    **options: Any,
) -> Iterator[Running]:
    front = EchoFront()
    server = BackgroundServer(
        ServeOptions(listen, tls, limits=limits or Limits(), **options),
        lambda: WebApp([front]),
        lambda: WebApp([front]),
    )
    with server:
        try:
            yield Running(server, front, tls)
        finally:
            front.release.set()


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def read_answer(stream: IO[bytes]) -> Answer:
    """Read one answer off a connection; EOFError when the server closed instead."""
    line = stream.readline()
    if not line:
        raise EOFError
    headers = {}
    while (field_line := stream.readline().strip()) != b"":
        name, _, value = field_line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    body = stream.read(int(headers.get("content-length", "0")))
    return Answer(int(line.split()[1]), headers, body)


def exchange(connection: socket.socket, request: bytes) -> Answer:
    connection.sendall(request)
    return read_answer(connection.makefile("rb"))


def get(path: str, *fields: bytes) -> bytes:
    lines = [f"GET {path} HTTP/1.1".encode(), b"Host: localhost", *fields]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def is_cut(connection: socket.socket) -> bool:
    """Whether the server ends the connection without another byte of HTTP."""
    try:
        return not re.match(rb"HTTP/", connection.recv(1024))
    except ConnectionError:
        return True


def wait_until(happened: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Give something some time; whether it happened."""
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.002)
    return True


# ---------------------------------------------------------------- what is served


def test_https_is_served_and_tells_nothing_of_the_server(tls: TlsFiles) -> None:
    """A request over TLS is answered with Date, hardened, and without Server."""
    with running(tls) as it, it.connect() as connection:
        answer = exchange(connection, get("/hello"))
        assert isinstance(connection, ssl.SSLSocket)
        assert connection.version() == "TLSv1.3"
    assert (answer.status, answer.json()["path"]) == (200, "/hello")
    assert answer.json()["scheme"] == "https"
    assert answer.json()["source"] == "127.0.0.1"
    assert "server" not in answer.headers
    assert "date" in answer.headers
    assert answer.headers["strict-transport-security"].startswith("max-age=31536000")


def test_raw_latin_1_in_a_header_value_is_accepted(tls: TlsFiles) -> None:
    """MSAL Python sends `upn:müller@…` as the raw byte 0xFC (Entra contract §3.1)."""
    field_line = "X-AnchorMailbox: upn:müller@contoso.test".encode("latin-1")
    with running(tls) as it, it.connect() as connection:
        answer = exchange(connection, get("/", field_line))
    assert answer.json()["headers"]["x-anchormailbox"] == "upn:müller@contoso.test"


def test_every_listener_speaks_tls_and_the_metrics_listener_does_not(
    tls: TlsFiles,
) -> None:
    """IPv4 and IPv6 listeners share the certificate; metrics are plain HTTP."""
    listen = ("127.0.0.1:0", "[::1]:0")
    with running(tls, listen=listen, metrics_listen="127.0.0.1:0") as it:
        sources = []
        for which in range(2):
            with it.connect(which) as connection:
                sources.append(exchange(connection, get("/")).json()["source"])
        metrics = it.server.metrics_addresses[0]
        with socket.create_connection(metrics, timeout=PATIENCE) as connection:
            plain = exchange(connection, get("/metrics"))
    assert sources == ["127.0.0.1", "::1"]
    assert (plain.json()["path"], plain.json()["scheme"]) == ("/metrics", "http")


def test_an_empty_host_listens_on_both_families(tls: TlsFiles) -> None:
    """`:PORT` is every interface; an IPv4 client there has an IPv4 address."""
    with running(tls, listen=(":0",)) as it:
        port = it.server.addresses[0][1]
        context = ssl.create_default_context(cafile=str(tls.certificate))
        sources = []
        for host in ("127.0.0.1", "::1"):
            raw = socket.create_connection((host, port), timeout=PATIENCE)
            with context.wrap_socket(raw, server_hostname="localhost") as connection:
                sources.append(exchange(connection, get("/")).json()["source"])
    assert sources == ["127.0.0.1", "::1"]


def test_tls_off_is_plain_http() -> None:
    """Behind a proxy that ends TLS, the same listener speaks HTTP."""
    with running(None) as it, it.connect() as connection:
        assert exchange(connection, get("/")).json()["scheme"] == "http"


# ------------------------------------------------------------------------- TLS


def test_plain_http_at_the_tls_port_fails_quietly(
    tls: TlsFiles, caplog: pytest.LogCaptureFixture
) -> None:
    """It gets no HTTP, the log stays empty, and others are served as before."""
    with running(tls) as it:
        with it.connect_raw() as connection:
            connection.sendall(get("/"))
            assert is_cut(connection)
        with it.connect() as connection:
            assert exchange(connection, get("/")).status == 200
        assert len(it.front.seen) == 1
    assert caplog.text == ""


def test_a_stalled_handshake_is_cut(tls: TlsFiles) -> None:
    """A client that connects and never speaks TLS does not stay."""
    limits = Limits(handshake_seconds=0.2)
    with running(tls, limits=limits) as it, it.connect_raw() as connection:
        connection.sendall(b"\x16\x03\x01")
        assert is_cut(connection)


@pytest.mark.filterwarnings("ignore:.*TLSv1_1:DeprecationWarning")
def test_tls_before_1_2_is_refused(tls: TlsFiles) -> None:
    """RFC 8996: a client that speaks 1.1 at most fails where one with 1.2 does not."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(tls.certificate)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1_1
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with running(tls) as it:
        with it.connect_raw() as raw:
            newer = context.wrap_socket(raw, server_hostname="localhost")
            with newer:
                assert newer.version() == "TLSv1.2"
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        with it.connect_raw() as raw, pytest.raises(ssl.SSLError):
            context.wrap_socket(raw, server_hostname="localhost")


def test_an_unusable_certificate_is_one_line(tmp_path: Path) -> None:
    """Absent and wrong files are named before anything listens."""
    files = make_certificate(tmp_path, "x")
    app: Callable[[], WebApp] = lambda: WebApp([])  # noqa: E731
    absent = TlsFiles(files.certificate, tmp_path / "none.pem")
    with pytest.raises(CertificateError, match=r"none\.pem: no such file"):
        BackgroundServer(ServeOptions(["127.0.0.1:0"], absent), app)
    files.key.write_text("no key")
    with pytest.raises(CertificateError, match=r"cert\.pem with .*key\.pem: .+") as e:
        BackgroundServer(ServeOptions(["127.0.0.1:0"], files), app)
    assert "\n" not in str(e.value)


# ---------------------------------------------------------- bounds of a connection


@pytest.mark.parametrize(
    "head",
    [
        get("/", b"X: " + b"x" * 70_000),
        get("/", *[b"X-%d: " % n + b"x" * 500 for n in range(150)]),
        get("/", *[b"X-%d: 1" % n for n in range(250)]),
        get("/" + "x" * 70_000),
    ],
    ids=["one field", "many long fields", "too many fields", "target"],
)
def test_a_head_over_the_limit_is_431_and_the_end(head: bytes) -> None:
    """RFC 6585 §5: refused by its size, the application is not asked."""
    with running() as it, it.connect() as connection:
        answer = exchange(connection, head)
        assert answer.status == 431
        assert answer.headers["connection"] == "close"
        assert is_cut(connection)
        assert it.front.seen == []


def test_an_endless_head_is_cut_before_it_ends() -> None:
    """The limit also holds for a head that never completes, within one read of it."""
    with running() as it, it.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX: ")
        sent = 0
        with contextlib.suppress(ConnectionError):
            while sent < 4_000_000:
                sent += connection.send(b"x" * 16_384)
        assert sent < 4_000_000 or read_answer(connection.makefile("rb")).status == 431
        assert it.front.seen == []


def test_a_head_within_the_limit_passes() -> None:
    """60,000 bytes in one field are fine."""
    with running() as it, it.connect() as connection:
        answer = exchange(connection, get("/", b"X: " + b"x" * 60_000))
    assert answer.json()["headers"]["x"] == "x" * 60_000


def test_a_head_that_does_not_complete_in_time_is_cut() -> None:
    """Dribbling bytes does not help: the time is for the whole head."""
    with running(limits=Limits(head_seconds=0.3)) as it, it.connect() as connection:
        start = time.monotonic()
        connection.settimeout(0.05)
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ")
        with pytest.raises(ConnectionError):  # noqa: PT012 - the wait is the test
            while time.monotonic() < start + PATIENCE:
                with contextlib.suppress(TimeoutError):
                    if connection.recv(1) == b"":
                        raise ConnectionResetError
                connection.sendall(b"x")
        assert time.monotonic() - start < 3
        assert it.front.seen == []


def test_a_silent_connection_is_cut() -> None:
    """A client that connects and sends nothing at all does not stay."""
    with running(limits=Limits(head_seconds=0.2)) as it, it.connect() as connection:
        assert connection.recv(1) == b""


def test_stray_line_breaks_do_not_keep_a_connection() -> None:
    """After an answer, bytes that begin no request do not disarm the clocks."""
    with running(limits=Limits(head_seconds=0.2)) as it, it.connect() as connection:
        assert exchange(connection, get("/")).status == 200
        connection.sendall(b"\r\n")
        assert connection.recv(1) == b""


def test_an_idle_connection_is_kept_and_then_closed() -> None:
    """Longer than a head may take, as long as the idle time says."""
    limits = Limits(head_seconds=0.1, idle_seconds=1)
    with running(limits=limits) as it, it.connect() as connection:
        start = time.monotonic()
        assert exchange(connection, get("/")).status == 200
        assert connection.recv(1) == b""
        assert 0.9 < time.monotonic() - start < 5


def test_a_client_that_does_not_take_its_answers_is_cut() -> None:
    """It asks until the server can write no more, and reads too late: the rest is gone.

    When the pipe is full, requests wait unseen behind the answer that cannot be sent.
    """
    with running(limits=Limits(idle_seconds=1)) as it, socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(PATIENCE)
        connection.connect(it.server.addresses[0])
        asked = 0

        def all_seen() -> bool:
            return asked == len(it.front.seen)

        while all_seen():
            connection.sendall(get("/", b"X: " + b"x" * 60_000))
            asked += 1
            wait_until(all_seen, 0.3)
        time.sleep(1)
        stream = connection.makefile("rb")
        answers = 0
        with contextlib.suppress(EOFError, ConnectionError):
            while len(read_answer(stream).body) > 60_000:
                answers += 1
        assert 0 < answers < asked - 1


def test_slow_work_is_not_a_slow_head() -> None:
    """The clock of the head stops with the head: a long answer is waited for."""
    with running(limits=Limits(head_seconds=0.1)) as it, it.connect() as connection:
        connection.sendall(get("/hold"))
        assert it.front.held.wait(PATIENCE)
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        it.front.release.set()
        connection.settimeout(PATIENCE)
        assert read_answer(connection.makefile("rb")).json() == {"held": True}


def test_a_short_pipeline_is_answered_in_order() -> None:
    """RFC 9112 §9.3.2: answers come in the order of the requests."""
    with running() as it, it.connect() as connection:
        connection.sendall(b"".join(get(f"/{n}") for n in range(10)))
        stream = connection.makefile("rb")
        paths = [read_answer(stream).json()["path"] for _ in range(10)]
    assert paths == [f"/{n}" for n in range(10)]


def test_a_deep_pipeline_is_cut() -> None:
    """A thousand requests in one go are not queued."""
    with running() as it, it.connect() as connection:
        connection.sendall(b"".join(get(f"/{n}") for n in range(1000)))
        answers = 0
        with contextlib.suppress(EOFError, ConnectionError):
            stream = connection.makefile("rb")
            while True:
                read_answer(stream)
                answers += 1
        assert answers < 20
        assert len(it.front.seen) < 20


def test_trailers_are_not_header_fields() -> None:
    """RFC 9110 §6.5.1: what comes after the body cannot pass for a header."""
    request = (
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3\r\nabc\r\n0\r\nX-Forwarded-For: 6.6.6.6\r\nAuthorization: x\r\n\r\n"
    )
    with running() as it, it.connect() as connection:
        seen = exchange(connection, request).json()
    assert seen["body"] == 3
    assert set(seen["headers"]) == {"host", "transfer-encoding"}


def test_an_ambiguous_length_is_400() -> None:
    """RFC 9112 §6.1: Content-Length beside Transfer-Encoding is smuggling."""
    request = (
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    )
    with running() as it, it.connect() as connection:
        assert exchange(connection, request).status == 400
        assert is_cut(connection)
        assert it.front.seen == []


def test_an_upgrade_is_ignored_and_the_connection_ends() -> None:
    """RFC 9110 §7.8: a server may ignore Upgrade; no later request hangs in it."""
    fields = (b"Connection: Upgrade", b"Upgrade: h2c")
    with running() as it, it.connect() as connection:
        answer = exchange(connection, get("/", *fields))
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert connection.recv(1) == b""


def test_a_broken_request_behind_another_gets_no_answer_of_its_own() -> None:
    """Its 400 could pass for the answer to the first: the connection just ends."""
    with running() as it, it.connect() as connection:
        connection.sendall(get("/hold") + b"\x00nonsense\r\n\r\n")
        assert is_cut(connection)


# -------------------------------------------------------------------- stopping


def test_stopping_finishes_what_is_under_way(tls: TlsFiles) -> None:
    """A request in flight is answered, idle connections close, new ones are refused."""
    with running(tls) as it:
        busy, idle = it.connect(), it.connect()
        assert exchange(idle, get("/")).status == 200
        busy.sendall(get("/hold"))
        assert it.front.held.wait(PATIENCE)
        stopper = threading.Thread(target=it.server.stop)
        stopper.start()
        assert is_cut(idle)
        with pytest.raises(ConnectionError):
            it.connect_raw()
        it.front.release.set()
        answer = read_answer(busy.makefile("rb"))
        busy.close()
        idle.close()
        stopper.join(PATIENCE)
        assert not stopper.is_alive()
    assert answer.json() == {"held": True}
    assert answer.headers["connection"] == "close"


def test_the_grace_has_an_end() -> None:
    """What does not finish in time is cut, and the stop returns."""
    with running(limits=Limits(grace_seconds=0.2)) as it, it.connect() as connection:
        connection.sendall(get("/hold"))
        assert it.front.held.wait(PATIENCE)
        stopper = threading.Thread(target=it.server.stop)
        stopper.start()
        assert is_cut(connection)
        it.front.release.set()
        stopper.join(PATIENCE)
        assert not stopper.is_alive()
        assert not it.front.finished.is_set()


def test_a_client_that_leaves_does_not_stop_its_request() -> None:
    """The handler runs to its end: nothing it commits is left half done."""
    with running() as it:
        with it.connect() as connection:
            connection.sendall(get("/hold"))
            assert it.front.held.wait(PATIENCE)
        it.front.release.set()
        assert it.front.finished.wait(PATIENCE)


def test_what_keeps_the_application_from_starting_is_raised() -> None:
    """`start` raises what `make_app` raised, and the port is free again."""

    async def make_app() -> WebApp:
        raise LookupError("no store")

    server = BackgroundServer(ServeOptions(["127.0.0.1:0"], None), make_app)
    with pytest.raises(LookupError, match="no store"):
        server.start()
    host, port = server.addresses[0]
    for listener in open_listeners(f"{host}:{port}"):
        listener.close()


def test_the_lifespan_surrounds_the_service() -> None:
    """Startup is over before the first request, shutdown comes after the last."""
    calls: list[str] = []

    def step(name: str) -> Callable[[], Awaitable[None]]:
        async def act() -> None:
            calls.append(name)

        return act

    app = WebApp([], startup=step("up"), shutdown=step("down"))
    with BackgroundServer(ServeOptions(["127.0.0.1:0"], None), lambda: app):
        assert calls == ["up"]
    assert calls == ["up", "down"]


# ------------------------------------------------------------------- addresses


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8443", ("127.0.0.1", 8443)),
        ("0.0.0.0:8443", ("0.0.0.0", 8443)),  # noqa: S104 - text, not a bind
        ("[::1]:443", ("::1", 443)),
        (":443", ("", 443)),
        ("localhost:9464", ("localhost", 9464)),
    ],
)
def test_the_forms_of_an_address(text: str, address: tuple[str, int]) -> None:
    """HOST:PORT, [IPv6]:PORT and :PORT (interface.md §2, `listen`)."""
    assert parse_listen(text) == address


@pytest.mark.parametrize("text", ["8443", "::1:443", "host:", "host:99999", "h:x", ""])
def test_other_forms_are_refused_in_one_line(text: str) -> None:
    """The line quotes what was written and says what is allowed."""
    with pytest.raises(ListenError, match="HOST:PORT") as refusal:
        parse_listen(text)
    assert repr(text) in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_an_address_in_use_is_told() -> None:
    """The line names the address and what is wrong with it."""
    (taken,) = open_listeners("127.0.0.1:0")
    port = taken.getsockname()[1]
    with taken, pytest.raises(ListenError) as refusal:
        open_listeners(f"127.0.0.1:{port}")
    assert f"127.0.0.1:{port}" in str(refusal.value)
    assert "another program listens there" in str(refusal.value)


def test_a_low_port_without_privilege_tells_the_ways_round_it() -> None:
    """Port 443 refused by the kernel: capability, sysctl, or another port."""
    told = explain(PermissionError(errno.EACCES, "Permission denied"), 443)
    for way in ("CAP_NET_BIND_SERVICE", "ip_unprivileged_port_start=443", "firewall"):
        assert way in told
    assert "\n" not in told


def test_an_address_of_another_machine_is_told() -> None:
    """192.0.2.1 (RFC 5737) is nobody's."""
    with pytest.raises(ListenError, match="no such address"):
        open_listeners("192.0.2.1:0")


def test_a_listener_that_may_fail_is_left_out_and_told() -> None:
    """The others serve; `missed` has the reason in one line."""
    (taken,) = open_listeners("127.0.0.1:0")
    address = f"127.0.0.1:{taken.getsockname()[1]}"
    with taken, running(listen_if_possible=(address,)) as it:
        (line,) = it.server.missed
        with it.connect() as connection:
            assert exchange(connection, get("/")).status == 200
    assert address in line
    assert "another program" in line


def test_one_address_in_use_frees_the_others() -> None:
    """A server that cannot have all its addresses keeps none."""
    (free,), (taken,) = open_listeners("127.0.0.1:0"), open_listeners("127.0.0.1:0")
    free_at, taken_at = (f"127.0.0.1:{s.getsockname()[1]}" for s in (free, taken))
    free.close()
    with taken, pytest.raises(ListenError):
        BackgroundServer(ServeOptions([free_at, taken_at], None), lambda: WebApp([]))
    open_listeners(free_at)[0].close()


# ------------------------------------------------------------------- processes

PROGRAM = """
import asyncio, json, os, sys, time
from pathlib import Path
from ostiary.server import Limits, ServeOptions, TlsFiles, run

settings = json.loads(sys.argv[1])

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        for phase in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{phase}.complete"})
        return
    if scope["path"] == "/block":
        time.sleep(0.5)
    if scope["path"] == "/slow":
        await asyncio.sleep(0.5)
    body = str(os.getpid()).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})

async def make_app():
    if settings.get("broken"):
        raise LookupError("no store here")
    return app

tls = TlsFiles(*map(Path, settings["tls"])) if settings.get("tls") else None
options = ServeOptions(
    settings["listen"], tls, ready_line="ready here", workers=settings["workers"],
    limits=Limits(grace_seconds=3),
)
sys.exit(run(options, make_app))
"""


@contextlib.contextmanager
def process(**settings: Any) -> Iterator[subprocess.Popen[str]]:
    """Run the server as a program of its own; it is killed at the end."""
    source = str(Path(ostiary.__file__).parents[1])
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, json.dumps(settings)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": source},
    )
    try:
        yield program
    finally:
        program.kill()
        program.communicate()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


@contextlib.contextmanager
def ready_process(**settings: Any) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """As `process`, once it said that it is ready; with its port."""
    port = free_port()
    with process(listen=[f"127.0.0.1:{port}"], **settings) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready here\n"
        yield program, port


def pid_at(port: int, path: str = "/") -> int:
    """Which process answers a new connection."""
    where = ("127.0.0.1", port)
    with socket.create_connection(where, timeout=PATIENCE) as connection:
        return int(exchange(connection, get(path)).body)


def pid_beside(port: int, busy: int) -> int:
    """Which other process answers while `busy` can not; waits for one to exist."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        blocker = threading.Thread(target=pid_at, args=(port, "/block"))
        blocker.start()
        pid = pid_at(port)
        blocker.join()
        if pid != busy:
            return pid
    raise AssertionError(f"only {busy} answers")


@pytest.mark.parametrize("workers", [1, 2])
def test_serving_says_ready_once_and_stops_with_zero(workers: int) -> None:
    """One line on the standard output, and exit code 0 after SIGTERM."""
    with ready_process(workers=workers) as (program, port):
        assert pid_at(port) > 0
        program.send_signal(signal.SIGTERM)
        out, err = program.communicate(timeout=PATIENCE)
        assert (program.returncode, out, err) == (0, "", "")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_request_under_way_survives_the_order_to_stop(workers: int) -> None:
    """SIGINT lets it finish; then the port is free."""
    with ready_process(workers=workers) as (program, port):
        where = ("127.0.0.1", port)
        with socket.create_connection(where, timeout=PATIENCE) as connection:
            assert exchange(connection, get("/")).status == 200
            connection.sendall(get("/slow"))
            time.sleep(0.1)  # let it arrive
            program.send_signal(signal.SIGINT)
            assert read_answer(connection.makefile("rb")).status == 200
        assert program.wait(PATIENCE) == 0
        assert is_free(port)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_port_in_use_is_one_line_and_exit_one(workers: int) -> None:
    """Nothing on the standard output: it was never ready."""
    (taken,) = open_listeners("127.0.0.1:0")
    address = f"127.0.0.1:{taken.getsockname()[1]}"
    with taken, process(listen=[address], workers=workers) as program:
        out, err = program.communicate(timeout=PATIENCE)
    assert (program.returncode, out) == (1, "")
    assert err == (
        f"ostiary: cannot listen on {address}: another program listens there already\n"
    )


@pytest.mark.parametrize("workers", [1, 2])
def test_an_application_that_cannot_start_ends_with_one(workers: int) -> None:
    """No endless restarts before the first `ready`; the reason is logged."""
    address = f"127.0.0.1:{free_port()}"
    with process(listen=[address], workers=workers, broken=True) as program:
        out, err = program.communicate(timeout=PATIENCE)
    assert (program.returncode, out) == (1, "")
    assert "LookupError: no store here" in err


def test_two_workers_serve_and_a_killed_one_comes_back() -> None:
    """Both answer; after kill -9 of one the other goes on and a new one joins."""
    with ready_process(workers=2) as (program, port):
        first = pid_at(port)
        second = pid_beside(port, first)
        assert program.pid not in (first, second)
        os.kill(first, signal.SIGKILL)
        assert pid_at(port) != first
        third = pid_beside(port, second)
        assert third not in (first, program.pid)
        program.send_signal(signal.SIGTERM)
        out, err = program.communicate(timeout=PATIENCE)
        assert (program.returncode, out) == (0, "")
        assert f"worker {first} ended with -9 and is replaced" in err


def test_workers_do_not_outlive_their_parent() -> None:
    """When the parent is killed the workers stop, and the port is free."""
    with ready_process(workers=2) as (program, port):
        program.kill()
        program.wait(PATIENCE)
        assert wait_until(lambda: is_free(port))


@pytest.mark.parametrize("workers", [1, 2])
def test_hangup_shows_the_new_certificate(tmp_path: Path, workers: int) -> None:
    """SIGHUP reads the files again, live; an unusable file changes nothing."""
    files = make_certificate(tmp_path, "old")
    paths = [str(files.certificate), str(files.key)]
    with ready_process(workers=workers, tls=paths) as (program, port):
        assert shown_at(port) == "old"
        files.key.write_text("broken")
        program.send_signal(signal.SIGHUP)
        assert shown_at(port) == "old"
        make_certificate(tmp_path, "new")
        program.send_signal(signal.SIGHUP)
        assert wait_until(lambda: all(shown_at(port) == "new" for _ in range(8)))
        program.send_signal(signal.SIGTERM)
        _, err = program.communicate(timeout=PATIENCE)
        assert program.returncode == 0
        assert "the old certificate stays in use" in err


def is_free(port: int) -> bool:
    try:
        open_listeners(f"127.0.0.1:{port}")[0].close()
    except ListenError:
        return False
    return True


def shown_at(port: int) -> str:
    """The subject of the certificate that a new connection is shown."""
    pem = ssl.get_server_certificate(("127.0.0.1", port), timeout=PATIENCE)
    subject = x509.load_pem_x509_certificate(pem.encode()).subject
    return subject.rfc4514_string().removeprefix("CN=")
