"""Entries of a directory, and the texts of their ids.

What becomes of them is told in `profiles`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

GUID_BYTES: Final = 16
_IDS: Final = ("objectGUID", "entryUUID", "uid")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as it came: values are bytes, attribute names folded."""

    dn: str
    values: Mapping[str, Sequence[bytes]] = field(repr=False)

    def texts(self, attribute: str) -> tuple[str, ...]:
        """The values that are text."""
        raw = self.values.get(attribute.casefold(), ())
        return tuple(text for text in map(_text, raw) if text is not None)

    def text(self, attribute: str) -> str | None:
        """The first value that is text; None without one."""
        return next(iter(self.texts(attribute)), None)

    def number(self, attribute: str) -> int | None:
        """The first value, when it is a whole number."""
        text = self.text(attribute)
        try:
            return None if text is None else int(text)
        except ValueError:
            return None


def entries_of(found: Sequence[tuple[Any, Any, *tuple[Any, ...]]]) -> list[Entry]:
    """The entries of a search; references to other servers are left out."""
    return [
        Entry(dn, {name.casefold(): values for name, values in raw.items()})
        for dn, raw, *_ in found
        if dn is not None
    ]


def guid_text(raw: bytes) -> str:
    """Sixteen bytes as Active Directory writes them (contract auth0 §4.3).

    The first three groups are little-endian (MS-DTYP §2.3.4.2).
    """
    groups = (raw[3::-1], raw[5:3:-1], raw[7:5:-1], raw[8:10], raw[10:])
    return "-".join(group.hex() for group in groups)


def id_of(entry: Entry, attribute: str | None) -> str | None:
    """What identifies an entry for ever; None unless it has exactly one.

    attribute: the operator's choice; without one objectGUID, else entryUUID, else uid.
    """
    names = _IDS if attribute is None else (attribute,)
    for name in names:
        raw = entry.values.get(name.casefold(), ())
        if raw:
            return _id_text(name.casefold(), raw[0]) if len(raw) == 1 else None
    return None


def _id_text(name: str, raw: bytes) -> str | None:
    if name.endswith("guid") and (len(raw) == GUID_BYTES or name == "objectguid"):
        return guid_text(raw) if len(raw) == GUID_BYTES else None
    text = _text(raw)
    if text is None:
        return raw.hex()
    return (text.lower() if name == "entryuuid" else text) or None


def _text(raw: bytes) -> str | None:
    """A value as text; None for one that is none, or that no store can keep."""
    try:
        return None if b"\0" in raw else raw.decode()
    except UnicodeDecodeError:
        return None
