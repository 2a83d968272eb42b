"""Messages that go nowhere: what flows sent is kept, errands wait until they are run.

No test lives here.
"""

from dataclasses import dataclass, field

from ostiary.core.model import Tenant
from ostiary.flows.ports.messages import (
    Errand,
    Gateway,
    Mail,
    MailServer,
    TextMessage,
)


@dataclass
class KeptCourier:
    """Port `Courier` that keeps everything; `takes` False: nothing is taken."""

    takes: bool = True
    mails: list[tuple[MailServer, Mail]] = field(default_factory=list)
    texts: list[tuple[Gateway, TextMessage]] = field(default_factory=list)
    pretended: list[Gateway] = field(default_factory=list)
    errands: list[Errand] = field(default_factory=list)

    async def mail(self, server: MailServer, mail: Mail) -> bool:
        """Keep it."""
        self.mails.append((server, mail))
        return self.takes

    async def text(self, gateway: Gateway, message: TextMessage) -> bool:
        """Keep it."""
        self.texts.append((gateway, message))
        return self.takes

    async def pretend(self, gateway: Gateway) -> bool:
        """Note that it was asked for."""
        self.pretended.append(gateway)
        return self.takes

    def later(self, errand: Errand) -> None:
        """Keep it until `run`."""
        self.errands.append(errand)

    async def run(self) -> None:
        """Run the errands that wait."""
        waiting, self.errands = self.errands, []
        for errand in waiting:
            await errand()


class PlainPages:
    """Port `Pages` at one address."""

    def reset(self, tenant: Tenant, ticket: str) -> str | None:
        """The page with the ticket behind."""
        return f"https://pages.test/reset#{ticket}"

    def unblock(self, tenant: Tenant, ticket: str) -> str | None:
        """The page with the ticket behind."""
        return f"https://pages.test/unblock#{ticket}"
