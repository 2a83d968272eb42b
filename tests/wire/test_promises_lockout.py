"""The public promises LOCK, at every Entra door: guessing is bounded, haste is not."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.wire.answers import assert_error, assert_tokens
from tests.wire.client import Form, WireClient
from tests.wire.entra.cases import DOORS, TOKEN, p, signing_in, token_path
from tests.wire.instance import Instance

STRICT = token_path("strict.test")

FreshUser = Callable[[str], str]


def test_lock_01_the_first_lock_lasts_sixty_seconds(
    wire: WireClient, ostiary: Instance, fresh_user: FreshUser
) -> None:
    """Ten different wrong ones, over all doors; then even the right one is LOCKED."""
    form = p(username=fresh_user("contoso.test"))
    for number in range(10):
        door = DOORS[number % len(DOORS)]
        wrong = {**form, "password": f"Guess-number-{number}"}
        assert_error(wire.post(door, wrong), 400, "invalid_grant", 50126)
    # Nobody else is guessed at meanwhile, so the latest counter is this user's.
    query = "SELECT locked_until - last_at FROM failures ORDER BY last_at DESC LIMIT 1"
    ((seconds,),) = ostiary.rows(query)
    assert seconds == pytest.approx(60, abs=0.5)
    for door in DOORS:
        answer = wire.post(door, form)
        assert_error(answer, 400, "invalid_grant", 50053)
        assert "retry-after" not in answer.headers


def test_lock_01_locking_needs_ten_different_ones(
    wire: WireClient, fresh_user: FreshUser
) -> None:
    """Nine are not enough, and what was refused before the password counts nothing."""
    form = p(username=fresh_user("contoso.test"))
    for number in range(9):
        wrong = {**form, "password": f"Guess-number-{number}"}
        assert_error(wire.post(TOKEN, wrong), 400, "invalid_grant", 50126)
        refused = wire.post(TOKEN, {**wrong, "password": "x", "scope": "No.Such"})
        assert_error(refused, 400, "invalid_scope", 70011)
    assert_tokens(wire.post(TOKEN, form), "refresh_token", "id_token")


def test_lock_01_guesses_side_by_side_are_counted_like_others(
    wire: WireClient, fresh_user: FreshUser
) -> None:
    """Of 40 different wrong passwords at once at most ten learn that they are wrong."""
    form = p(username=fresh_user("contoso.test"))

    def guess(number: int) -> int:
        wrong = {**form, "password": f"Parallel-number-{number}"}
        return int(wire.post(TOKEN, wrong).json()["error_codes"][0])

    with ThreadPoolExecutor(20) as pool:
        codes = list(pool.map(guess, range(40)))
    assert codes.count(50126) == 10
    assert codes.count(50053) == 30


def test_lock_03_right_sign_ins_side_by_side_all_succeed(
    wire: WireClient, fresh_user: FreshUser
) -> None:
    """100 of one account at once: nobody is refused for being parallel."""
    form = p(username=fresh_user("contoso.test"))

    def sign_in(_: int) -> httpx.Response:
        return wire.post(TOKEN, form)

    with ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(sign_in, range(100)))
    assert [answer.status_code for answer in answers] == [200] * 100
    assert len({answer.json()["access_token"] for answer in answers}) == 100


def lock(wire: WireClient, form: Form, kind: str) -> None:
    """Ten different wrong passwords; the account is locked by the last one."""
    for number in range(10):
        answer = wire.post(STRICT, {**form, "password": f"{kind}-guess-{number}"})
        assert answer.json()["error_codes"] in ([50126], [50053])
    assert_error(wire.post(STRICT, form), 400, "invalid_grant", 50053)


def open_again(wire: WireClient, form: Form) -> float:
    """Seconds until the right password serves again."""
    began = time.monotonic()
    while wire.post(STRICT, form).status_code != 200:
        assert time.monotonic() - began < 30
        time.sleep(0.1)
    return time.monotonic() - began


@pytest.mark.parametrize("at_home", [True, False], ids=["at home", "new here"])
def test_lock_01_each_lock_is_longer_than_the_one_before(
    wire: WireClient, ostiary: Instance, fresh_user: FreshUser, at_home: bool
) -> None:
    """Lock, wait, right password, lock again: twice as long, though it was right
    between.
    """
    form = signing_in("strict.test", username=fresh_user("strict.test"))
    if at_home:
        assert_tokens(wire.post(STRICT, form), "refresh_token", "id_token")
    lengths = []
    for kind in ("First", "Second", "Third"):
        lock(wire, form, kind)
        query = "SELECT MAX(locked_until) - MAX(last_at) FROM failures WHERE account IN"
        latest = "(SELECT account FROM failures ORDER BY last_at DESC LIMIT 1)"
        (length,) = ostiary.rows(f"{query} {latest}")[0]
        lengths.append(round(length))
        if kind != "Third":
            open_again(wire, form)
    assert lengths == [2, 4, 8]
