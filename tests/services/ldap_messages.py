"""LDAP messages as bytes, for directories under test (RFC 4511, X.690).

Written by hand, so that what is wrong can be said as well. Who says what to whom is
told in `faulty_directory`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

BIND, UNBIND, SEARCH, ABANDON, EXTENDED = 0x60, 0x42, 0x63, 0x50, 0x77
"""Requests (RFC 4511 §4)."""
BIND_RESPONSE, SEARCH_ENTRY, SEARCH_DONE = 0x61, 0x64, 0x65
MODIFY_RESPONSE, SEARCH_REFERENCE, EXTENDED_RESPONSE = 0x67, 0x73, 0x78

SUCCESS, PROTOCOL_ERROR, SIZE_LIMIT_EXCEEDED = 0, 2, 4
REFERRAL, NO_SUCH_OBJECT, INVALID_CREDENTIALS = 10, 32, 49
BUSY, UNAVAILABLE = 51, 52

START_TLS = b"1.3.6.1.4.1.1466.20037"
DISCONNECTION = b"1.3.6.1.4.1.1466.20036"

Values = Mapping[str, Sequence[bytes]]


def tlv(tag: int, *contents: bytes) -> bytes:
    """Tag, length, contents."""
    content = b"".join(contents)
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    width = (length.bit_length() + 7) // 8
    return bytes([tag, 0x80 | width]) + length.to_bytes(width, "big") + content


def number(value: int, tag: int = 0x02) -> bytes:
    """A whole number that is not negative; tag 0x0A makes it an ENUMERATED."""
    return tlv(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def octets(value: str | bytes, tag: int = 0x04) -> bytes:
    """An OCTET STRING."""
    return tlv(tag, value.encode() if isinstance(value, str) else value)


def message(message_id: int, operation: bytes, controls: bytes = b"") -> bytes:
    """An LDAPMessage."""
    return tlv(0x30, number(message_id), operation, controls)


def result(
    tag: int, code: int, text: str | bytes = "", dn: str = "", more: bytes = b""
) -> bytes:
    """An operation that is an LDAPResult; `text` is the diagnostic message."""
    return tlv(tag, number(code, 0x0A), octets(dn), octets(text), more)


def entry(dn: str | bytes, values: Values) -> bytes:
    """A SearchResultEntry."""
    attributes = [
        tlv(0x30, octets(name), tlv(0x31, *map(octets, each)))
        for name, each in values.items()
    ]
    return tlv(SEARCH_ENTRY, octets(dn), tlv(0x30, *attributes))


def referral(*urls: str) -> bytes:
    """Where to ask instead, of an LDAPResult with that code."""
    return tlv(0xA3, *map(octets, urls))


def reference(*urls: str) -> bytes:
    """A SearchResultReference."""
    return tlv(SEARCH_REFERENCE, *map(octets, urls))


def disconnection() -> bytes:
    """The notice that the server goes, which nobody asked for (RFC 4511 §4.4.1)."""
    name = octets(DISCONNECTION, 0x8A)
    return message(0, result(EXTENDED_RESPONSE, UNAVAILABLE, "goodbye", more=name))


# --- reading ------------------------------------------------------------------------


def parts(data: bytes) -> list[tuple[int, bytes]]:
    """Tags and contents, one after the other; raises ValueError."""
    found, at = [], 0
    while at < len(data):
        tag, length, start = _header(data, at)
        if start + length > len(data):
            raise ValueError("cut off")
        found.append((tag, data[start : start + length]))
        at = start + length
    return found


def whole(buffer: bytes | bytearray) -> int:
    """Bytes of the first message; 0: more have to come. Raises ValueError."""
    try:
        _, length, start = _header(buffer, 0)
    except IndexError:
        return 0
    return start + length if len(buffer) >= start + length else 0


def _header(data: bytes | bytearray, at: int) -> tuple[int, int, int]:
    tag, first = data[at], data[at + 1]
    if first < 0x80:
        return tag, first, at + 2
    width = first & 0x7F
    if not 0 < width <= 4:
        raise ValueError("no length")
    if len(data) < at + 2 + width:
        raise IndexError
    return tag, int.from_bytes(data[at + 2 : at + 2 + width], "big"), at + 2 + width


@dataclass(frozen=True)
class Request:
    """What a client asks. dn: whom it binds as, or where it searches."""

    message_id: int
    kind: int
    dn: str = ""
    password: str = ""
    scope: int = 0
    most: int = 0
    filter: tuple[int, bytes] = (0x87, b"objectClass")
    name: bytes = b""

    @property
    def is_for_root(self) -> bool:
        """Whether it asks what the server is."""
        return self.kind == SEARCH and not self.dn and self.scope == 0


def request_of(data: bytes) -> Request:
    """Read a request; raises ValueError, IndexError."""
    ((_, envelope),) = parts(data)
    (_, message_id), (kind, operation), *_ = parts(envelope)
    which = int.from_bytes(message_id, "big")
    if kind == BIND:
        _, (_, dn), (_, secret) = parts(operation)
        return Request(which, kind, dn.decode(), secret.decode())
    if kind == EXTENDED:
        return Request(which, kind, name=parts(operation)[0][1])
    if kind != SEARCH:
        return Request(which, kind)
    (_, dn), (_, scope), _, (_, most), _, _, wanted, _ = parts(operation)
    return Request(
        which, kind, dn.decode(), scope=scope[0], most=_int(most), filter=wanted
    )


def _int(content: bytes) -> int:
    return int.from_bytes(content, "big")


def matches(wanted: tuple[int, bytes], values: Values) -> bool:
    """Whether an entry is meant by a filter; equality is without case (RFC 4511 §4.5).

    Of chains (extensible matches) only the last link is looked at.
    """
    tag, content = wanted
    if tag == 0xA0:
        return all(matches(each, values) for each in parts(content))
    if tag == 0xA1:
        return any(matches(each, values) for each in parts(content))
    if tag == 0xA2:
        return not matches(parts(content)[0], values)
    if tag == 0x87:
        return any(_own(values, content))
    found = dict(parts(content)) if tag == 0xA9 else {}
    (name, value) = (
        (found[0x82], found[0x83]) if found else (each for _, each in parts(content))
    )
    return value.lower() in (each.lower() for each in _own(values, name))


def _own(values: Values, name: bytes) -> Iterator[bytes]:
    wanted = name.decode().casefold()
    for each, held in values.items():
        if each.casefold() == wanted:
            yield from held
