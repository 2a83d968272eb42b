"""The second factor as each wire wants it brought, and what waits for one.

Codes that are sent and enrolments are in `test_factors_sent` and `test_enrolment`.
"""

import asyncio
from dataclasses import replace
from typing import Final

import pytest

from ostiary.core.errors import Reason
from ostiary.core.model import AccessPolicy, ConnectionSettings, Effect, PasswordState
from ostiary.core.names import MFA_RECOVERY_CODE
from ostiary.core.policy import SecondFactor
from ostiary.core.request import ClientCredential, ScopeRequest
from ostiary.flows.access_tokens import inspect_access
from ostiary.flows.manage.changes import (
    Drop,
    DropConsent,
    Kind,
    PutClient,
    PutConsent,
    PutListed,
    PutUser,
    Write,
)
from tests.flows import values
from tests.flows.factored import (
    LATER,
    PAPER,
    PHONE,
    RECOVERY,
    REPEATED,
    ask,
    begin,
    bring,
    code_now,
    furnish,
)
from tests.flows.fakes import WRONG
from tests.flows.values import ALICE, NOON, PUBLIC, TENANT
from tests.flows.world import OFFLINE, World, granted, refused
from tests.services.authenticator import other_than

OTHER: Final = "8731de76-14a6-49ae-97bc-6eba6914391e"
ALICE_NOW: Final = values.user(mfa_required=True)


@pytest.fixture
async def world(world: World) -> World:
    """Alice must bring a second factor, and has an authenticator application."""
    await furnish(world)
    return world


# --- in a request of its own --------------------------------------------------------


async def test_a_right_password_alone_gets_a_ticket_and_no_token(world: World) -> None:
    """With what the user may be asked for; one record of the refusal (promise 4)."""
    await furnish(world, PHONE, RECOVERY)
    told = refused(await ask(world))
    assert told.reason is Reason.MFA_REQUIRED
    assert told.facts["ways"] == ("otp", "sms")
    [record] = await world.records()
    assert (record.outcome, record.reason) == ("refused", "mfa_required")
    assert record.user_id == ALICE


async def test_a_wrong_password_gets_no_ticket(world: World) -> None:
    """Nothing is told of second factors before the password was right (ROPC-20)."""
    told = refused(await ask(world, password=WRONG))
    assert told.reason is Reason.PASSWORD_WRONG
    assert told.facts == {}


async def test_a_code_completes_the_sign_in(world: World) -> None:
    """With the scope and nonce of the first request, and both methods (RFC 8176)."""
    ticket = await begin(world, scope=OFFLINE, nonce="n-1")
    world.clock.at += 5
    outcome = granted(await bring(world, ticket, code_now(world)))
    assert outcome.id_token
    assert outcome.refresh_token
    assert outcome.grant.access.request == OFFLINE
    assert outcome.grant.nonce == "n-1"
    assert outcome.grant.subject is not None
    assert outcome.grant.subject.amr == ("pwd", "otp", "mfa")
    assert outcome.grant.subject.authenticated_at == NOON
    records = await world.records()
    assert [each.outcome for each in records] == ["refused", "granted"]
    assert records[1].grant_type == "mfa_otp"
    assert records[1].username == "alice@contoso.test"


async def test_the_session_goes_on_without_another_code(world: World) -> None:
    """The refresh token remembers that there was a second factor."""
    ticket = await begin(world, scope=OFFLINE)
    first = granted(await bring(world, ticket, code_now(world)))
    again = granted(await world.renew(first.refresh_token or ""))
    assert again.grant.subject is not None
    assert "mfa" in again.grant.subject.amr


async def test_a_session_from_before_is_asked_for_the_factor(world: World) -> None:
    """Who must bring one from now on does so at the next renewal, in the same way."""
    await world.write(PutUser(values.user(), NOON - 1))
    first = granted(await ask(world, scope=OFFLINE))
    await world.write(PutUser(ALICE_NOW, NOON - 1))
    known = {"grant_type": "refresh_token", "refresh_token": first.refresh_token}
    ticket = await begin(
        world, **known, username=None, password=None, scope=ScopeRequest(given=False)
    )
    after = granted(await bring(world, ticket, code_now(world)))
    assert after.grant.access.request == OFFLINE
    assert after.refresh_token != first.refresh_token


async def test_a_ticket_is_good_once(world: World) -> None:
    """Also with a code that was never used (contract auth0 §3.5)."""
    ticket = await begin(world)
    granted(await bring(world, ticket, code_now(world)))
    told = refused(await bring(world, ticket, code_now(world, steps=1)))
    assert told.reason is Reason.MFA_TOKEN_MALFORMED


async def test_of_two_uses_of_a_ticket_side_by_side_one_wins(world: World) -> None:
    """Decided where the tokens are written."""
    ticket = await begin(world)
    codes = [code_now(world), code_now(world, steps=1), code_now(world, steps=-1)]
    outcomes = await asyncio.gather(*(bring(world, ticket, code) for code in codes))
    reasons = [getattr(each, "reason", None) for each in outcomes]
    assert reasons.count(None) == 1
    assert reasons.count(Reason.MFA_TOKEN_MALFORMED) == 2


async def test_a_code_is_good_once(world: World) -> None:
    """For this user, whatever the sign-in (RFC 6238 §5.2); its ticket stays good."""
    code = code_now(world)
    granted(await bring(world, await begin(world), code))
    ticket = await begin(world)
    told = refused(await bring(world, ticket, code))
    assert told.reason is Reason.MFA_CODE_WRONG
    granted(await bring(world, ticket, code_now(world, steps=1)))


@pytest.mark.parametrize(
    ("seconds", "reason"), [(599, None), (600, Reason.MFA_TOKEN_EXPIRED)]
)
async def test_a_ticket_lives_ten_minutes(
    world: World, seconds: int, reason: Reason | None
) -> None:
    """Contract auth0 §3.5; promise 4."""
    ticket = await begin(world)
    world.clock.at += seconds
    outcome = await bring(world, ticket, code_now(world))
    assert getattr(outcome, "reason", None) is reason


async def test_a_ticket_is_bound_to_its_client(world: World) -> None:
    """Another client of the tenant cannot go on with it."""
    grants = values.client().grant_types | {"mfa_otp"}
    await world.write(PutClient(values.client(client_id=OTHER, grant_types=grants)))
    ticket = await begin(world)
    client = ClientCredential(OTHER)
    told = refused(await bring(world, ticket, code_now(world), client=client))
    assert told.reason is Reason.MFA_TOKEN_MALFORMED
    granted(await bring(world, ticket, code_now(world)))


async def test_nothing_else_is_a_ticket(world: World) -> None:
    """Garbage, nothing, an access token, an id_token, a refresh token."""
    ticket = await begin(world, scope=OFFLINE)
    tokens = granted(await bring(world, ticket, code_now(world)))
    others = (tokens.access_token, tokens.id_token, tokens.refresh_token)
    for text in ("garbage", "", None, *others):
        told = refused(await bring(world, text or "", code_now(world, steps=1)))
        assert told.reason is Reason.MFA_TOKEN_MALFORMED


async def test_a_ticket_is_nothing_else(world: World) -> None:
    """Neither an access token nor a refresh token."""
    ticket = await begin(world)
    registry = await world.directory.registry(TENANT)
    assert registry is not None
    assert await inspect_access(registry, ticket, LATER, world.ports) is None
    assert refused(await world.renew(ticket)).reason is Reason.REFRESH_UNKNOWN


LATE: Final[dict[str, tuple[Write, Reason]]] = {
    "disabled": (
        PutUser(replace(ALICE_NOW, enabled=False), NOON),
        Reason.USER_DISABLED,
    ),
    "password changed": (
        PutUser(ALICE_NOW, NOON + 1, "another"),
        Reason.MFA_TOKEN_EXPIRED,
    ),
    "sessions ended": (
        PutUser(ALICE_NOW, NOON + 1, end_sessions=True),
        Reason.MFA_TOKEN_EXPIRED,
    ),
    "password must change": (
        PutUser(replace(ALICE_NOW, password_state=PasswordState.MUST_CHANGE), NOON),
        Reason.PASSWORD_MUST_CHANGE,
    ),
    "removed": (Drop(TENANT, Kind.USER, ALICE), Reason.MFA_TOKEN_MALFORMED),
    "connection closed": (
        PutListed(
            TENANT,
            values.DIRECTORY,
            0,
            ConnectionSettings(values.DIRECTORY, "auth0", enabled=False),
        ),
        Reason.CONNECTION_UNKNOWN,  # which of the two is hidden
    ),
    "blocked by policy": (
        PutListed(TENANT, "block", 0, AccessPolicy("p", "block", Effect.BLOCK)),
        Reason.POLICY_BLOCKED,
    ),
    "not assigned": (
        PutClient(
            values.client(
                assignment_required=True,
                grant_types=values.EVERY_GRANT | {"mfa_otp"},
            )
        ),
        Reason.USER_NOT_ASSIGNED,
    ),
}


@pytest.mark.parametrize("what", LATE)
async def test_what_happened_meanwhile_counts(world: World, what: str) -> None:
    """On the very next request (promise 5), with a right code."""
    write, reason = LATE[what]
    ticket = await begin(world)
    await world.write(write)
    world.clock.at += 2
    assert refused(await bring(world, ticket, code_now(world))).reason is reason


async def test_a_sign_in_that_fails_for_another_reason_costs_no_code(
    world: World,
) -> None:
    """What is used up is written with the tokens."""
    ticket = await begin(world)
    await world.write(DropConsent(TENANT, PUBLIC, ""))
    told = refused(await bring(world, ticket, code_now(world)))
    assert told.reason is Reason.CONSENT_REQUIRED
    consent = PutConsent(TENANT, PUBLIC, "", frozenset({values.READ_ALICE}))
    await world.write(consent)
    granted(await bring(world, ticket, code_now(world)))


async def test_a_grant_that_the_client_does_not_hold_is_refused(world: World) -> None:
    """Each opens only itself (contract auth0 §3.2)."""
    ticket = await begin(world)
    grants = values.EVERY_GRANT | {"mfa_oob"}
    await world.write(PutClient(values.client(grant_types=grants)))
    told = refused(await bring(world, ticket, code_now(world)))
    assert told.reason is Reason.GRANT_NOT_ALLOWED


# --- guessing -----------------------------------------------------------------------


async def test_ten_wrong_codes_and_then_not_even_the_right_one(world: World) -> None:
    """One more every six minutes; the ticket does not matter (contract auth0 §3.5)."""
    wrong = other_than(code_now(world))
    for _ in range(10):
        told = refused(await bring(world, await begin(world), wrong))
        assert told.reason is Reason.MFA_CODE_WRONG
    told = refused(await bring(world, await begin(world), code_now(world)))
    assert told.reason is Reason.MFA_TOO_OFTEN
    assert told.facts["retry_after"] == 360
    world.clock.at += 359
    told = refused(await bring(world, await begin(world), code_now(world)))
    assert told.reason is Reason.MFA_TOO_OFTEN
    world.clock.at += 1
    granted(await bring(world, await begin(world), code_now(world)))


async def test_of_guesses_side_by_side_no_more_are_told(world: World) -> None:
    """Ten learn that they were wrong, whatever the number of requests (promise 3)."""
    ticket, wrong = await begin(world), other_than(code_now(world))
    outcomes = await asyncio.gather(*(bring(world, ticket, wrong) for _ in range(40)))
    reasons = [refused(each).reason for each in outcomes]
    assert reasons.count(Reason.MFA_CODE_WRONG) == 10
    assert reasons.count(Reason.MFA_TOO_OFTEN) == 30


async def test_wrong_codes_do_not_lock_the_password_and_the_reverse(
    world: World,
) -> None:
    """Each has a ceiling of its own."""
    ticket, wrong = await begin(world), other_than(code_now(world))
    for _ in range(11):
        refused(await bring(world, ticket, wrong))
    assert refused(await ask(world)).reason is Reason.MFA_REQUIRED
    for number in range(10):
        refused(await ask(world, password=f"guess {number}"))
    assert refused(await ask(world)).reason is Reason.ACCOUNT_LOCKED
    world.clock.at += 361
    granted(await bring(world, ticket, code_now(world)))


# --- in the same request once more --------------------------------------------------


async def test_the_code_may_come_with_the_password(world: World) -> None:
    """Contract auth0 §1.6: asked for first, then both in one request; no ticket."""
    told = refused(await ask(world, REPEATED))
    assert (told.reason, told.facts) == (Reason.MFA_REQUIRED, {})
    code = code_now(world)
    outcome = granted(await ask(world, REPEATED, mfa_code=code))
    assert outcome.grant.subject is not None
    assert outcome.grant.subject.amr == ("pwd", "otp", "mfa")
    again = refused(await ask(world, REPEATED, mfa_code=code))
    assert again.reason is Reason.MFA_CODE_WRONG


async def test_a_right_code_does_not_make_up_for_a_wrong_password(world: World) -> None:
    """Which is counted, and told as ever; the code is not even looked at."""
    code = code_now(world)
    told = refused(await ask(world, REPEATED, password=WRONG, mfa_code=code))
    assert told.reason is Reason.PASSWORD_WRONG
    granted(await ask(world, REPEATED, mfa_code=code))


async def test_repeated_codes_are_counted_too(world: World) -> None:
    """The same ceiling as in a request of its own (contract auth0 §10)."""
    wrong = other_than(code_now(world))
    for _ in range(10):
        told = refused(await ask(world, REPEATED, mfa_code=wrong))
        assert told.reason is Reason.MFA_CODE_WRONG
    told = refused(await ask(world, REPEATED, mfa_code=code_now(world)))
    assert told.reason is Reason.MFA_TOO_OFTEN
    told = refused(await bring(world, await begin(world), code_now(world)))
    assert told.reason is Reason.MFA_TOO_OFTEN


async def test_who_has_nothing_enrolled_is_told_so(world: World) -> None:
    """A code does not help; where a ticket is given, it says what may be enrolled."""
    await world.write(PutUser(ALICE_NOW, NOON - 1, mfa_secret=""))
    told = refused(await ask(world, REPEATED, mfa_code="123456"))
    assert told.reason is Reason.MFA_ENROLMENT_REQUIRED
    told = refused(await ask(world))
    assert told.reason is Reason.MFA_ENROLMENT_REQUIRED
    assert told.facts["ways"] == ("otp", "sms")


# --- whose turn it is ---------------------------------------------------------------


async def test_where_it_is_refused_it_is_refused(world: World) -> None:
    """A code changes nothing on a wire that knows none, and there is no ticket."""
    told = refused(await world.sign_in(mfa_code=code_now(world)))
    assert (told.reason, told.facts) == (Reason.MFA_REQUIRED, {})


@pytest.mark.parametrize("way", list(SecondFactor))
async def test_who_need_not_bring_one_is_not_asked(
    world: World, way: SecondFactor
) -> None:
    """Also when they have one; a code that came along is not looked at."""
    await world.write(PutUser(values.user(), NOON - 1))
    wire = replace(LATER, way=way)
    outcome = granted(await ask(world, wire, mfa_code="000000"))
    assert outcome.grant.subject is not None
    assert outcome.grant.subject.amr == ("pwd",)


async def test_conditional_access_may_ask_for_it(world: World) -> None:
    """`require-mfa` works in the same way, and is content with it."""
    rule = AccessPolicy("p", "mfa", Effect.REQUIRE_MFA)
    await world.write(
        PutUser(values.user(), NOON - 1), PutListed(TENANT, "mfa", 0, rule)
    )
    told = refused(await ask(world))
    assert told.reason is Reason.MFA_REQUIRED
    assert told.facts["policy_id"] == "p"
    granted(await bring(world, str(told.facts["pending"]), code_now(world)))


# --- the recovery code --------------------------------------------------------------


async def test_a_recovery_code_signs_in_and_is_replaced(world: World) -> None:
    """The answer holds the next one, which works; the old one does not any more."""
    await furnish(world, RECOVERY)
    typed = PAPER.lower()
    first = granted(await bring(world, await begin(world), typed, MFA_RECOVERY_CODE))
    assert first.grant.subject is not None
    assert "mfa" in first.grant.subject.amr
    assert first.recovery_code is not None
    assert first.recovery_code not in repr(first)
    ticket = await begin(world)
    told = refused(await bring(world, ticket, PAPER, MFA_RECOVERY_CODE))
    assert told.reason is Reason.MFA_RECOVERY_WRONG
    granted(await bring(world, ticket, first.recovery_code, MFA_RECOVERY_CODE))


async def test_of_two_uses_of_a_recovery_code_one_wins(world: World) -> None:
    """Decided where it is replaced."""
    await furnish(world, RECOVERY)
    tickets = [await begin(world) for _ in range(5)]
    outcomes = await asyncio.gather(
        *(bring(world, ticket, PAPER, MFA_RECOVERY_CODE) for ticket in tickets)
    )
    reasons = [getattr(each, "reason", None) for each in outcomes]
    assert reasons.count(None) == 1
    assert reasons.count(Reason.MFA_RECOVERY_WRONG) == 4


async def test_a_recovery_code_is_no_otp_and_the_reverse(world: World) -> None:
    """Each grant looks at its own kind."""
    await furnish(world, RECOVERY)
    ticket = await begin(world)
    told = refused(await bring(world, ticket, PAPER))
    assert told.reason is Reason.MFA_CODE_WRONG
    told = refused(await bring(world, ticket, code_now(world), MFA_RECOVERY_CODE))
    assert told.reason is Reason.MFA_RECOVERY_WRONG
