"""keys.opaque: tokens that only this server, for this tenant, can read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.keys.opaque import OpaqueTokens, is_opaque
from ostiary.keys.sealing import MasterKey

TENANT, OTHER = "tenant-a", "tenant-b"
NOW = 1_700_000_000
CLAIMS = {"sub": "auth0|1", "exp": NOW + 60, "scope": "openid"}


@pytest.fixture(scope="module")
def tokens() -> OpaqueTokens:
    """Under a master key of their own."""
    return OpaqueTokens(
        MasterKey.from_text("bWFzdGVyLWtleS1mb3ItdGVzdHMtb25seS0zMmJ5dGU")
    )


def test_a_token_says_what_it_was_given(tokens: OpaqueTokens) -> None:
    """To the tenant that made it, while it lives."""
    token = tokens.seal(TENANT, CLAIMS)
    assert tokens.open(TENANT, token, NOW) == CLAIMS


def test_a_token_is_no_jwt_and_shows_nothing(tokens: OpaqueTokens) -> None:
    """No dots (case A15), legal in a header (RFC 6750 §2.1), twice never the same."""
    token = tokens.seal(TENANT, CLAIMS)
    assert "." not in token
    assert is_opaque(token)
    assert set(token) <= set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_~"
    )
    assert token != tokens.seal(TENANT, CLAIMS)


def test_tenants_are_walls(tokens: OpaqueTokens) -> None:
    """Another tenant of the same server cannot read it (promise 6)."""
    assert tokens.open(OTHER, tokens.seal(TENANT, CLAIMS), NOW) is None


def test_an_expired_token_is_dead(tokens: OpaqueTokens) -> None:
    """From the very second on."""
    token = tokens.seal(TENANT, CLAIMS)
    assert tokens.open(TENANT, token, NOW + 59) == CLAIMS
    assert tokens.open(TENANT, token, NOW + 60) is None


@pytest.mark.parametrize("exp", [None, "later", True, 1.5])
def test_a_token_without_an_end_is_none(tokens: OpaqueTokens, exp: object) -> None:
    """Only whole seconds count as one."""
    assert tokens.open(TENANT, tokens.seal(TENANT, {"exp": exp}), NOW) is None


@given(st.integers(min_value=0, max_value=10_000), st.integers(1, 63))
def test_a_changed_token_is_none(place: int, by: int) -> None:
    """Whichever character changes: what is read is all or nothing."""
    own = OpaqueTokens(
        MasterKey.from_text("bWFzdGVyLWtleS1mb3ItdGVzdHMtb25seS0zMmJ5dGU")
    )
    token = own.seal(TENANT, CLAIMS)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    place %= len(token)
    if token[place] not in alphabet:
        changed = token[:place] + "A" + token[place + 1 :]
    else:
        other = alphabet[(alphabet.index(token[place]) + by) % 64]
        changed = token[:place] + other + token[place + 1 :]
    found = own.open(TENANT, changed, NOW)
    # The last character may carry bits that mean nothing.
    assert found is None or (found == CLAIMS and place == len(token) - 1)


@given(st.text())
def test_any_text_is_refused(text: str) -> None:
    """Nothing but None, whatever comes."""
    own = OpaqueTokens(
        MasterKey.from_text("bWFzdGVyLWtleS1mb3ItdGVzdHMtb25seS0zMmJ5dGU")
    )
    assert own.open(TENANT, text, NOW) is None
