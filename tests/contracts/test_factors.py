"""What the store of second factors promises, on SQLite and PostgreSQL.

What a right code changes is written with the tokens, so it is asked for that way here.
"""

import asyncio
from dataclasses import replace

import pytest

from ostiary.core.errors import Reason
from ostiary.core.factors import Factor, FactorKind, FactorState, FactorUse
from ostiary.flows.facts import Once
from ostiary.flows.manage.changes import (
    Drop,
    Kind,
    PutFactor,
    PutUser,
    Write,
)
from ostiary.stores.audit import AuditLog
from ostiary.stores.database import Database
from ostiary.stores.estate import StoredEstate
from ostiary.stores.factors import FactorStore
from ostiary.stores.people import UserStore
from ostiary.stores.sweeping import sweep
from ostiary.stores.tokens import TokenStore
from tests.flows.values import (
    ALICE,
    DAY,
    ELSEWHERE,
    NOON,
    TENANT,
    event,
    issue,
    refresh,
    user,
)

BOB = "aaaaaaaa-0000-4000-8000-000000000002"
WRONG = Reason.MFA_CODE_WRONG
APP = Factor("app", FactorKind.OTP, FactorState.BEGUN, secret="seal", created_at=NOON)
PAPER = Factor(
    "paper", FactorKind.RECOVERY, FactorState.BEGUN, secret="old", created_at=NOON
)
PHONE = Factor(
    "phone", FactorKind.OOB, FactorState.PROMISED, "sms", "+1555", created_at=NOON + 1
)
COMPLETE = FactorUse(ALICE, "app", WRONG, completes=True)
BEGIN = event("factor begun", user_id=ALICE)


@pytest.fixture
async def factors(database: Database) -> FactorStore:
    """Alice and Bob, neither of whom has a second factor."""
    bob = user(id=BOB, username="bob@contoso.test", email=None)
    await write(database, PutUser(user(), NOON), PutUser(bob, NOON))
    return FactorStore(database)


async def write(database: Database, *writes: Write) -> None:
    """Change what is configured."""
    await StoredEstate(database).write(writes, event("applied"))


async def use(
    database: Database, factor: FactorUse | None = None, *once: Once
) -> Reason | None:
    """Issue tokens by that use of a factor."""
    tokens = TokenStore(database)
    return await tokens.issue(issue(factor=factor, once=once))


async def is_enrolled(database: Database, user_id: str = ALICE) -> bool:
    """What a sign-in is told of it."""
    account = await UserStore(database).find(TENANT, user_id)
    assert account is not None
    return account.user.mfa_enrolled


async def last_record(database: Database) -> tuple[str, str]:
    """Outcome and reason of the newest record."""
    [(_, record)] = await AuditLog(database).tail(1)
    return record.outcome, record.reason


async def test_an_enrolment_comes_back_as_it_was_begun(
    database: Database, factors: FactorStore
) -> None:
    """The oldest first, for this user of this tenant only, with one record."""
    await factors.begin(TENANT, ALICE, [PHONE, APP], BEGIN)
    assert await factors.of_user(TENANT, ALICE) == [APP, PHONE]
    assert await factors.of_user(TENANT, BOB) == []
    assert await factors.of_user(ELSEWHERE, ALICE) == []
    assert await last_record(database) == ("factor begun", "")


async def test_one_enrolment_is_under_way_at_a_time(
    database: Database, factors: FactorStore
) -> None:
    """A newer one takes its place; what is complete stays."""
    await factors.begin(TENANT, ALICE, [APP, PAPER], BEGIN)
    await use(database, COMPLETE)
    await factors.begin(TENANT, ALICE, [PHONE], BEGIN)
    newer = replace(PHONE, id="newer")
    await factors.begin(TENANT, ALICE, [newer], BEGIN)
    found = await factors.of_user(TENANT, ALICE)
    assert [(each.id, each.active) for each in found] == [
        ("app", True),
        ("paper", True),
        ("newer", False),
    ]


async def test_a_user_is_enrolled_from_the_first_right_code_on(
    database: Database, factors: FactorStore
) -> None:
    """At once; the recovery code counts from then on, and alone it is nothing."""
    await factors.begin(TENANT, ALICE, [APP, PAPER], BEGIN)
    assert not await is_enrolled(database)
    assert await use(database, COMPLETE) is None
    assert await is_enrolled(database)
    assert not await is_enrolled(database, BOB)
    await factors.remove(TENANT, ALICE, [APP], BEGIN)
    [paper] = await factors.of_user(TENANT, ALICE)
    assert (paper.kind, paper.active) == (FactorKind.RECOVERY, True)
    assert not await is_enrolled(database)


async def test_an_enrolment_that_is_gone_cannot_be_completed(
    database: Database, factors: FactorStore
) -> None:
    """Nobody gets tokens by it, and the record says why."""
    await factors.begin(TENANT, ALICE, [APP], BEGIN)
    await factors.begin(TENANT, ALICE, [PHONE], BEGIN)
    assert await use(database, COMPLETE) is WRONG
    assert await last_record(database) == ("refused", "mfa_code_wrong")
    assert not await is_enrolled(database)


async def test_somebody_elses_enrolment_cannot_be_completed(
    database: Database, factors: FactorStore
) -> None:
    """An id alone leads nowhere."""
    await factors.begin(TENANT, ALICE, [APP], BEGIN)
    assert await use(database, replace(COMPLETE, user_id=BOB)) is WRONG
    assert not await is_enrolled(database)


async def test_a_declared_seed_is_a_factor(
    database: Database, factors: FactorStore
) -> None:
    """Complete, always under the same id, and removed like any other."""
    await write(database, PutUser(user(), NOON, mfa_secret="sealed"))
    [declared] = await factors.of_user(TENANT, ALICE)
    assert (declared.kind, declared.secret) == (FactorKind.OTP, "sealed")
    assert declared.active
    assert declared.declared
    assert [declared] == await factors.of_user(TENANT, ALICE)
    assert await is_enrolled(database)
    await factors.remove(TENANT, ALICE, [declared], event("factor removed"))
    assert await factors.of_user(TENANT, ALICE) == []
    assert not await is_enrolled(database)


async def test_an_imported_telephone_is_a_factor(
    database: Database, factors: FactorStore
) -> None:
    """What administration writes is complete."""
    phone = Factor("x", FactorKind.OOB, channel="sms", name="+1555", created_at=NOON)
    await write(database, PutFactor(TENANT, ALICE, phone))
    assert await factors.of_user(TENANT, ALICE) == [phone]
    assert phone.active
    assert await is_enrolled(database)


async def test_the_document_of_a_user_does_not_say_whether_they_are_enrolled(
    database: Database, factors: FactorStore
) -> None:
    """It is looked at anew each time, by every way of finding somebody."""
    await write(database, PutUser(user(mfa_enrolled=True), NOON))
    people = UserStore(database)
    found = [
        await people.find(TENANT, ALICE),
        await people.find_by_username(TENANT, user().connection, "alice@contoso.test"),
        await people.find_by_any_name(TENANT, user().connection, "alice@contoso.test"),
    ]
    assert [each.user.mfa_enrolled for each in found if each] == [False] * 3


async def test_a_recovery_code_is_replaced_once(
    database: Database, factors: FactorStore
) -> None:
    """Of two uses of the same code one is too late, and changes nothing."""
    await factors.begin(TENANT, ALICE, [PAPER], BEGIN)
    wrong = Reason.MFA_RECOVERY_WRONG
    renewal = FactorUse(ALICE, "paper", wrong, digests=("old", "new"))
    assert await use(database, renewal) is None
    assert await use(database, replace(renewal, digests=("old", "newer"))) is wrong
    assert await last_record(database) == ("refused", "mfa_recovery_wrong")
    [paper] = await factors.of_user(TENANT, ALICE)
    assert paper.secret == "new"


async def test_what_works_once_works_once(
    database: Database, factors: FactorStore
) -> None:
    """The second issue is refused for the reason that goes with it; nothing is kept."""
    once = Once("key", NOON + 60, Reason.MFA_TOKEN_MALFORMED)
    assert not await factors.is_completed("key")
    assert await use(database, None, once) is None
    assert await factors.is_completed("key")
    tokens = TokenStore(database)
    again = issue(refresh("first"), once=(once,))
    assert await tokens.issue(again) is Reason.MFA_TOKEN_MALFORMED
    assert await tokens.find_refresh(refresh("first").sha256) is None
    assert await last_record(database) == ("refused", "mfa_token_malformed")


async def test_of_parallel_uses_one_wins(
    database: Database, factors: FactorStore
) -> None:
    """Twenty at once, decided in one transaction each."""
    once = Once("key", NOON + 60, WRONG)
    outcomes = await asyncio.gather(*(use(database, None, once) for _ in range(20)))
    assert outcomes.count(None) == 1
    assert outcomes.count(WRONG) == 19


async def test_factors_go_with_their_user(
    database: Database, factors: FactorStore
) -> None:
    """And with nobody else."""
    await factors.begin(TENANT, ALICE, [APP], BEGIN)
    await factors.begin(TENANT, BOB, [PHONE], BEGIN)
    await write(database, Drop(TENANT, Kind.USER, ALICE))
    assert await factors.of_user(TENANT, ALICE) == []
    assert await factors.of_user(TENANT, BOB) == [PHONE]


async def test_enrolments_that_nobody_completed_are_swept(
    database: Database, factors: FactorStore
) -> None:
    """After a day, and nothing else."""
    await factors.begin(TENANT, ALICE, [APP, PAPER], BEGIN)
    await use(database, COMPLETE)
    await factors.begin(TENANT, ALICE, [PHONE], BEGIN)
    await sweep(database, NOON + DAY)
    assert len(await factors.of_user(TENANT, ALICE)) == 3
    await sweep(database, NOON + DAY + 2)
    found = await factors.of_user(TENANT, ALICE)
    assert [each.id for each in found] == ["app", "paper"]
