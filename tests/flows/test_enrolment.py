"""Users enrol second factors and remove them; who may, and from when on one counts.

What is done with an enrolled one is in `test_second_factor`.
"""

from dataclasses import replace

import pytest

from ostiary.core.errors import Reason, Refused
from ostiary.core.factors import Factor, FactorKind, FactorState
from ostiary.core.names import MFA_OOB, MFA_RECOVERY_CODE
from ostiary.flows.enrolment import Begun
from ostiary.flows.manage.changes import (
    Drop,
    Kind,
    PutClient,
    PutListed,
    PutUser,
    Write,
)
from tests.flows import values
from tests.flows.factored import (
    CONTEXT,
    LATER,
    NUMBER,
    PAPER,
    PHONE,
    RECOVERY,
    REPEATED,
    ask,
    ask_challenge,
    begin,
    bring,
    code_now,
    enrol,
    enrol_phone,
    furnish,
    remove,
)
from tests.flows.values import ALICE, NOON, TENANT
from tests.flows.world import MASTER, World, granted, refused
from tests.services.authenticator import SEED, totp


@pytest.fixture
async def world(world: World) -> World:
    """Alice must bring a second factor and has none."""
    await furnish(world, seed=False)
    return world


def begun(outcome: Begun | Refused) -> Begun:
    """The enrolment, which must have begun."""
    assert isinstance(outcome, Begun), outcome
    return outcome


async def factors(world: World) -> list[Factor]:
    """What is stored of Alice's."""
    return [*await world.ports.factors.of_user(TENANT, ALICE)]


def code_of(world: World, enrolment: Begun, *, steps: int = 0) -> str:
    """What the application shows that has just read the barcode."""
    return totp(str(enrolment.seed), world.clock.at, steps=steps)


async def test_the_first_right_code_completes_an_enrolment(world: World) -> None:
    """It signs the user in too, and from then on it is asked for."""
    ticket = await begin(world)
    new = begun(await enrol(world, ticket))
    assert [each.active for each in await factors(world)] == [False, False]
    outcome = granted(await bring(world, ticket, code_of(world, new)))
    assert outcome.grant.subject is not None
    assert outcome.grant.subject.amr == ("pwd", "otp", "mfa")
    assert [each.active for each in await factors(world)] == [True, True]
    told = refused(await ask(world))
    assert (told.reason, told.facts["ways"]) == (Reason.MFA_REQUIRED, ("otp",))
    records = [each.outcome for each in await world.records()]
    assert records == ["refused", "factor begun", "granted", "refused"]


async def test_a_wrong_code_completes_nothing(world: World) -> None:
    """The user stays unenrolled, and may try again."""
    ticket = await begin(world)
    new = begun(await enrol(world, ticket))
    told = refused(await bring(world, ticket, code_of(world, new, steps=5)))
    assert told.reason is Reason.MFA_CODE_WRONG
    assert refused(await ask(world)).reason is Reason.MFA_ENROLMENT_REQUIRED
    granted(await bring(world, ticket, code_of(world, new)))


async def test_seeds_and_recovery_codes_do_not_lie_in_the_clear(world: World) -> None:
    """Sealed for this user, and digested (promise 9); nor do they show in a repr."""
    new = begun(await enrol(world, await begin(world)))
    app, paper = await factors(world)
    assert (app.kind, paper.kind) == (FactorKind.OTP, FactorKind.RECOVERY)
    assert MASTER.open(app.secret, CONTEXT).decode() == new.seed
    for secret in (new.seed, new.recovery_code):
        assert secret
        assert secret not in app.secret + paper.secret
        assert secret not in repr(new) + repr(app) + repr(paper)


async def test_the_recovery_code_counts_once_the_factor_does(world: World) -> None:
    """Not before: nobody has shown anything yet."""
    ticket = await begin(world)
    new = begun(await enrol(world, ticket))
    told = refused(await bring(world, ticket, new.recovery_code, MFA_RECOVERY_CODE))
    assert told.reason is Reason.MFA_RECOVERY_WRONG
    granted(await bring(world, ticket, code_of(world, new)))
    again = await begin(world)
    granted(await bring(world, again, new.recovery_code, MFA_RECOVERY_CODE))


async def test_a_telephone_is_enrolled_by_the_code_that_reached_it(
    world: World,
) -> None:
    """The answer names the code that was sent, so that no challenge is needed."""
    ticket = await begin(world)
    new = begun(await enrol_phone(world, ticket))
    assert new.recovery_code
    [(_, message)] = world.courier.texts
    assert message.to == NUMBER
    oob = new.oob_code
    granted(await bring(world, ticket, message.code, MFA_OOB, oob_code=oob))
    told = refused(await ask(world))
    assert (told.reason, told.facts["ways"]) == (Reason.MFA_REQUIRED, ("sms",))


async def test_a_telephone_needs_a_gateway(world: World) -> None:
    """Nothing is begun that could never be completed."""
    shut = (await world.estate.connections(TENANT))["sms"]
    await world.write(PutListed(TENANT, "sms", 1, replace(shut, enabled=False)))
    told = await enrol_phone(world, await begin(world))
    assert getattr(told, "reason", None) is Reason.MFA_CHALLENGE_UNSUPPORTED
    assert await factors(world) == []


async def test_a_factor_that_is_begun_cannot_be_challenged(world: World) -> None:
    """There is nothing enrolled yet."""
    ticket = await begin(world)
    begun(await enrol(world, ticket))
    made = await ask_challenge(world, ticket)
    assert getattr(made, "reason", None) is Reason.MFA_NOTHING_ENROLLED


async def test_repeated_with_the_password_one_may_complete_it_too(
    world: World,
) -> None:
    """Not where enrolling is said to be done elsewhere (contract auth0 §1.6)."""
    new = begun(await enrol(world, await begin(world)))
    code = code_of(world, new)
    told = refused(await ask(world, REPEATED, mfa_code=code))
    assert told.reason is Reason.MFA_ENROLMENT_REQUIRED


# --- who may ------------------------------------------------------------------------


async def test_a_password_alone_enrols_nothing_beside_what_is_there(
    world: World,
) -> None:
    """Otherwise whoever stole it would bring a telephone of their own (promise 4)."""
    await furnish(world)
    ticket = await begin(world)
    for outcome in (await enrol(world, ticket), await enrol_phone(world, ticket)):
        assert getattr(outcome, "reason", None) is Reason.MFA_REQUIRED
    assert len(await factors(world)) == 1
    assert world.courier.texts == []


async def test_a_password_alone_removes_nothing(world: World) -> None:
    """Neither the declared factor, nor another one, nor the recovery code."""
    await furnish(world, PHONE, RECOVERY)
    ticket = await begin(world)
    for factor in await factors(world):
        told = await remove(world, ticket, factor.id)
        assert told is not None
        assert told.reason is Reason.MFA_REQUIRED
    assert len(await factors(world)) == 3


async def test_what_a_thief_began_is_worthless_once_the_user_has_enrolled(
    world: World,
) -> None:
    """Of two that were begun the newer one replaces the older, and its recovery code.

    And one that was begun before an administrator declared a seed never counts beside
    it.
    """
    thief, own = await begin(world), await begin(world)
    stolen = begun(await enrol(world, thief))
    new = begun(await enrol(world, own))
    told = refused(await bring(world, thief, code_of(world, stolen)))
    assert told.reason is Reason.MFA_CODE_WRONG
    granted(await bring(world, own, code_of(world, new)))
    code = stolen.recovery_code
    told = refused(await bring(world, thief, code, MFA_RECOVERY_CODE))
    assert told.reason is Reason.MFA_RECOVERY_WRONG


async def test_what_was_begun_never_counts_beside_a_declared_seed(
    world: World,
) -> None:
    """An administrator's seed comes in between."""
    thief = await begin(world)
    stolen = begun(await enrol(world, thief))
    secret = MASTER.seal(SEED.encode(), CONTEXT)
    must = values.user(mfa_required=True)
    await world.write(PutUser(must, NOON - 1, mfa_secret=secret))
    told = refused(await bring(world, thief, code_of(world, stolen)))
    assert told.reason is Reason.MFA_CODE_WRONG
    granted(await bring(world, thief, code_now(world)))


async def test_what_was_begun_with_a_factor_shown_counts_beside_it(
    world: World,
) -> None:
    """Its first right code completes it at the next sign-in.

    Also in the half minute in which a code of the other one was used.
    """
    secret = MASTER.seal(b"GEZDGNBVGY3TQOJQ", CONTEXT)
    promised = Factor("new", FactorKind.OTP, FactorState.PROMISED, secret=secret)
    await furnish(world, RECOVERY)
    await world.ports.factors.begin(TENANT, ALICE, [promised], values.event())
    granted(await bring(world, await begin(world), code_now(world)))
    code = totp("GEZDGNBVGY3TQOJQ", world.clock.at)
    granted(await bring(world, await begin(world), code))
    assert all(each.active for each in await factors(world))


@pytest.mark.parametrize("token", ["", "garbage"])
async def test_nobody_enrols_without_a_ticket(world: World, token: str) -> None:
    """Nothing and garbage are no token at all; the refusal is on record."""
    told = await enrol(world, token)
    assert getattr(told, "reason", None) is Reason.TOKEN_INVALID
    [record] = await world.records()
    assert (record.outcome, record.reason) == ("refused", "token_invalid")


async def test_a_used_ticket_enrols_nothing(world: World) -> None:
    """Nor does one that is too old (contract auth0 §3.5)."""
    ticket, older = await begin(world), await begin(world)
    new = begun(await enrol(world, ticket))
    granted(await bring(world, ticket, code_of(world, new)))
    told = await enrol(world, ticket)
    assert getattr(told, "reason", None) is Reason.MFA_TOKEN_MALFORMED
    world.clock.at += 600
    told = await enrol(world, older)
    assert getattr(told, "reason", None) is Reason.MFA_TOKEN_EXPIRED


@pytest.mark.parametrize(
    "write",
    [
        Drop(TENANT, Kind.CLIENT, values.PUBLIC),
        PutClient(values.client(enabled=False)),
        PutUser(values.user(enabled=False), NOON),
        Drop(TENANT, Kind.USER, ALICE),
    ],
    ids=["client removed", "client disabled", "user disabled", "user removed"],
)
async def test_a_ticket_dies_with_its_client_and_user(
    world: World, write: Write
) -> None:
    """On the very next request (promise 5)."""
    ticket = await begin(world)
    await world.write(write)
    told = await enrol(world, ticket)
    reasons = (Reason.TOKEN_INVALID, Reason.USER_DISABLED, Reason.MFA_TOKEN_MALFORMED)
    assert getattr(told, "reason", None) in reasons
    assert await factors(world) == []


async def test_a_token_of_another_kind_enrols_nothing(world: World) -> None:
    """An access token for something else, however well its user signed in."""
    await furnish(world, RECOVERY)
    outcome = granted(await bring(world, await begin(world), code_now(world)))
    told = await enrol(world, outcome.access_token)
    assert getattr(told, "reason", None) is Reason.TOKEN_INVALID


async def test_what_is_begun_may_be_given_up(world: World) -> None:
    """Its recovery code goes with it; an id of nobody's is told as such."""
    ticket = await begin(world)
    new = begun(await enrol(world, ticket))
    told = await remove(world, ticket, "somebody else's")
    assert told is not None
    assert told.reason is Reason.OBJECT_UNKNOWN
    assert await remove(world, ticket, new.factor.id) is None
    assert await factors(world) == []
    told = refused(await bring(world, ticket, code_of(world, new)))
    assert told.reason is Reason.MFA_CODE_WRONG


async def test_twenty_enrolments_an_hour(world: World) -> None:
    """Nobody fills the store by beginning over and over."""
    ticket = await begin(world)
    for _ in range(20):
        begun(await enrol(world, ticket))
    told = await enrol(world, ticket)
    assert getattr(told, "reason", None) is Reason.MFA_TOO_OFTEN
    assert len(await factors(world)) == 2


async def test_the_usual_wire_gives_no_ticket_at_all(world: World) -> None:
    """So there is nothing to begin with, where second factors are refused."""
    told = refused(await world.sign_in())
    assert (told.reason, told.facts) == (Reason.MFA_ENROLMENT_REQUIRED, {})
    assert LATER.policy(values.tenant()).factors_resource == ""
    assert PAPER not in str(told)
