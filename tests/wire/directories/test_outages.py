"""Case LDAP-06: directories that are down, hang, drip or die, all at the same time.

One server before five of them, while users of its own database sign in. The figures of
docs/performance.md come from `benchmarks.directory`; bounds here are generous.
"""

import itertools
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.services.certificates import Authority
from tests.services.faulty_directory import (
    PASSWORD,
    FaultyDirectory,
    Manner,
    faulty_directory,
)
from tests.wire.directories.conftest import running
from tests.wire.directories.estate import Estate, connection
from tests.wire.directories.states import check_away

pytestmark = pytest.mark.xdist_group("faulty-directories")

FIRST, LATER = 6, 15
"""Requests side by side that meet the failure first, and that come after."""
FIRST_SECONDS = 7.5
"""Seven of promise 11, and half of one for a busy machine."""
LATER_SECONDS = 0.5
"""Ten times the promise, for a busy machine."""
BACK_SECONDS = 20.0
"""It is tried every ten."""
FILTER = "(|(uid={1})(mail={0}))"
MODES = ("down", "silent", "deaf", "dripping", "dying")
MANNERS = {
    "silent": Manner.SILENT,
    "deaf": Manner.DEAF,
    "dripping": Manner.DRIPPING,
    "dying": Manner.DYING,
}


@dataclass
class Timed:
    """An answer and the seconds it took."""

    answer: httpx.Response
    seconds: float


def timed(ask: Callable[[], httpx.Response]) -> Timed:
    """Ask, and look at the clock."""
    began = time.monotonic()
    answer = ask()
    return Timed(answer, time.monotonic() - began)


@dataclass
class Outage:
    """What was answered about one directory: healthy, failing, later, and back."""

    healthy: list[Timed] = field(default_factory=list)
    first: list[Timed] = field(default_factory=list)
    later: list[Timed] = field(default_factory=list)
    back: float = 0.0


@dataclass
class Story:
    """What happened to each, to everybody else meanwhile, and to the counters."""

    outages: dict[str, Outage]
    local: list[Timed]
    before: list[tuple[Any, ...]]
    after: list[tuple[Any, ...]]


def doors(estate: Estate, mode: str) -> list[Callable[[str], httpx.Response]]:
    """Three doors of both dialects."""
    return [
        lambda password: estate.entra(f"jdoe@{mode}.test", password),
        lambda password: estate.old("jdoe", password, f"corp-{mode}"),
        lambda password: estate.realm("jdoe", password, f"corp-{mode}"),
    ]


def fall(directory: FaultyDirectory, mode: str) -> None:
    """Begin to fail; who is deaf is so to new connections, so the old ones are cut."""
    directory.manner = MANNERS.get(mode, Manner.HONEST)
    if mode != "silent":
        directory.go()
    if mode not in ("down", "silent"):
        directory.come_back()


def rise(directory: FaultyDirectory, mode: str) -> None:
    """Be as before."""
    directory.behave()
    if mode == "down":
        directory.come_back()


def _timed(way: Callable[[str], httpx.Response], password: str) -> Timed:
    return timed(lambda: way(password))


def tell(estate: Estate, directory: FaultyDirectory, mode: str) -> Outage:
    """Let one directory fail, and come back."""
    outage, ways = Outage(), doors(estate, mode)
    outage.healthy = [_timed(way, PASSWORD) for way in ways]
    fall(directory, mode)
    turns = itertools.cycle(ways)
    with ThreadPoolExecutor(FIRST) as crew:
        asked = [crew.submit(_timed, next(turns), PASSWORD) for _ in range(FIRST)]
        outage.first = [each.result() for each in asked]
    for number in range(LATER):
        way, password = next(turns), f"Wrong-{number}" if number % 2 else PASSWORD
        outage.later.append(_timed(way, password))
    return outage


def recover(estate: Estate, directory: FaultyDirectory, mode: str) -> float:
    """Seconds until somebody can sign in again."""
    rise(directory, mode)
    began, way = time.monotonic(), doors(estate, mode)[0]
    while way(PASSWORD).status_code != 200:
        assert time.monotonic() - began < 3 * BACK_SECONDS
        time.sleep(0.2)
    return time.monotonic() - began


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """All of it, side by side."""
    folder = tmp_path_factory.mktemp("outages")
    authority = Authority(folder)
    with ExitStack() as stack:
        fallen = {
            mode: stack.enter_context(
                faulty_directory(
                    tls=authority.issue(mode, ["localhost"]) if mode == "deaf" else None
                )
            )
            for mode in MODES
        }
        more = {"ca": str(authority.certificate), "user_filter": FILTER}
        connections = [
            connection(f"corp-{mode}", {**each.options, **more})
            for mode, each in fallen.items()
        ]
        domains = {f"{mode}.test": f"corp-{mode}" for mode in MODES}
        estate = stack.enter_context(running(folder, connections, domains))
        yield observe(estate, fallen)


def observe(estate: Estate, fallen: dict[str, FaultyDirectory]) -> Story:
    """Tell of every directory, while somebody of the database signs in."""
    local: list[Timed] = []
    ended = threading.Event()

    def sign_in() -> None:
        while not ended.is_set():
            local.append(timed(estate.local))

    before = estate.instance.guesses()
    with ThreadPoolExecutor(len(fallen) + 1) as crew:
        others = crew.submit(sign_in)
        try:
            told = {m: crew.submit(tell, estate, d, m) for m, d in fallen.items()}
            outages = {mode: each.result() for mode, each in told.items()}
        finally:
            ended.set()
        others.result()
        after = estate.instance.guesses()
        back = {m: crew.submit(recover, estate, d, m) for m, d in fallen.items()}
        for mode, each in back.items():
            outages[mode].back = each.result()
    return Story(outages, local, before, after)


@pytest.mark.parametrize("mode", MODES)
def test_healthy_it_lets_in(story: Story, mode: str) -> None:
    """What follows is the failure's doing."""
    healthy = story.outages[mode].healthy
    assert [each.answer.status_code for each in healthy] == [200] * 3


@pytest.mark.parametrize("mode", MODES)
def test_who_meets_the_failure_hears_of_it_in_time(story: Story, mode: str) -> None:
    """503 with Retry-After at every door, within seven seconds."""
    for each in story.outages[mode].first:
        check_away(each.answer)
        assert each.seconds < FIRST_SECONDS


@pytest.mark.parametrize("mode", MODES)
def test_who_comes_later_hears_at_once(story: Story, mode: str) -> None:
    """The breaker is open by then; the promise is 50 ms."""
    later = story.outages[mode].later
    for each in later:
        check_away(each.answer)
    middle = statistics.median(each.seconds for each in later)
    print(f"{mode}: {middle * 1000:.1f} ms with an open breaker")
    assert middle < LATER_SECONDS


def test_no_failure_is_a_failed_guess(story: Story) -> None:
    """Right passwords and wrong ones were sent; no counter moved."""
    assert story.after == story.before


def test_users_of_the_database_do_not_notice(story: Story) -> None:
    """One after the other signed in all the while."""
    assert len(story.local) > 20
    assert {each.answer.status_code for each in story.local} == {200}
    assert statistics.median(each.seconds for each in story.local) < 1.0


@pytest.mark.parametrize("mode", MODES)
def test_what_is_back_is_noticed(story: Story, mode: str) -> None:
    """Tried every ten seconds by the server, not by its users."""
    assert story.outages[mode].back < BACK_SECONDS
