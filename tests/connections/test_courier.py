"""Messages over real SMTP and real HTTP: taken or not, never an exception, never late.

What the messages say is tested with the flows.
"""

import asyncio
import logging
import ssl
import time
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ostiary.connections import courier as courier_module
from ostiary.connections import mail as mail_module
from ostiary.connections.courier import MessageCourier
from ostiary.connections.mail import is_strict, written
from ostiary.flows.ports.messages import Gateway, Mail, MailServer, TextMessage
from ostiary.keys.local_ca import LocalTls, ensure_local_ca
from tests.services.mailsink import mail_sink
from tests.services.provision import free_port
from tests.services.webhook import webhook

SENDER = "no-reply@contoso.test"
MAIL = Mail("alice@contoso.test", "Grüße", "Your code: 123456\n.\nÄ\n")
TEXT = TextMessage("+15551234567", "Your code: 123456", "123456")


def unseal(sealed: str, context: str) -> str:
    """What was sealed, if the context is the right one."""
    assert context == "here:smtp"
    return sealed


@pytest.fixture
async def courier() -> AsyncIterator[MessageCourier]:
    """A courier of this test's own."""
    made = MessageCourier(unseal)
    yield made
    await made.close()


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> LocalTls:
    """A CA, and a certificate of it for localhost."""
    return ensure_local_ca(tmp_path_factory.mktemp("ca"), ())


def offered(tls: LocalTls) -> ssl.SSLContext:
    """What a server offers with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls.certificate_path, tls.key_path)
    return context


# --- mail ---------------------------------------------------------------------------


async def test_a_mail_arrives_as_it_was_written(courier: MessageCourier) -> None:
    """One recipient, a subject beyond ASCII, lines with a dot alone, and its marks."""
    with mail_sink() as sink:
        assert await courier.mail(MailServer(sink.url, SENDER), MAIL)
        got = sink.newest(MAIL.to)
    assert (got.sender, got.to) == (SENDER, (MAIL.to,))
    assert got.message["subject"] == "Grüße"
    assert got.message["from"] == SENDER
    assert got.message["to"] == MAIL.to
    assert got.message["auto-submitted"] == "auto-generated"
    assert got.message["message-id"].endswith("@contoso.test>")
    assert got.message["date"]
    assert got.text == MAIL.text


@pytest.mark.parametrize("address", ["grüsse@contoso.test", "a@grüße.test"])
async def test_addresses_of_any_alphabet(courier: MessageCourier, address: str) -> None:
    """As they are, where the server takes them (RFC 6531)."""
    with mail_sink() as sink:
        server = MailServer(sink.url, SENDER)
        assert await courier.mail(server, Mail(address, "s", "t"))
        got = sink.newest(address)
    assert got.to == (address,)
    assert got.message["to"] == address


async def test_a_server_here_may_offer_any_certificate(
    courier: MessageCourier, tls: LocalTls
) -> None:
    """STARTTLS is taken where it is offered; nobody stands between us and ourselves."""
    with mail_sink(tls=offered(tls)) as sink:
        assert await courier.mail(MailServer(sink.url, SENDER), MAIL)
        assert sink.newest(MAIL.to).tls


async def test_with_a_ca_only_its_servers_will_do(
    courier: MessageCourier, tls: LocalTls, tmp_path: Path
) -> None:
    """Another CA's server, and one without TLS, get nothing."""
    other = ensure_local_ca(tmp_path, ())
    with mail_sink(tls=offered(tls)) as sink, mail_sink() as plain:
        ours = MailServer(sink.url, SENDER, ca=str(tls.ca_path))
        theirs = MailServer(sink.url, SENDER, ca=str(other.ca_path))
        bare = MailServer(plain.url, SENDER, ca=str(tls.ca_path))
        assert await courier.mail(ours, MAIL)
        assert not await courier.mail(theirs, MAIL)
        assert not await courier.mail(bare, MAIL)
        assert (sink.count(MAIL.to), plain.count(MAIL.to)) == (1, 0)


async def test_a_password_is_unsealed_for_the_server_alone(
    courier: MessageCourier,
    tls: LocalTls,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It signs in; a wrong one fails, and stands in no log."""
    with mail_sink(tls=offered(tls), login=("us", "s:ecret/@")) as sink:
        at = f"127.0.0.1:{sink.port}"

        def server(password: str) -> MailServer:
            url = f"smtp://us:{password}@{at}"
            return MailServer(f"smtp://us@{at}", SENDER, url, "here:smtp")

        assert await courier.mail(server("s%3Aecret%2F%40"), MAIL)
        assert sink.newest(MAIL.to).login == "us"
        assert not await courier.mail(server("wrong-Password"), MAIL)
    assert "SMTPAuthenticationError" in caplog.text
    assert "wrong-Password" not in caplog.text


@pytest.mark.parametrize(
    ("url", "ca", "strict"),
    [
        ("smtp://mail.test", None, False),
        ("smtp://mail.test", "ca.pem", True),
        ("smtps://mail.test", None, True),
        ("smtp://us:pw@mail.test", None, True),
        ("smtp://us:pw@localhost", None, False),
        ("smtps://127.0.0.1", None, False),
        ("smtps://[::1]", "ca.pem", True),
        ("smtp://us:pw@localhost.evil.test", None, True),
    ],
)
def test_who_must_prove_its_name(url: str, ca: str | None, strict: bool) -> None:
    """Whoever gets a password or was asked for TLS, unless it is this machine."""
    assert is_strict(MailServer(url, SENDER, ca=ca), urlsplit(url)) is strict


@pytest.mark.parametrize(
    "mail",
    [
        Mail("alice@contoso.test\r\nBcc: eve@evil.test", "s", "t"),
        Mail("alice@contoso.test, eve@evil.test", "s", "t"),
        Mail("alice@contoso.test", "s\r\nBcc: eve@evil.test", "t"),
        Mail("", "s", "t"),
    ],
)
def test_nothing_is_smuggled_into_a_header(mail: Mail) -> None:
    """A second line or a second address is refused before anything is sent."""
    with pytest.raises(ValueError, match=r"."):
        written(SENDER, mail)


async def test_a_mail_that_is_not_taken_is_told_as_such(
    courier: MessageCourier, caplog: pytest.LogCaptureFixture
) -> None:
    """No mailbox, a server that turns everybody away, nobody listening, bad text."""
    nobody = f"smtp://127.0.0.1:{free_port()}"
    smuggled = Mail("a@b.test\r\nBcc: eve@evil.test", "s", "t")
    with mail_sink() as sink, mail_sink(greets="554 go away") as closed:
        server = MailServer(sink.url, SENDER)
        assert not await courier.mail(server, Mail("refused@b.test", "s", "t"))
        assert not await courier.mail(server, smuggled)
        assert not await courier.mail(MailServer(closed.url, SENDER), MAIL)
        assert not await courier.mail(MailServer(nobody, SENDER), MAIL)
        assert not await courier.mail(
            MailServer("smtp://x", "", "no", "here:smtp"), MAIL
        )
        assert sink.inbox.found(lambda mail: True) == []
    assert "refused@b.test" not in caplog.text


async def test_a_slow_server_keeps_nobody(
    courier: MessageCourier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given up in time, and the next mail goes its way."""
    monkeypatch.setattr(courier_module, "SECONDS", 0.5)
    monkeypatch.setattr(mail_module, "STEP_SECONDS", 1.0)
    with mail_sink() as sink:
        server, began = MailServer(sink.url, SENDER), time.monotonic()
        assert not await courier.mail(server, Mail("slow@b.test", "s", "t"))
        assert time.monotonic() - began < 2
        assert await courier.mail(server, MAIL)


def test_smtps_has_a_port_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """465 for smtps and 25 for smtp, unless the address says otherwise (RFC 8314)."""
    asked: list[tuple[str, int]] = []

    def refuse(host: str, port: int, *_: object, **__: object) -> None:
        asked.append((host, port))
        raise OSError

    monkeypatch.setattr(mail_module, "blocking_addresses", refuse)
    for url in ("smtps://m.test", "smtp://m.test", "smtps://m.test:7"):
        with pytest.raises(OSError):  # noqa: PT011 - ours, from above
            mail_module.deliver(MailServer(url, SENDER), url, MAIL)
    assert asked == [("m.test", 465), ("m.test", 25), ("m.test", 7)]


# --- text messages ------------------------------------------------------------------


async def test_a_text_message_is_one_post(courier: MessageCourier) -> None:
    """JSON of `to`, `text` and `code` (interface §2)."""
    with webhook() as hook:
        assert await courier.text(Gateway(hook.url), TEXT)
        [post] = hook.to(TEXT.to)
    assert post.body == {"to": TEXT.to, "text": TEXT.text, "code": TEXT.code}
    assert post.headers["content-type"] == "application/json"
    assert post.path == "/sms/send"


@pytest.mark.parametrize("ending", ["0000", "0500", "0302"])
async def test_what_the_gateway_refuses_is_not_taken(
    courier: MessageCourier, ending: str
) -> None:
    """4xx, 5xx, and a redirect, which is not followed: a code goes nowhere else."""
    with webhook() as hook:
        message = TextMessage(f"+1555{ending}", "t", "123456")
        assert not await courier.text(Gateway(hook.url), message)
        assert [post.path for post in hook.to(message.to)] == ["/sms/send"]


async def test_a_gateway_must_prove_its_name(
    courier: MessageCourier, tls: LocalTls
) -> None:
    """By the CA that is configured; without one the system's do not know it."""
    with webhook(tls=offered(tls)) as hook:
        assert await courier.text(Gateway(hook.url, str(tls.ca_path)), TEXT)
        assert not await courier.text(Gateway(hook.url), TEXT)
        assert hook.count(TEXT.to) == 1


async def test_a_gateway_that_is_away_or_hangs_is_given_up(
    courier: MessageCourier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In time (security promise 11), whatever the address is."""
    monkeypatch.setattr(courier_module, "SECONDS", 0.3)
    with webhook() as hook:
        hook.delay, began = 2.0, time.monotonic()
        assert not await courier.text(Gateway(hook.url), TEXT)
        assert time.monotonic() - began < 1.5
    assert not await courier.text(Gateway(f"http://127.0.0.1:{free_port()}"), TEXT)
    assert not await courier.text(Gateway("http://"), TEXT)


async def test_to_pretend_takes_as_long_and_ends_the_same(
    courier: MessageCourier,
) -> None:
    """Nothing is sent; a blocked number must look like any other (promise 2)."""
    with webhook() as hook:
        gateway, hook.delay = Gateway(hook.url), 0.3
        assert await courier.text(gateway, TEXT)
        began = time.monotonic()
        assert await courier.pretend(gateway)
        assert 0.25 < time.monotonic() - began < 1.0
        assert not await courier.text(gateway, TextMessage("+10000", "t", "1"))
        assert not await courier.pretend(gateway)
        assert len(hook.inbox.found(lambda post: True)) == 2


# --- errands ------------------------------------------------------------------------


async def test_errands_run_later_and_before_the_end() -> None:
    """Not within the call; all of them before the courier is closed."""
    courier, done = MessageCourier(unseal), []

    async def errand() -> None:
        await asyncio.sleep(0)
        done.append(True)

    courier.later(errand)
    courier.later(errand)
    await asyncio.sleep(0)
    assert done == []
    await courier.close()
    assert done == [True, True]


async def test_an_errand_that_fails_is_told_without_its_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The others go on; the message of an exception may quote an address."""
    courier, done = MessageCourier(unseal), []

    async def failing() -> None:
        raise ValueError("alice@contoso.test")

    async def errand() -> None:
        done.append(True)

    courier.later(failing)
    courier.later(errand)
    with caplog.at_level(logging.ERROR):
        await courier.close()
    assert done == [True]
    assert "ValueError" in caplog.text
    assert "alice@" not in caplog.text


async def test_too_many_errands_are_dropped(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Bounded: a storm of them must not fill the memory."""
    monkeypatch.setattr(courier_module, "MOST_ERRANDS", 2)
    courier, done = MessageCourier(unseal), []

    async def errand() -> None:
        done.append(True)

    for _ in range(5):
        courier.later(errand)
    await courier.close()
    assert done == [True, True]
    assert "dropped" in caplog.text
