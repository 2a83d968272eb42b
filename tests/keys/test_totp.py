"""keys.totp: the vectors of RFC 6238 and RFC 4226, the steps around, odd seeds."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.keys.sealing import MasterKey, SealError
from ostiary.keys.totp import SealedSeeds
from tests.services.authenticator import hotp, totp

CONTEXT = "mfa:user"
MASTER = MasterKey([b"k" * 32])
SEEDS = SealedSeeds(MASTER)
RFC_KEY = b"12345678901234567890"
RFC_SEED = base64.b32encode(RFC_KEY).decode()
VECTORS = {
    59: "94287082",
    1111111109: "07081804",
    1111111111: "14050471",
    1234567890: "89005924",
    2000000000: "69279037",
    20000000000: "65353130",
}
"""RFC 6238, appendix B, SHA1: eight digits, of which applications show the last six."""
COUNTED = (
    *("755224", "287082", "359152", "969429", "338314"),
    *("254676", "287922", "162583", "399871", "520489"),
)
"""RFC 4226, appendix D: the first ten codes of the same key."""


def sealed(seed: str) -> str:
    """A seed as it is kept."""
    return MASTER.seal(seed.encode(), CONTEXT)


def test_the_authenticator_of_the_tests_computes_the_vectors() -> None:
    """So that it is right to judge the server by it."""
    assert [hotp(RFC_KEY, counter) for counter in range(10)] == list(COUNTED)
    assert {at: hotp(RFC_KEY, at // 30, 8) for at in VECTORS} == VECTORS


@pytest.mark.parametrize("at", VECTORS)
def test_the_codes_of_the_rfc_are_right(at: int) -> None:
    """Each at its moment, which is told as its step of 30 seconds."""
    code = VECTORS[at][-6:]
    assert SEEDS.step_of(sealed(RFC_SEED), CONTEXT, code, at) == at // 30


@pytest.mark.parametrize(
    ("step", "found"), [(1, None), (2, 2), (3, 3), (4, 4), (5, None)]
)
def test_one_step_to_either_side_is_as_good(step: int, found: int | None) -> None:
    """Clocks differ (RFC 6238 §5.2); a code lives for 90 seconds, not longer."""
    code = COUNTED[step]
    assert SEEDS.step_of(sealed(RFC_SEED), CONTEXT, code, 3 * 30 + 7.5) == found


def test_at_the_beginning_of_time_there_is_no_step_before() -> None:
    """Nothing is computed of a negative step."""
    assert SEEDS.step_of(sealed(RFC_SEED), CONTEXT, COUNTED[1], 3.0) == 1
    assert SEEDS.step_of(sealed(RFC_SEED), CONTEXT, "000000", 3.0) is None


@pytest.mark.parametrize("typed", ["287 082", " 287082 "])
def test_blanks_do_not_count(typed: str) -> None:
    """Applications show two groups of three digits."""
    assert SEEDS.step_of(sealed(RFC_SEED), CONTEXT, typed, 30) == 1


@pytest.mark.parametrize(
    "seed", [RFC_SEED.lower(), f"{RFC_SEED[:4]} {RFC_SEED[4:]}", f"{RFC_SEED}===="]
)
def test_a_seed_is_read_however_it_was_written(seed: str) -> None:
    """Case, blanks and padding of Base32 do not count."""
    assert SEEDS.step_of(sealed(seed), CONTEXT, COUNTED[1], 30) == 1


@pytest.mark.parametrize("seed", ["", "1", "not base32!", "ä"])
def test_no_code_matches_a_seed_that_is_none(seed: str) -> None:
    """Whatever another system brought along."""
    assert SEEDS.step_of(sealed(seed), CONTEXT, "000000", 30) is None


@given(st.text(max_size=12))
def test_garbage_is_just_wrong(code: str) -> None:
    """No text makes it stumble."""
    plain = "".join(code.split())
    found = SEEDS.step_of(sealed(RFC_SEED), CONTEXT, code, 60)
    assert (found is not None) == (plain in COUNTED[1:4])


def test_a_new_seed_is_160_bits_and_its_codes_are_right() -> None:
    """RFC 4226 §4 recommends that length; no two seeds are the same."""
    seed = SEEDS.new(CONTEXT)
    assert len(base64.b32decode(seed.text)) == 20
    assert SEEDS.new(CONTEXT).text != seed.text
    code = totp(seed.text, 1_800_000_000)
    assert SEEDS.step_of(seed.sealed, CONTEXT, code, 1_800_000_000) == 60_000_000
    assert seed.text not in repr(seed)


def test_a_seed_belongs_to_one_user() -> None:
    """Moved to another row it does not open."""
    seed = SEEDS.new(CONTEXT)
    with pytest.raises(SealError):
        SEEDS.step_of(seed.sealed, "mfa:somebody else", "000000", 0)
