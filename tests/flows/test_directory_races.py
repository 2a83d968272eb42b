"""Right and wrong passwords side by side, at a directory that locks by itself.

The directory is made up and counts as Active Directory does: a right password resets
(MS-ADTS §3.1.1.1.8), the third wrong one locks. Ours must never be that one.
"""

import asyncio
from dataclasses import replace
from typing import Any

from ostiary.core.errors import Reason
from ostiary.core.model import Tenant
from ostiary.flows.facts import Claimed, Rejected, Unreachable, Verified
from ostiary.flows.manage.changes import PutUser
from ostiary.flows.manage.locks import locked_people, unlock_name, unlock_user
from tests.flows import values
from tests.flows.fakes import RIGHT
from tests.flows.test_directory import NAMES, Directory, sign_in, use
from tests.flows.test_signup import desk
from tests.flows.values import NOON
from tests.flows.world import World, granted

THRESHOLD = 3


class Strict(Directory):
    """Locks J. Doe for good after three wrong passwords in a row."""

    def __init__(self) -> None:
        super().__init__(THRESHOLD)
        self.wrong = self.worst = 0

    async def verify(
        self, tenant: Tenant, claimed: Claimed, password: str
    ) -> Verified | Rejected | Unreachable:
        """As a directory does, with its counter."""
        verdict = await super().verify(tenant, claimed, password)
        self.wrong = 0 if isinstance(verdict, Verified) else self.wrong + 1
        self.worst = max(self.worst, self.wrong)
        return verdict


class SlowTokens:
    """A store whose tokens take their time to be written."""

    def __init__(self, store: Any) -> None:
        self.store = store
        self.reached, self.written = asyncio.Event(), asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    async def issue(self, issue: Any) -> Any:
        """Once they may be."""
        self.reached.set()
        await self.written.wait()
        return await self.store.issue(issue)


async def test_the_first_sign_in_does_not_start_a_second_counter(world: World) -> None:
    """Guesses that came before the account was made count towards those after it."""
    directory = Strict()
    use(world, directory)
    told = await asyncio.gather(
        *(sign_in(world, each) for each in (RIGHT, "one", "two"))
    )
    assert told == [None, Reason.PASSWORD_WRONG, Reason.PASSWORD_WRONG]
    late = [await sign_in(world, each) for each in ("three", "four", RIGHT)]
    assert late == [Reason.ACCOUNT_LOCKED] * 3
    assert directory.checked == [RIGHT, "one", "two"]
    assert directory.worst < THRESHOLD


async def test_a_right_password_forgives_nothing_that_came_after_it(
    world: World,
) -> None:
    """However late its tokens are written: the directory counts from the bind on."""
    directory = Strict()
    use(world, directory)
    granted(await world.sign_in(username=NAMES[0]))
    slow = SlowTokens(world.ports.tokens)
    world.ports = replace(world.ports, tokens=slow)
    right = asyncio.create_task(sign_in(world, RIGHT))
    async with asyncio.timeout(10):
        await slow.reached.wait()
    assert await sign_in(world, "one") is Reason.PASSWORD_WRONG
    slow.written.set()
    assert await right is None
    for each in ("two", "three", "four"):
        await sign_in(world, each)
    assert directory.checked == [RIGHT, RIGHT, "one", "two"]
    assert directory.worst < THRESHOLD


async def test_a_right_password_counts_even_if_no_token_comes_of_it(
    world: World,
) -> None:
    """The directory has forgotten the wrong ones, whatever else was missing here."""
    directory = Strict()
    use(world, directory)
    must = values.user(
        id="dddddddd-0000-4000-8000-000000000001",
        username=NAMES[0],
        email=None,
        mfa_required=True,
    )
    await world.write(PutUser(must, NOON))
    assert await sign_in(world, "one") is Reason.PASSWORD_WRONG
    assert await sign_in(world, RIGHT) is Reason.MFA_ENROLMENT_REQUIRED
    assert await sign_in(world, "two") is Reason.PASSWORD_WRONG
    assert await sign_in(world, RIGHT) is Reason.ACCOUNT_LOCKED
    world.clock.at += 61
    assert await sign_in(world, RIGHT) is Reason.MFA_ENROLMENT_REQUIRED
    assert directory.checked == ["one", RIGHT, "two", RIGHT]


async def test_a_wrong_password_stays_known_over_the_first_sign_in(
    world: World,
) -> None:
    """Not sent again within a quarter of an hour, account or not (interface §3)."""
    directory = Strict()
    use(world, directory)
    for each in ("old", RIGHT, "old", "old"):
        await sign_in(world, each)
    assert directory.checked == ["old", RIGHT]


async def test_an_administrator_ends_the_lock_of_a_directory_user(
    world: World,
) -> None:
    """By the account and by the name; it is listed as locked until then."""
    use(world, Strict())
    granted(await world.sign_in(username=NAMES[0]))
    tenant, admin = values.tenant(), desk(world)
    for by_name in (False, True):
        for number in range(3):
            await sign_in(world, f"guess {by_name} {number}")
        assert await sign_in(world, RIGHT) is Reason.ACCOUNT_LOCKED
        locked = await locked_people(admin, tenant, NAMES[0])
        assert [user and user.external_id for user in locked] == ["corp|1"]
        if by_name:
            await unlock_name(admin, tenant, NAMES[0])
        else:
            assert locked[0] is not None
            await unlock_user(admin, tenant, locked[0])
        assert await locked_people(admin, tenant, NAMES[0]) == []
        assert await sign_in(world, RIGHT) is None
