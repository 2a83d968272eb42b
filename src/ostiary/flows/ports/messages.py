"""Messages on their way to people, and the pages that they lead to.

What a message says is written in `flows.messages`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from ostiary.core.model import Tenant

Errand = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class MailServer:
    """A mail server as configured: its address without a password, and the sender.

    sealed: the whole address, if it holds a password, sealed in `context`. ca: path of
    a PEM file with the CA to trust; None: those of the system. restricted: an
    administrator of the tenant entered the address, which must be a public one.
    """

    smtp: str
    sender: str
    sealed: str | None = field(default=None, repr=False)
    context: str = ""
    ca: str | None = None
    restricted: bool = False


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one person, in plain text; it may hold a code or a ticket."""

    to: str
    subject: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway of text messages as configured; the rest as in `MailServer`."""

    webhook: str
    ca: str | None = None
    restricted: bool = False


@dataclass(frozen=True, slots=True)
class TextMessage:
    """One text message to one telephone; `code` is the code that its text holds."""

    to: str
    text: str = field(repr=False)
    code: str = field(repr=False)


class Courier(Protocol):
    """Hands messages over to the servers that carry them, within seven seconds."""

    async def mail(self, server: MailServer, mail: Mail) -> bool:
        """Whether the mail server took the mail; why not is in the log."""
        ...

    async def text(self, gateway: Gateway, message: TextMessage) -> bool:
        """Whether the gateway took the message; why not is in the log."""
        ...

    async def pretend(self, gateway: Gateway) -> bool:
        """Send nothing, but take as long and end as the last message there did."""
        ...

    def later(self, errand: Errand) -> None:
        """Run an errand once the answer is out.

        Whoever asked must not learn from the time what the errand found.
        """
        ...


class Pages(Protocol):
    """Addresses of pages for people, built from the configuration (promise 7)."""

    def reset(self, tenant: Tenant, ticket: str) -> str | None:
        """Where a new password is set; None when the tenant has no such page."""
        ...

    def unblock(self, tenant: Tenant, ticket: str) -> str | None:
        """Where a lock is ended; None when the tenant has no such page."""
        ...
