"""What every form of stored hash has: how a password is checked, and what that costs.

The forms themselves are in `hashes`, `foreign_hashes` and `custom_hash`.
"""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

SHORTEST_DIGEST: Final = 16
"""Bytes; of a shorter one too many passwords would be right."""
LONGEST_DIGEST: Final = 1024
MOST_MEMORY: Final = 128 << 20
"""Bytes that checking one password may take."""


class UnknownHash(Exception):
    """A stored hash has no known format, or is damaged; its text is never told."""


class UnusableHash(ValueError):
    """A hash cannot be brought in; the text begins with "is" and says why."""


@dataclass(frozen=True, slots=True)
class StoredHash:
    """A stored hash, read.

    matches: whether these octets are the password; may raise UnknownHash. seconds:
    what that takes on an ordinary core, roughly. refusal: why it may not be brought
    in; such a hash would be one that anybody may open, or that stops the instance.
    """

    matches: Callable[[bytes], bool]
    seconds: float = 0.0
    refusal: str = ""


Reader = Callable[[str], StoredHash]
"""Reads the text of one form; raises UnknownHash."""


def octets(password: str) -> bytes:
    """The UTF-8 octets of a password.

    JSON can carry lone surrogates; they are octets like others, not a crash.
    """
    return password.encode("utf-8", "surrogatepass")


def from_base64(text: str) -> bytes:
    """Octets of either alphabet, with padding or without; raises UnknownHash."""
    plain = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise UnknownHash("is not in base64") from None


def to_base64(value: bytes) -> str:
    """The octets in the alphabet of RFC 4648 §4, with padding."""
    return base64.b64encode(value).decode("ascii")


def refusal_of_length(digest: bytes) -> str:
    """Why a digest of this length may not be brought in."""
    if SHORTEST_DIGEST <= len(digest) <= LONGEST_DIGEST:
        return ""
    allowed = f"{SHORTEST_DIGEST} to {LONGEST_DIGEST}"
    return f"is a hash of {len(digest)} bytes; allowed: {allowed}"
