"""What the counters of wrong passwords promise, on SQLite and PostgreSQL.

Many guesses at once are in `test_guesses_parallel.py`; the arithmetic is core's.
"""

from dataclasses import dataclass

import pytest

from ostiary.core.model import LockoutRules, Tenant
from ostiary.core.passwords import PLACE_REMEMBERED, Place, is_locked
from ostiary.flows.facts import GuessKeys, GuessState
from ostiary.stores.audit import AuditLog
from ostiary.stores.database import Database
from ostiary.stores.guesses import GuessCounters
from ostiary.stores.statement import Statement
from ostiary.stores.tokens import TokenStore
from tests.contracts.counters import once
from tests.flows.values import (
    ALICE,
    AWAY,
    DAY,
    ELSEWHERE,
    HOME,
    NOON,
    TENANT,
    event,
    issue,
    tenant,
    trace,
)

THREE = tenant(lockout=LockoutRules(threshold=3))


@dataclass
class Desk:
    """Where guesses are made and counted."""

    database: Database
    guesses: GuessCounters

    def keys(
        self, password: str = "", *, account: str = ALICE, source: str = HOME
    ) -> GuessKeys:
        """The digests of a guess."""
        return self.guesses.keys(TENANT, account, password, trace(source))

    async def wrong(
        self,
        password: str,
        *,
        at: float = NOON,
        rules: Tenant = THREE,
        account: str = ALICE,
        source: str = HOME,
    ) -> bool:
        """Whether a wrong password was told to be one."""
        keys = self.keys(password, account=account, source=source)
        told, locked = event("refused", reason="wrong"), event("refused", reason="lock")
        return await self.guesses.record_failure(rules, keys, at, told, locked)

    async def right(self, *, at: float = NOON, source: str = HOME) -> None:
        """A good sign-in of Alice."""
        keys = self.keys(source=source)
        await TokenStore(self.database).issue(issue(now=at, guess=keys))

    async def state(
        self, *, at: float = NOON, account: str = ALICE, source: str = HOME
    ) -> GuessState:
        """What stands between the next guess and the check."""
        keys = self.keys(account=account, source=source)
        return await self.guesses.state(TENANT, keys, at)


@pytest.fixture
def desk(database: Database) -> Desk:
    """Counters over the database."""
    return Desk(database, GuessCounters(database, b"key"))


async def test_nothing_is_known_of_a_new_account(desk: Desk) -> None:
    """An unknown place, no failures, nothing from this source."""
    state = await desk.state()
    assert (state.place, state.failures.count) == (Place.UNKNOWN, 0)
    assert state.source_failures_today == 0


@pytest.mark.parametrize("account", [ALICE, "nobody@contoso.test"])
async def test_the_threshold_locks_names_of_nobody_alike(
    desk: Desk, account: str
) -> None:
    """Three are told, then nothing is, for 60 s (promise 3)."""
    told = [await desk.wrong(f"guess {n}", account=account) for n in range(5)]
    assert told == [True, True, True, False, False]
    state = await desk.state(account=account)
    assert state.failures.locked_until == NOON + 60
    assert is_locked(state.failures, NOON + 59.9)
    assert not is_locked(state.failures, NOON + 60)


async def test_a_guess_while_locked_counts_nothing_and_is_recorded_as_such(
    desk: Desk,
) -> None:
    """Neither the account's nor the source's counter moves; the record says why."""
    for number in range(4):
        await desk.wrong(f"guess {number}")
    state = await desk.state()
    assert state.source_failures_today == 3
    records = [e.reason for _, e in await AuditLog(desk.database).tail(10)]
    assert records == ["wrong", "wrong", "wrong", "lock"]


async def test_the_last_three_wrong_passwords_do_not_count_again(desk: Desk) -> None:
    """Told again and again, without ever locking (contract entra §8)."""
    lenient = tenant(lockout=LockoutRules(threshold=5))
    for _ in range(4):
        for password in ("one", "two", "three"):
            assert await desk.wrong(password, rules=lenient)
    assert (await desk.state()).failures.count == 3
    await desk.wrong("four", rules=lenient)
    assert (await desk.state()).failures.count == 4
    assert await desk.wrong("one", rules=lenient), "the oldest of four counts again"
    assert is_locked((await desk.state()).failures, NOON)


async def test_locks_grow_and_the_first_failure_after_one_locks_again(
    desk: Desk,
) -> None:
    """60, 120, 240, 480, then 900 s at most (promise 3)."""
    at, lengths = NOON, []
    for number in range(3):
        await desk.wrong(f"guess {number}", at=at)
    for number in range(10, 15):
        until = (await desk.state(at=at)).failures.locked_until
        lengths.append(until - at)
        at = until
        assert await desk.wrong(f"guess {number}", at=at)
    assert lengths == [60, 120, 240, 480, 900]


async def test_known_and_unknown_places_are_counted_apart(desk: Desk) -> None:
    """An attacker elsewhere does not lock out the user at home, nor the reverse."""
    await desk.right(source=HOME)
    for number in range(5):
        await desk.wrong(f"guess {number}", source=AWAY)
    assert is_locked((await desk.state(source=AWAY)).failures, NOON)
    home = await desk.state(source=HOME)
    assert (home.place, home.failures.count) == (Place.KNOWN, 0)
    assert await desk.wrong("typo", source=HOME)
    assert (await desk.state(source=HOME)).failures.count == 1


async def test_a_place_is_forgotten_after_ninety_days(desk: Desk) -> None:
    """Known until then, from the last good sign-in there."""
    await desk.right()
    before = await desk.state(at=NOON + PLACE_REMEMBERED - 1)
    after = await desk.state(at=NOON + PLACE_REMEMBERED)
    assert (before.place, after.place) == (Place.KNOWN, Place.UNKNOWN)


async def test_a_success_resets_only_the_counter_of_its_own_place(desk: Desk) -> None:
    """What was guessed from elsewhere stays counted."""
    await desk.right(source=HOME)
    await desk.wrong("one", source=HOME)
    await desk.wrong("one", source=AWAY)
    await desk.right(source=HOME)
    assert (await desk.state(source=HOME)).failures.count == 0
    assert (await desk.state(source=AWAY)).failures.count == 1


async def test_a_success_forgets_the_count_but_not_how_long_locks_are(
    desk: Desk,
) -> None:
    """The next lock stays as long as it would be."""
    for number in range(3):
        await desk.wrong(f"guess {number}")
    await desk.right(at=NOON + 60, source=AWAY)
    later = NOON + 61
    assert (await desk.state(at=later)).failures.locked_until == 0
    for number in range(3):
        assert await desk.wrong(f"later {number}", at=later)
    assert (await desk.state(at=later)).failures.locked_until == later + 120


async def test_a_source_is_counted_a_day_at_a_time(desk: Desk) -> None:
    """Over all accounts, apart from other sources, anew after midnight UTC."""
    midnight = NOON - NOON % DAY + DAY
    for number, at in enumerate((midnight - 1, midnight - 1, midnight)):
        await desk.wrong("guess", account=f"user {number}", at=at)
    counts = [
        (await desk.state(at=at, source=source)).source_failures_today
        for at, source in ((midnight - 1, HOME), (midnight, HOME), (midnight, AWAY))
    ]
    assert counts == [2, 1, 0]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::7", "2001:db8:1:2:ffff::1", True),
        ("2001:db8:1:2::7", "2001:db8:1:3::7", False),
        ("192.0.2.7", "192.0.2.8", False),
        ("not an address", "another", True),
    ],
)
def test_one_household_is_one_source(
    desk: Desk, one: str, other: str, same: bool
) -> None:
    """Of IPv6 a /64 counts as one; what is no address counts together."""
    pair = (desk.keys(source=one).source, desk.keys(source=other).source)
    assert (pair[0] == pair[1]) is same


async def test_loopback_is_exempt_only_in_development(desk: Desk) -> None:
    """There everything comes from loopback; accounts are counted all the same."""
    lenient = GuessCounters(desk.database, b"key", exempt_loopback=True)
    await desk.wrong("guess", source="127.0.0.1")
    keys = desk.keys(source="127.0.0.1")
    assert (await desk.guesses.state(TENANT, keys, NOON)).source_failures_today == 1
    state = await lenient.state(TENANT, keys, NOON)
    assert (state.source_failures_today, state.failures.count) == (0, 1)


async def test_tenants_count_apart(desk: Desk) -> None:
    """The same name in another tenant is another account (promise 6)."""
    other = desk.guesses.keys(ELSEWHERE, ALICE, "guess", trace())
    assert other.account != desk.keys("guess").account
    assert other.fingerprint != desk.keys("guess").fingerprint
    await desk.wrong("guess")
    state = await desk.guesses.state(ELSEWHERE, other, NOON)
    assert (state.failures.count, state.source_failures_today) == (0, 0)


async def test_no_name_and_no_wrong_password_is_in_the_store(desk: Desk) -> None:
    """Digests only, under a secret key (promise 9)."""
    await desk.wrong("hunter2hunter2", account="nobody@contoso.test")
    rows = await desk.database.fetch(
        Statement("SELECT account, recent FROM failures"),
    )
    text = f"{rows[0]['account']} {rows[0]['recent']}"
    assert "nobody" not in text
    assert "hunter2" not in text
    stranger = GuessCounters(desk.database, b"another key")
    keys = stranger.keys(TENANT, "nobody@contoso.test", "hunter2hunter2", trace())
    assert keys.account not in text


async def test_old_failures_are_forgotten_after_a_day(desk: Desk) -> None:
    """A day without a counted failure starts anew, short locks included."""
    await desk.wrong("one")
    await desk.wrong("two")
    assert await desk.wrong("three", at=NOON + DAY + 1)
    assert (await desk.state()).failures.count == 1
    await desk.database.transact(once(Statement("DELETE FROM failures")))
    assert (await desk.state()).failures.count == 0
