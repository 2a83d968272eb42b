"""Forgotten passwords: who gets a mail, what kills a link, what a new password ends.

The page and the words of the wire are tested over the wire.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from ostiary.core.errors import Reason, Refused
from ostiary.core.model import Authentication, Domain, PasswordState
from ostiary.core.password_policy import NO_LEAKS
from ostiary.dialects.auth0.surface import Surface
from ostiary.dialects.auth0.wire import Auth0Wire
from ostiary.flows.facts import Account, Registry
from ostiary.flows.lock_notices import find_unblock
from ostiary.flows.manage.changes import Drop, Kind, PutTenant, PutUser
from ostiary.flows.recovery import (
    NewPassword,
    ask_reset,
    find_reset,
    reset_password,
)
from tests.flows import values
from tests.flows.test_signup import GOOD, desk
from tests.flows.values import ALICE, AWAY, DIRECTORY, NOON, TENANT, trace
from tests.flows.world import World, request

ADDRESS = "alice@contoso.test"
MAIL = {"smtp": "smtp://mail.test", "from": "no-reply@contoso.test"}
DOMAINS = (
    Domain("contoso.test"),
    Domain("federated.test", Authentication.FEDERATED, DIRECTORY),
)


@pytest.fixture(autouse=True)
async def furnished(world: World) -> None:
    """A tenant that sends mail."""
    await world.write(PutTenant(values.tenant(options={"mail": MAIL}, domains=DOMAINS)))


async def ask(world: World, email: str = ADDRESS, **fields: object) -> Reason | None:
    """Ask for a new password, and let the errand run; why it was refused."""
    known = {"grant_type": "", "username": None, "password": None}
    asked = request(**{**known, "connection": DIRECTORY, **fields})
    try:
        wire = Auth0Wire(Surface.RO, values.tenant())
        await ask_reset(asked, email, wire, world.ports)
    except Refused as refused:
        return refused.reason
    await world.courier.run()
    return None


def ticket(world: World) -> str:
    """The ticket in the newest mail."""
    return world.courier.mails[-1][1].text.split("/reset#")[1].split()[0]


async def registry(world: World) -> Registry:
    """The tenant as it is now."""
    tenant_id = await world.directory.tenant_id(TENANT)
    assert tenant_id == TENANT
    found = await world.directory.registry(TENANT)
    assert found is not None
    return found


async def is_dead(world: World, text: str) -> bool:
    """Whether a ticket opens nothing."""
    try:
        await find_reset(world.ports, await registry(world), text)
    except Refused as refused:
        return refused.reason is Reason.TICKET_DEAD
    return False


async def reset(world: World, text: str, password: str = GOOD) -> Reason | None:
    """Set a new password by a ticket; why it was refused."""
    new = NewPassword(password, NO_LEAKS, trace())
    try:
        await reset_password(world.ports, await registry(world), text, new, desk(world))
    except Refused as refused:
        return refused.reason
    return None


async def alice(world: World) -> Account:
    """Alice as stored."""
    account = await world.ports.people.find(TENANT, ALICE)
    assert account is not None
    return account


async def test_the_whole_way(world: World) -> None:
    """Asked and sent are recorded apart; the change ends sessions and locks."""
    for number in range(10):
        await world.sign_in(f"guess {number}")
    world.courier.errands.clear()
    await world.records()
    assert await ask(world) is None
    outcomes = [(each.outcome, each.reason) for each in await world.records()]
    assert outcomes == [("asked", "user.reset"), ("sent", "user.reset")]
    [(server, mail)] = world.courier.mails
    assert (server.smtp, mail.to) == (MAIL["smtp"], ADDRESS)
    world.clock.at += 5
    assert await reset(world, ticket(world)) is None
    account = await alice(world)
    assert account.password_hash == f"hash of {GOOD}"
    assert account.password_changed_at == account.sessions_valid_from == NOON + 5
    assert account.user.email_verified
    records = await world.records()
    assert [(each.outcome, each.reason) for each in records] == [
        ("changed", "user.reset"),
        ("changed", "user.unlock"),
    ]
    assert {each.user_id for each in records} == {ALICE}
    assert not isinstance(await world.sign_in(), Refused)


@pytest.mark.parametrize(
    "user",
    [
        {"enabled": False},
        {"guest": True},
        {"password_state": PasswordState.NONE},
        {"username": "alice@federated.test"},
        {"email": None},
        {"email": "other@contoso.test", "username": "else"},
    ],
    ids=str,
)
async def test_no_mail_for_whom_it_would_not_help(
    world: World, user: Mapping[str, Any]
) -> None:
    """Blocked, without a password here, without an address, or somebody else."""
    await world.write(PutUser(values.user(**user), NOON))
    assert await ask(world) is None
    assert world.courier.mails == []
    assert [each.outcome for each in await world.records()] == ["asked"]


@pytest.mark.parametrize(
    "state", [PasswordState.EXPIRED, PasswordState.MUST_CHANGE, PasswordState.LEAKED]
)
async def test_a_state_of_the_old_password_ends_with_it(
    world: World, state: PasswordState
) -> None:
    """What had to be changed was changed."""
    await world.write(PutUser(values.user(password_state=state), NOON))
    await ask(world)
    assert await reset(world, ticket(world)) is None
    assert (await alice(world)).user.password_state is PasswordState.OK


async def test_a_tenant_without_mail_says_so_in_its_log(world: World) -> None:
    """Nobody else learns it."""
    await world.write(PutTenant(values.tenant()))
    assert await ask(world) is None
    assert world.courier.mails == []
    reasons = [each.reason for each in await world.records()]
    assert reasons == ["user.reset", "message_failed"]


async def test_the_request_does_the_same_for_nobody(world: World) -> None:
    """What depends on there being an account happens after the answer (promise 2)."""
    await ask(world)
    heard = []
    for email in (ADDRESS, "nobody@contoso.test"):
        world.database.heard.clear()
        known = {"grant_type": "", "username": None, "password": None}
        asked = request(**{**known, "connection": DIRECTORY})
        wire = Auth0Wire(Surface.RO, values.tenant())
        await ask_reset(asked, email, wire, world.ports)
        heard.append(list(world.database.heard))
    assert heard[0] == heard[1]
    assert len(world.courier.errands) == 2


async def test_ten_at_once_for_an_address_and_a_source(world: World) -> None:
    """Then one a minute; another address or another source has its own (auth0 §5)."""
    for _ in range(10):
        assert await ask(world) is None
    assert await ask(world, ADDRESS.upper()) is Reason.TOO_MANY_REQUESTS
    assert await ask(world, "bob@contoso.test") is None
    assert await ask(world, trace=trace(AWAY)) is None
    world.clock.at += 60
    assert await ask(world) is None
    assert await ask(world) is Reason.TOO_MANY_REQUESTS


async def test_a_link_lives_an_hour(world: World) -> None:
    """Not a second longer."""
    await ask(world)
    world.clock.at += 3599
    assert not await is_dead(world, ticket(world))
    world.clock.at += 1
    assert await is_dead(world, ticket(world))
    assert await reset(world, ticket(world)) is Reason.TICKET_DEAD


@pytest.mark.parametrize(
    "change",
    [
        PutUser(values.user(), NOON + 1, "another hash"),
        PutUser(values.user(email="new@contoso.test"), NOON + 1),
        PutUser(values.user(enabled=False), NOON + 1),
        PutUser(values.user(password_state=PasswordState.NONE), NOON + 1),
        Drop(TENANT, Kind.USER, ALICE),
    ],
    ids=["password", "address", "disabled", "passwordless", "removed"],
)
async def test_what_happens_in_between_kills_a_link(
    world: World, change: PutUser | Drop
) -> None:
    """Another password, another address, or nobody who may use one."""
    await ask(world)
    await world.write(change)
    assert await is_dead(world, ticket(world))
    assert await reset(world, ticket(world)) is Reason.TICKET_DEAD
    [record] = await world.records()
    assert (record.outcome, record.reason) == ("refused", "ticket_dead")


async def test_a_newer_link_replaces_the_older_one(world: World) -> None:
    """Trying the older one does not hurt the newer one."""
    await ask(world)
    older = ticket(world)
    await ask(world)
    for _ in range(5):
        assert await reset(world, older) is Reason.TICKET_DEAD
    assert await reset(world, ticket(world)) is None


async def test_of_two_at_once_one_sets_its_password(world: World) -> None:
    """The other is too late, and changes nothing."""
    await ask(world)
    text = ticket(world)
    found = await asyncio.gather(
        *(reset(world, text, f"{GOOD} {number}") for number in range(8))
    )
    assert sorted(map(str, found)) == ["None"] + ["ticket_dead"] * 7
    winner = found.index(None)
    assert (await alice(world)).password_hash == f"hash of {GOOD} {winner}"


async def test_a_weak_password_uses_nothing_up(world: World) -> None:
    """The rules are those of sign-up."""
    await ask(world)
    for weak in ("short", "password1", f"{ADDRESS}-1"):
        assert await reset(world, ticket(world), weak) is Reason.PASSWORD_WEAK
    assert await reset(world, ticket(world)) is None


async def test_a_ticket_is_good_for_its_purpose_alone(world: World) -> None:
    """A new password is not the end of a lock, and a token is neither."""
    await ask(world)
    with pytest.raises(Refused) as refused:
        await find_unblock(world.ports, await registry(world), ticket(world))
    assert refused.value.reason is Reason.TICKET_DEAD
    token = await world.sign_in()
    assert not isinstance(token, Refused)
    assert await is_dead(world, token.access_token)
    for text in ("", "x", "e30", "bnVsbA"):
        assert await is_dead(world, text)
