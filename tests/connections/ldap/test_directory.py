"""The adapter against a real OpenLDAP: what is asked, how often, and of whom."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from ostiary.connections.ldap import LdapDirectory, adapter, welcome
from ostiary.connections.ldap.kinds import Kind
from ostiary.connections.ldap.servers import Unwelcome
from ostiary.connections.upstream import Away, Registered
from ostiary.core.errors import Reason
from ostiary.core.passwords import DirectoryLimit
from ostiary.flows.facts import Candidate, Rejected, Verified
from tests.connections.ldap.conftest import Make, until
from tests.services import openldap_people as people
from tests.services.openldap import OpenLdapServer
from tests.services.proxy import proxy_to


async def settled(count: Callable[[], int], expected: int) -> int:
    """A count that should be what is expected, once it had time to be more.

    The server writes its log when it pleases.
    """
    await until(lambda: count() >= expected)
    await asyncio.sleep(0.1)
    return count()


@pytest.mark.parametrize("name", ["lenient", "never-heard-of"])
async def test_a_wrong_password_costs_one_search_and_one_bind(
    make: Make, openldap: OpenLdapServer, name: str
) -> None:
    """Of somebody and of nobody alike (ROPC-02), beside what is asked once of all."""
    directory = make()
    await directory.find("alice")  # what the server is, is known from here on
    binds, searches = openldap.binds(), openldap.searches(name)
    candidate = await directory.find(name)
    assert await directory.verify(candidate, name, "wrong") == Rejected()
    assert await settled(openldap.binds, binds + 1) == binds + 1
    assert openldap.searches(name) == searches + 1


async def test_nobody_is_bound_as_nobody_below_the_base(
    make: Make, openldap: OpenLdapServer
) -> None:
    """A name that cannot be guessed, and another each time."""
    directory = make()
    before = openldap.binds("cn=[0-9a-f]{16},ou=people,")
    for _ in range(3):
        await directory.verify(Candidate("x"), "x", "some password")

    def count() -> int:
        return openldap.binds("cn=[0-9a-f]{16},ou=people,")

    assert await settled(count, before + 3) == before + 3


async def test_a_password_that_is_no_text_is_wrong(make: Make) -> None:
    """Half of a surrogate pair has no UTF-8 (RFC 4513 §5.1.1 wants it)."""
    directory = make()
    candidate = await directory.find("alice")
    assert await directory.verify(candidate, "alice", "\ud800") == Rejected()


async def test_referrals_are_not_followed(make: Make, openldap: OpenLdapServer) -> None:
    """Neither those in results nor the one that is the result: nobody calls there."""
    directory = make(base_dn=f"ou=elsewhere,{people.PEOPLE}")
    with pytest.raises(Away) as caught:
        await directory.find("alice")
    assert caught.value.reason is Reason.DIRECTORY_MISCONFIGURED
    assert (await make().find("alice")).external_id is not None
    with pytest.raises(BlockingIOError):
        openldap.elsewhere.accept()


async def test_groups_come_page_by_page(make: Make) -> None:
    """More of them than the server gives at once (RFC 2696)."""
    profile = await make().look_up("joiner")
    assert profile is not None
    assert profile.groups is not None
    assert len(profile.groups) == people.MANY_GROUPS > 500


async def test_of_three_people_nobody_is_meant(make: Make) -> None:
    """The server stops at two; which two does not matter."""
    candidate = await make().find("triplets@ldap.example.test")
    usual = DirectoryLimit(people.THRESHOLD, people.SECONDS)
    assert candidate == Candidate("triplets", limit=usual)


@pytest.mark.parametrize("told", [None, {"threshold": 7, "seconds": 60}])
async def test_nobody_has_the_limit_of_anybody(
    make: Make, told: dict[str, int] | None
) -> None:
    """The number of tries until a lock must not tell who exists (promise 2)."""
    directory = make() if told is None else make(lockout=told)
    alice, nobody = await directory.find("alice"), await directory.find("ghost")
    expected = told or {"threshold": people.THRESHOLD, "seconds": people.SECONDS}
    assert nobody.external_id is None
    assert alice.limit == nobody.limit == DirectoryLimit(**expected)


async def test_policies_of_their_own_have_limits_of_their_own(make: Make) -> None:
    """`pwdPolicySubentry` names it; one that does not lock is no limit."""
    directory = make()
    limits = {
        name: (await directory.find(name)).limit for name in ("strict", "lenient")
    }
    assert limits["strict"] == DirectoryLimit(people.STRICT_THRESHOLD, people.SECONDS)
    assert limits["lenient"] == DirectoryLimit(0, people.SECONDS)


async def test_an_entry_that_changed_hands_is_not_signed_in(make: Make) -> None:
    """Renamed between the search and the bind: nobody can tell who that was."""
    directory = make()
    bob, alice = await directory.find("bob"), await directory.find("alice")
    swapped = Candidate(alice.key, alice.external_id, bob.place, alice.limit)
    with pytest.raises(Away) as caught:
        await directory.verify(swapped, "alice", people.PASSWORD)
    assert caught.value.reason is Reason.DIRECTORY_LIED


async def test_a_wrong_password_of_ours_is_tried_once(
    make: Make, openldap: OpenLdapServer
) -> None:
    """A storm of sign-ins must not lock the account that searches."""
    directory = make(bind_dn=f"uid=lenient,{people.PEOPLE}", bind_password="wrong")
    before = openldap.binds("uid=lenient")
    for _ in range(5):
        with pytest.raises(Away) as caught:
            await directory.find("alice")
        assert caught.value.reason is Reason.DIRECTORY_MISCONFIGURED

    def count() -> int:
        return openldap.binds("uid=lenient")

    assert await settled(count, before + 1) == before + 1


async def test_many_at_once_try_a_wrong_password_of_ours_once(
    make: Make, openldap: OpenLdapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when it was right until now: eight links may be wanted at the same time."""
    directory = make(bind_dn=f"uid=argon,{people.PEOPLE}", bind_password="wrong")

    async def known(*_: object) -> Kind:
        return Kind(people.BASE)

    monkeypatch.setattr(adapter, "read_kind", known)
    before = openldap.binds("uid=argon")
    asked = [directory.find("alice") for _ in range(20)]
    told = await asyncio.gather(*asked, return_exceptions=True)
    assert {type(each) for each in told} == {Unwelcome}

    def count() -> int:
        return openldap.binds("uid=argon")

    assert await settled(count, before + 1) == before + 1


async def test_a_corrected_password_of_ours_is_found_out(
    make: Make, openldap: OpenLdapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a while it is tried again: it may have been set anew over there."""
    monkeypatch.setattr(welcome, "REFUSED_FOR", 0.0)
    directory = make(bind_dn=f"cn=nobody,{people.BASE}", bind_password="wrong")
    before = openldap.binds("cn=nobody")
    for _ in range(2):
        with pytest.raises(Away, match="bind_dn or bind_password is refused"):
            await directory.find("alice")

    def count() -> int:
        return openldap.binds("cn=nobody")

    assert await settled(count, before + 2) == before + 2


async def test_without_an_account_it_asks_as_anybody(make: Make) -> None:
    """This server shows nothing to strangers, which is a setting, not an answer."""
    with pytest.raises(Away) as caught:
        await make(bind_dn=None).find("alice")
    assert caught.value.reason is Reason.DIRECTORY_MISCONFIGURED


async def test_what_the_server_is_is_read_again_in_time(
    make: Make, openldap: OpenLdapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every five minutes, and by one alone however many sign in at once."""
    directory = make()
    before = openldap.searches("objectClass=pwdPolicy")
    await asyncio.gather(*(directory.find("alice") for _ in range(10)))

    def count() -> int:
        return openldap.searches("objectClass=pwdPolicy")

    assert await settled(count, before + 1) == before + 1
    monkeypatch.setattr(adapter, "KIND_SECONDS", 0.0)
    await directory.find("alice")
    assert await settled(count, before + 2) >= before + 2


async def test_the_first_server_that_lets_us_in_is_asked(
    make: Make, openldap: OpenLdapServer, free_port: Callable[[], int]
) -> None:
    """One that refuses is tried last for a while: the next link skips it."""
    dead = f"ldaps://localhost:{free_port()}"
    directory = make(urls=[dead, openldap.url])
    candidate = await directory.find("alice")
    verdict = await directory.verify(candidate, "alice", people.PASSWORD)
    assert isinstance(verdict, Verified)


async def test_a_server_that_hangs_does_not_take_all_the_time(
    make: Make, openldap: OpenLdapServer
) -> None:
    """It is left for the next one after 2.5 seconds, and then skipped."""
    async with proxy_to("127.0.0.1", openldap.tls_port) as hanging:
        hanging.hold()
        directory = make(urls=[f"ldaps://localhost:{hanging.port}", openldap.url])
        async with asyncio.timeout(6.0):
            candidate = await directory.find("alice")
        connections = hanging.connections
        verdict = await directory.verify(candidate, "alice", people.PASSWORD)
    assert isinstance(verdict, Verified)
    assert connections == hanging.connections == 1


async def test_a_server_that_stops_answering_is_left(
    make: Make, openldap: OpenLdapServer
) -> None:
    """Cut off by the deadline, it is not asked first the next time."""
    async with proxy_to("127.0.0.1", openldap.tls_port) as stopping:
        directory = make(urls=[f"ldaps://localhost:{stopping.port}", openldap.url])
        await directory.find("alice")
        stopping.hold()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await directory.find("alice")
        async with asyncio.timeout(6.0):
            assert (await directory.find("alice")).external_id is not None


async def test_a_bind_that_may_have_been_sent_is_not_sent_again(
    make: Make, openldap: OpenLdapServer
) -> None:
    """The directory may have counted it; nobody can tell, and the next one is fine."""
    async with proxy_to("127.0.0.1", openldap.tls_port) as breaking:
        directory = make(urls=[f"ldaps://localhost:{breaking.port}"])
        candidate = await directory.find("alice")
        await directory.verify(candidate, "alice", people.PASSWORD)
        breaking.hold()
        asked = asyncio.create_task(directory.verify(candidate, "alice", "guess"))
        sent = breaking.sent
        await until(lambda: breaking.sent > sent)
        breaking.cut()
        breaking.flow()
        with pytest.raises(Away) as caught:
            await asked
        assert caught.value.reason is Reason.DIRECTORY_UNREACHABLE
        verdict = await directory.verify(candidate, "alice", people.PASSWORD)
        assert isinstance(verdict, Verified)


async def test_probing_needs_no_account(make: Make) -> None:
    """It asks what the server is, and nothing of ours is counted."""
    await make(bind_password="wrong").probe()
    with pytest.raises(Away):
        await make(urls=["ldaps://localhost:1"]).probe()


async def test_an_address_of_a_tenants_own_is_judged(openldap: OpenLdapServer) -> None:
    """Loopback only where the operator lists it; no packet otherwise (ADM-09)."""
    async with proxy_to("127.0.0.1", openldap.tls_port) as proxy:
        told = {**openldap.options, "urls": [f"ldaps://localhost:{proxy.port}"]}
        registered = Registered("t", "x", told, openldap.secrets, restricted=True)
        refused = LdapDirectory(registered, ("10.0.0.0/8",))
        with pytest.raises(Away) as caught:
            await refused.find("alice")
        assert caught.value.reason is Reason.DIRECTORY_MISCONFIGURED
        assert proxy.connections == 0
        allowed = LdapDirectory(registered, ("127.0.0.0/8", "::1/128"))
        assert (await allowed.find("alice")).external_id is not None
        await allowed.close()


async def test_no_thread_is_left_behind(make: Make) -> None:
    """Each link has one, which ends with it, also when a question is cut off."""

    def threads() -> int:
        return sum(thread.name == "ldap" for thread in threading.enumerate())

    before = threads()
    directory = make()
    await asyncio.gather(*(directory.find("alice") for _ in range(20)))
    assert before < threads() <= before + 8
    asked = asyncio.create_task(directory.find("bob"))
    await asyncio.sleep(0)
    asked.cancel()
    await directory.close()
    await until(lambda: threads() <= before)
