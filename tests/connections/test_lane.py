"""The hash lane: turns, admission by time, held refusals, cancellation, its threads.

Work here waits for events and the clock is ours, so no claim depends on the machine.
"""

import asyncio
import gc
import os
import subprocess
import sys
import threading
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.connections.lane import (
    FIRST_GUESS_SECONDS,
    FairQueue,
    HashLane,
)
from ostiary.flows.ports import Overloaded

Lanes = Callable[..., HashLane]

LIMIT = 10.0  # seconds after which a test is stuck


class Clock:
    """Time that passes when told to; sleeping records and passes it."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)


class Gate:
    """Work that begins, tells so, and ends when opened."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.opened = threading.Event()

    def __call__(self) -> str:
        self.begun.set()
        assert self.opened.wait(LIMIT)
        return "through"


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop run until a condition holds."""
    async with asyncio.timeout(LIMIT):
        while not condition():  # noqa: ASYNC110 - threads set what is asked here
            await asyncio.sleep(0.001)


@pytest.fixture
def lanes() -> Iterator[Lanes]:
    """Make lanes of one thread whose time stands still, closed after the test."""
    made: list[HashLane] = []

    def make(threads: int = 1, clock: Clock | None = None, **options: Any) -> HashLane:
        clock = clock or Clock()
        made.append(HashLane(threads, clock=clock, **{"sleep": clock.sleep, **options}))
        return made[-1]

    yield make
    for lane in made:
        lane.close()


@asynccontextmanager
async def blocked(lane: HashLane) -> AsyncIterator[Gate]:
    """Keep the lane's only thread busy until leaving."""
    gate = Gate()
    task = asyncio.create_task(lane.run("blocker", gate))
    try:
        await until(gate.begun.is_set)
        yield gate
    finally:
        gate.opened.set()
        assert await asyncio.wait_for(task, LIMIT) == "through"


def start(
    lane: HashLane, tenant_id: str, work: Callable[[], object] = bool
) -> asyncio.Task[object]:
    """Ask for work in a task of its own."""
    return asyncio.create_task(lane.run(tenant_id, work))


# --- the queue


def drain(queue: FairQueue[str]) -> list[str]:
    """Take everything."""
    return [queue.take() for _ in range(len(queue))]


def test_tenants_take_turns() -> None:
    """A storm of one tenant stands behind one item of each other, turn by turn."""
    queue: FairQueue[str] = FairQueue()
    for item in ("a1", "a2", "a3", "a4", "b1", "b2", "c1"):
        queue.add(item[0], item)
    assert drain(queue) == ["a1", "b1", "c1", "a2", "b2", "a3", "a4"]
    assert len(queue) == 0


def test_removed_items_lose_their_turn() -> None:
    """What is taken out is not served; what is not there is no error."""
    queue: FairQueue[str] = FairQueue()
    for item in ("a1", "a2", "b1"):
        queue.add(item[0], item)
    queue.remove("a", "a1")
    queue.remove("b", "b1")
    queue.remove("b", "b1")
    queue.remove("nobody", "x")
    assert drain(queue) == ["a2"]


def test_ahead_counts_the_fair_share() -> None:
    """Five of A waiting are one for newcomer B, five for A itself."""
    queue: FairQueue[str] = FairQueue()
    for number in range(5):
        queue.add("a", f"a{number}")
    assert queue.ahead("b") == 1
    assert queue.ahead("a") == 5
    queue.add("b", "b0")
    assert queue.ahead("b") == 1 + 2


@given(
    tenants=st.lists(st.sampled_from("abcd"), max_size=30), new=st.sampled_from("abcde")
)
def test_ahead_is_never_too_low_and_at_most_a_round_too_high(
    tenants: list[str], new: str
) -> None:
    """However tenants arrive, at most `ahead` items are served before a new one."""
    queue: FairQueue[str] = FairQueue()
    for tenant in tenants:
        queue.add(tenant, tenant)
    expected = queue.ahead(new)
    queue.add(new, "new")
    before = drain(queue).index("new")
    assert expected - len(set(tenants)) <= before <= expected


# --- answers


async def test_the_result_comes_back_from_a_thread_of_the_lane(lanes: Lanes) -> None:
    """Work runs in a thread of the lane's own, not in the loop's or the executor's."""
    lane = lanes()
    name = await lane.run("t", lambda: threading.current_thread().name)
    assert name == "hash-lane-0"


async def test_exceptions_of_the_work_reach_the_caller(lanes: Lanes) -> None:
    """The caller gets the very exception, and the thread serves on."""
    lane, error = lanes(), ValueError("from work")

    def fail() -> None:
        raise error

    with pytest.raises(ValueError, match="from work") as caught:
        await lane.run("t", fail)
    assert caught.value is error
    assert await lane.run("t", lambda: "still here") == "still here"


class Password(str):
    """A string that can be watched."""

    __slots__ = ("__weakref__",)


@pytest.mark.parametrize("fails", [False, True])
async def test_the_password_is_forgotten_when_the_work_is_done(
    lanes: Lanes, fails: bool
) -> None:
    """Neither lane nor traceback keeps the work, without help of the collector."""
    lane = lanes()

    def work_with(password: Password) -> Callable[[], int]:
        return lambda: 1 // (0 if fails else len(password))

    async def once() -> "weakref.ref[Password]":
        password = Password("Ostiary-Test-1")
        watched = weakref.ref(password)
        work = work_with(password)
        del password
        task = lane.run("t", work)
        del work
        try:
            await task
        except ZeroDivisionError:
            assert fails
        return watched

    gc.disable()
    try:
        watched = await once()
        await until(lambda: watched() is None)
    finally:
        gc.enable()


async def test_a_waiting_refused_job_forgets_its_work(lanes: Lanes) -> None:
    """A refusal that is held does not hold the password."""
    held = asyncio.Event()

    async def sleep(seconds: float) -> None:
        held.set()
        await asyncio.sleep(LIMIT)

    lane = lanes(queue_seconds=0, sleep=sleep)
    async with blocked(lane):
        waiting = start(lane, "t")
        await until(lambda: lane.waiting == 1)
        password = Password("Ostiary-Test-1")
        watched = weakref.ref(password)
        refused = start(lane, "t", lambda password=password: password)  # type: ignore[misc]
        del password
        await asyncio.wait_for(held.wait(), LIMIT)
        assert watched() is None
        refused.cancel()
        waiting.cancel()


# --- fairness


async def test_one_tenants_storm_does_not_starve_another(lanes: Lanes) -> None:
    """B's only job, asked for after four of A, is the second to run."""
    lane, order = lanes(), list[str]()
    async with blocked(lane):
        tasks = [
            start(lane, name[0], lambda name=name: order.append(name))  # type: ignore[misc]
            for name in ("a1", "a2", "a3", "a4", "b1")
        ]
        await until(lambda: lane.waiting == 5)
    await asyncio.wait_for(asyncio.gather(*tasks), LIMIT)
    assert order == ["a1", "b1", "a2", "a3", "a4"]


async def test_a_newcomer_gets_in_while_another_fills_the_queue(lanes: Lanes) -> None:
    """A's surplus is refused on A's own account; B waits for one of A's, not all."""
    clock = Clock()
    room = 3
    lane = lanes(queue_seconds=room * FIRST_GUESS_SECONDS, clock=clock)
    async with blocked(lane):
        tasks = [start(lane, "a") for _ in range(room + 1)]
        await until(lambda: lane.waiting == room + 1)
        with pytest.raises(Overloaded):
            await lane.run("a", bool)
        newcomer = start(lane, "b")
        await until(lambda: lane.waiting == room + 2)
    assert await asyncio.wait_for(newcomer, LIMIT) is False
    await asyncio.wait_for(asyncio.gather(*tasks), LIMIT)
    assert lane.refused == 1


# --- admission in time


async def test_the_queue_is_bounded_by_time_not_length(lanes: Lanes) -> None:
    """After slow jobs fewer may wait: 1 s of queue is one job of 0.8 s, not twenty."""
    clock = Clock()
    lane = lanes(queue_seconds=1.0, clock=clock)

    def slow() -> None:
        clock.now += 0.8

    for _ in range(60):  # until the moving average is at 0.8 s, to a hundredth
        await lane.run("t", slow)
    async with blocked(lane):
        tasks = [start(lane, "t") for _ in range(2)]
        await until(lambda: lane.waiting == 2)
        with pytest.raises(Overloaded) as caught:
            await lane.run("t", bool)
        # Two jobs ahead of 0.8 s each: 1.6 s, told in whole seconds.
        assert caught.value.retry_after == 2
    await asyncio.wait_for(asyncio.gather(*tasks), LIMIT)


async def test_more_threads_admit_more(lanes: Lanes) -> None:
    """Two threads begin twice as many jobs in the same time."""
    clock = Clock()
    lane = lanes(2, queue_seconds=2 * FIRST_GUESS_SECONDS, clock=clock)
    gates = [Gate() for _ in range(2)]
    running = [start(lane, "t", gate) for gate in gates]
    await until(lambda: lane.running == 2)
    waiting = [start(lane, "t") for _ in range(5)]
    await until(lambda: lane.waiting == 5)
    with pytest.raises(Overloaded):
        await lane.run("t", bool)
    for gate in gates:
        gate.opened.set()
    await asyncio.wait_for(asyncio.gather(*running, *waiting), LIMIT)
    assert (lane.waiting, lane.running, lane.refused) == (0, 0, 1)


async def test_an_idle_lane_takes_even_a_job_longer_than_the_queue(
    lanes: Lanes,
) -> None:
    """What need not wait is never refused, however slow the last job was."""
    clock = Clock()
    lane = lanes(queue_seconds=0.01, clock=clock)

    def very_slow() -> str:
        clock.now += 60
        return "done"

    assert [await lane.run("t", very_slow) for _ in range(2)] == ["done", "done"]


async def test_a_job_that_waited_too_long_after_all_is_refused_unrun(
    lanes: Lanes,
) -> None:
    """When the estimate was wrong nobody is served late; the work is never begun."""
    clock, ran = Clock(), list[bool]()
    lane = lanes(queue_seconds=1.0, clock=clock)
    async with blocked(lane):
        late = start(lane, "t", lambda: ran.append(True))
        await until(lambda: lane.waiting == 1)
        clock.now += 1.3
    with pytest.raises(Overloaded) as caught:
        await asyncio.wait_for(late, LIMIT)
    assert caught.value.retry_after >= 1
    assert ran == []
    assert clock.slept == []  # it had waited longer than a refusal is held
    assert lane.refused == 1


# --- refusals are held


async def test_refusals_are_held_before_they_are_answered(lanes: Lanes) -> None:
    """The surplus waits `hold_seconds`, then learns after how many it may retry."""
    clock = Clock()
    lane = lanes(queue_seconds=0, hold_seconds=0.9, clock=clock)
    async with blocked(lane):
        waiting = start(lane, "t")
        await until(lambda: lane.waiting == 1)
        with pytest.raises(Overloaded) as caught:
            await lane.run("t", bool)
        assert clock.slept == [pytest.approx(0.9)]
        assert caught.value.retry_after == 1
    assert await asyncio.wait_for(waiting, LIMIT) is False


async def test_at_most_max_held_refusals_are_held(lanes: Lanes) -> None:
    """Beyond `max_held` a refusal is answered at once: memory stays bounded."""
    release, held = asyncio.Event(), list[float]()

    async def sleep(seconds: float) -> None:
        held.append(seconds)
        await release.wait()

    lane = lanes(queue_seconds=0, max_held=2, sleep=sleep)
    async with blocked(lane):
        waiting = start(lane, "t")
        await until(lambda: lane.waiting == 1)
        surplus = [start(lane, "t") for _ in range(2)]
        await until(lambda: len(held) == 2)
        with pytest.raises(Overloaded):
            await asyncio.wait_for(lane.run("t", bool), LIMIT)
        assert not any(task.done() for task in surplus)
        release.set()
        answers = await asyncio.gather(*surplus, return_exceptions=True)
        assert [type(answer) for answer in answers] == [Overloaded, Overloaded]
        # Their places are free again.
        with pytest.raises(Overloaded):
            await asyncio.wait_for(lane.run("t", bool), LIMIT)
        assert len(held) == 3
    await asyncio.wait_for(waiting, LIMIT)
    assert lane.refused == 4


async def test_a_caller_that_leaves_while_held_frees_its_place(lanes: Lanes) -> None:
    """A cancelled held refusal no longer counts against `max_held`."""
    held = list[float]()

    async def sleep(seconds: float) -> None:
        held.append(seconds)
        await asyncio.Event().wait()

    lane = lanes(queue_seconds=0, max_held=1, sleep=sleep)
    async with blocked(lane):
        waiting = start(lane, "t")
        await until(lambda: lane.waiting == 1)
        for number in (1, 2):
            leaver = start(lane, "t")
            await until(lambda number=number: len(held) == number)  # type: ignore[misc]
            leaver.cancel()
            with pytest.raises(asyncio.CancelledError):
                await leaver
    await asyncio.wait_for(waiting, LIMIT)


# --- cancellation


async def test_cancelled_work_that_waits_is_never_begun(lanes: Lanes) -> None:
    """It leaves the queue at once and makes room for others."""
    lane, ran = lanes(), list[str]()
    async with blocked(lane):
        gone = start(lane, "t", lambda: ran.append("gone"))
        kept = start(lane, "t", lambda: ran.append("kept"))
        await until(lambda: lane.waiting == 2)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        assert lane.waiting == 1
    await asyncio.wait_for(kept, LIMIT)
    assert ran == ["kept"]


async def test_cancelled_work_that_runs_is_finished_and_its_answer_dropped(
    lanes: Lanes,
) -> None:
    """The thread serves the next one; nobody is told of the dropped answer."""
    lane, gate = lanes(), Gate()
    running = start(lane, "t", gate)
    await until(gate.begun.is_set)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    gate.opened.set()
    assert await asyncio.wait_for(lane.run("t", lambda: "next"), LIMIT) == "next"
    assert (lane.waiting, lane.running) == (0, 0)


# --- closing, threads


async def test_closing_refuses_what_waits_and_finishes_what_runs(lanes: Lanes) -> None:
    """The running job answers, the waiting one is refused, a new one is a mistake."""
    lane, gate = lanes(), Gate()
    running = start(lane, "t", gate)
    await until(gate.begun.is_set)
    waiting = start(lane, "t")
    await until(lambda: lane.waiting == 1)
    lane.close()
    with pytest.raises(Overloaded):
        await asyncio.wait_for(waiting, LIMIT)
    with pytest.raises(RuntimeError, match="closed"):
        await lane.run("t", bool)
    gate.opened.set()
    assert await asyncio.wait_for(running, LIMIT) == "through"


async def test_closing_ends_the_threads(lanes: Lanes) -> None:
    """No thread outlives a closed lane that has nothing to do."""
    before = set(threading.enumerate())
    lane = lanes(3)
    mine = set(threading.enumerate()) - before
    assert len(mine) == 3
    lane.close()
    await until(lambda: not any(thread.is_alive() for thread in mine))


@pytest.mark.skipif(sys.platform != "linux", reason="threads have priorities on Linux")
async def test_threads_of_the_lane_step_back_for_others(lanes: Lanes) -> None:
    """Niceness 10 in the lane, unchanged on the loop (performance.md, lesson 2)."""
    mine = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    lane = lanes()
    theirs = await lane.run(
        "t", lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    )
    assert theirs == max(mine, 10)
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == mine


def test_by_default_there_is_a_thread_for_each_core() -> None:
    """One process fills the machine (performance.md, lesson 1)."""
    before = set(threading.enumerate())
    lane = HashLane()
    started = set(threading.enumerate()) - before
    lane.close()
    assert len(started) == len(os.sched_getaffinity(0))


STUCK = """
import asyncio, threading
from ostiary.connections.lane import HashLane
async def main():
    begun = threading.Event()
    def work():
        begun.set()
        threading.Event().wait()
    task = asyncio.create_task(HashLane(1).run("t", work))
    while not begun.is_set():
        await asyncio.sleep(0.001)
    task.cancel()
asyncio.run(main())
print("left")
"""


def test_work_under_way_does_not_keep_the_process_alive() -> None:
    """The interpreter exits although a thread of the lane is stuck in its work."""
    ended = subprocess.run(
        [sys.executable, "-c", STUCK], capture_output=True, text=True, timeout=30
    )
    assert (ended.returncode, ended.stdout) == (0, "left\n")
    assert ended.stderr == ""
