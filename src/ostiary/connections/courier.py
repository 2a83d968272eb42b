"""Messages handed to the servers that carry them: port `Courier`.

Bounded in time and number; a message that fails is told in the log, without whom it
was for and what it said.
"""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from ostiary.connections.mail import deliver
from ostiary.connections.webhook import Webhooks
from ostiary.flows.ports.messages import (
    Errand,
    Gateway,
    Mail,
    MailServer,
    TextMessage,
)

SECONDS: Final = 7.0
"""How long one message may take (security promise 11)."""
MAILS_AT_ONCE: Final = 4
MOST_ERRANDS: Final = 1000
BREATH: Final = 0.05
"""Seconds before an errand begins: the answer is out by then."""
USUAL: Final = (0.05, True)
"""Seconds that a message takes, and how it ends, before any was sent."""

logger = logging.getLogger(__name__)


class MessageCourier:
    """Port `Courier`; `unseal` opens the addresses of mail servers in their context.

    networks: where servers that a tenant's administrator entered may stand.
    """

    def __init__(
        self, unseal: Callable[[str, str], str], networks: tuple[str, ...] = ()
    ) -> None:
        """Open nothing yet."""
        self._unseal = unseal
        self._networks = networks
        self._hooks = Webhooks(networks)
        self._room = asyncio.Semaphore(MAILS_AT_ONCE)
        self._errands: set[asyncio.Task[None]] = set()
        self._last: dict[str, tuple[float, bool]] = {}

    async def mail(self, server: MailServer, mail: Mail) -> bool:
        """Whether the mail server took the mail; why not is in the log."""
        try:
            url = server.smtp
            if server.sealed is not None:
                url = self._unseal(server.sealed, server.context)
            async with self._room, asyncio.timeout(SECONDS):
                await _in_thread(lambda: deliver(server, url, mail, self._networks))
        except Exception as failure:  # whatever it was, the mail is not on its way
            _tell("mail server", server.smtp, failure)
            return False
        return True

    async def text(self, gateway: Gateway, message: TextMessage) -> bool:
        """Whether the gateway took the message; why not is in the log."""
        began, taken = time.monotonic(), False
        try:
            async with asyncio.timeout(SECONDS):
                taken = await self._hooks.post(gateway, message)
            if not taken:
                logger.error("the gateway of text messages refused one")
        except Exception as failure:  # whatever it was, the message is not on its way
            _tell("gateway of text messages", "", failure)
        self._last[gateway.webhook] = time.monotonic() - began, taken
        return taken

    async def pretend(self, gateway: Gateway) -> bool:
        """Send nothing, but take as long and end as the last message there did."""
        seconds, taken = self._last.get(gateway.webhook, USUAL)
        await asyncio.sleep(seconds)
        return taken

    def later(self, errand: Errand) -> None:
        """Run an errand once the answer is out; too many at once are dropped."""
        if len(self._errands) >= MOST_ERRANDS:
            logger.error("too many errands at once: one was dropped")
            return
        task = asyncio.create_task(_run(errand))
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def close(self) -> None:
        """Finish the errands under way, within seconds."""
        if self._errands:
            _, late = await asyncio.wait(self._errands, timeout=SECONDS)
            for task in late:
                task.cancel()
        await self._hooks.close()


async def _run(errand: Errand) -> None:
    await asyncio.sleep(BREATH)
    try:
        await errand()
    except Exception as failure:
        # Its message may quote an address; its kind says enough.
        logger.error("an errand failed: %s", type(failure).__name__)


async def _in_thread(work: Callable[[], None]) -> None:
    """Do blocking work in a daemon: a server that hangs must not keep us from ending.

    Raises what `work` raises.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def finish(failure: Exception | None) -> None:
        if done.done():
            return
        if failure is None:
            done.set_result(None)
        else:
            done.set_exception(failure)

    def run() -> None:
        failure: Exception | None = None
        try:
            work()
        except Exception as raised:
            failure = raised
        with contextlib.suppress(RuntimeError):  # the loop is closed by now
            loop.call_soon_threadsafe(finish, failure)

    threading.Thread(target=run, name="mail", daemon=True).start()
    await done


def _tell(what: str, where: str, failure: Exception) -> None:
    code = getattr(failure, "smtp_code", "") or getattr(failure, "detail", "")
    kind = type(failure).__name__
    logger.error("the %s %s did not take a message: %s %s", what, where, kind, code)
