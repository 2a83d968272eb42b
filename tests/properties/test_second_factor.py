"""Second factors cannot be skipped: whoever has only the password gets no token.

Security promise 4, in whatever order the doors are tried, over a real store.
"""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from ostiary.core.errors import Refused
from ostiary.core.factors import Factor
from ostiary.core.names import MFA_OOB, MFA_OTP, MFA_RECOVERY_CODE
from ostiary.core.request import Granted
from ostiary.flows.challenge import Challenge
from ostiary.flows.enrolment import Begun
from ostiary.stores.sqlite import open_memory
from tests.flows.factored import (
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
from tests.flows.world import World, granted
from tests.services.authenticator import totp

Outcome = Granted | Refused | Challenge | Begun | None
SOMETHING: Final = st.sampled_from(["000000", "", "abc", "123456", "ABCDEFGH"])
FACTORS: Final = st.sampled_from(
    [(True, ()), (True, (PHONE, RECOVERY)), (False, (PHONE,))]
)
"""What Alice has: the declared seed or not, and what else."""


class Thief:
    """Knows Alice's password and nothing else, and remembers what was answered."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.tickets = ["garbage"]
        self.oob_codes = ["garbage"]
        self.codes = ["000000"]
        self.ids = ["unknown"]

    async def begin(self, pick: int, code: str) -> Outcome:
        """The password: a ticket."""
        self.tickets.append(await begin(self.world))
        return None

    async def repeat(self, pick: int, code: str) -> Outcome:
        """The password with a code."""
        return await ask(self.world, REPEATED, mfa_code=code or None)

    async def guess(self, pick: int, code: str) -> Outcome:
        """A ticket with any code that was ever seen."""
        ticket, grant = self.tickets[pick % len(self.tickets)], GRANTS[pick % 3]
        oob = self.oob_codes[pick % len(self.oob_codes)]
        seen = self.codes[pick % len(self.codes)]
        return await bring(self.world, ticket, seen or code, grant, oob_code=oob)

    async def challenge(self, pick: int, code: str) -> Outcome:
        """Have a code sent, which somebody else receives."""
        made = await ask_challenge(self.world, self.tickets[pick % len(self.tickets)])
        if isinstance(made, Challenge):
            self.oob_codes += [made.oob_code] if made.oob_code else []
            self.ids.append(made.factor.id)
        return made

    async def enrol(self, pick: int, code: str) -> Outcome:
        """Begin with an application or telephone of one's own."""
        act = (enrol, enrol_phone)[pick % 2]
        begun = await act(self.world, self.tickets[pick % len(self.tickets)])
        if isinstance(begun, Begun):
            self.codes += [begun.recovery_code or ""]
            self.codes += [totp(begun.seed, NOON)] if begun.seed else []
        return begun

    async def remove(self, pick: int, code: str) -> Outcome:
        """Get rid of what is there."""
        ticket = self.tickets[pick % len(self.tickets)]
        return await remove(self.world, ticket, self.ids[pick % len(self.ids)])

    async def read(self, pick: int, code: str) -> Outcome:
        """Suppose the ids of Alice's factors are known."""
        known = await self.world.ports.factors.of_user(TENANT, ALICE)
        self.ids += [each.id for each in known]
        return None


GRANTS: Final = (MFA_OTP, MFA_OOB, MFA_RECOVERY_CODE)
Act = Callable[[Thief, int, str], Coroutine[Any, Any, Outcome]]
ACTS: Final[tuple[Act, ...]] = (
    Thief.begin,
    Thief.repeat,
    Thief.guess,
    Thief.challenge,
    Thief.enrol,
    Thief.remove,
    Thief.read,
)
PLAN: Final = st.lists(
    st.tuples(st.sampled_from(ACTS), st.integers(0, 30), SOMETHING), max_size=25
)


async def play(
    migrated: Path,
    has: tuple[bool, tuple[Factor, ...]],
    plan: list[tuple[Act, int, str]],
) -> None:
    """Let the thief try, then let Alice in."""
    database = await open_memory(migrated)
    world = World(database)
    await world.furnish()
    world.clock.between = lambda low, high: 424_242  # type: ignore[method-assign]
    seed, factors = has
    await furnish(world, *factors, seed=seed)
    before = await world.ports.factors.of_user(TENANT, ALICE)
    thief = Thief(world)
    for act, pick, code in plan:
        outcome = await act(thief, pick, code)
        assert not isinstance(outcome, Granted | Begun), act.__name__
    assert await world.ports.factors.of_user(TENANT, ALICE) == before
    world.clock.at += 3600
    if seed:
        granted(await bring(world, await begin(world), code_now(world)))
    await database.close()


@settings(max_examples=60)
@given(has=FACTORS, plan=PLAN)
def test_a_password_alone_never_gets_a_token(
    migrated: Path,
    has: tuple[bool, tuple[Factor, ...]],
    plan: list[tuple[Act, int, str]],
) -> None:
    """Nor changes any factor, nor keeps Alice out for longer than an hour."""
    asyncio.run(play(migrated, has, plan))
