"""Mail by SMTP: one mail to one person, handed to the server that was configured.

Blocking, for a thread of its own; what a mail says is written by the flows.
"""

import ipaddress
import smtplib
import ssl
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import localtime, make_msgid
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from ostiary.flows.ports.messages import Mail, MailServer

STEP_SECONDS: Final = 7.0
"""How long the server may take for one answer."""
PLAIN_PORT: Final = 25
TLS_PORT: Final = 465
"""RFC 5321 §4.5.4.2 and RFC 8314 §3.3."""


def deliver(server: MailServer, url: str, mail: Mail) -> None:
    """Hand `mail` to the server at `url`, which may hold a password.

    Raises OSError, SMTPException or ValueError when it was not taken.
    """
    message = written(server.sender, mail)
    parts = urlsplit(url)
    with _connected(server, parts) as connection:
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


def _connected(server: MailServer, parts: SplitResult) -> smtplib.SMTP:
    """A connection on which a password and a mail may be sent."""
    host, ours = parts.hostname or "", _host_of(server.sender)
    strict, tls = is_strict(server, parts), _context(server, parts)
    if parts.scheme == "smtps":
        port = parts.port or TLS_PORT
        return smtplib.SMTP_SSL(host, port, ours, timeout=STEP_SECONDS, context=tls)
    port = parts.port or PLAIN_PORT
    connection = smtplib.SMTP(host, port, ours, timeout=STEP_SECONDS)
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
