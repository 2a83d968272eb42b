"""Telephone numbers and mail addresses, as people type them and machines must not."""

import email.message
import email.policy
import re
from email.headerregistry import Address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ostiary.core.addresses import FINDERS, find_email, find_phone
from ostiary.core.connections import Channel


@pytest.mark.parametrize("number", ["+1", "+15551234567", "+123456789012345"])
def test_numbers_of_the_contract(number: str) -> None:
    """`^\\+[0-9]{1,15}$` (contract auth0 §6), blanks around do not count."""
    assert find_phone(number) == number
    assert find_phone(f" {number} ") == number


@pytest.mark.parametrize(
    "number",
    ["", "+", "555", "+1234567890123456", "+1 555", "+1\n", "+١٢", "00155", "+1x"],
)
def test_no_numbers(number: str) -> None:
    """Without a plus, too long, in other digits, with anything else in it."""
    assert find_phone(number) is None


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("alice@contoso.test", "alice@contoso.test"),
        (" Alice@Contoso.TEST ", "alice@contoso.test"),
        ("a.b+tag@sub.contoso.test", "a.b+tag@sub.contoso.test"),
        (
            "o'neil!#$%&*/=?^_`{|}~-@contoso.test",
            "o'neil!#$%&*/=?^_`{|}~-@contoso.test",
        ),
        ("grüße@contoso.test", "grüsse@contoso.test"),
        ("root@localhost", "root@localhost"),
    ],
)
def test_mail_addresses(written: str, address: str) -> None:
    """Folded, since people do not look at case (RFC 5322 §3.4.1, RFC 6531 §3.3)."""
    assert find_email(written) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "alice",
        "@contoso.test",
        "alice@",
        "a@b@c.test",
        "a b@contoso.test",
        "a,b@contoso.test",
        "a@contoso.test,b@contoso.test",
        "a@contoso.test;b@contoso.test",
        "Alice <a@contoso.test>",
        "a@contoso.test\r\nBcc: b@contoso.test",
        "a\n@contoso.test",
        '"a b"@contoso.test',
        ".a@contoso.test",
        "a.@contoso.test",
        "a..b@contoso.test",
        "a@.contoso.test",
        "a@contoso.test.",
        "a\0@contoso.test",
        "a\u00a0b@contoso.test",
        "a\u2028@contoso.test",
        "a\ud800@contoso.test",
        "x" * 65 + "@contoso.test",
        "x@" + "y" * 253,
        "a@[127.0.0.1]",
    ],
)
def test_no_mail_addresses(text: str) -> None:
    """What could be read as two, or ends a header, or is too long (RFC 5321 §4.5.3)."""
    assert find_email(text) is None


@given(st.text())
@example("a@b\r\nBcc: c@d")
@example("a@b,c@d")
def test_whatever_is_found_fits_one_header_and_one_command(text: str) -> None:
    """No text becomes an address that ends a line, or means two people."""
    found = find_email(text)
    if found is None:
        return
    assert found.count("@") == 1
    assert re.search(r"[\s<>,;:\"()\\\[\]\x00-\x20\x7f]", found) is None
    assert find_email(found) == found
    if found.isascii():
        message = email.message.EmailMessage(policy=email.policy.SMTP)
        message["To"] = Address(addr_spec=found)
        assert [each.addr_spec for each in message["To"].addresses] == [found]


@given(st.text())
@example("+1\n")
def test_whatever_number_is_found_is_one(text: str) -> None:
    """A plus and ASCII digits, nothing else."""
    found = find_phone(text)
    assert found is None or re.fullmatch(r"\+[0-9]{1,15}", found, re.ASCII)


def test_every_channel_has_its_way_of_reading() -> None:
    """A new channel brings one."""
    assert set(FINDERS) == set(Channel)
