"""core.limits: buckets as arithmetic on a held clock."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.core.errors import Reason, Refused
from ostiary.core.limits import (
    LONGEST_DRAIN,
    Allowance,
    Bucket,
    Level,
    check_allowed,
    is_loopback,
    level_at,
    network_of,
    peeked,
    taken,
    unlimited,
)
from tests.core.things import NOW

TEN = Bucket("ten", 10, 12.0)
"""UserInfo's of contract auth0 §5: ten at once, five a minute."""


def after(times: int, *, bucket: Bucket = TEN, at: float = NOW) -> Level:
    """The level of a new bucket after so many were taken at one moment."""
    level = Level()
    for _ in range(times):
        level, allowance = taken(level, bucket, at)
        assert allowance.allowed
    return level


def test_the_capacity_is_allowed_at_once_and_no_more() -> None:
    """Ten, and the eleventh is refused for as long as one takes to come back."""
    level, allowance = taken(after(10), TEN, NOW)
    assert not allowance.allowed
    assert (allowance.limit, allowance.remaining, allowance.retry_after) == (10, 0, 12)
    assert allowance.reset_at == pytest.approx(NOW + 12, abs=0.01)
    assert level == after(10)


@pytest.mark.parametrize("waited", [12, 13, 23])
def test_one_comes_back_at_a_time(waited: int) -> None:
    """After twelve seconds one more, and then again none."""
    level, first = taken(after(10), TEN, NOW + waited)
    _, second = taken(level, TEN, NOW + waited)
    assert (first.allowed, second.allowed) == (True, False)


def test_remaining_counts_down_to_nothing() -> None:
    """What headers tell: nine after the first, none after the tenth."""
    told, level = [], Level()
    for _ in range(10):
        level, allowance = taken(level, TEN, NOW)
        told.append(allowance.remaining)
    assert told == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]


def test_peeking_takes_nothing() -> None:
    """As often as one looks, the last one is still there."""
    level = after(9)
    seen = [peeked(level, TEN, NOW) for _ in range(3)]
    assert [(one.allowed, one.remaining) for one in seen] == [(True, 1)] * 3
    assert taken(level, TEN, NOW)[1].allowed
    assert not peeked(after(10), TEN, NOW).allowed


def test_a_clock_that_is_behind_gives_nothing_back() -> None:
    """Nodes' clocks differ; a bucket does not fill for that."""
    level = level_at(after(10), TEN, NOW - 3600)
    assert level == after(10)
    assert not taken(level, TEN, NOW - 3600)[1].allowed


@given(
    st.lists(st.floats(0, 30), min_size=1, max_size=200),
    st.integers(1, 20),
    st.floats(0.5, 60),
)
def test_never_more_than_capacity_and_what_came_back(
    pauses: list[float], capacity: int, seconds: float
) -> None:
    """However they are spread, and who waits `retry_after` is served."""
    bucket, level, now, allowed = Bucket("b", capacity, seconds), Level(), NOW, 0
    for pause in pauses:
        now += pause
        level, allowance = taken(level, bucket, now)
        allowed += allowance.allowed
        if not allowance.allowed:
            assert peeked(level, bucket, now + allowance.retry_after).allowed
    assert allowed <= capacity + math.floor((now - NOW) / seconds + 1e-3) + 1


@given(st.integers(0, 10))
def test_after_the_longest_time_every_bucket_is_new(times: int) -> None:
    """So that forgetting it changes nothing (what sweeping relies on)."""
    slow = Bucket("slow", 10, 8640.0)
    assert level_at(after(times, bucket=slow), slow, NOW + LONGEST_DRAIN).taken == 0


@pytest.mark.parametrize(("capacity", "seconds"), [(10, 8641.0), (0, 1.0), (1, 0.0)])
def test_a_bucket_that_would_be_forgotten_too_early_is_refused(
    capacity: int, seconds: float
) -> None:
    """At import, not when somebody takes one more than they should."""
    with pytest.raises(ValueError, match="does not recover"):
        Bucket("odd", capacity, seconds)


def test_what_is_refused_says_when_to_come_again() -> None:
    """`Retry-After` and the limit are facts of the refusal."""
    check_allowed(unlimited(TEN, NOW))
    with pytest.raises(Refused) as caught:
        check_allowed(Allowance(False, 10, 0, NOW + 12, 12), Reason.TOO_MANY_LOGINS)
    assert caught.value.reason is Reason.TOO_MANY_LOGINS
    assert caught.value.facts == {"retry_after": 12, "limit": 10}


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::1", "::1"),
        ("nobody", ""),
    ],
)
def test_one_household_is_one_source(address: str, network: str) -> None:
    """IPv4 addresses alone, IPv6 by their /64."""
    assert network_of(address) == network
    assert is_loopback(network) is (address == "::1")
