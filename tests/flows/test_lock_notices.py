"""Locks told by mail: once for each, to the owner alone, with a link that ends it."""

import asyncio

import pytest

from ostiary.core.errors import Reason, Refused
from ostiary.core.model import LockoutRules
from ostiary.flows.lock_notices import unblock
from ostiary.flows.manage.changes import PutTenant, PutUser
from tests.flows import values
from tests.flows.couriers import PlainPages
from tests.flows.test_recovery import MAIL, registry
from tests.flows.test_signup import desk
from tests.flows.values import ALICE, AWAY, NOON, trace
from tests.flows.world import World, refused

THREE = LockoutRules(threshold=3, seconds=60)


@pytest.fixture(autouse=True)
async def furnished(world: World) -> None:
    """A tenant that sends mail, and locks after three wrong passwords."""
    await world.write(PutTenant(values.tenant(options={"mail": MAIL}, lockout=THREE)))


async def lock(world: World, **fields: object) -> None:
    """Guess until the account is locked, and let the errands run."""
    for number in range(3):
        refused(await world.sign_in(f"{world.clock.at} {number}", **fields))
    await world.courier.run()


def ticket(world: World) -> str:
    """The ticket in the newest mail."""
    return world.courier.mails[-1][1].text.split("/unblock#")[1].split()[0]


async def end(world: World, text: str) -> Reason | None:
    """End a lock by a ticket; why it was refused."""
    try:
        admin, found = desk(world), await registry(world)
        await unblock(world.ports, found, text, trace(), admin)
    except Refused as told:
        return told.reason
    return None


async def test_the_owner_gets_one_mail_for_one_lock(world: World) -> None:
    """Not for a wrong password, nor for those that come while it is locked."""
    refused(await world.sign_in("one"))
    refused(await world.sign_in("two"))
    await world.courier.run()
    assert world.courier.mails == []
    await asyncio.gather(*(world.sign_in(f"guess {n}") for n in range(20)))
    await world.courier.run()
    [(server, mail)] = world.courier.mails
    assert (server.smtp, mail.to) == (MAIL["smtp"], "alice@contoso.test")
    records = [each for each in await world.records() if each.outcome == "sent"]
    assert [(each.reason, each.user_id) for each in records] == [("user.lock", ALICE)]


async def test_the_next_lock_is_told_anew(world: World) -> None:
    """Up to five, then one an hour: who guesses must not flood the mailbox."""
    counts = []
    for _ in range(9):  # a lock lasts 900 s at most; an hour gives one mail back
        await lock(world)
        counts.append(len(world.courier.mails))
        world.clock.at += 901
    assert counts == [1, 2, 3, 4, 5, 6, 6, 6, 7]


async def test_the_link_ends_the_lock_once(world: World) -> None:
    """The right password is good again; the same link does nothing more."""
    await lock(world)
    assert refused(await world.sign_in()).reason is Reason.ACCOUNT_LOCKED
    await world.records()
    assert await end(world, ticket(world)) is None
    [record] = await world.records()
    assert (record.outcome, record.reason) == ("changed", "user.unlock")
    assert not isinstance(await world.sign_in(), Refused)
    assert await end(world, ticket(world)) is Reason.TICKET_DEAD


async def test_the_link_is_dead_after_an_hour_or_for_another_address(
    world: World,
) -> None:
    """As the link of a new password is."""
    await lock(world)
    text = ticket(world)
    await world.write(PutUser(values.user(email="new@contoso.test"), NOON))
    assert await end(world, text) is Reason.TICKET_DEAD
    await world.write(PutUser(values.user(), NOON))
    world.clock.at += 3600
    assert await end(world, text) is Reason.TICKET_DEAD


async def test_places_lock_and_are_told_apart(world: World) -> None:
    """An attacker elsewhere locks elsewhere; the owner is told of either."""
    assert not isinstance(await world.sign_in(), Refused)
    await lock(world, trace=trace(AWAY))
    assert not isinstance(await world.sign_in(), Refused)
    await lock(world)
    assert len(world.courier.mails) == 2


@pytest.mark.parametrize(
    "user",
    [{"email": None}, {"enabled": False}],
    ids=["no address", "disabled"],
)
async def test_nobody_is_told_who_cannot_be(
    world: World, user: dict[str, object]
) -> None:
    """The lock itself is the same."""
    await world.write(PutUser(values.user(**user), NOON))
    await lock(world)
    assert refused(await world.sign_in()).reason is Reason.ACCOUNT_LOCKED
    assert world.courier.mails == []


async def test_nobody_and_tenants_without_mail_make_no_errand(world: World) -> None:
    """There is nobody to tell, or nothing to tell by."""
    await lock(world, username="ghost@contoso.test")
    assert world.courier.mails == []
    await world.write(PutTenant(values.tenant(lockout=THREE)))
    refused(await world.sign_in("x"))
    assert world.courier.errands == []


async def test_without_a_page_the_mail_has_no_link(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tenant may have no address for people; the mail tells the rest."""

    def nowhere(*_: object) -> None:
        return None

    monkeypatch.setattr(PlainPages, "unblock", nowhere)
    await lock(world)
    [(_, mail)] = world.courier.mails
    assert "https://" not in mail.text
    assert "blocked for some minutes" in mail.text
