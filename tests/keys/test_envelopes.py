"""keys.envelopes: they open for their tenant and their use, and for nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.keys.envelopes import LONGEST, SealedEnvelopes
from ostiary.keys.opaque import OpaqueTokens
from ostiary.keys.sealing import MasterKey

MASTER = MasterKey([b"k" * 32])
ENVELOPES = SealedEnvelopes(MASTER)
FACTS = {"user": "alice", "at": 1.5, "amr": ["pwd"], "nonce": None}
TEXT = ENVELOPES.seal("t1", "use", FACTS)


def test_what_was_sealed_comes_back() -> None:
    """Plain values of JSON, the same as they were put in."""
    assert ENVELOPES.open("t1", "use", TEXT) == FACTS


def test_nobody_reads_it_and_no_two_are_alike() -> None:
    """Opaque, URL safe, and no JWT by its look."""
    assert "alice" not in TEXT
    assert "." not in TEXT
    assert TEXT.replace("~", "").replace("-", "").replace("_", "").isalnum()
    assert ENVELOPES.seal("t1", "use", FACTS) != TEXT


@pytest.mark.parametrize(("tenant_id", "use"), [("t2", "use"), ("t1", "another")])
def test_it_opens_for_nothing_else(tenant_id: str, use: str) -> None:
    """Tenants are walls (promise 6), and so are uses."""
    assert ENVELOPES.open(tenant_id, use, TEXT) is None


def test_an_opaque_token_is_none_and_the_reverse() -> None:
    """The same key seals both, in other contexts."""
    tokens = OpaqueTokens(MASTER)
    token = tokens.seal("t1", {**FACTS, "exp": 2**31})
    assert ENVELOPES.open("t1", "use", token) is None
    assert tokens.open("t1", TEXT, 0) is None


@pytest.mark.parametrize(
    "text",
    ["", "~", "~~", "v1~x~y", TEXT[:-1], TEXT + "A", TEXT.replace("~", "."), "v1~é~y"],
)
def test_damaged_ones_do_not_open(text: str) -> None:
    """None, and no exception."""
    assert ENVELOPES.open("t1", "use", text) is None


def test_a_long_one_is_not_even_tried() -> None:
    """A bound on what garbage costs."""
    long = ENVELOPES.seal("t1", "use", {"x": "x" * LONGEST})
    assert ENVELOPES.open("t1", "use", long) is None


@given(st.text(max_size=60))
def test_garbage_does_not_open(text: str) -> None:
    """Whatever it is."""
    assert ENVELOPES.open("t1", "use", text) is None
