"""One LDAP connection: libldap in a thread, at one end of a pair of sockets.

The event loop holds the other end and the network, so whatever libldap waits for ends
when we say so. Why a connection is opened, and to whom, is told in `servers`.
"""

import asyncio
import contextlib
import queue
import socket
import threading
from collections.abc import Callable
from typing import Any, Final, TypeVar

import ldap
from pyasn1.error import PyAsn1Error

from ostiary.connections.ldap.options import Address
from ostiary.connections.ldap.relay import Relay, join
from ostiary.connections.upstream import Away
from ostiary.core.errors import Reason

T = TypeVar("T")

Handle = Any
"""python-ldap's `SimpleLDAPObject`; it has no types."""
Work = Callable[[Handle], T]
"""Blocking calls to make in the thread."""

UNREADABLE: Final = (ValueError, LookupError, TypeError, PyAsn1Error)
"""What python-ldap raises for an answer that is none."""
_OPTIONS: Final = (
    (ldap.OPT_PROTOCOL_VERSION, ldap.VERSION3),
    (ldap.OPT_REFERRALS, 0),  # never take a password elsewhere
    (ldap.OPT_DEREF, ldap.DEREF_NEVER),
    (ldap.OPT_SIZELIMIT, 0),
    (ldap.OPT_TIMELIMIT, 0),
    (ldap.OPT_TIMEOUT, -1),
    (ldap.OPT_NETWORK_TIMEOUT, -1),
)
"""Everything that an ldap.conf or .ldaprc of the machine could have set otherwise."""


class Link:
    """A connection with a thread of its own, which ends with it."""

    def __init__(self, address: Address, network: Relay, near: Relay, ours: int):
        """Attach libldap to the socket `ours`, which is its own from now on."""
        self.address = address
        self.network = network
        self._near = near
        self._jobs: queue.SimpleQueue[Callable[[Handle], None] | None] = (
            queue.SimpleQueue()
        )
        threading.Thread(
            target=_serve, args=(ours, self._jobs), name="ldap", daemon=True
        ).start()

    @property
    def is_alive(self) -> bool:
        """Whether both ends are still there, as far as one can see."""
        return not (self.network.lost or self._near.lost)

    @property
    def has_asked(self) -> bool:
        """Whether anything of the last question went to the network."""
        return self._near.passed > 0

    async def call(self, work: Work[T]) -> T:
        """Do blocking work with the handle; cancelled, it is cut off.

        Raises LDAPError; Away when the server says far too much, or what cannot be
        read: libldap passes that on.
        """
        self.network.passed = self._near.passed = 0
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()

        def tell(how: Callable[[Any], None], what: object) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed by now
                loop.call_soon_threadsafe(_unless_done, done, how, what)

        def run(handle: Handle) -> None:
            try:
                answer = work(handle)
            except Exception as raised:
                tell(done.set_exception, raised)
            else:
                tell(done.set_result, answer)

        self._jobs.put(run)
        try:
            return await done
        except asyncio.CancelledError:
            self.abort()
            raise
        except ldap.SERVER_DOWN:
            if self.network.flooded:
                raise Away(Reason.DIRECTORY_LIED, "an endless answer") from None
            raise
        except UNREADABLE as error:
            raise Away(Reason.DIRECTORY_LIED, type(error).__name__) from None

    def close(self) -> None:
        """Say goodbye and let go; nothing may be under way."""
        self._jobs.put(None)

    def abort(self) -> None:
        """Cut it now, whatever is under way."""
        self.network.abort()
        self._jobs.put(None)


async def attach(address: Address, network: Relay) -> Link:
    """A link over an open, encrypted connection."""
    ours, theirs = socket.socketpair()
    try:
        _, near = await asyncio.get_running_loop().create_unix_connection(
            Relay, sock=theirs
        )
    except BaseException:
        ours.close()
        theirs.close()
        raise
    join(network, near)
    return Link(address, network, near, ours.detach())


def _serve(
    ours: int, jobs: "queue.SimpleQueue[Callable[[Handle], None] | None]"
) -> None:
    handle = ldap.initialize("ldap://directory", fileno=ours)
    for option, value in _OPTIONS:
        handle.set_option(option, value)
    while (job := jobs.get()) is not None:
        job(handle)
    with contextlib.suppress(ldap.LDAPError):
        handle.unbind_ext_s()


def _unless_done(
    done: "asyncio.Future[T]", how: Callable[[Any], None], what: object
) -> None:
    """Nobody waits any more when the question was cancelled."""
    if not done.done():
        how(what)
