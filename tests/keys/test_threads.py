"""The threads that sign: results and errors come back, nothing is left behind."""

import asyncio
import threading
from functools import partial

import pytest

from ostiary.keys.threads import SigningThreads


async def test_work_is_done_off_the_event_loop_and_answers_in_its_own_future() -> None:
    """Each caller gets the result of its own work, made in another thread."""
    threads: SigningThreads[tuple[int, str]] = SigningThreads(2)

    def work(number: int) -> tuple[int, str]:
        return number, threading.current_thread().name

    answers = await asyncio.gather(
        *(threads.run(partial(work, number)) for number in range(50))
    )
    assert [number for number, _ in answers] == list(range(50))
    assert {name for _, name in answers} <= {"signer-0", "signer-1"}
    threads.close()


async def test_errors_of_the_work_reach_the_caller() -> None:
    """An exception is raised where the work was awaited, and the thread lives on."""
    threads: SigningThreads[int] = SigningThreads(1)
    with pytest.raises(ZeroDivisionError):
        await threads.run(lambda: 1 // 0)
    assert await threads.run(lambda: 7) == 7
    threads.close()


async def test_a_caller_that_went_away_harms_nobody() -> None:
    """A cancelled future is left alone when its work is done."""
    threads: SigningThreads[int] = SigningThreads(1)
    may_go_on = threading.Event()
    left = threads.run(lambda: int(may_go_on.wait(5)))
    left.cancel()
    may_go_on.set()
    assert await threads.run(lambda: 3) == 3
    assert left.cancelled()
    threads.close()


async def test_closing_lets_accepted_work_finish() -> None:
    """What was handed over before `close` is still done."""
    threads: SigningThreads[int] = SigningThreads(2)
    accepted = [threads.run(partial(int, number)) for number in range(10)]
    threads.close()
    assert await asyncio.gather(*accepted) == list(range(10))
