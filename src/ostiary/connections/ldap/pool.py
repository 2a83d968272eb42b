"""Links to a directory, kept open between questions: at most eight, each asked by one.

What is asked is told elsewhere; the servers are chosen in `servers`.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, TypeVar

import ldap

from ostiary.connections.ldap.link import Link, Work
from ostiary.connections.ldap.verdicts import away_of
from ostiary.connections.upstream import Away
from ostiary.flows.ports import Overloaded

T = TypeVar("T")

MOST_LINKS: Final = 8
IDLE_SECONDS: Final = 60.0
"""After how long without a question a link is closed."""
ROOM_SECONDS: Final = 3.0
"""How long a question may wait for a link: beyond it we ask too much, which is not to
be taken for the silence of the directory."""
_GONE: Final = (ldap.SERVER_DOWN, ldap.CONNECT_ERROR)
_LEAVING: Final = (ldap.BUSY, ldap.UNAVAILABLE)
"""An answer, but of a server that had better be asked later."""


class Pool:
    """Links that `open_link` makes; `failed` hears of those that broke."""

    def __init__(
        self,
        open_link: Callable[[], Awaitable[Link]],
        failed: Callable[[Link], None],
        *,
        most: int = MOST_LINKS,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        """Open nothing yet."""
        self._open = open_link
        self._failed = failed
        self._room = asyncio.Semaphore(most)
        self._idle: list[tuple[Link, float]] = []
        self._idle_seconds = idle_seconds
        self._sweep: asyncio.TimerHandle | None = None
        self._closed = False

    async def ask(self, work: Work[T], *, twice: bool = True) -> T:
        """What `work` returns, or its LDAPError when that is an answer of the server.

        A question to a link that turns out to be broken is asked once more on a fresh
        one; without `twice` only if nothing of it was sent.
        Raises Away when there is no answer, or none that can be read; Overloaded when
        no link is free in time.
        """
        async with self._a_place():
            link = self._take()
            if link is not None:
                try:
                    return await self._ask(link, work)
                except _GONE:
                    self._drop_idle()
                    if link.has_asked and not twice:
                        raise Away(detail="the connection broke") from None
            link = await self._open()
            try:
                return await self._ask(link, work)
            except _GONE:
                self._failed(link)
                raise Away(detail="the connection broke") from None

    @contextlib.asynccontextmanager
    async def _a_place(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(ROOM_SECONDS):
                await self._room.acquire()
        except TimeoutError:
            raise Overloaded(1) from None
        try:
            yield
        finally:
            self._room.release()

    def close(self) -> None:
        """Let go of what is idle now, and of the rest when it is done."""
        self._closed = True
        self._drop_idle()
        if self._sweep is not None:
            self._sweep.cancel()

    async def _ask(self, link: Link, work: Work[T]) -> T:
        """Ask; the link is kept unless it may be out of step with its server."""
        keep = False
        try:
            answer = await link.call(work)
            keep = True
            return answer
        except asyncio.CancelledError:
            self._failed(link)
            raise
        except _GONE:
            raise
        except _LEAVING as error:
            self._failed(link)
            raise away_of(error) from None
        except ldap.LDAPError as error:
            keep = _is_answer(error)
            if not keep:
                raise away_of(error) from None
            raise
        finally:
            if keep:
                self._keep(link)
            else:
                link.abort()

    def _take(self) -> Link | None:
        """The link that was used last, if it is still good."""
        while self._idle:
            link, _ = self._idle.pop()
            if link.is_alive:
                return link
            link.abort()
        return None

    def _keep(self, link: Link) -> None:
        if self._closed or not link.is_alive:
            link.close()
            return
        loop = asyncio.get_running_loop()
        self._idle.append((link, loop.time()))
        if self._sweep is None:
            self._sweep = loop.call_later(self._idle_seconds, self._close_idle)

    def _close_idle(self) -> None:
        """Close what was not used for a while; come again for the rest."""
        loop = asyncio.get_running_loop()
        fresh = loop.time() - self._idle_seconds
        for link, since in self._idle:
            if since <= fresh:
                link.close()
        self._idle = [each for each in self._idle if each[1] > fresh]
        self._sweep = None
        if self._idle:
            due = self._idle[0][1] + self._idle_seconds
            self._sweep = loop.call_at(due, self._close_idle)

    def _drop_idle(self) -> None:
        for link, _ in self._idle:
            link.close()
        self._idle.clear()


def _is_answer(error: ldap.LDAPError) -> bool:
    """Whether the server said so: libldap's own failures have negative numbers."""
    told = error.args[0] if error.args else None
    return isinstance(told, dict) and int(told.get("result", -1)) >= 0
