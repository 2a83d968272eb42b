"""The compact form of a JWS: three base64url segments, two of them JSON objects.

Whether a signature holds, and what the claims mean, is decided by the callers.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NoReturn


class MalformedJws(ValueError):
    """The text is not a JWS that can be read in one way only."""


@dataclass(frozen=True, slots=True)
class Segments:
    """A JWS taken apart; `signing_input` is the text as received (RFC 7515 §5.2)."""

    header: bytes
    payload: bytes
    signature: bytes = field(repr=False)
    signing_input: bytes = field(repr=False)


def encode_segment(raw: bytes) -> bytes:
    """Base64url without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def split(text: str, *, padded: bool) -> Segments:
    """Take a compact JWS apart; `padded` lets `=` stand at the end of segments.

    Raises MalformedJws. RFC 7515 §7.1; padding: contract entra §4.3.
    """
    try:
        received = text.encode("ascii")
        first, second, third = received.split(b".")
    except ValueError:
        raise MalformedJws("not three segments of plain text") from None
    return Segments(
        header=_decode_segment(first, padded=padded),
        payload=_decode_segment(second, padded=padded),
        signature=_decode_segment(third, padded=padded),
        signing_input=first + b"." + second,
    )


def read_object(raw: bytes) -> dict[str, object]:
    """Read a JSON object that every reader must understand alike.

    Raises MalformedJws for anything else, also for a name given twice, numbers that
    JSON does not know, and text that no UTF-8 can carry. RFC 7515 §4, RFC 8259 §4.
    """
    try:
        value = json.loads(
            raw.decode(), object_pairs_hook=_unique, parse_constant=_refuse_constant
        )
        # An escaped lone surrogate parses, but could not be stored or compared later.
        json.dumps(value, ensure_ascii=False).encode()
    except MalformedJws:
        raise
    except (ValueError, RecursionError):
        raise MalformedJws("not a well-formed JSON object") from None
    if not isinstance(value, dict):
        raise MalformedJws("not a JSON object")
    return value


def _decode_segment(segment: bytes, *, padded: bool) -> bytes:
    digits = segment.rstrip(b"=") if padded else segment
    try:
        raw = base64.urlsafe_b64decode(digits + b"=" * (-len(digits) % 4))
    except ValueError:
        raise MalformedJws("a segment is not base64url") from None
    # One value, one spelling: the decoder alone forgives stray characters and bits.
    if encode_segment(raw) != digits:
        raise MalformedJws("a segment is not base64url")
    return raw


def _unique(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise MalformedJws("a name is given twice")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise MalformedJws(f"{name} is not JSON")
