"""core.passwords: lockout as arithmetic on a held clock."""

import string
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.core.model import LockoutRules
from ostiary.core.passwords import (
    FORGOTTEN_AFTER,
    Failures,
    after_failure,
    is_locked,
    is_source_blocked,
    lock_seconds,
)
from tests.core.things import NOW

RULES = LockoutRules()
FINGERPRINTS = st.sampled_from(string.ascii_lowercase)


def guessed(
    names: str, *, now: float = NOW, before: Failures | None = None
) -> Failures:
    """The counter after wrong passwords, one for each letter."""
    failures = before or Failures()
    for name in names:
        failures = after_failure(failures, name, now, RULES)
    return failures


@pytest.mark.parametrize(
    ("locks", "seconds"),
    [(0, 60), (1, 120), (2, 240), (3, 480), (4, 900), (5, 900), (1000, 900)],
)
def test_locks_double_up_to_fifteen_minutes(locks: int, seconds: int) -> None:
    """60, 120, 240, 480, at most 900 seconds (promise 3)."""
    assert lock_seconds(locks, RULES) == seconds


def test_a_first_lock_beyond_the_longest_stays_as_configured() -> None:
    """An operator who wants an hour gets an hour each time."""
    rules = LockoutRules(seconds=3600)

    assert [lock_seconds(n, rules) for n in (0, 1, 9)] == [3600, 3600, 3600]


def test_nine_wrong_passwords_do_not_lock_and_the_tenth_does() -> None:
    """The threshold is ten different ones (promise 3)."""
    nine = guessed("abcdefghi")
    ten = guessed("abcdefghij")

    assert not is_locked(nine, NOW)
    assert is_locked(ten, NOW)
    assert is_locked(ten, NOW + 59.9)
    assert not is_locked(ten, NOW + 60)


def test_the_lengths_of_the_locks_that_follow() -> None:
    """After a lock one failure locks again, for twice as long."""
    failures, now, lengths = guessed("abcdefghij"), NOW, []
    for name in "klmnop":
        lengths.append(failures.locked_until - now)
        now = failures.locked_until
        failures = after_failure(failures, name, now, RULES)

    assert lengths == [60, 120, 240, 480, 900, 900]


@pytest.mark.parametrize(
    ("names", "count"),
    [
        ("a" * 15, 1),
        ("ababab", 2),
        ("abcabcabc", 3),
        ("abcdabcd", 8),  # the fourth pushes the first out of memory
        ("abcb", 3),
    ],
)
def test_the_last_three_wrong_passwords_do_not_count_again(
    names: str, count: int
) -> None:
    """A stale stored password does not lock its user out (contract entra §8)."""
    assert guessed(names).count == count


def test_a_repeated_wrong_password_changes_nothing() -> None:
    """Not even the time of the last failure: there is nothing to write."""
    before = guessed("abc")

    assert after_failure(before, "b", NOW + 10, RULES) == before


@pytest.mark.parametrize(
    ("pause", "count"), [(FORGOTTEN_AFTER, 6), (FORGOTTEN_AFTER + 1, 1)]
)
def test_failures_are_forgotten_after_a_day_without_one(pause: int, count: int) -> None:
    """Both the count and the length of the next lock start anew."""
    before = replace(guessed("abcde"), locks=3)
    after = after_failure(before, "x", NOW + pause, RULES)

    assert after.count == count
    assert after.locks == (3 if count > 1 else 0)


def test_a_lock_is_not_forgotten_while_it_lasts() -> None:
    """However long ago the failure was, a lock that holds is no memory."""
    failures = replace(guessed("a"), locked_until=NOW + 3 * FORGOTTEN_AFTER, locks=1)
    after = after_failure(failures, "b", NOW + 2 * FORGOTTEN_AFTER, RULES)

    assert after.locks == 1
    assert after.count == 2


def after_success(failures: Failures) -> Failures:
    """What the store makes of a counter after a right password."""
    return replace(failures, count=0, recent=(), locked_until=0.0)


def test_success_resets_the_count_and_not_the_length_of_the_next_lock() -> None:
    """Two wrong, right, nine wrong do not lock; an earlier lock stays remembered."""
    reset = after_success(guessed("ab"))
    locked_before = after_success(guessed("abcdefghij"))

    assert not is_locked(guessed("cdefghijk", before=reset), NOW)
    assert locked_before.count == 0
    assert locked_before.recent == ()
    assert locked_before.locks == 1
    assert not is_locked(locked_before, NOW)


@pytest.mark.parametrize(
    ("today", "rules", "blocked"),
    [
        (99, RULES, False),
        (100, RULES, True),
        (49, LockoutRules(threshold=5), False),
        (50, LockoutRules(threshold=5), True),
        (6, LockoutRules(source_failures=7), False),
        (7, LockoutRules(source_failures=7), True),
    ],
)
def test_one_source_gets_a_hundred_failures_a_day(
    today: int, rules: LockoutRules, blocked: bool
) -> None:
    """Ten times the threshold, unless the tenant says otherwise (promise 3)."""
    assert is_source_blocked(today, rules) is blocked


@given(st.lists(FINGERPRINTS, max_size=60), st.integers(2, 12))
def test_no_sequence_gets_more_guesses_than_the_threshold(
    names: list[str], threshold: int
) -> None:
    """Before the first lock at most `threshold` guesses counted, whatever repeats."""
    rules, failures = LockoutRules(threshold=threshold), Failures()
    counted = 0
    for name in names:
        after = after_failure(failures, name, NOW, rules)
        counted += after != failures
        failures = after
        if is_locked(failures, NOW):
            break

    assert counted <= threshold
    assert is_locked(failures, NOW) is (counted == threshold)
    assert len(failures.recent) <= 3


@given(st.lists(st.tuples(FINGERPRINTS, st.floats(0, 5000)), max_size=40))
def test_locks_never_grow_shorter_within_a_day(
    steps: list[tuple[str, float]],
) -> None:
    """Each lock is as long as the one before it or longer, and at most 900 s."""
    failures, now, last = Failures(), NOW, 0.0
    for name, pause in steps:
        now += pause
        if is_locked(failures, now):
            continue
        after = after_failure(failures, name, now, RULES)
        if after.locks > failures.locks:
            length = round(after.locked_until - now)
            assert last <= length <= 900
            last = length
        failures = after


@given(FINGERPRINTS, st.floats(NOW, NOW + 10**6))
def test_a_success_unlocks_nothing_that_is_still_to_count(
    name: str, now: float
) -> None:
    """After a success the next nine different failures do not lock."""
    failures = after_success(guessed("abcdefghij"))
    for extra in range(9):
        failures = after_failure(failures, f"{name}{extra}", now, RULES)
        assert not is_locked(failures, now)
