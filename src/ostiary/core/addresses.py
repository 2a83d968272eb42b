"""Addresses that messages go to: telephone numbers and mail addresses, as people type.

Whether somebody is there is found out by sending, never by looking.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from ostiary.core.accounts import fold
from ostiary.core.connections import Channel

LONGEST_EMAIL: Final = 254
"""Octets of a mail address (RFC 3696, erratum 1690)."""
LONGEST_LOCAL_PART: Final = 64
"""Octets in front of the `@` (RFC 5321 §4.5.3.1.1)."""

_PHONE: Final = re.compile(r"\+[0-9]{1,15}", re.ASCII)
# RFC 5322 §3.2.3 `dot-atom`, with the letters of RFC 6531; quoted local parts are
# left out on purpose: nobody has one, and nothing else can hold a blank or a comma.
_ATOM: Final = r"[^\x00-\x20\x7f-\xa0()<>@,;:\\\".\[\]]+"
_DOT_ATOM: Final = rf"{_ATOM}(?:\.{_ATOM})*"
_EMAIL: Final = re.compile(rf"{_DOT_ATOM}@{_DOT_ATOM}")


def find_phone(text: str) -> str | None:
    """A number in the form of E.164, or None (contract auth0 §6)."""
    number = text.strip(" ")
    return number if _PHONE.fullmatch(number) else None


def find_email(text: str) -> str | None:
    """A mail address that fits into one header and one SMTP command, folded, or None.

    RFC 5321 §4.1.2, RFC 6531 §3.3.
    """
    address = fold(text.strip(" "))
    local = address.rpartition("@")[0]
    whole = _octets(address)
    fits = 0 < whole <= LONGEST_EMAIL and _octets(local) <= LONGEST_LOCAL_PART
    if not fits or not address.isprintable() or _EMAIL.fullmatch(address) is None:
        return None
    return address


FINDERS: Final[Mapping[Channel, Callable[[str], str | None]]] = {
    Channel.EMAIL: find_email,
    Channel.SMS: find_phone,
}
"""How each channel reads whom a message is for."""


def _octets(text: str) -> int:
    """Length in UTF-8; 0 for what has none."""
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        return 0
