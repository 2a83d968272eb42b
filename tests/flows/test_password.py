"""The password grant: what is told, counted, recorded and kept.

In which order things are checked is in `test_order.py`.
"""

import pytest

from ostiary.core.errors import Reason
from ostiary.core.model import (
    AccessPolicy,
    Authentication,
    Domain,
    Effect,
    LockoutRules,
    PasswordState,
    Tenant,
)
from ostiary.flows.facts import (
    Claimed,
    Rejected,
    Unreachable,
    Verified,
)
from ostiary.flows.manage.changes import PutListed, PutTenant, PutUser, Write
from ostiary.stores.statement import Statement
from tests.flows import values
from tests.flows.fakes import RIGHT, WRONG
from tests.flows.values import ALICE, AWAY, DAY, NOON, TENANT, trace
from tests.flows.world import OFFLINE, World, granted, refused

BLOCK = AccessPolicy("policy", "block", Effect.BLOCK)
STATES: dict[str, Write] = {
    "disabled": PutUser(values.user(enabled=False), NOON),
    "expired": PutUser(values.user(password_state=PasswordState.EXPIRED), NOON),
    "second factor": PutUser(values.user(mfa_required=True), NOON),
    "blocked": PutListed(TENANT, "block", 0, BLOCK),
    "well": PutUser(values.user(), NOON),
}


async def lock(world: World) -> None:
    """Wrong passwords until the account is locked."""
    await world.write(PutTenant(values.tenant(lockout=LockoutRules(threshold=3))))
    for number in range(3):
        refused(await world.sign_in(f"guess {number}"))
    await world.records()
    world.connection.asked.clear()


async def test_a_right_password_is_answered_with_what_is_due(world: World) -> None:
    """All three tokens by their scopes, and one record (seed 001)."""
    outcome = granted(await world.sign_in(scope=OFFLINE))
    assert outcome.access_token
    assert outcome.id_token
    assert outcome.refresh_token
    [record] = await world.records()
    assert (record.outcome, record.reason, record.user_id) == ("granted", "", ALICE)
    assert record.username == "alice@contoso.test"
    assert outcome.grant.subject is not None
    assert outcome.grant.subject.amr == ("pwd",)


@pytest.mark.parametrize("name", ["ALICE@contoso.test", "Alice@Contoso.Test"])
async def test_names_match_without_case(world: World, name: str) -> None:
    """Contract entra §3.4; the connection hears what was typed."""
    granted(await world.sign_in(username=name))
    assert world.connection.asked == [(ALICE, name, RIGHT)]


@pytest.mark.parametrize("name", [" alice@contoso.test", "alice@contoso.test "])
async def test_names_are_not_trimmed(world: World, name: str) -> None:
    """Blanks arrive intact, so this is nobody (contract entra §3.1)."""
    assert refused(await world.sign_in(username=name)).reason is Reason.PASSWORD_WRONG


@pytest.mark.parametrize("state", STATES)
async def test_while_locked_the_right_password_learns_nothing(
    world: World, state: str
) -> None:
    """ACCOUNT_LOCKED whatever the account's state; nobody is asked, one record."""
    await lock(world)
    await world.write(STATES[state])
    told = refused(await world.sign_in())
    assert told.reason is Reason.ACCOUNT_LOCKED
    assert told.facts == {"retry_after": 60}
    assert world.connection.asked == []
    [record] = await world.records()
    assert record.reason == "account_locked"


@pytest.mark.parametrize("state", STATES)
async def test_a_right_password_that_finds_the_account_locked_meanwhile_learns_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    """Of guesses made side by side no more are told than of those one by one."""
    await world.write(STATES[state])
    verify = world.connection.verify

    async def slowly(
        tenant: Tenant, claimed: Claimed, password: str
    ) -> Verified | Rejected | Unreachable:
        monkeypatch.undo()
        await lock(world)
        return await verify(tenant, claimed, password)

    monkeypatch.setattr(world.connection, "verify", slowly)
    assert refused(await world.sign_in()).reason is Reason.ACCOUNT_LOCKED
    [record] = await world.records()
    assert record.reason == "account_locked"


async def test_a_lock_ends_and_a_success_resets(world: World) -> None:
    """A minute later the right password is served, and counting starts anew."""
    await lock(world)
    world.clock.at += 60
    granted(await world.sign_in())
    for number in range(2):
        told = refused(await world.sign_in(f"later {number}"))
        assert told.reason is Reason.PASSWORD_WRONG
    granted(await world.sign_in())


async def test_guesses_from_elsewhere_do_not_lock_out_the_user_at_home(
    world: World,
) -> None:
    """Known and unknown places are counted apart (promise 3)."""
    granted(await world.sign_in())
    await world.write(PutTenant(values.tenant(lockout=LockoutRules(threshold=3))))
    for number in range(5):
        await world.sign_in(f"guess {number}", trace=trace(AWAY))
    granted(await world.sign_in())
    told = refused(await world.sign_in(trace=trace(AWAY)))
    assert told.reason is Reason.ACCOUNT_LOCKED


async def test_a_place_in_use_is_never_forgotten(world: World) -> None:
    """Whoever signs in at home all the time is at home, also after ninety days."""
    await world.write(PutTenant(values.tenant(lockout=LockoutRules(threshold=3))))
    for _ in range(9):
        granted(await world.sign_in())
        world.clock.at += 10 * DAY
    for number in range(3):
        refused(await world.sign_in(f"guess {number}", trace=trace(AWAY)))
    granted(await world.sign_in())


async def test_a_source_that_failed_too_often_is_told_locked(world: World) -> None:
    """Even with the right password, and the record knows why (promise 3)."""
    rules = LockoutRules(threshold=10, source_failures=4)
    await world.write(PutTenant(values.tenant(lockout=rules)))
    for number in range(4):
        await world.sign_in(WRONG, username=f"user{number}@contoso.test")
    await world.records()
    assert refused(await world.sign_in()).reason is Reason.ACCOUNT_LOCKED
    [record] = await world.records()
    assert (record.reason, record.code) == ("source_blocked", "AADSTS50053")
    granted(await world.sign_in(trace=trace(AWAY)))


@pytest.mark.parametrize("hide", [False, True])
async def test_a_name_known_elsewhere_is_told_only_where_names_are(
    world: World, hide: bool
) -> None:
    """50020 in a tenant that shows its users (contract entra §6.3)."""
    elsewhere = values.user(
        id="bob", tenant_id=values.ELSEWHERE, username="bob@fabrikam.test"
    )
    await world.write(
        PutUser(elsewhere, NOON), PutTenant(values.tenant(hide_unknown_users=hide))
    )
    told = refused(await world.sign_in(username="bob@fabrikam.test"))
    shown = Reason.PASSWORD_WRONG if hide else Reason.USER_ELSEWHERE
    assert told.reason is shown


@pytest.mark.parametrize("hide", [False, True])
@pytest.mark.parametrize("password", [RIGHT, WRONG])
async def test_a_federated_domain_is_a_wrong_password_whatever_it_is(
    world: World, hide: bool, password: str
) -> None:
    """50126 (interface §3, directory states); the true reason is on record."""
    domain = Domain("contoso.test", Authentication.FEDERATED)
    await world.write(
        PutTenant(values.tenant(domains=(domain,), hide_unknown_users=hide))
    )
    assert refused(await world.sign_in(password)).reason is Reason.PASSWORD_WRONG
    [record] = await world.records()
    assert (record.reason, record.code) == ("user_federated", "AADSTS50126")
    assert [account for account, _, _ in world.connection.asked] == [None]


async def test_an_outdated_hash_is_replaced_by_the_sign_in_that_proved_it(
    world: World,
) -> None:
    """Applying never lowers a hash, and a sign-in mends it (interface §2)."""
    world.connection.answer = Verified("better hash")
    granted(await world.sign_in())
    account = await world.ports.people.find(TENANT, ALICE)
    assert account is not None
    assert account.password_hash == "better hash"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("hunter2", "h…"),
        ("", "…"),
        ("secret@contoso.test", "s…@contoso.test"),
        ("p@ssw0rd-of-somebody", "p…"),
        ("x@" + "y" * 500, "x…"),
    ],
)
async def test_a_name_of_nobody_is_not_kept_in_the_log(
    world: World, typed: str, kept: str
) -> None:
    """People type passwords into the field for names (promise 9)."""
    refused(await world.sign_in(username=typed))
    [record] = await world.records()
    assert (record.username, record.user_id) == (kept, "")


async def test_no_password_and_no_token_is_in_the_store(world: World) -> None:
    """Of all tables, only hashes and digests (promise 9)."""
    outcome = granted(await world.sign_in(scope=OFFLINE))
    refused(await world.sign_in(WRONG))
    refused(await world.renew("no token of ours"))
    tables = await world.database.fetch(
        Statement("SELECT name FROM sqlite_master WHERE type = 'table'")
    )
    text = ""
    for table in tables:
        rows = await world.database.fetch(
            Statement(f"SELECT * FROM {table['name']}")  # noqa: S608 - our own names
        )
        text += " ".join(str(tuple(row)) for row in rows)  # type: ignore[arg-type]
    assert ALICE in text
    for secret in (RIGHT, WRONG, outcome.refresh_token, outcome.access_token):
        assert str(secret) not in text


async def test_a_directory_that_refuses_a_right_password_is_no_failed_guess(
    world: World,
) -> None:
    """What it says of the account is told, and no counter moves."""
    await world.write(PutTenant(values.tenant(lockout=LockoutRules(threshold=2))))
    world.connection.answer = Rejected(Reason.PASSWORD_EXPIRED)
    for _ in range(3):
        assert refused(await world.sign_in()).reason is Reason.PASSWORD_EXPIRED
    world.connection.answer = None
    granted(await world.sign_in())


async def test_a_directory_that_knows_no_such_user_counts_a_guess(
    world: World,
) -> None:
    """Whether the password was right stays open, so the account locks."""
    await world.write(PutTenant(values.tenant(lockout=LockoutRules(threshold=2))))
    world.connection.answer = Rejected(Reason.USER_UNKNOWN)
    for number in range(2):
        told = refused(await world.sign_in(f"guess {number}"))
        assert told.reason is Reason.PASSWORD_WRONG
    assert refused(await world.sign_in()).reason is Reason.ACCOUNT_LOCKED
