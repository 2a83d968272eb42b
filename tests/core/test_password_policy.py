"""New passwords: the rules of a sign-up and of a reset (contract auth0 §6)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.core.errors import Reason, Refused
from ostiary.core.password_policy import (
    COMMON,
    NO_LEAKS,
    SHORTEST,
    Leaks,
    Weakness,
    check_new_password,
    check_not_leaked,
    find_weakness,
)

LEAKS = Leaks(frozenset({"known-to-all"}), ("TEST-",))
ALICE = ["alice@contoso.test", "Alice", "van der Berg", ""]


@pytest.mark.parametrize(
    ("password", "weakness"),
    [
        ("", Weakness.SHORT),
        ("Xy7-4qA", Weakness.SHORT),
        ("Xy7-4qAb", None),
        ("PassWord1", Weakness.COMMON),
        ("12345678", Weakness.COMMON),
        ("iloveyou", Weakness.COMMON),
        ("my-ALICE-1", Weakness.PERSONAL),
        ("VAN DER BERG", Weakness.PERSONAL),
        ("alice@contoso.test", Weakness.PERSONAL),
        ("contoso-4-ever", None),
        ("known-to-all", Weakness.LEAKED),
        ("Known-To-All", None),
        ("TEST-anything", Weakness.LEAKED),
        ("test-anything", None),
        ("ää-öö-üü", None),
        ("correct horse battery staple", None),
    ],
)
def test_what_is_weak(password: str, weakness: Weakness | None) -> None:
    """The first rule that it breaks; the domain of an address is nobody's own."""
    assert find_weakness(password, ALICE, LEAKS) is weakness


@pytest.mark.parametrize(
    ("name", "password", "weak"),
    [
        ("bob", "bobbysocks-7", False),
        ("bobby", "bobbysocks-7", True),
        ("al@contoso.test", "really-good-1", False),
        ("abcdefgh", "abcdefgh", True),
        ("longname", "LongName", True),
        ("shortish", "SHORTISH", True),
    ],
)
def test_short_names_are_in_any_word(name: str, password: str, weak: bool) -> None:
    """From five characters on a name must not be part of it."""
    assert (find_weakness(password, [name], NO_LEAKS) is not None) is weak


def test_every_common_one_is_long_enough_and_folded() -> None:
    """Shorter ones would be refused anyway, others never be met."""
    assert all(len(each) >= SHORTEST and each == each.casefold() for each in COMMON)
    assert len(COMMON) >= 100


@given(st.text(), st.lists(st.text()))
def test_any_text_may_be_judged(password: str, names: list[str]) -> None:
    """Never an exception but the refusal; short ones are always refused."""
    weakness = find_weakness(password, names, LEAKS)
    assert weakness is not None or len(password) >= SHORTEST


def test_the_refusal_says_which_rule() -> None:
    """And never what was chosen."""
    with pytest.raises(Refused) as refused:
        check_new_password("short", [], NO_LEAKS)
    assert refused.value.reason is Reason.PASSWORD_WEAK
    assert refused.value.facts == {"weakness": "short"}
    check_new_password("long-and-fine", [], NO_LEAKS)


def test_a_leaked_one_is_refused_though_right() -> None:
    """Where the wire knows leaks; without any everything passes."""
    with pytest.raises(Refused) as refused:
        check_not_leaked("TEST-1", LEAKS)
    assert refused.value.reason is Reason.PASSWORD_LEAKED
    check_not_leaked("TEST-1", NO_LEAKS)
