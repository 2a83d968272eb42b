"""The agent from its start to its end: enrolled once, connected again and again.

What is asked over a connection is told in `session` and `answering`.
"""

import asyncio
import logging
import random
import signal
import ssl
from collections.abc import Callable
from typing import Final

from ostiary.agent.answering import Answering
from ostiary.agent.identity import (
    Identity,
    Refused,
    Unanswered,
    context_of,
    enrol,
    key_of,
    known_identity,
    path_of,
)
from ostiary.agent.session import hold
from ostiary.agent.settings import AgentSettings
from ostiary.configuration.options import split
from ostiary.connections.upstream import Registered, Upstream

SHORTEST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 30.0
"""Seconds between two tries to connect: growing, and never quite the same."""

MakeDirectory = Callable[[Registered], Upstream]

logger = logging.getLogger(__name__)


class NotEnrolled(Exception):
    """There is neither an enrolment nor a code; the text says what to do."""


def ldap_directory(registered: Registered) -> Upstream:
    """The directory over LDAP. Raises Unserved, ValueError for its options."""
    from ostiary.connections.directory import ldap_upstream

    return ldap_upstream(registered, ())


class AgentProgram:
    """An agent of one server and one directory.

    make_directory: makes it, once it is known for which connection.
    """

    def __init__(
        self, settings: AgentSettings, make_directory: MakeDirectory = ldap_directory
    ) -> None:
        """Read keys. Raises KeyFileError."""
        self._settings = settings
        self._make_directory = make_directory
        self._context: ssl.SSLContext = context_of(settings)
        self._key = key_of(settings)
        self._told = False

    async def run(self) -> None:
        """Answer until SIGTERM or SIGINT.

        Raises Refused for a code or key that the server does not take, NotEnrolled,
        Unserved and ValueError for the directory.
        """
        loop = asyncio.get_running_loop()
        work = asyncio.create_task(self._work())
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, work.cancel)
        try:
            await work
        except asyncio.CancelledError:
            logger.info("stopped")

    async def _work(self) -> None:
        identity = known_identity(self._settings, self._key)
        identity = identity or await self._enrol()
        where = identity.enrolled
        plain, secrets = split(self._settings.directory)
        registered = Registered(where.tenant, where.connection, plain, secrets.texts)
        directory = self._make_directory(registered)
        try:
            await self._keep_connected(identity, Answering(directory))
        finally:
            await directory.close()

    async def _enrol(self) -> Identity:
        if self._settings.code is None:
            server, path = self._settings.server, path_of(self._settings)
            text = f"{path} knows of no enrolment at {server}: give a good `code`"
            raise NotEnrolled(text)
        pauses = _Pauses()
        while True:
            try:
                identity = await enrol(self._settings, self._key, self._context)
            except Unanswered as failure:
                logger.warning("not enrolled yet: %s", failure)
                await pauses.wait()
            else:
                logger.info("enrolled for %s", identity.enrolled.connection)
                return identity

    async def _keep_connected(self, identity: Identity, answering: Answering) -> None:
        pauses = _Pauses()

        def ready() -> None:
            pauses.reset()
            logger.info("connected to %s", self._settings.server)
            if not self._told:
                self._told = True
                print(f"ready {self._settings.server}", flush=True)

        while True:
            try:
                await hold(identity, self._context, answering, ready)
            except Unanswered as failure:
                logger.warning("not connected: %s", failure)
            except Refused as refused:
                path = path_of(self._settings)
                text = f"{refused}; remove {path} and enrol with a new code"
                raise Refused(text) from None
            await pauses.wait()


class _Pauses:
    """Pauses that grow, each of a random length."""

    def __init__(self) -> None:
        self._longest = 2 * SHORTEST_PAUSE

    def reset(self) -> None:
        self._longest = 2 * SHORTEST_PAUSE

    async def wait(self) -> None:
        # Not a secret: so that not all agents come at once.
        await asyncio.sleep(random.uniform(SHORTEST_PAUSE, self._longest))  # noqa: S311
        self._longest = min(LONGEST_PAUSE, 2 * self._longest)
