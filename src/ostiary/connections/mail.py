"""Mail by SMTP: one mail to one person, handed to the server that was configured.

Blocking, for a thread of its own; what a mail says is written by the flows.
"""

import ipaddress
import smtplib
import socket
import ssl
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import localtime, make_msgid
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from ostiary.connections.outgoing import blocking_addresses
from ostiary.flows.ports.messages import Mail, MailServer

STEP_SECONDS: Final = 7.0
"""How long the server may take for one answer."""
PLAIN_PORT: Final = 25
TLS_PORT: Final = 465
"""RFC 5321 §4.5.4.2 and RFC 8314 §3.3."""


def deliver(
    server: MailServer, url: str, mail: Mail, networks: tuple[str, ...] = ()
) -> None:
    """Hand `mail` to the server at `url`, which may hold a password.

    networks: where a restricted server may stand beside the internet (ADM-09).
    Raises OSError, SMTPException, ValueError or Away when it was not taken.
    """
    message = written(server.sender, mail)
    parts = urlsplit(url)
    with _connected(server, parts, networks) as connection:
        if parts.username and parts.password:
            connection.login(unquote(parts.username), unquote(parts.password))
        connection.send_message(message, server.sender, [mail.to])


def written(sender: str, mail: Mail) -> EmailMessage:
    """The mail as it travels (RFC 5322); a machine made it (RFC 3834 §5).

    Raises ValueError for an address or a subject that does not fit into one header.
    """
    plain = (sender + mail.to).isascii()
    message = EmailMessage(policy=SMTP if plain else SMTPUTF8)
    message["From"] = sender
    message["To"] = mail.to
    if [each.addr_spec for each in message["To"].addresses] != [mail.to]:
        raise ValueError("not one mail address")
    message["Subject"] = mail.subject
    message["Date"] = localtime()
    message["Message-ID"] = make_msgid(domain=_host_of(sender))
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    return message


class _Smtp(smtplib.SMTP):
    """SMTP to the addresses that were judged, under the name that was configured.

    tls: talk TLS from the beginning (RFC 8314 §3.3).
    """

    def __init__(
        self,
        place: tuple[str, int],
        ours: str,
        addresses: list[str],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._addresses = addresses
        self._tls = tls
        super().__init__(*place, ours, timeout=STEP_SECONDS)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        for address in self._addresses[:-1]:
            try:
                return self._opened(address, host, port, timeout)
            except ssl.SSLError:
                raise
            except OSError:
                continue
        return self._opened(self._addresses[-1], host, port, timeout)

    def _opened(
        self, address: str, host: str, port: int, timeout: float
    ) -> socket.socket:
        raw = socket.create_connection((address, port), timeout)
        if self._tls is None:
            return raw
        try:
            return self._tls.wrap_socket(raw, server_hostname=host)
        except BaseException:
            raw.close()
            raise


def _connected(
    server: MailServer, parts: SplitResult, networks: tuple[str, ...]
) -> smtplib.SMTP:
    """A connection on which a password and a mail may be sent."""
    host, ours = parts.hostname or "", _host_of(server.sender)
    strict, tls = is_strict(server, parts), _context(server, parts)
    immediate = parts.scheme == "smtps"
    port = parts.port or (TLS_PORT if immediate else PLAIN_PORT)
    addresses = blocking_addresses(
        host, port, restricted=server.restricted, networks=networks
    )
    if immediate:
        return _Smtp((host, port), ours, addresses, tls)
    connection = _Smtp((host, port), ours, addresses)
    try:
        connection.ehlo()
        if connection.has_extn("starttls"):
            connection.starttls(context=tls)
        elif strict:
            raise smtplib.SMTPNotSupportedError("STARTTLS is not offered")
    except BaseException:
        connection.close()
        raise
    return connection


def is_strict(server: MailServer, parts: SplitResult) -> bool:
    """Whether only a server that proves its name will do.

    A CA is configured, TLS is asked for, or a password is sent: then it must. Between
    mail servers TLS is otherwise a favour (RFC 7435), and nobody stands between us and
    a server on this machine.
    """
    if server.ca is not None:
        return True
    asked = parts.scheme == "smtps" or bool(parts.password)
    return asked and not _is_loopback(parts.hostname or "")


def _context(server: MailServer, parts: SplitResult) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if server.ca is not None:
        context.load_verify_locations(server.ca)
    if not is_strict(server, parts):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _host_of(address: str) -> str:
    """The domain of an address, as ASCII; asking the resolver could take minutes."""
    try:
        return address.rpartition("@")[2].encode("idna").decode()
    except UnicodeError:
        return "localhost"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
