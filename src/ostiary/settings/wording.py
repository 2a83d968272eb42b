"""What kind of value a setting takes, in words: for messages and for the manual.

Reading values is the business of `reader`.
"""

import datetime
import difflib
from collections.abc import Iterable
from typing import Any

import msgspec.inspect as kinds

_WORDS: dict[type[kinds.Type], str] = {
    kinds.StrType: "text",
    kinds.BoolType: "true or false",
    kinds.DateType: "date",
    kinds.DictType: "mapping",
    kinds.StructType: "mapping",
}

_VALUES: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (type(None), "nothing"),
    (dict, "mapping"),
    (list, "list"),
    (bool, "true or false"),
    ((int, float), "number"),
    (datetime.date, "date"),
)


def word_of(kind: kinds.Type) -> str:
    """Name the values that `kind` allows, such as `list of GUID`."""
    match kind:
        case kinds.Metadata(extra={"word": str(word)}):
            return word
        case kinds.Metadata(type=inner):
            return word_of(inner)
        case kinds.VarTupleType(item_type=item):
            return f"list of {word_of(item)}"
        case kinds.LiteralType(values=values):
            return " or ".join(map(str, values))
        case kinds.IntType(ge=low, le=high):
            bounds = (("from", low), ("to", high))
            return " ".join(
                ["whole number", *(f"{w} {n}" for w, n in bounds if n is not None)]
            )
        case kinds.UnionType(types=members):
            some = [m for m in members if not isinstance(m, kinds.NoneType)]
            return " or ".join(map(word_of, some))
    return _WORDS[type(kind)]


def name_value(value: Any) -> str:
    """Name what a value is, never what it says: it may be a secret."""
    return next((word for cls, word in _VALUES if isinstance(value, cls)), "text")


def suggest(word: str, allowed: Iterable[str], cutoff: float = 0.6) -> str:
    """Give ` did you mean 'x'?` for the closest allowed word, or nothing."""
    close = difflib.get_close_matches(word, list(allowed), 1, cutoff)
    return f" did you mean {close[0]!r}?" if close else ""
