"""The bind of our own account, by which a link may search.

A directory counts our wrong passwords as it does anybody's, so one that it refused is
not tried again at once.
"""

import asyncio
from typing import Final

import ldap

from ostiary.connections.ldap.link import Handle, Link
from ostiary.connections.ldap.options import LdapSettings
from ostiary.connections.ldap.servers import Unwelcome
from ostiary.connections.ldap.verdicts import away_of, check_kind
from ostiary.core.errors import Reason

REFUSED_FOR: Final = 300.0
"""Seconds for which a refused password of ours is taken to be wrong still; doubled
each time, so that the account is not locked for what nobody corrects."""
LONGEST: Final = 3600.0
_REFUSED: Final = (
    ldap.INVALID_CREDENTIALS,
    ldap.INAPPROPRIATE_AUTH,
    ldap.NO_SUCH_OBJECT,
    ldap.INVALID_DN_SYNTAX,
    ldap.CONSTRAINT_VIOLATION,
)


class Welcome:
    """Binds links as the connection's `bind_dn`; without one they stay anonymous."""

    def __init__(self, settings: LdapSettings) -> None:
        """Nothing was refused yet."""
        self._settings = settings
        self._refused = 0
        self._refused_until = 0.0
        self._one = asyncio.Lock()

    async def greet(self, link: Link) -> None:
        """Bind, one link after the other: a wrong password is sent once, not by eight.

        Raises Unwelcome when the directory refuses us, or did a moment ago; Away for
        every other failure.
        """
        if self._settings.bind_dn is None:
            return
        dn, password = self._settings.bind_dn, self._settings.bind_password
        async with self._one:
            if asyncio.get_running_loop().time() < self._refused_until:
                raise unwelcome()
            try:
                await link.call(lambda handle: _bind(handle, dn, password))
            except _REFUSED:
                self._wait()
                raise unwelcome() from None
            except ldap.LDAPError as error:
                raise away_of(error) from None
            self._refused = 0

    def _wait(self) -> None:
        seconds = min(REFUSED_FOR * 2**self._refused, LONGEST)
        self._refused += 1
        self._refused_until = asyncio.get_running_loop().time() + seconds


def _bind(handle: Handle, dn: str, password: str) -> None:
    kind, _ = handle.result(handle.simple_bind(dn, password))
    check_kind(kind, ldap.RES_BIND)


def unwelcome() -> Unwelcome:
    """What is told when our own name or password is refused."""
    return Unwelcome(
        Reason.DIRECTORY_MISCONFIGURED, "bind_dn or bind_password is refused"
    )
