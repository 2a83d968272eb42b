"""Upstreams behind their guard: in time or not at all, and left alone while down.

Upstreams are made up; bounds are generous, as other tests may keep the machine busy.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from ostiary.connections import guarded as module
from ostiary.connections.guarded import GuardedConnection
from ostiary.connections.upstream import Away
from ostiary.core.errors import Reason
from ostiary.core.model import Tenant
from ostiary.flows.facts import (
    Candidate,
    Claimed,
    Overloaded,
    Rejected,
    Unreachable,
    Verified,
)
from tests.connections.upstreams import JDOE, RIGHT, ToldUpstream

CONTOSO = Tenant("a-tenant", "contoso")


@pytest.fixture
def upstream() -> ToldUpstream:
    """It answers at once."""
    return ToldUpstream()


@pytest.fixture
async def connection(upstream: ToldUpstream) -> AsyncIterator[GuardedConnection]:
    """Its guard, who tries again every tenth of a second."""
    guarded = GuardedConnection("corp", upstream, every=0.1)
    yield guarded
    await guarded.close()
    assert upstream.closed


async def check(
    connection: GuardedConnection, password: str = RIGHT, name: str = "jdoe"
) -> Verified | Rejected | Unreachable:
    """What becomes of a password."""
    found = await connection.find(name)
    if isinstance(found, Unreachable):
        return found
    return await connection.verify(CONTOSO, Claimed(name, found), password)


async def _until(true: Callable[[], bool]) -> None:
    """Look again and again, for some seconds."""
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def test_an_answer_passes_through(connection: GuardedConnection) -> None:
    """Right, wrong, nobody."""
    assert await check(connection) == Verified(profile=JDOE)
    assert await check(connection, "wrong") == Rejected()
    assert await check(connection, name="ghost") == Rejected()


@pytest.mark.parametrize("password", ["", "\0", "the right one\0", "\0the right one"])
async def test_an_empty_password_never_gets_there(
    connection: GuardedConnection, upstream: ToldUpstream, password: str
) -> None:
    """Directories take it for an anonymous bind, and say yes (case LDAP-01)."""
    assert await check(connection, password) == Rejected()
    assert upstream.asked == []


async def test_no_answer_in_time_is_none(
    connection: GuardedConnection,
    upstream: ToldUpstream,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Finding and checking share the time, and the question is called off."""
    monkeypatch.setattr(module, "SECONDS", 0.3)
    upstream.seconds = 0.2
    began = time.monotonic()
    assert await check(connection) == Unreachable(Reason.DIRECTORY_TIMEOUT)
    assert 0.25 < time.monotonic() - began < 5
    await asyncio.sleep(0)
    assert upstream.cancelled == 1
    assert upstream.asked == [RIGHT]


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (Away(), Unreachable()),
        (
            Away(Reason.DIRECTORY_BUSY, "429", 17),
            Unreachable(Reason.DIRECTORY_BUSY, 17),
        ),
        (Away(Reason.DIRECTORY_LIED), Unreachable(Reason.DIRECTORY_LIED)),
        (RuntimeError("quotes a password"), Unreachable(Reason.DIRECTORY_LIED)),
    ],
)
async def test_a_failure_is_told_as_what_it_is(
    connection: GuardedConnection,
    upstream: ToldUpstream,
    failure: Exception,
    told: Unreachable,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Never as a wrong password; what a defect says is not logged."""
    upstream.failure = failure
    assert await check(connection) == told
    assert "quotes a password" not in caplog.text


async def test_too_much_to_do_is_not_the_upstreams_fault(
    connection: GuardedConnection, upstream: ToldUpstream
) -> None:
    """It is raised on, and trips nothing."""
    upstream.failure = Overloaded(3)
    for _ in range(8):
        with pytest.raises(Overloaded):
            await connection.find("jdoe")
    assert not connection.breaker.is_open


async def test_five_failures_open_the_breaker_until_it_answers(
    connection: GuardedConnection,
    upstream: ToldUpstream,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """From then on nobody is asked, and it is told within milliseconds (LDAP-06)."""
    caplog.set_level(logging.INFO)
    upstream.failure = Away(detail="refused")
    opened = []
    for _ in range(5):
        opened.append(connection.breaker.is_open)
        assert await check(connection) == Unreachable()
    assert [*opened, connection.breaker.is_open] == [False] * 5 + [True]
    upstream.failure = None
    upstream.seconds = 0.01
    began = time.monotonic()
    assert await check(connection) == Unreachable()
    assert time.monotonic() - began < 1  # far less; other tests may be busy
    await _until(lambda: not connection.breaker.is_open)
    assert upstream.probed >= 1
    assert await check(connection) == Verified(profile=JDOE)
    told = [r.message for r in caplog.records if r.levelno >= logging.WARNING]
    assert told == [
        "connection corp does not answer: directory_unreachable: refused",
        "connection corp answers again",
    ]


async def test_an_answer_between_failures_keeps_it_closed(
    connection: GuardedConnection, upstream: ToldUpstream
) -> None:
    """Only failures in a row count, and being refused service is an answer."""
    for number in range(20):
        busy = Away(Reason.DIRECTORY_BUSY)
        upstream.failure = busy if number % 5 == 4 else Away()
        await check(connection)
    assert not connection.breaker.is_open
    for reason in (Reason.DIRECTORY_MISCONFIGURED, Reason.DIRECTORY_LIED):
        upstream.failure = Away(reason)
        for _ in range(8):
            await check(connection)
        assert not connection.breaker.is_open


async def test_time_lost_in_a_queue_is_not_held_against_it(
    connection: GuardedConnection, upstream: ToldUpstream
) -> None:
    """Somebody who keeps one account busy does not shut the directory for all."""
    upstream.seconds = 0.5
    late = asyncio.get_running_loop().time() + 0.05
    claimed = Claimed("jdoe", Candidate("jdoe", "corp|1", until=late))
    for _ in range(8):
        told = await connection.verify(CONTOSO, claimed, "wrong")
        assert told == Unreachable(Reason.DIRECTORY_TIMEOUT)
    assert not connection.breaker.is_open


async def test_who_waits_is_told_when_it_opens(
    connection: GuardedConnection,
    upstream: ToldUpstream,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of a hundred at a hanging upstream all are answered when the first five are."""
    upstream.seconds = 60
    monkeypatch.setattr(module, "SECONDS", 0.2)
    early = [asyncio.create_task(connection.find("jdoe")) for _ in range(5)]
    await asyncio.sleep(0)
    monkeypatch.setattr(module, "SECONDS", 30)
    late = [asyncio.create_task(connection.find("jdoe")) for _ in range(100)]
    async with asyncio.timeout(10):
        told = await asyncio.gather(*early, *late)
    assert all(isinstance(each, Unreachable) for each in told)
    assert upstream.cancelled == 105


async def test_a_hanging_trial_is_called_off(upstream: ToldUpstream) -> None:
    """It is tried again and again, never twice at once."""
    guarded = GuardedConnection("corp", upstream, every=0.05)
    upstream.failure = Away()
    for _ in range(5):
        await guarded.find("jdoe")
    upstream.seconds = 60
    await _until(lambda: upstream.probed >= 3)
    assert guarded.breaker.is_open
    assert upstream.cancelled >= 2
    await guarded.close()
    assert upstream.cancelled >= 3


async def test_nobody_takes_as_long_as_somebody(
    connection: GuardedConnection, upstream: ToldUpstream
) -> None:
    """A quicker answer for a name of nobody is held back (case ROPC-02).

    And a password that is not sent again takes that long too.
    """
    upstream.seconds = 0.1
    somebody = Candidate("jdoe", "corp|1")
    for _ in range(3):
        claimed = Claimed("jdoe", somebody)
        await connection.verify(CONTOSO, claimed, "wrong")
    upstream.seconds = 0.0
    began = time.monotonic()
    nobody = Claimed("ghost", Candidate("ghost"))
    assert await connection.verify(CONTOSO, nobody, "wrong") == Rejected()
    waited = time.monotonic() - began
    await connection.pretend(nobody.candidate)
    pretended = time.monotonic() - began - waited
    assert 0.09 < waited < 5
    assert 0.09 < pretended < 5


async def test_the_longer_of_two_times_tells_nobody_apart(
    connection: GuardedConnection, upstream: ToldUpstream
) -> None:
    """Durations that vary: both kinds of name are held back for as long (ROPC-02).

    Nineteen of twenty wrong passwords of somebody end when nobody's do.
    """
    somebody = Claimed("jdoe", Candidate("jdoe", "corp|1"))
    nobody = Claimed("ghost", Candidate("ghost"))

    async def timed(claimed: Claimed, seconds: float) -> float:
        upstream.seconds = seconds
        began = time.monotonic()
        await connection.verify(CONTOSO, claimed, "wrong")
        return time.monotonic() - began

    await timed(somebody, 0.15)
    for number in range(8):
        assert await timed(somebody, 0.02 * number) > 0.149
        assert await timed(nobody, 0.0) > 0.149


async def test_nobody_is_held_back_no_longer_than_there_is_time(
    connection: GuardedConnection, upstream: ToldUpstream
) -> None:
    """What others took does not make an answer late (security promise 11)."""
    somebody = Candidate("jdoe", "corp|1")
    upstream.seconds = 2.0
    await connection.verify(CONTOSO, Claimed("jdoe", somebody), "wrong")
    upstream.seconds = 0.0
    loop = asyncio.get_running_loop()
    late = Candidate("ghost", until=loop.time() + 0.2)
    began = loop.time()
    assert await connection.verify(CONTOSO, Claimed("ghost", late), "x") == Rejected()
    assert 0.15 < loop.time() - began < 1.8


async def test_a_slower_search_for_somebody_is_made_up_for_too(
    connection: GuardedConnection, upstream: ToldUpstream
) -> None:
    """Finding and checking count together, for either kind of name (ROPC-02)."""
    upstream.seconds = 0.5
    assert await check(connection, "wrong") == Rejected()
    upstream.seconds = 0.0
    found = await connection.find("ghost")
    assert not isinstance(found, Unreachable)
    began = time.monotonic()
    claimed = Claimed("ghost", found)
    assert await connection.verify(CONTOSO, claimed, "wrong") == Rejected()
    assert 0.9 < time.monotonic() - began < 5
    began = time.monotonic()
    await connection.pretend(replace(found, took=0.9))
    assert time.monotonic() - began < 0.9
