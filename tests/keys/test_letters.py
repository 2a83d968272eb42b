"""keys.letters: what one process tells another can be read by nobody else."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.keys.letters import ProcessLetters

SHARED, FOREIGN = b"s" * 32, b"f" * 32
ASKER, HOLDER = ProcessLetters(SHARED), ProcessLetters(SHARED)
SECRET = "Tr0ub4dor&3"


@given(text=st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=300))
def test_a_letter_and_its_answer_arrive(text: str) -> None:
    """Whatever is in them."""
    sealed = ASKER.seal(text, HOLDER.address, "1")
    assert sealed is not None
    opened = HOLDER.open(sealed.text, "1")
    assert opened is not None
    assert opened.text == text
    assert sealed.open_answer(opened.answer(text[::-1])) == text[::-1]


def test_neither_says_what_is_in_it() -> None:
    """Not plainly, not in base64; and no two letters are alike."""
    letters = [ASKER.seal(SECRET, HOLDER.address, "1") for _ in range(2)]
    texts = [letter.text for letter in letters if letter is not None]
    assert len(set(texts)) == 2
    for text in texts:
        raw = b"".join(base64.b64decode(part) for part in text.split("."))
        assert SECRET.encode() not in raw
        assert SECRET not in text


def test_only_the_addressee_reads_it() -> None:
    """Nor does the asker, or another process of the same instance."""
    sealed = ASKER.seal(SECRET, HOLDER.address, "1")
    assert sealed is not None
    for other in (ASKER, ProcessLetters(SHARED), ProcessLetters(FOREIGN)):
        assert other.open(sealed.text, "1") is None


def test_a_letter_is_good_for_its_own_name() -> None:
    """One that somebody copied to another id is none."""
    sealed = ASKER.seal(SECRET, HOLDER.address, "1")
    assert sealed is not None
    assert HOLDER.open(sealed.text, "2") is None


def test_who_only_writes_to_the_store_asks_and_hears_nothing() -> None:
    """Without the master key neither a letter nor a false address is any good."""
    outsider = ProcessLetters(FOREIGN)
    forged = outsider.seal(SECRET, HOLDER.address, "1")
    misled = ASKER.seal(SECRET, outsider.address, "1")
    assert forged is not None
    assert misled is not None
    assert HOLDER.open(forged.text, "1") is None
    assert outsider.open(misled.text, "1") is None


def test_a_foreign_answer_is_none() -> None:
    """Of another question, changed, or made up."""
    one = ASKER.seal(SECRET, HOLDER.address, "1")
    two = ASKER.seal(SECRET, HOLDER.address, "2")
    assert one is not None
    assert two is not None
    opened = HOLDER.open(two.text, "2")
    assert opened is not None
    answer = opened.answer("yes")
    changed = answer[:20] + ("A" if answer[20] != "A" else "B") + answer[21:]
    assert one.open_answer(answer) is None
    assert two.open_answer(changed) is None
    assert two.open_answer("") is None
    assert two.open_answer("yes") is None


@pytest.mark.parametrize(
    "address", ["", "x", "AAAA", "é", base64.b64encode(bytes(32)).decode()]
)
def test_what_is_no_address_gets_no_letter(address: str) -> None:
    """Also the point with which every secret is zero (RFC 7748 §6.1)."""
    assert ASKER.seal(SECRET, address, "1") is None
    assert HOLDER.open(f"{address}.AAAA", "1") is None
