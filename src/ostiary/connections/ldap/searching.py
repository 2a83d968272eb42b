"""Searches: the three kinds of question that are asked of a directory.

What is looked for, and what the entries mean, is told elsewhere.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol, TypeVar

import ldap
from ldap.controls.libldap import SimplePagedResultsControl

from ostiary.connections.ldap.entries import Entry, entries_of
from ostiary.connections.ldap.link import Handle, Link, Work
from ostiary.connections.ldap.pool import Pool
from ostiary.connections.ldap.verdicts import away_of, check_kind

T = TypeVar("T")

_Search = Callable[[Handle], list[Entry]]
PAGE: Final = 500
ANYTHING: Final = "(objectClass=*)"


class Searches(Protocol):
    """Who can be searched."""

    async def ask(self, work: Work[T]) -> T:
        """Do blocking work with a handle; raises LDAPError for a server's no."""
        ...


class PooledSearches:
    """Searches on links that are kept open."""

    def __init__(self, pool: Pool) -> None:
        """Search by that pool."""
        self._pool = pool

    async def ask(self, work: Work[T]) -> T:
        """See `Pool.ask`."""
        return await self._pool.ask(work)


class LinkSearches:
    """Searches on one link that is somebody else's to close."""

    def __init__(self, link: Link) -> None:
        """Search by that link."""
        self._link = link

    async def ask(self, work: Work[T]) -> T:
        """See `Link.call`."""
        return await self._link.call(work)


async def read(
    searches: Searches, dn: str, attributes: Sequence[str], filter_text: str = ANYTHING
) -> Entry | None:
    """One entry by its name; None when it is not there or not to be seen."""
    try:
        found = await searches.ask(
            _search(dn, ldap.SCOPE_BASE, filter_text, attributes, 0)
        )
    except (ldap.NO_SUCH_OBJECT, ldap.INSUFFICIENT_ACCESS):
        return None
    except ldap.LDAPError as error:
        raise away_of(error) from None
    return found[0] if found else None


async def find(
    searches: Searches,
    under: str,
    filter_text: str,
    attributes: Sequence[str],
    most: int,
) -> list[Entry]:
    """The entries below a DN; none when there are more than `most`. Raises Away."""
    try:
        return await searches.ask(
            _search(under, ldap.SCOPE_SUBTREE, filter_text, attributes, most)
        )
    except ldap.SIZELIMIT_EXCEEDED:
        return []
    except ldap.LDAPError as error:
        raise away_of(error) from None


async def find_all(
    searches: Searches,
    under: str,
    filter_text: str,
    attributes: Sequence[str],
    most: int,
) -> list[Entry]:
    """The first `most` entries below a DN, page by page (RFC 2696).

    Those of the pages that the server gave, when it will not give more. Raises Away.
    """

    try:
        return await searches.ask(_pages(under, filter_text, list(attributes), most))
    except ldap.NO_SUCH_OBJECT:
        return []
    except ldap.LDAPError as error:
        raise away_of(error) from None


def _pages(under: str, filter_text: str, attributes: list[str], most: int) -> _Search:
    def work(handle: Handle) -> list[Entry]:
        found: list[Entry] = []
        control = SimplePagedResultsControl(False, size=min(PAGE, most), cookie="")
        while True:
            number = handle.search_ext(
                under,
                ldap.SCOPE_SUBTREE,
                filter_text,
                attributes,
                serverctrls=[control],
            )
            try:
                kind, page, _, controls = handle.result3(number)
            except ldap.SIZELIMIT_EXCEEDED:
                if not found:
                    raise
                return found  # the server gives no more of them
            check_kind(kind, ldap.RES_SEARCH_RESULT)
            found += entries_of(page)
            control.cookie = _cookie(controls)
            if not control.cookie or len(found) >= most:
                return found[:most]

    return work


def _search(
    dn: str, scope: int, filter_text: str, attributes: Sequence[str], most: int
) -> _Search:
    def work(handle: Handle) -> list[Entry]:
        number = handle.search_ext(
            dn, scope, filter_text, list(attributes), sizelimit=most
        )
        kind, found = handle.result(number)
        check_kind(kind, ldap.RES_SEARCH_RESULT)
        return entries_of(found)

    return work


def _cookie(controls: Sequence[Any]) -> bytes:
    kind = SimplePagedResultsControl.controlType
    return next((bytes(c.cookie) for c in controls if c.controlType == kind), b"")
