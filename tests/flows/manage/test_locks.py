"""Locks as administrators see and end them: by any name, even of nobody."""

from dataclasses import replace

import pytest

from ostiary.core.model import LockoutRules, Tenant
from ostiary.core.passwords import nobodys_account
from ostiary.flows.manage.administration import Administration
from ostiary.flows.manage.changes import PutUser
from ostiary.flows.manage.locks import (
    find_people,
    is_blocked,
    locked_people,
    unblock_source,
    unlock_name,
    unlock_user,
)
from ostiary.stores.guesses import GuessCounters
from tests.flows import values
from tests.flows.manage.test_importing import Office, office
from tests.flows.values import ALICE, AWAY, HOME, NOON, TENANT, event, trace

__all__ = ["office"]

HARSH: Tenant = values.tenant(lockout=LockoutRules(threshold=1, source_failures=3))


@pytest.fixture
async def guesses(office: Office) -> GuessCounters:
    """Counters; Alice has a short name."""
    alice = values.user(login="Ally")
    await office.estate.write([PutUser(alice, NOON)], event("changed"))
    return GuessCounters(office.database, b"key")


@pytest.fixture
def admin(office: Office, guesses: GuessCounters) -> Administration:
    """Administration that sees those counters."""
    return replace(office.admin, locks=guesses)


async def fail(guesses: GuessCounters, whose: str = ALICE, source: str = AWAY) -> None:
    """A wrong password, which locks at once."""
    keys = guesses.keys(TENANT, whose, f"wrong for {whose}", trace(source))
    refusal = event("refused")
    await guesses.record_failure(HARSH, keys, NOON, refusal, refusal)


@pytest.mark.parametrize("name", ["alice@contoso.test", "ALLY", " Alice@Contoso.TEST "])
async def test_a_user_is_found_by_any_name(
    admin: Administration, guesses: GuessCounters, name: str
) -> None:
    """Whatever name was used, it is one account that is locked and opened."""
    await fail(guesses)
    [found] = await locked_people(admin, HARSH, name)
    assert found is not None
    assert found.id == ALICE
    await unlock_name(admin, HARSH, name)
    assert await locked_people(admin, HARSH, name) == []


async def test_the_name_of_nobody(
    admin: Administration, guesses: GuessCounters
) -> None:
    """Locked and opened like a user's; nobody is made up for it."""
    await fail(guesses, nobodys_account(values.DIRECTORY, "ghost"))
    assert await find_people(admin, HARSH, "Ghost") == []
    assert await locked_people(admin, HARSH, "Ghost ") == [None]
    await unlock_name(admin, HARSH, "GHOST")
    assert await locked_people(admin, HARSH, "ghost") == []


async def test_a_user_who_is_not_locked_is_not_listed(
    admin: Administration, guesses: GuessCounters
) -> None:
    """Nor is one whose lock is over."""
    assert await locked_people(admin, HARSH, "ally") == []
    await fail(guesses)
    assert len(await locked_people(admin, HARSH, "ally")) == 1
    later = replace(admin, clock=_At(NOON + 61))
    assert await locked_people(later, HARSH, "ally") == []


class _At:
    """A clock that stands still."""

    def __init__(self, at: float) -> None:
        self._at = at

    def now(self) -> float:
        """That moment."""
        return self._at

    def token(self) -> str:
        """Never asked."""
        raise NotImplementedError

    guid = short_id = token

    def between(self, low: int, high: int) -> int:
        """Never asked."""
        raise NotImplementedError


async def test_every_act_is_on_record(
    office: Office, admin: Administration, guesses: GuessCounters
) -> None:
    """With the user it was about and who did it."""
    [alice] = await find_people(admin, HARSH, "ally")
    await unlock_user(admin, HARSH, alice)
    [(_, record)] = await office.log.tail(1)
    assert (record.reason, record.user_id) == ("user.unlock", ALICE)
    assert record.detail["by"] == "tester"


async def test_an_address_that_failed_too_often(
    office: Office, admin: Administration, guesses: GuessCounters
) -> None:
    """Blocked from its limit on, until it is forgiven; others are not."""
    for name in ("one", "two"):
        await fail(guesses, name)
    assert not await is_blocked(admin, HARSH, AWAY)
    await fail(guesses, "three")
    assert await is_blocked(admin, HARSH, AWAY)
    assert not await is_blocked(admin, HARSH, HOME)
    await unblock_source(admin, HARSH, AWAY)
    assert not await is_blocked(admin, HARSH, AWAY)
    [(_, record)] = await office.log.tail(1)
    assert (record.reason, record.detail["source"]) == ("source.unlock", AWAY)
