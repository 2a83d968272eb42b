"""What all of the management API shares: a request that was allowed, pages, ids.

Which requests there are is told in `management`.
"""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import parse_qs

from ostiary.core.errors import Reason, Refused
from ostiary.core.model import Tenant
from ostiary.flows.facts import Registry
from ostiary.web import HttpRequest, HttpResponse

T = TypeVar("T")

MOST_IN_A_PAGE: Final = 100
USUAL_IN_A_PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that its client may make; `names` are the parts of the path that vary.

    scopes: what the client may do at all.
    """

    request: HttpRequest
    registry: Registry
    names: tuple[str, ...]
    client_id: str
    scopes: frozenset[str]

    @property
    def tenant(self) -> Tenant:
        """Whose objects these are."""
        return self.registry.tenant

    def query(self, name: str) -> str | None:
        """A parameter of the address. Raises Refused(PARAMETER_REPEATED)."""
        values = self.values(name)
        if len(values) > 1:
            raise Refused(Reason.PARAMETER_REPEATED, name=name)
        return values[0] if values else None

    def values(self, name: str) -> list[str]:
        """A parameter of the address that may come more than once.

        Raises Refused(PARAMETER_INVALID).
        """
        found = parse_qs(self.request.query, keep_blank_values=True).get(name, [])
        if any("\0" in value for value in found):
            raise Refused(Reason.PARAMETER_INVALID, name=name, why="holds a NUL")
        return found

    def required(self, name: str) -> str:
        """A parameter that must be there. Raises Refused(PARAMETER_MISSING)."""
        value = self.query(name)
        if not value:
            raise Refused(Reason.PARAMETER_MISSING, name=name)
        return value

    def number(self, name: str, usual: int, most: int) -> int:
        """A parameter that is a number. Raises Refused(PARAMETER_INVALID)."""
        text = self.query(name)
        if text is None:
            return usual
        if not (text.isascii() and text.isdecimal() and len(text) < 10):
            raise Refused(Reason.PARAMETER_INVALID, name=name, why="must be a number")
        if int(text) > most:
            why = f"must be at most {most}"
            raise Refused(Reason.PARAMETER_INVALID, name=name, why=why)
        return int(text)


Act = Callable[[Asked], Awaitable[HttpResponse]]


def page_of(asked: Asked, found: Sequence[T]) -> tuple[Sequence[T], int]:
    """The page that is asked for, and where it begins."""
    size = asked.number("per_page", USUAL_IN_A_PAGE, MOST_IN_A_PAGE)
    start = asked.number("page", 0, 10**8) * size
    return found[start : start + size], start


def listed(asked: Asked, name: str, found: Sequence[object]) -> object:
    """A page as a plain array, or with the totals if these are asked for."""
    page, start = page_of(asked, found)
    if asked.query("include_totals") != "true":
        return page
    size = asked.number("per_page", USUAL_IN_A_PAGE, MOST_IN_A_PAGE)
    facts = {"start": start, "limit": size, "length": len(page), "total": len(found)}
    return {**facts, name: page}


def connection_id(tenant: Tenant, name: str) -> str:
    """The id of a connection, for ever the same (interface §3)."""
    digest = hashlib.sha256(f"connection\n{tenant.id}\n{name}".encode()).hexdigest()
    return f"con_{digest[:16]}"
