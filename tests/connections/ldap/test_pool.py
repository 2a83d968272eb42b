"""Links kept between questions, against a real OpenLDAP."""

import asyncio
import threading
from collections.abc import AsyncIterator

import ldap
import pytest

from ostiary.connections.ldap import pool as module
from ostiary.connections.ldap.link import Handle, Link
from ostiary.connections.ldap.options import settings_of
from ostiary.connections.ldap.pool import Pool
from ostiary.connections.ldap.servers import Servers
from ostiary.connections.upstream import Away, Registered
from ostiary.core.errors import Reason
from ostiary.flows.ports import Overloaded
from tests.connections.ldap.conftest import until
from tests.services.openldap import OpenLdapServer


class Opened:
    """Opens links and remembers them, and those that broke."""

    def __init__(self, server: OpenLdapServer) -> None:
        options = settings_of(Registered("t", "x", server.options, server.secrets))
        self.servers = Servers(options, ())
        self.links: list[Link] = []
        self.broken: list[Link] = []

    async def open(self) -> Link:
        """One more."""
        link = await self.servers.open()
        self.links.append(link)
        return link


@pytest.fixture
async def opened(openldap: OpenLdapServer) -> AsyncIterator[Opened]:
    """Links to the server, cut in the end."""
    opened = Opened(openldap)
    yield opened
    for link in opened.links:
        link.abort()


def whoami(handle: Handle) -> str:
    """RFC 4532: who this link is; nobody yet."""
    told: str = handle.whoami_s()
    return told


async def test_a_link_is_used_again(opened: Opened) -> None:
    """One after the other, they share it; at once, there are as many as may be."""
    pool = Pool(opened.open, opened.broken.append, most=3)
    for _ in range(5):
        assert await pool.ask(whoami) == ""
    assert len(opened.links) == 1
    await asyncio.gather(*(pool.ask(whoami) for _ in range(20)))
    assert len(opened.links) <= 3
    pool.close()


async def test_idle_links_are_closed(opened: Opened) -> None:
    """After a while without a question; the next one opens a fresh one."""
    pool = Pool(opened.open, opened.broken.append, idle_seconds=0.1)
    await pool.ask(whoami)
    await until(lambda: not opened.links[0].is_alive)
    assert await pool.ask(whoami) == ""
    assert len(opened.links) == 2
    pool.close()


async def test_a_no_of_the_server_keeps_the_link(opened: Opened) -> None:
    """It is an answer: who asked gets it, and the link is as good as before."""
    pool = Pool(opened.open, opened.broken.append)
    with pytest.raises(ldap.INVALID_CREDENTIALS):
        await pool.ask(lambda handle: handle.simple_bind_s("cn=x,dc=y", "z"))
    assert await pool.ask(whoami) == ""
    assert (len(opened.links), opened.broken) == (1, [])
    pool.close()


async def test_a_question_is_asked_twice_at_most(opened: Opened) -> None:
    """A link that breaks in the answer is dropped; so is the fresh one after it."""
    pool = Pool(opened.open, opened.broken.append)
    await pool.ask(whoami)
    asked: list[int] = []

    def break_it(handle: Handle) -> None:
        asked.append(1)
        raise ldap.SERVER_DOWN

    with pytest.raises(Away) as caught:
        await pool.ask(break_it)
    assert caught.value.reason is Reason.DIRECTORY_UNREACHABLE
    assert (len(asked), len(opened.links), len(opened.broken)) == (2, 2, 1)
    assert await pool.ask(whoami) == ""
    pool.close()


async def test_without_twice_what_was_sent_is_not_asked_again(opened: Opened) -> None:
    """And what was not sent is."""
    pool = Pool(opened.open, opened.broken.append)
    await pool.ask(whoami)
    asked: list[int] = []

    def send_and_break(handle: Handle) -> str:
        asked.append(1)
        told = whoami(handle)
        if len(asked) == 1:
            raise ldap.SERVER_DOWN
        return told

    with pytest.raises(Away):
        await pool.ask(send_and_break, twice=False)
    assert len(asked) == 1
    await pool.ask(whoami)

    def break_unsent(handle: Handle) -> str:
        asked.append(1)
        if len(asked) == 2:
            raise ldap.SERVER_DOWN
        return whoami(handle)

    assert await pool.ask(break_unsent, twice=False) == ""
    assert len(asked) == 3
    pool.close()


async def test_a_closed_pool_keeps_nothing(opened: Opened) -> None:
    """A question under way is answered; its link is let go then."""
    pool = Pool(opened.open, opened.broken.append)
    asked = asyncio.create_task(pool.ask(whoami))
    await asyncio.sleep(0)
    pool.close()
    assert await asked == ""
    await until(lambda: not opened.links[0].is_alive)


async def test_too_many_questions_are_not_the_directorys_silence(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who finds no free link is told so, or a rush would have it taken for away."""
    monkeypatch.setattr(module, "ROOM_SECONDS", 0.05)
    pool = Pool(opened.open, opened.broken.append, most=2)
    gate = threading.Event()

    def held(handle: Handle) -> str:
        gate.wait(20)
        return whoami(handle)

    asked = [asyncio.create_task(pool.ask(held)) for _ in range(2)]
    await until(lambda: len(opened.links) == 2)
    for _ in range(3):
        with pytest.raises(Overloaded) as full:
            await pool.ask(whoami)
        assert full.value.retry_after == 1
    gate.set()
    assert await asyncio.gather(*asked) == ["", ""]
    assert await asyncio.gather(*(pool.ask(whoami) for _ in range(2))) == ["", ""]
    assert opened.broken == []
    pool.close()
