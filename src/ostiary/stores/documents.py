"""Values of the core as JSON text in a column, and back.

One codec for every kind: field names are the document's keys.
"""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

T = TypeVar("T")

_ENCODER = msgspec.json.Encoder(order="deterministic")


def encode(value: object) -> str:
    """The document of a dataclass; equal values give equal text."""
    return _ENCODER.encode(value).decode()


def decode(text: str, kind: type[T]) -> T:
    """The value that `encode` wrote."""
    return msgspec.json.decode(text, type=kind)


def plain(value: object) -> Mapping[str, object]:
    """The document as builtin values, to compare and to show."""
    built: Mapping[str, object] = msgspec.json.decode(_ENCODER.encode(value))
    return built
