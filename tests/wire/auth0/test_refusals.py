"""Cases A36, A39, A50 to A60 and A69: what is told once a credential was looked at.

Each case takes a fresh user, so that its counters are fresh.
"""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from urllib.parse import quote

import httpx
import pytest

from tests.wire.auth0.conftest import DB, ORIGIN, Auth0Client, refused, ro_body
from tests.wire.instance import Instance

WRONG = "Wrong email or password."
Fresh = Callable[[], str]


def wrongs(times: int) -> Iterator[str]:
    """So many different wrong passwords."""
    return (f"Wrong-{number}-{uuid.uuid4()}" for number in range(times))


def guess(d: Auth0Client, username: str, times: int) -> list[httpx.Response]:
    """The answers to so many different wrong passwords, one after the other."""
    return [d.ro(username=username, password=password) for password in wrongs(times)]


def assert_locked(answer: httpx.Response) -> None:
    """429 `too_many_attempts`, with headers that clients can read (§5)."""
    told = refused(answer, 429, "too_many_attempts")
    assert "blocked" in told
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert int(answer.headers["x-ratelimit-remaining"]) == 0
    assert int(answer.headers["x-ratelimit-limit"]) == 10
    reset = int(answer.headers["x-ratelimit-reset"])
    assert time.time() - 5 <= reset <= time.time() + 65


OWN = frozenset({"date", "x-auth0-requestid"})


def alike(answers: list[httpx.Response]) -> None:
    """Byte for byte the same, headers too (but for the time and the id)."""
    told = {
        (
            answer.status_code,
            answer.content,
            tuple(sorted((k, v) for k, v in answer.headers.items() if k not in OWN)),
        )
        for answer in answers
    }
    assert len(told) == 1, told


def test_a36_jsonp_nests_a_refusal(contoso: Auth0Client, fresh: Fresh) -> None:
    """HTTP says 200; status and code are in the argument, under `error`."""
    fields = ro_body(username=fresh(), password="Wrong-password-1")
    address = "&".join(f"{k}={quote(v, safe='')}" for k, v in fields.items())
    answer = contoso.get(f"/oauth/ro?{address}&cbx=__auth0jp0")
    assert answer.status_code == 200
    text = answer.text.removeprefix(
        "/**/ typeof __auth0jp0 === 'function' && __auth0jp0("
    ).removesuffix(");")
    argument = json.loads(text)
    assert argument["status"] == 401
    assert argument["error"]["error"] == "invalid_user_password"
    assert argument["error"]["error_description"] == WRONG


def test_a39_a_script_can_read_a_refusal(d: Auth0Client, fresh: Fresh) -> None:
    """Or the SDK could not tell a wrong password from a broken line."""
    body = ro_body(username=fresh(), password="bad")
    answer = d.post("/oauth/ro", body, {"origin": ORIGIN})
    refused(answer, 401, "invalid_user_password")
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    exposed = answer.headers["access-control-expose-headers"].lower()
    assert "x-ratelimit-reset" in exposed


def test_a50_wrong_password(d: Auth0Client, fresh: Fresh) -> None:
    """401, or Lock 9 would call it a server error."""
    answer = d.ro(username=fresh(), password="bad")
    assert refused(answer, 401, "invalid_user_password") == WRONG
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("tenant", ["d", "contoso"])
def test_a51_a_ghost_is_not_told_from_a_wrong_password(
    request: pytest.FixtureRequest, fresh: Fresh, tenant: str
) -> None:
    """Byte-identical, whatever the tenant says of unknown users."""
    client: Auth0Client = request.getfixturevalue(tenant)
    ghost = f"ghost-{uuid.uuid4()}"
    alike([client.ro(username=name, password="bad") for name in (ghost, fresh())])
    alike([client.ro(username=f"{ghost}@example.test") for _ in range(2)])


def test_a52_a_blocked_user_with_the_right_password(d: Auth0Client) -> None:
    """Lock compares the text."""
    assert refused(d.ro(username="bob"), 401, "unauthorized") == "user is blocked"


def test_a53_a_blocked_user_with_a_wrong_password(d: Auth0Client, fresh: Fresh) -> None:
    """Nothing of the block is told to somebody who only guesses."""
    names = ("bob", fresh())
    answers = [d.ro(username=name, password="bad") for name in names]
    refused(answers[0], 401, "invalid_user_password")
    alike(answers)


def test_a54_a_leaked_password(d: Auth0Client, fresh: Fresh) -> None:
    """Told after it was right, and only then."""
    leaked = d.ro(username="erin", password="AUTH0-TEST-erin-1")
    refused(leaked, 401, "password_leaked")
    wrong = "AUTH0-TEST-erin-2"
    alike([d.ro(username=name, password=wrong) for name in ("erin", fresh())])


def test_a55_ten_wrong_passwords_lock(d: Auth0Client, fresh: Fresh) -> None:
    """The eleventh request is refused although its password is right."""
    name = fresh()
    for answer in guess(d, name, 10):
        refused(answer, 401, "invalid_user_password")
    assert_locked(d.ro(username=name))


def test_a56_somebody_else_at_that_address_goes_on(
    d: Auth0Client, fresh: Fresh
) -> None:
    """Name and address count together."""
    name, other = fresh(), fresh()
    guess(d, name, 10)
    assert_locked(d.ro(username=name))
    refused(d.ro(username=other, password="bad"), 401, "invalid_user_password")
    assert d.ro(username=other).status_code == 200


def test_a57_a_success_resets(d: Auth0Client, fresh: Fresh) -> None:
    """Nine wrong ones, the right one, and once more."""
    name = fresh()
    for _ in range(2):
        for answer in guess(d, name, 9):
            refused(answer, 401, "invalid_user_password")
        assert d.ro(username=name).status_code == 200


def test_a58_a_ghost_locks_like_anybody(d: Auth0Client, fresh: Fresh) -> None:
    """Or the lock would tell who exists; the eleventh answers are alike."""
    ghost, name = f"ghost-{uuid.uuid4()}", fresh()
    for each in (ghost, name):
        for answer in guess(d, each, 10):
            refused(answer, 401, "invalid_user_password")
    answers = [d.ro(username=each, password="x") for each in (ghost, name)]
    for answer in answers:
        assert_locked(answer)
    assert answers[0].content == answers[1].content


def test_a60_malformed_requests_are_not_counted(
    d: Auth0Client, fresh: Fresh, auth0_server: Instance
) -> None:
    """Twenty without a password, and the right one is good."""
    name, before = fresh(), auth0_server.guesses()
    for _ in range(20):
        refused(d.ro("password", username=name), 400, "invalid_request")
    assert auth0_server.guesses() == before
    assert d.ro(username=name).status_code == 200


def test_one_wrong_password_over_and_over(d: Auth0Client, fresh: Fresh) -> None:
    """It locks nobody out; after twenty in a minute it is `too_many_logins` (§5)."""
    name = fresh()
    for _ in range(20):
        answer = d.ro(username=name, password="an old password")
        refused(answer, 401, "invalid_user_password")
    answer = d.ro(username=name)
    refused(answer, 429, "too_many_logins")
    assert answer.headers["x-ratelimit-limit"] == "20"
    assert 1 <= int(answer.headers["retry-after"]) <= 6
    reset = int(answer.headers["x-ratelimit-reset"])
    assert time.time() - 5 <= reset <= time.time() + 12


def test_a69_a_policy_refuses_in_its_own_words(d: Auth0Client) -> None:
    """What a rule was: its sentence, after the right password only."""
    names = {"username": "norules@example.test", "connection": DB}
    assert refused(d.ro(**names), 401, "unauthorized") == "No thanks"
    wrong = d.ro(**names, password="bad")
    assert refused(wrong, 401, "invalid_user_password") == WRONG
