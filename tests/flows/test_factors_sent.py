"""Second factors whose code is sent: asked for, delivered, brought back.

Which user that is and what waits for the code is in `test_second_factor`.
"""

from dataclasses import replace
from typing import Final

import pytest

from ostiary.core.errors import Reason
from ostiary.core.factors import Factor, FactorKind
from ostiary.core.model import ConnectionSettings
from ostiary.core.names import MFA_OOB
from ostiary.core.request import ClientCredential
from ostiary.flows.challenge import Challenge, Wish
from ostiary.flows.manage.changes import PutClient, PutListed, PutTenant, PutUser
from tests.flows import values
from tests.flows.factored import (
    NUMBER,
    PHONE,
    REPEATED,
    ask,
    ask_challenge,
    begin,
    bring,
    challenged,
    furnish,
)
from tests.flows.values import CONFIDENTIAL, NOON, TENANT
from tests.flows.world import World, granted, refused
from tests.services.authenticator import other_than

MAILBOX: Final = Factor(
    "mailbox",
    FactorKind.OOB,
    channel="email",
    name="alice@home.test",
    created_at=NOON + 1,
)
MAIL: Final = {"mail": {"smtp": "smtp://mail.test", "from": "no-reply@contoso.test"}}


@pytest.fixture
async def world(world: World) -> World:
    """Alice must bring a second factor, and has a telephone."""
    await furnish(world, PHONE, seed=False)
    draws = iter(range(100_000, 900_000, 7_919))
    world.clock.between = lambda low, high: next(draws)  # type: ignore[method-assign]
    return world


def last_text(world: World) -> str:
    """The code of the newest text message."""
    return world.courier.texts[-1][1].code


async def test_a_code_is_sent_and_completes_the_sign_in(world: World) -> None:
    """To the user's telephone, by the tenant's gateway; amr tells how (RFC 8176)."""
    ticket = await begin(world)
    oob = await challenged(world, ticket)
    [(gateway, message)] = world.courier.texts
    assert (gateway.webhook, message.to) == ("http://gateway", NUMBER)
    assert message.code in message.text
    outcome = granted(await bring(world, ticket, message.code, MFA_OOB, oob_code=oob))
    assert outcome.grant.subject is not None
    assert outcome.grant.subject.amr == ("pwd", "sms", "mfa")
    outcomes = [each.outcome for each in await world.records()]
    assert outcomes == ["refused", "sent", "granted"]


async def test_a_code_may_come_by_mail(world: World) -> None:
    """The one factor that the client asks for; the mail goes after the answer."""
    await furnish(world, MAILBOX, seed=False)
    await world.write(PutTenant(values.tenant(options=MAIL)))
    ticket = await begin(world)
    made = await ask_challenge(world, ticket, Wish(factor_id="mailbox"))
    assert isinstance(made, Challenge)
    assert world.courier.mails == []
    await world.courier.run()
    [(server, mail)] = world.courier.mails
    assert (server.smtp, mail.to) == ("smtp://mail.test", "alice@home.test")
    code = next(word for word in mail.text.split() if word.isdigit())
    oob = made.oob_code
    outcome = granted(await bring(world, ticket, code, MFA_OOB, oob_code=oob))
    assert outcome.grant.subject is not None
    assert outcome.grant.subject.amr == ("pwd", "otp", "mfa")


async def test_a_code_works_once_and_only_the_newest_does(world: World) -> None:
    """Each challenge makes the code before it worthless."""
    first = await begin(world)
    oob = await challenged(world, first)
    older = last_text(world)
    second = await begin(world)
    newer_oob = await challenged(world, second)
    told = refused(await bring(world, first, older, MFA_OOB, oob_code=oob))
    assert told.reason is Reason.MFA_SENT_CODE_WRONG
    code = last_text(world)
    granted(await bring(world, second, code, MFA_OOB, oob_code=newer_oob))
    third = await begin(world)
    told = refused(await bring(world, third, code, MFA_OOB, oob_code=newer_oob))
    assert told.reason is Reason.MFA_SENT_CODE_WRONG


async def test_a_code_is_for_one_sign_in(world: World) -> None:
    """What a challenge answered cannot be brought to another sign-in of the user."""
    ticket, another = await begin(world), await begin(world)
    oob = await challenged(world, ticket)
    code = last_text(world)
    told = refused(await bring(world, another, code, MFA_OOB, oob_code=oob))
    assert told.reason is Reason.MFA_SENT_CODE_WRONG
    granted(await bring(world, ticket, code, MFA_OOB, oob_code=oob))


@pytest.mark.parametrize("oob", ["", "garbage"])
async def test_a_code_needs_its_challenge(world: World, oob: str) -> None:
    """Nothing in its place will do, not even the ticket."""
    ticket = await begin(world)
    await challenged(world, ticket)
    for text in (oob, ticket):
        answer = await bring(world, ticket, last_text(world), MFA_OOB, oob_code=text)
        assert refused(answer).reason is Reason.MFA_SENT_CODE_WRONG


@pytest.mark.parametrize(("seconds", "good"), [(299, True), (300, False)])
async def test_a_code_lives_five_minutes(
    world: World, seconds: int, good: bool
) -> None:
    """Contract auth0 §3.5; its sign-in waits longer."""
    ticket = await begin(world)
    oob = await challenged(world, ticket)
    world.clock.at += seconds
    outcome = await bring(world, ticket, last_text(world), MFA_OOB, oob_code=oob)
    expected = None if good else Reason.MFA_SENT_CODE_WRONG
    assert getattr(outcome, "reason", None) is expected


async def test_wrong_tries_kill_a_code(world: World) -> None:
    """Then not even the right one opens (promise 4); a new one is to be had."""
    ticket = await begin(world)
    oob = await challenged(world, ticket)
    code, told = last_text(world), []
    for _ in range(4):
        wrong = other_than(code)
        answer = refused(await bring(world, ticket, wrong, MFA_OOB, oob_code=oob))
        told.append(answer.reason)
    assert told == [Reason.MFA_SENT_CODE_WRONG] * 3 + [Reason.MFA_SENT_CODE_DEAD]
    answer = refused(await bring(world, ticket, code, MFA_OOB, oob_code=oob))
    assert answer.reason is Reason.MFA_SENT_CODE_DEAD
    oob = await challenged(world, ticket)
    granted(await bring(world, ticket, last_text(world), MFA_OOB, oob_code=oob))


async def test_fresh_codes_do_not_lift_the_ceiling(world: World) -> None:
    """Ten wrong tries, however many codes they are spread over (PWL-03)."""
    ticket = await begin(world)
    for number in range(10):
        if number % 2 == 0:
            oob = await challenged(world, ticket)
        wrong = other_than(last_text(world))
        refused(await bring(world, ticket, wrong, MFA_OOB, oob_code=oob))
    code = last_text(world)
    told = refused(await bring(world, ticket, code, MFA_OOB, oob_code=oob))
    assert told.reason is Reason.MFA_TOO_OFTEN
    made = await ask_challenge(world, ticket)
    assert getattr(made, "reason", None) is Reason.MFA_TOO_OFTEN


async def test_ten_messages_an_hour(world: World) -> None:
    """Then none is sent and the client is told so (contract auth0 §3.5)."""
    for _ in range(10):
        await challenged(world, await begin(world))
    made = await ask_challenge(world, await begin(world))
    assert getattr(made, "reason", None) is Reason.MFA_TOO_OFTEN
    assert len(world.courier.texts) == 10
    world.clock.at += 360
    await challenged(world, await begin(world))


async def test_a_gateway_that_is_away_is_told(world: World) -> None:
    """Nobody waits for a message that will not come."""
    world.courier.takes = False
    made = await ask_challenge(world, await begin(world))
    assert getattr(made, "reason", None) is Reason.MESSAGE_FAILED


async def test_what_the_tenant_cannot_send_is_not_asked_for(world: World) -> None:
    """A telephone that was brought along, but no gateway."""
    shut = ConnectionSettings("sms", "sms", False, {"webhook": "http://gateway"})
    await world.write(PutListed(TENANT, "sms", 1, shut))
    made = await ask_challenge(world, await begin(world))
    assert getattr(made, "reason", None) is Reason.MFA_CHALLENGE_UNSUPPORTED


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        (Wish(("otp",)), Reason.MFA_CHALLENGE_UNSUPPORTED),
        (Wish(channel="email"), Reason.MFA_CHALLENGE_UNSUPPORTED),
        (Wish(factor_id="unknown"), Reason.MFA_CHALLENGE_UNSUPPORTED),
    ],
)
async def test_challenges_that_cannot_be_made(
    world: World, wish: Wish, reason: Reason
) -> None:
    """Nothing is sent, and the refusal is on record (contract auth0 §3.5)."""
    ticket = await begin(world)
    await world.records()
    made = await ask_challenge(world, ticket, wish)
    assert getattr(made, "reason", None) is reason
    [record] = await world.records()
    assert (record.outcome, record.reason) == ("refused", reason.value)
    assert world.courier.texts == []


async def test_who_has_nothing_enrolled_cannot_be_challenged(world: World) -> None:
    """`association_required` at the wire."""
    bob = values.user(id=values.ALICE[:-1] + "2", username="bob@contoso.test")
    await world.write(PutUser(replace(bob, mfa_required=True), NOON - 1))
    ticket = await begin(world, username="bob@contoso.test")
    made = await ask_challenge(world, ticket)
    assert getattr(made, "reason", None) is Reason.MFA_NOTHING_ENROLLED


async def test_the_client_authenticates_as_for_tokens(world: World) -> None:
    """A confidential one without its secret gets no challenge, and sends nothing."""
    ticket = await begin(world)
    made = await ask_challenge(world, ticket, None, ClientCredential(CONFIDENTIAL))
    assert getattr(made, "reason", None) is Reason.CLIENT_CREDENTIAL_MISSING
    await world.write(PutClient(values.client(client_id="another")))
    made = await ask_challenge(world, ticket, None, ClientCredential("another"))
    assert getattr(made, "reason", None) is Reason.MFA_TOKEN_MALFORMED
    assert world.courier.texts == []


async def test_a_used_ticket_challenges_nobody(world: World) -> None:
    """It is useless a second time everywhere (contract auth0 §9, A96)."""
    ticket = await begin(world)
    oob = await challenged(world, ticket)
    granted(await bring(world, ticket, last_text(world), MFA_OOB, oob_code=oob))
    made = await ask_challenge(world, ticket)
    assert getattr(made, "reason", None) is Reason.MFA_TOKEN_MALFORMED


async def test_repeated_with_the_password_a_code_is_sent_first(world: World) -> None:
    """Who has nothing else gets a message by the refusal (contract auth0 §1.6)."""
    told = refused(await ask(world, REPEATED))
    assert told.reason is Reason.MFA_REQUIRED
    [(_, message)] = world.courier.texts
    wrong = other_than(message.code)
    told = refused(await ask(world, REPEATED, mfa_code=wrong))
    assert told.reason is Reason.MFA_SENT_CODE_WRONG
    outcome = granted(await ask(world, REPEATED, mfa_code=message.code))
    assert outcome.grant.subject is not None
    assert "sms" in outcome.grant.subject.amr
    assert len(world.courier.texts) == 1


async def test_with_an_application_nothing_is_sent(world: World) -> None:
    """A code that is computed is asked for first."""
    await furnish(world)
    assert refused(await ask(world, REPEATED)).reason is Reason.MFA_REQUIRED
    made = await ask_challenge(world, await begin(world))
    assert isinstance(made, Challenge)
    assert (made.factor.kind, made.oob_code) == (FactorKind.OTP, None)
    assert world.courier.texts == []


async def test_public_and_confidential_alike(world: World) -> None:
    """With its secret a confidential client goes all the way."""
    grants = values.EVERY_GRANT | {"mfa_oob"}
    await world.write(PutClient(values.confidential(grant_types=grants)))
    proven = ClientCredential(CONFIDENTIAL, values.SECRET)
    ticket = await begin(world, client=proven)
    made = await ask_challenge(world, ticket, None, proven)
    assert isinstance(made, Challenge)
    code, oob = last_text(world), made.oob_code
    bare = ClientCredential(CONFIDENTIAL)
    told = await bring(world, ticket, code, MFA_OOB, oob_code=oob, client=bare)
    assert refused(told).reason is Reason.CLIENT_CREDENTIAL_MISSING
    granted(await bring(world, ticket, code, MFA_OOB, oob_code=oob, client=proven))
