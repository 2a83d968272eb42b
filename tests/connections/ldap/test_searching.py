"""Searches page by page, where a server does not play along."""

from typing import Any

import ldap
import pytest
from ldap.controls.libldap import SimplePagedResultsControl

from ostiary.connections.ldap.link import Work
from ostiary.connections.ldap.searching import find, find_all, read
from ostiary.connections.upstream import Away
from ostiary.core.errors import Reason


class Pages:
    """A handle and its searches: gives pages, or raises what stands for one."""

    def __init__(self, *pages: list[str] | type[Exception], kind: int = 101) -> None:
        self.pages = list(pages)
        self.kind = kind
        self.sizes: list[int] = []

    async def ask(self, work: Work[Any]) -> Any:
        """Work with this very handle."""
        return work(self)

    def search_ext(self, *_: object, **more: Any) -> int:
        """A message id."""
        self.sizes += [control.size for control in more.get("serverctrls", ())]
        return 1

    def result3(self, number: int) -> tuple[int, object, int, list[object]]:
        """The next page, with a cookie while there are more."""
        page = self.pages.pop(0)
        if isinstance(page, type):
            raise page({"result": 1})
        cookie = "more" if self.pages else ""
        control = SimplePagedResultsControl(False, size=0, cookie=cookie.encode())
        return self.kind, [(dn, {}) for dn in page], number, [control]

    def result(self, number: int) -> tuple[int, object]:
        """The only page."""
        return self.result3(number)[:2]


async def names(pages: Pages, most: int = 1000) -> list[str]:
    """The DNs that were found."""
    return [e.dn for e in await find_all(pages, "dc=x", "(a=b)", ("cn",), most)]


async def test_all_pages_are_one_answer() -> None:
    """Until there is no cookie, or enough was found."""
    assert await names(Pages(["a"], ["b", "c"], ["d"])) == ["a", "b", "c", "d"]
    assert await names(Pages(["a"], ["b", "c"], ["d"]), 2) == ["a", "b"]


async def test_a_page_is_never_larger_than_what_is_wanted() -> None:
    """Five hundred at most."""
    small, large = Pages([]), Pages([])
    await names(small, 10)
    await names(large, 1000)
    assert (small.sizes, large.sizes) == ([10], [500])


async def test_what_a_server_gave_before_its_limit_counts() -> None:
    """One that gives nothing at all is told as it is, not as an empty answer."""
    assert await names(Pages(["a"], ldap.SIZELIMIT_EXCEEDED)) == ["a"]
    with pytest.raises(Away) as caught:
        await names(Pages(ldap.SIZELIMIT_EXCEEDED))
    assert caught.value.reason is Reason.DIRECTORY_MISCONFIGURED


async def test_what_is_not_there_holds_nothing() -> None:
    """Such as the container of password settings in a plain directory."""
    assert await names(Pages(ldap.NO_SUCH_OBJECT)) == []
    assert await read(Pages(ldap.NO_SUCH_OBJECT), "dc=x", ()) is None
    assert await read(Pages(ldap.INSUFFICIENT_ACCESS), "dc=x", ()) is None


async def test_more_than_were_asked_for_are_none() -> None:
    """Who cannot be told apart is nobody."""
    pages = Pages(ldap.SIZELIMIT_EXCEEDED)
    assert await find(pages, "dc=x", "(a=b)", ("cn",), 2) == []


async def test_an_answer_to_another_question_is_none() -> None:
    """A search is not ended by what ends a bind."""
    for ask in (find, find_all):
        with pytest.raises(Away) as caught:
            await ask(Pages(["a"], kind=ldap.RES_BIND), "dc=x", "(a=b)", ("cn",), 2)
        assert caught.value.reason is Reason.DIRECTORY_LIED
