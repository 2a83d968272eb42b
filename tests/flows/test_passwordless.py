"""Codes on their way: who gets one, who seems to, and what is counted and recorded.

The words of the wire are tested over the wire; what a try means, with the core.
"""

from dataclasses import replace

import pytest

from ostiary.core.codes import CodePlace, CodeVerdict
from ostiary.core.errors import Reason, Refused
from ostiary.core.model import ConnectionSettings, Tenant
from ostiary.core.names import ONE_TIME_CODE
from ostiary.core.request import ClientCredential, TokenRequest
from ostiary.dialects.auth0.surface import Surface
from ostiary.dialects.auth0.wire import Auth0Wire
from ostiary.flows.manage.changes import PutClient, PutListed, PutTenant, PutUser
from ostiary.flows.passwordless import Recipient, Started, check_code, start
from tests.flows import values
from tests.flows.values import AWAY, NOON, TENANT, trace
from tests.flows.world import World, request

BOX, PHONE = "box@mail.test", "+15551234567"
MAIL = {"smtp": "smtp://mail.test", "from": "no-reply@contoso.test"}
EMAIL = ConnectionSettings("email", "email", options=MAIL)
SMS = ConnectionSettings("sms", "sms", options={"webhook": "https://gateway.test"})
BARE = (ConnectionSettings("bare", "email"), ConnectionSettings("bare-sms", "sms"))
BLOCKED = values.user(
    id="bbbbbbbb-0000-4000-8000-000000000002",
    connection="email",
    username=BOX,
    email=BOX,
    enabled=False,
)


@pytest.fixture(autouse=True)
async def furnished(world: World) -> None:
    """Connections that send codes, and one that lacks its options."""
    listed = (EMAIL, SMS, *BARE)
    await world.write(
        *(PutListed(TENANT, each.name, n + 1, each) for n, each in enumerate(listed))
    )


def asked(connection: str = "email", **fields: object) -> TokenRequest:
    """A request about a code by the public client."""
    known: dict[str, object] = {
        "grant_type": ONE_TIME_CODE,
        "username": None,
        "password": None,
        "connection": connection,
    }
    return request(**{**known, **fields})


async def ask(
    world: World, asking: TokenRequest, to: Recipient, tenant: Tenant | None = None
) -> Started | Refused:
    """What comes of asking for a code."""
    wire = Auth0Wire(Surface.PASSWORDLESS, tenant or values.tenant())
    try:
        return await start(asking, to, wire, world.ports)
    except Refused as refused:
        return refused


async def look(world: World, asking: TokenRequest, to: Recipient) -> Reason | None:
    """Why a code was refused; None when it was right."""
    try:
        await check_code(
            asking, to, Auth0Wire(Surface.RO, values.tenant()), world.ports
        )
    except Refused as refused:
        return refused.reason
    return None


def reason_of(outcome: Started | Refused) -> Reason:
    """Why it was refused, as it must have been."""
    assert isinstance(outcome, Refused), outcome
    return outcome.reason


async def test_a_code_is_kept_recorded_and_mailed_in_this_order(world: World) -> None:
    """The mail goes once the answer is out; the record never holds the address."""
    await ask(world, asked(), Recipient(email=BOX))
    assert world.courier.mails == []
    [record] = await world.records()
    assert (record.outcome, record.grant_type) == ("sent", ONE_TIME_CODE)
    assert (record.username, record.user_id) == ("b…", "")
    await world.courier.run()
    [(server, mail)] = world.courier.mails
    assert (server.smtp, server.sender) == (MAIL["smtp"], MAIL["from"])
    assert mail.to == BOX
    place = CodePlace(TENANT, "email", BOX)
    code = mail.text.split("code is: ")[1][:6]
    verdict = await world.codes.judge(place, code, NOON + 179, spend=True)
    assert verdict is CodeVerdict.RIGHT


async def test_a_text_message_is_part_of_the_answer(world: World) -> None:
    """Sent before it; what the gateway refuses is refused, and recorded."""
    started = await ask(world, asked("sms"), Recipient(phone_number=PHONE))
    assert isinstance(started, Started)
    [(gateway, message)] = world.courier.texts
    assert (gateway.webhook, message.to) == ("https://gateway.test", PHONE)
    assert message.code in message.text
    world.courier.takes = False
    outcome = await ask(world, asked("sms"), Recipient(phone_number=PHONE))
    assert reason_of(outcome) is Reason.MESSAGE_FAILED
    assert [record.reason for record in await world.records()] == [
        "",
        "",
        "message_failed",
    ]


async def test_a_blocked_user_looks_like_anybody(world: World) -> None:
    """The same statements, the same answer, no mail; the log knows (promise 2)."""
    await ask(world, asked(), Recipient(email=BOX))  # what is cached is read by now
    world.database.heard.clear()
    free = await ask(world, asked(), Recipient(email=BOX))
    as_free = list(world.database.heard)
    await world.courier.run()
    await world.write(PutUser(BLOCKED, NOON))
    world.courier.mails.clear()
    world.database.heard.clear()
    blocked = await ask(world, asked(), Recipient(email=BOX))
    assert blocked == free
    assert world.database.heard == as_free
    await world.courier.run()
    assert world.courier.mails == []
    record = (await world.records())[-1]
    assert (record.outcome, record.reason) == ("refused", "user_disabled")
    assert record.user_id == BLOCKED.id


async def test_a_blocked_number_takes_as_long_and_fares_as_others(world: World) -> None:
    """Nothing is sent, and the gateway's failures are shared."""
    number = replace(
        BLOCKED, connection="sms", username=PHONE, email=None, phone_number=PHONE
    )
    await world.write(PutUser(number, NOON))
    assert isinstance(
        await ask(world, asked("sms"), Recipient(phone_number=PHONE)), Started
    )
    assert world.courier.texts == []
    assert [each.webhook for each in world.courier.pretended] == [
        "https://gateway.test"
    ]
    world.courier.takes = False
    outcome = await ask(world, asked("sms"), Recipient(phone_number=PHONE))
    assert reason_of(outcome) is Reason.MESSAGE_FAILED


async def test_fifty_an_hour_from_one_address(world: World) -> None:
    """Whoever they are for; another address has its own (contract auth0 §5)."""
    for number in range(50):
        to = Recipient(email=f"box{number}@mail.test")
        assert isinstance(await ask(world, asked(), to), Started)
    outcome = await ask(world, asked(), Recipient(email="more@mail.test"))
    assert reason_of(outcome) is Reason.TOO_MANY_REQUESTS
    assert isinstance(outcome, Refused)
    assert outcome.facts == {"retry_after": 72, "limit": 50}
    elsewhere = asked(trace=trace(AWAY))
    assert isinstance(await ask(world, elsewhere, Recipient(email=BOX)), Started)
    world.clock.at += 72
    assert isinstance(await ask(world, asked(), Recipient(email=BOX)), Started)


async def test_what_is_malformed_takes_nothing_of_the_limit(world: World) -> None:
    """It sent nothing."""
    for _ in range(60):
        outcome = await ask(world, asked(), Recipient(email="no address"))
        assert reason_of(outcome) is Reason.PARAMETER_INVALID
    assert isinstance(await ask(world, asked(), Recipient(email=BOX)), Started)


@pytest.mark.parametrize(
    ("connection", "reason"),
    [
        ("bare", Reason.CONNECTION_UNCONFIGURED),
        ("bare-sms", Reason.CONNECTION_UNCONFIGURED),
        (values.DIRECTORY, Reason.CONNECTION_PASSIVE),
        ("nowhere", Reason.CONNECTION_UNKNOWN),
    ],
)
async def test_a_connection_must_be_able_to_send(
    world: World, connection: str, reason: Reason
) -> None:
    """Told before anything is kept or counted."""
    to = Recipient(email=BOX, phone_number=PHONE)
    assert reason_of(await ask(world, asked(connection), to)) is reason
    assert world.courier.errands == []
    assert [record.reason for record in await world.records()] == [reason.value]


async def test_a_client_of_another_tenant_is_nobody_here(world: World) -> None:
    """Even a multi-tenant one (promise 6)."""
    other = values.tenant(id=values.ELSEWHERE, name="other", domains=())
    foreign = values.client(
        tenant_id=values.ELSEWHERE, client_id="foreign", multi_tenant=True
    )
    await world.write(PutTenant(other), PutClient(foreign))
    asking = asked(client=ClientCredential("foreign"))
    outcome = await ask(world, asking, Recipient(email=BOX))
    assert reason_of(outcome) is Reason.CLIENT_UNKNOWN


async def test_a_link_is_worded_as_one(world: World) -> None:
    """The mail says what to do with the code instead."""
    await ask(world, asked(), Recipient(email=BOX, by_link=True))
    await ask(world, asked(), Recipient(email=BOX))
    await world.courier.run()
    linked, plain = (mail.text for _, mail in world.courier.mails)
    assert "Go back to where you began" in linked
    assert "Go back" not in plain


# --- looking at a code --------------------------------------------------------------


async def test_a_look_is_a_guess_like_any_other(world: World) -> None:
    """Ten wrong ones lock the name, whether it has a code or an account or not."""
    to = Recipient(email=BOX)
    for number in range(10):
        found = await look(world, asked(password=f"wrong {number}"), to)
        assert found is Reason.CODE_WRONG
    assert await look(world, asked(password="more"), to) is Reason.ACCOUNT_LOCKED
    world.clock.at += 60
    assert await look(world, asked(password="again"), to) is Reason.CODE_WRONG


async def test_a_right_look_is_recorded_and_counts_nothing(world: World) -> None:
    """The code stays good for the sign-in that follows."""
    await ask(world, asked(), Recipient(email=BOX))
    await world.courier.run()
    code = world.courier.mails[0][1].text.split("code is: ")[1][:6]
    await world.records()
    for _ in range(5):
        assert await look(world, asked(password=code), Recipient(email=BOX)) is None
    assert [record.outcome for record in await world.records()] == ["checked"] * 5


async def test_while_locked_the_right_code_learns_nothing(world: World) -> None:
    """And no try of it is counted."""
    await ask(world, asked(), Recipient(email=BOX))
    await world.courier.run()
    code = world.courier.mails[0][1].text.split("code is: ")[1][:6]
    other = Recipient(email=BOX)
    for number in range(10):
        await look(world, asked(password=f"wrong {number}"), other)
    await ask(world, asked(), Recipient(email=BOX))
    await world.courier.run()
    code = world.courier.mails[-1][1].text.split("code is: ")[1][:6]
    for _ in range(5):
        found = await look(world, asked(password=code), other)
        assert found is Reason.ACCOUNT_LOCKED
    world.clock.at += 61
    assert await look(world, asked(password=code), other) is None


async def test_a_connection_that_is_off_looks_at_nothing(world: World) -> None:
    """Not there and switched off alike: no client is here to know more."""
    off = replace(EMAIL, enabled=False)
    await world.write(PutListed(TENANT, "email", 1, off))
    to = Recipient(email=BOX)
    assert await look(world, asked(password="1"), to) is Reason.CONNECTION_UNKNOWN
    nowhere = asked("nowhere", password="1")
    assert await look(world, nowhere, to) is Reason.CONNECTION_UNKNOWN
