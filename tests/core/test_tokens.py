"""core.tokens: what presenting a stored refresh token means."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.core.model import RefreshRules, Rotation
from ostiary.core.request import ScopeRequest
from ostiary.core.tokens import RefreshToken, Use, is_voided, judge
from tests.core.things import NOW

ONE_TIME = RefreshRules()
REUSE = RefreshRules(rotation=Rotation.REUSE_ALLOWED)
STRICT = RefreshRules(leeway=0)
FRESH = RefreshToken(
    sha256="00",
    session_id="s1",
    tenant_id="t1",
    client_id="c1",
    user_id="u1",
    amr=("pwd",),
    scope=ScopeRequest(),
    issued_at=NOW - 100,
    expires_at=NOW + 100,
    by_password=True,
)
USED = replace(FRESH, used_at=NOW - 10)


@pytest.mark.parametrize(
    ("token", "rules", "use"),
    [
        (FRESH, ONE_TIME, Use.GOOD),
        (FRESH, REUSE, Use.GOOD),
        (USED, ONE_TIME, Use.GOOD),  # within the leeway, the successor unused
        (replace(USED, used_at=NOW - 29.9), ONE_TIME, Use.GOOD),
        (replace(USED, used_at=NOW - 30), ONE_TIME, Use.REUSED),
        (replace(USED, successor_used=True), ONE_TIME, Use.REUSED),
        (USED, STRICT, Use.REUSED),
        (replace(USED, used_at=NOW), STRICT, Use.REUSED),
        (replace(USED, successor_used=True), REUSE, Use.GOOD),
        (replace(FRESH, expires_at=NOW), ONE_TIME, Use.EXPIRED),
        (replace(FRESH, expires_at=NOW), REUSE, Use.EXPIRED),
        (replace(FRESH, revoked=True), REUSE, Use.REVOKED),
        (replace(USED, revoked=True, successor_used=True), ONE_TIME, Use.REVOKED),
        (replace(FRESH, revoked=True, expires_at=NOW), ONE_TIME, Use.REVOKED),
    ],
)
def test_what_presenting_a_token_means(
    token: RefreshToken, rules: RefreshRules, use: Use
) -> None:
    """One-time with a leeway by default, reuse where the tenant allows it."""
    assert judge(token, rules, NOW) is use


@given(st.floats(NOW, NOW + 10**9), st.booleans())
def test_a_revoked_token_never_lives_again(now: float, used: bool) -> None:
    """Neither time nor rotation brings it back (promise 5)."""
    token = replace(FRESH, revoked=True, used_at=NOW if used else None)

    for rules in (ONE_TIME, REUSE, STRICT):
        assert judge(token, rules, now) is Use.REVOKED


@given(st.floats(NOW, NOW + 10**9))
def test_a_token_whose_successor_was_used_is_never_good(now: float) -> None:
    """Where tokens are one-time (RFC 9700 §4.14.2)."""
    token = replace(USED, successor_used=True, expires_at=NOW + 10**10)

    assert judge(token, ONE_TIME, now) is Use.REUSED


@pytest.mark.parametrize(
    ("by_password", "changed", "valid_from", "voided"),
    [
        (True, 0, 0, False),
        (True, NOW - 101, NOW - 101, False),
        (True, NOW - 99, 0, True),  # the user changed the password since
        (False, NOW - 99, 0, False),  # … which ends no other sessions
        (False, 0, NOW - 99, True),  # an administrator's reset ends all
        (True, 0, NOW - 99, True),
        (True, NOW - 100, NOW - 100, False),  # the same moment is not since
    ],
)
def test_what_voids_a_session(
    by_password: bool, changed: float, valid_from: float, voided: bool
) -> None:
    """A change of password for password sessions, a reset for all (contract §3.7)."""
    token = replace(FRESH, by_password=by_password)

    assert (
        is_voided(token, password_changed_at=changed, sessions_valid_from=valid_from)
        is voided
    )
