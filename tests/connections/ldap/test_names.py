"""Names as people type them, and the filters that become of them."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ostiary.connections.ldap.names import (
    LONGEST,
    any_user_filter,
    escape,
    is_askable,
    nobodys_key,
    own_name,
    user_filter,
)

DOMAINS = frozenset({"corp", "corp.example.test"})
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


def unescaped(value: str) -> str:
    """What a server reads (RFC 4515 §3): a backslash and two hex digits are a byte."""
    raw = re.sub(
        rb"\\([0-9a-fA-F]{2})",
        lambda pair: bytes([int(pair[1], 16)]),
        value.encode("ascii"),
    )
    return raw.decode()


@given(TEXT)
@example("*)(uid=*")
@example("Müller €\\2a")
def test_an_escaped_name_is_read_as_it_was_typed(name: str) -> None:
    """And no character of it can end a filter or match more than itself."""
    value = escape(name)
    assert unescaped(value) == name
    assert not set(value) & set("*()\0")
    assert re.fullmatch(r"(?:[A-Za-z0-9@._-]|\\[0-9a-f]{2})*", value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Parens R Us (for all your parenthetical needs)", None),
        ("*", "\\2a"),
        ("C:\\MyFile", "C\\3a\\5cMyFile"),
        ("Lučić", "Lu\\c4\\8di\\c4\\87"),
    ],
)
def test_the_examples_of_the_rfc(name: str, value: str | None) -> None:
    """RFC 4515 §4; more characters may be escaped than must be."""
    if value is None:
        assert "\\28for" in escape(name)
        assert escape(name).endswith("needs\\29")
    else:
        assert escape(name) == value


@given(TEXT, st.sampled_from([None, "corp.example.test"]))
def test_a_filter_has_the_shape_of_its_template(name: str, domain: str | None) -> None:
    """Whatever the name, the parentheses and stars are ours alone."""
    text = user_filter(name, custom=None, domain=domain)
    assert text.count("(") == text.count(")")
    assert "*" not in text
    plain = user_filter("x" * 5 if "@" not in name else "x@y", custom=None, domain=None)
    if domain is None:
        assert text.count("(") == plain.count("(") == 3


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("alice", "(sAMAccountName=alice)"),
        ("alice@mail.example.test", "(userPrincipalName=alice@mail.example.test)"),
        (
            "alice@CORP.example.test",
            "(|(userPrincipalName=alice@CORP.example.test)(sAMAccountName=alice))",
        ),
        ("a@b@c.test", "(userPrincipalName=a@b@c.test)"),
    ],
)
def test_active_directory_is_asked_for_accounts_and_upns(
    name: str, expected: str
) -> None:
    """People only; the implicit UPN has the domain's DNS name as suffix."""
    text = user_filter(name, custom=None, domain="corp.example.test")
    assert text == f"(&(objectCategory=person)(objectClass=user){expected})"


def test_other_directories_are_asked_for_uid_and_mail() -> None:
    """The whole name in both."""
    text = user_filter("a@b", custom=None, domain=None)
    assert text == "(|(uid=a@b)(mail=a@b))"


def test_the_operators_filter_gets_both_parts() -> None:
    """{0} and {1} wherever they stand; other braces are the operator's own."""
    custom = "(|(cn={0})(uid={1})(x={2}{}))"
    text = user_filter("a*b@c", custom=custom, domain=None)
    assert text == "(|(cn=a\\2ab@c)(uid=a\\2ab)(x={2}{}))"
    text = user_filter("{1}", custom="(cn={0})", domain=None)
    assert text == "(cn=\\7b1\\7d)"


def test_any_user_is_looked_for_by_presence() -> None:
    """The same filter, with a star for the name."""
    assert any_user_filter(custom="(uid={1})", domain=None) == "(uid=*)"
    assert "(sAMAccountName=*)" in any_user_filter(custom=None, domain="corp")
    assert any_user_filter(custom=None, domain=None) == "(|(uid=*)(mail=*))"


@pytest.mark.parametrize(
    ("typed", "own"),
    [
        ("alice", "alice"),
        ("CORP\\alice", "alice"),
        ("corp.EXAMPLE.test\\alice", "alice"),
        ("OTHER\\alice", None),
        ("\\alice", None),
        ("CORP\\", None),
        ("CORP\\ ", None),
        ("CORP\\a\\b", "a\\b"),
    ],
)
def test_a_domain_before_the_name_must_be_the_directorys(
    typed: str, own: str | None
) -> None:
    """NetBIOS or DNS name, in any case; another domain's user is nobody here."""
    assert own_name(typed, DOMAINS) == own


def test_where_there_is_no_such_form_a_backslash_is_a_letter() -> None:
    """OpenLDAP knows no domains."""
    assert own_name("CORP\\alice", frozenset()) == "CORP\\alice"


@given(st.text(max_size=LONGEST + 200))
def test_nobodys_key_is_text_of_bounded_length(name: str) -> None:
    """Whatever was typed, it can be stored."""
    key = nobodys_key(name)
    assert key.encode().decode() == key
    assert len(key) <= 3 * LONGEST  # folding may lengthen: ΐ becomes three


@pytest.mark.parametrize(
    "name", ["Bob", "bob", "CORP\\bob", "bob@corp.example.test", "OTHER\\BOB@x"]
)
def test_spellings_of_nobody_share_a_key(name: str) -> None:
    """As those of somebody share theirs."""
    assert nobodys_key(name) == "bob"


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("a", True),
        ("x" * LONGEST, True),
        ("x" * (LONGEST + 1), False),
        ("", False),
        (" \t", False),
        ("a\0b", False),
        ("\ud800", False),
        ("Zoë", True),
    ],
)
def test_what_is_no_name_is_never_asked_for(name: str, asked: bool) -> None:
    """NUL, nothing, too much, and what is no text."""
    assert is_askable(name) is asked
