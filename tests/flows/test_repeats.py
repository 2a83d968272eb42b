"""The same wrong password over and over: no new guess, but bounded on some wires.

Contract auth0 §5: more than twenty a minute, of one user from one address; only
failures count (interface §3).
"""

import asyncio
from dataclasses import replace

from ostiary.core.errors import Reason, Refused
from ostiary.core.model import LockoutRules, Tenant
from ostiary.core.policy import Policy
from ostiary.core.request import Granted
from ostiary.dialects.entra.authority import V2
from ostiary.dialects.entra.wire import EntraWire
from ostiary.flows.manage.changes import PutTenant
from ostiary.flows.token import exchange
from ostiary.stores.guesses import GuessCounters
from ostiary.stores.statement import Statement
from tests.flows.fakes import RIGHT, WRONG
from tests.flows.values import ALICE, AWAY, TENANT, event, tenant, trace
from tests.flows.world import SITE, World, request

FAILURES = Statement("SELECT count FROM failures")


class BoundedWire(EntraWire):
    """A wire that bounds repeats."""

    def policy(self, tenant: Tenant) -> Policy:
        """The same otherwise."""
        return replace(super().policy(tenant), repeats_bounded=True)


async def ask(world: World, password: str, **fields: object) -> Granted | Refused:
    """What a sign-in comes to on the wire that bounds repeats."""
    asked = request(password=password, **fields)
    try:
        return await exchange(asked, BoundedWire(V2, SITE), world.ports)
    except Refused as refused:
        return refused


async def reasons(world: World, password: str, times: int) -> list[Reason | None]:
    """Why each of so many was refused; None for one that was not."""
    told = [await ask(world, password) for _ in range(times)]
    return [one.reason if isinstance(one, Refused) else None for one in told]


async def test_the_twenty_first_is_refused_before_the_password_is_looked_at(
    world: World,
) -> None:
    """Even the right one; with the wait, under its own name, on record."""
    assert await reasons(world, WRONG, 20) == [Reason.PASSWORD_WRONG] * 20
    asked = len(world.connection.asked)
    await world.records()
    told = await ask(world, RIGHT)
    assert isinstance(told, Refused)
    assert told.reason is Reason.TOO_MANY_LOGINS
    assert told.facts == {"retry_after": 6, "limit": 20}
    assert len(world.connection.asked) == asked
    [record] = await world.records()
    assert (record.outcome, record.reason) == ("refused", "too_many_logins")


async def test_then_ten_a_minute(world: World) -> None:
    """One every six seconds."""
    await reasons(world, WRONG, 21)
    world.clock.at += 60
    told = await reasons(world, WRONG, 11)
    assert told == [Reason.PASSWORD_WRONG] * 10 + [Reason.TOO_MANY_LOGINS]


async def test_right_passwords_are_free(world: World) -> None:
    """Parallel right sign-ins are served (promise LOCK-03)."""
    assert await reasons(world, RIGHT, 60) == [None] * 60


async def test_it_is_the_user_at_that_address(world: World) -> None:
    """From elsewhere, or as somebody else, one may go on."""
    await reasons(world, WRONG, 21)
    elsewhere = await ask(world, RIGHT, trace=trace(AWAY))
    ghost = await ask(world, WRONG, username="ghost@contoso.test")
    assert isinstance(elsewhere, Granted)
    assert isinstance(ghost, Refused)
    assert ghost.reason is Reason.PASSWORD_WRONG


async def test_they_end_with_the_lock(world: World) -> None:
    """An administrator lets the user try again at once (contract auth0 §5)."""
    await reasons(world, WRONG, 21)
    locks = GuessCounters(world.database, b"guesses")
    await locks.unlock(TENANT, ALICE, event("changed"))
    assert isinstance(await ask(world, RIGHT), Granted)
    assert await reasons(world, WRONG, 20) == [Reason.PASSWORD_WRONG] * 20


async def test_names_of_nobody_are_bounded_alike(world: World) -> None:
    """Or the limit would tell who exists (promise 2)."""
    told = [await ask(world, WRONG, username="ghost@contoso.test") for _ in range(21)]
    found = [one.reason for one in told if isinstance(one, Refused)]
    assert found == [Reason.PASSWORD_WRONG] * 20 + [Reason.TOO_MANY_LOGINS]


async def test_other_wires_have_no_such_limit(world: World) -> None:
    """Where the policy does not ask for it, nothing is counted."""
    told = [await world.sign_in(WRONG) for _ in range(40)]
    found = [one.reason for one in told if isinstance(one, Refused)]
    assert found == [Reason.PASSWORD_WRONG] * 40


async def test_guesses_side_by_side_all_count_towards_the_lock(world: World) -> None:
    """However many find the bucket full, none of them goes uncounted."""
    rules = LockoutRules(threshold=100)
    await world.write(PutTenant(replace(tenant(), lockout=rules)))
    asked = (ask(world, f"{WRONG}-{number}") for number in range(40))
    told = await asyncio.gather(*asked)
    assert all(isinstance(one, Refused) for one in told)
    [row] = await world.database.fetch(FAILURES)
    assert row["count"] == 40
