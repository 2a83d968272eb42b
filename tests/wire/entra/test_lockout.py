"""Cases 43 to 45 of contract entra §12: guessing is bounded, mistakes are not.

At the tenant whose first lock lasts two seconds.
"""

import time
from collections.abc import Callable

import httpx

from tests.wire.answers import assert_error, assert_tokens
from tests.wire.client import Form, WireClient
from tests.wire.entra.cases import signing_in, token_path

STRICT = token_path("strict.test")

FreshUser = Callable[[str], str]


def wrong(wire: WireClient, form: Form, count: int, kind: str = "Guess") -> None:
    """Different wrong passwords, each told to be wrong."""
    for number in range(count):
        answer = wire.post(STRICT, {**form, "password": f"{kind}-number-{number}"})
        assert_error(answer, 400, "invalid_grant", 50126)


def when_open(wire: WireClient, form: Form, seconds: float) -> httpx.Response:
    """The first answer after a lock of so many seconds is over."""
    end = time.monotonic() + seconds + 10
    while True:
        answer = wire.post(STRICT, form)
        locked = answer.status_code == 400 and 50053 in answer.json()["error_codes"]
        if not locked or time.monotonic() > end:
            return answer
        time.sleep(0.1)


def test_case_43_ten_different_wrong_passwords_lock(
    wire: WireClient, fresh_user: FreshUser
) -> None:
    """Then even the right one is 50053, without Retry-After, for the lock's time."""
    form = signing_in("strict.test", username=fresh_user("strict.test"))
    wrong(wire, form, 10)
    began = time.monotonic()
    answer = wire.post(STRICT, form)
    assert_error(answer, 400, "invalid_grant", 50053)
    assert "retry-after" not in answer.headers
    assert_tokens(when_open(wire, form, 2), "refresh_token", "id_token")
    assert time.monotonic() - began < 10


def test_case_44_the_same_wrong_password_does_not_lock(
    wire: WireClient, fresh_user: FreshUser
) -> None:
    """A stale stored password is one mistake, however often it is sent."""
    form = signing_in("strict.test", username=fresh_user("strict.test"))
    for _ in range(15):
        answer = wire.post(STRICT, {**form, "password": "Stale-password-1"})
        assert_error(answer, 400, "invalid_grant", 50126)
    assert_tokens(wire.post(STRICT, form), "refresh_token", "id_token")


def test_case_45_a_success_resets_the_counter(
    wire: WireClient, fresh_user: FreshUser
) -> None:
    """2 wrong, right, 9 other wrong: still open."""
    form = signing_in("strict.test", username=fresh_user("strict.test"))
    wrong(wire, form, 2)
    assert_tokens(wire.post(STRICT, form), "refresh_token", "id_token")
    wrong(wire, form, 9, "Other")
    assert_tokens(wire.post(STRICT, form), "refresh_token", "id_token")


def test_the_first_failure_after_a_lock_locks_again(
    wire: WireClient, fresh_user: FreshUser
) -> None:
    """Smart lockout (§8): the next lock comes at once, and is longer."""
    form = signing_in("strict.test", username=fresh_user("strict.test"))
    wrong(wire, form, 10)
    again = {**form, "password": "Guess-number-10"}
    assert_error(when_open(wire, again, 2), 400, "invalid_grant", 50126)
    began = time.monotonic()
    assert_error(wire.post(STRICT, form), 400, "invalid_grant", 50053)
    assert_tokens(when_open(wire, form, 4), "refresh_token", "id_token")
    assert 3 < time.monotonic() - began < 14


def test_one_of_the_last_three_wrong_ones_does_not_count_again(
    wire: WireClient, fresh_user: FreshUser
) -> None:
    """Three stale passwords by turns never lock (§8)."""
    form = signing_in("strict.test", username=fresh_user("strict.test"))
    for number in range(18):
        answer = wire.post(STRICT, {**form, "password": f"Stale-{number % 3}-one"})
        assert_error(answer, 400, "invalid_grant", 50126)
    assert_tokens(wire.post(STRICT, form), "refresh_token", "id_token")
