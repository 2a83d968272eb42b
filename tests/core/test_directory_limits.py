"""core.passwords: our limit below a directory's own, on a held clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.core.model import LockoutRules
from ostiary.core.passwords import (
    ASKED_AGAIN_AFTER,
    Asked,
    DirectoryLimit,
    after_refusal,
    directory_rules,
    open_again_in,
    was_refused,
)
from tests.core.things import NOW

TEN = LockoutRules()
HALF_AN_HOUR = 1800


def refusals(
    passwords: str, limit: DirectoryLimit, *, every: float = 0.0
) -> tuple[Asked, float]:
    """What is known after wrong passwords, one for each letter, and the moment."""
    asked, now = Asked(), NOW
    for password in passwords:
        asked = after_refusal(asked, password, now, limit)
        now += every
    return asked, now


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [(0, 5), (100, 5), (10, 5), (7, 5), (6, 4), (5, 3), (4, 2), (3, 2), (2, 1), (1, 1)],
)
def test_we_lock_before_the_directory_does(theirs: int, ours: int) -> None:
    """Five at most (promise 3); two fewer than there, so that one try is left."""
    rules = directory_rules(TEN, DirectoryLimit(theirs))
    assert rules.threshold == ours
    assert theirs in (0, 1) or rules.threshold < theirs


def test_a_stricter_tenant_stays_stricter() -> None:
    """And a source may fail as often in a day as before."""
    rules = directory_rules(LockoutRules(threshold=3), DirectoryLimit(0))
    assert (rules.threshold, rules.source_failures) == (3, 30)
    assert directory_rules(TEN, DirectoryLimit(5)).source_failures == 100


def test_the_same_wrong_password_is_known_for_a_quarter_of_an_hour() -> None:
    """It is not sent again until then (interface §3), and does not count again."""
    limit = DirectoryLimit(5)
    asked, _ = refusals("aba", limit)
    assert asked.wrong == 2
    assert ASKED_AGAIN_AFTER == 15 * 60
    assert was_refused(asked, "a", NOW + 899)
    assert not was_refused(asked, "a", NOW + 900)
    assert not was_refused(asked, "c", NOW)


def test_the_last_try_is_kept_until_the_directory_forgets() -> None:
    """With a threshold of three, two are sent; the third one has to wait."""
    limit = DirectoryLimit(3, HALF_AN_HOUR)
    one, _ = refusals("a", limit)
    two, _ = refusals("ab", limit)
    assert open_again_in(one, limit, NOW) == 0
    assert open_again_in(two, limit, NOW) == HALF_AN_HOUR
    assert open_again_in(two, limit, NOW + 1000) == 800
    assert open_again_in(two, limit, NOW + HALF_AN_HOUR) == 0


def test_a_directory_that_never_locks_is_always_open() -> None:
    """Nothing there can be locked by asking."""
    limit = DirectoryLimit(0)
    asked, now = refusals("abcdefghijkl", limit)
    assert open_again_in(asked, limit, now) == 0


@given(
    threshold=st.integers(2, 12),
    guesses=st.lists(
        st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 2400)), max_size=60
    ),
)
def test_no_sequence_of_guesses_locks_the_account_there(
    threshold: int, guesses: list[tuple[str, int]]
) -> None:
    """A directory that counts whatever we send never reaches its threshold.

    It forgets after half an hour without a wrong password; a model of Active
    Directory's badPwdCount and observation window.
    """
    limit = DirectoryLimit(threshold, HALF_AN_HOUR)
    asked, now, count, last = Asked(), NOW, 0, NOW - HALF_AN_HOUR
    for password, pause in guesses:
        now += pause
        if was_refused(asked, password, now) or open_again_in(asked, limit, now) > 0:
            continue
        count = count + 1 if now - last < HALF_AN_HOUR else 1
        last = now
        asked = after_refusal(asked, password, now, limit)
        assert count < threshold
