"""The lane of password hashing: bounded, fair to tenants, out of everybody's way.

What is hashed and what the answer means live elsewhere; here work is any callable.
"""

import asyncio
import math
import os
import sys
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ostiary.flows.ports import Overloaded

T = TypeVar("T")

NICENESS = 10
FIRST_GUESS_SECONDS = 0.05
"""What one job is taken to last before any was measured."""
NEWEST_WEIGHT = 0.1
"""Share of the newest job in the moving average of how long one lasts."""
PATIENCE = 1.25
"""An admitted job that waited this many `queue_seconds` is refused after all."""


class FairQueue(Generic[T]):
    """Items in order of arrival within a tenant, tenants taking turns. No locks."""

    def __init__(self) -> None:
        self._tenants: OrderedDict[str, deque[T]] = OrderedDict()

    def __len__(self) -> int:
        return sum(len(items) for items in self._tenants.values())

    def ahead(self, tenant_id: str) -> int:
        """Count what is taken before an item that this tenant would add now.

        Each other tenant gets at most one turn per turn of this one, so another's
        storm counts for no more than what this tenant itself has waiting, plus one.
        """
        turns = len(self._tenants.get(tenant_id, ())) + 1
        return sum(min(len(items), turns) for items in self._tenants.values())

    def add(self, tenant_id: str, item: T) -> None:
        """Put an item behind the others of its tenant."""
        self._tenants.setdefault(tenant_id, deque()).append(item)

    def take(self) -> T:
        """Take the first item of the tenant whose turn it is; raise KeyError."""
        tenant_id, items = self._tenants.popitem(last=False)
        item = items.popleft()
        if items:
            self._tenants[tenant_id] = items
        return item

    def remove(self, tenant_id: str, item: T) -> None:
        """Take an item out of its place, if it is still waiting."""
        items = self._tenants.get(tenant_id, deque())
        with suppress(ValueError):
            items.remove(item)
            if not items:
                del self._tenants[tenant_id]


@dataclass(slots=True, eq=False)
class _Job:
    tenant_id: str
    work: Callable[[], Any] | None
    arrived: float
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Any]


class HashLane:
    """Threads of its own for blocking work that is mostly argon2.

    `threads`: None for one per core. `queue_seconds`: how long a job may expect to
    wait. `hold_seconds`: age at which a refusal is answered; at once it would only
    make clients hammer (performance.md, lesson 3). `max_held`: refusals held at a
    time; any beyond are answered at once.
    """

    def __init__(
        self,
        threads: int | None = None,
        queue_seconds: float = 1.0,
        hold_seconds: float = 1.0,
        max_held: int = 1000,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._threads = threads or _cores()
        self._queue_seconds = queue_seconds
        self._hold_seconds = hold_seconds
        self._max_held = max_held
        self._clock = clock
        self._sleep = sleep
        self._changed = threading.Condition()
        self._queue: FairQueue[_Job] = FairQueue()
        self._job_seconds = FIRST_GUESS_SECONDS
        self._running = self._refused = self._held = 0
        self._closed = False
        for number in range(self._threads):
            # Daemons: a hash under way must not keep the process from exiting.
            threading.Thread(
                target=self._serve, name=f"hash-lane-{number}", daemon=True
            ).start()

    @property
    def waiting(self) -> int:
        """Jobs admitted and not begun."""
        with self._changed:
            return len(self._queue)

    @property
    def running(self) -> int:
        """Jobs in a thread now."""
        return self._running

    @property
    def refused(self) -> int:
        """Jobs refused since the start."""
        return self._refused

    async def run(self, tenant_id: str, work: Callable[[], T]) -> T:
        """Do `work` in the lane; what it returns or raises is the caller's.

        Raises Overloaded, about `hold_seconds` after the call. A caller that is
        cancelled takes its work out of the queue; once begun, work is finished.
        `work` is forgotten as soon as it ran, for it knows a password.
        """
        loop = asyncio.get_running_loop()
        job = _Job(tenant_id, work, self._clock(), loop, loop.create_future())
        del work
        try:
            self._admit(job)
            answer: T = await job.answer
            return answer
        except asyncio.CancelledError:
            self._withdraw(job)
            raise
        except Overloaded:
            job.work = None
            await self._hold(job.arrived)
            raise
        finally:
            # An exception's traceback knows this frame, and the job that exception:
            # parted here, what they hold goes without waiting for the collector.
            del job

    def close(self) -> None:
        """Refuse what waits and end the threads, each after the work it is doing."""
        with self._changed:
            self._closed = True
            while self._queue:
                self._turn_away(self._queue.take())
            self._changed.notify_all()

    def _admit(self, job: _Job) -> None:
        with self._changed:
            if self._closed:
                raise RuntimeError("the lane is closed")
            expected = self._expected_wait(job.tenant_id)
            if expected > self._queue_seconds:
                self._refused += 1
                raise Overloaded(math.ceil(expected))
            self._queue.add(job.tenant_id, job)
            self._changed.notify()

    def _expected_wait(self, tenant_id: str) -> float:
        return self._queue.ahead(tenant_id) * self._job_seconds / self._threads

    def _withdraw(self, job: _Job) -> None:
        with self._changed:
            self._queue.remove(job.tenant_id, job)
        job.work = None

    async def _hold(self, arrived: float) -> None:
        left = arrived + self._hold_seconds - self._clock()
        if left <= 0 or self._held >= self._max_held or self._closed:
            return
        self._held += 1
        try:
            await self._sleep(left)
        finally:
            self._held -= 1

    # From here on: in the lane's threads. Measured with both cores of two saturated
    # and a loop busy for 15 % of a core: p99 of a small request on the loop 1 ms at
    # niceness 10, 4-7 ms without. A thread holds the interpreter lock for microseconds
    # around each hash: shorter switch intervals (1 ms, 0.2 ms) changed nothing.

    def _serve(self) -> None:
        _lower_priority()
        while self._serve_one():
            pass

    def _serve_one(self) -> bool:
        job = self._take()
        if job is None:
            return False
        began = self._clock()
        work, job.work = job.work, None
        result, error = None, None
        try:
            result = work() if work else None
        except BaseException as raised:
            error = raised
        del work
        self._count(self._clock() - began)
        _deliver(job, result, error)
        # The traceback knows this frame, and the job's answer the exception.
        del job, error
        return True

    def _take(self) -> _Job | None:
        """Wait for the next job that is still worth doing; None when closed."""
        with self._changed:
            while True:
                self._changed.wait_for(lambda: self._queue or self._closed)
                if self._closed:
                    return None
                job = self._queue.take()
                if self._clock() - job.arrived <= PATIENCE * self._queue_seconds:
                    self._running += 1
                    return job
                # The estimate was wrong: jobs became slower or more tenants came.
                self._turn_away(job)

    def _turn_away(self, job: _Job) -> None:
        job.work = None
        self._refused += 1
        retry_after = max(1, math.ceil(self._expected_wait(job.tenant_id)))
        _deliver(job, None, Overloaded(retry_after))

    def _count(self, seconds: float) -> None:
        with self._changed:
            self._running -= 1
            self._job_seconds += NEWEST_WEIGHT * (seconds - self._job_seconds)


def _cores() -> int:
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    else:
        return os.cpu_count() or 1


def _lower_priority() -> None:
    # On Linux a priority belongs to a thread; elsewhere this would slow the process.
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def _deliver(job: _Job, result: object, error: BaseException | None) -> None:
    # A closed loop has nobody left who waits.
    with suppress(RuntimeError):
        job.loop.call_soon_threadsafe(_settle, job.answer, result, error)


def _settle(
    answer: asyncio.Future[Any], result: object, error: BaseException | None
) -> None:
    if answer.done():
        return
    if error is None:
        answer.set_result(result)
    else:
        answer.set_exception(error)
