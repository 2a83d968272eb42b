"""Plain values to the typed settings, noting everything that is wrong on the way.

It reads by the types alone; what belongs to a single setting stands at its field.
"""

import datetime
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec.inspect as kinds

from ostiary.settings.problems import KeyPath, Places, Problem
from ostiary.settings.wording import name_value, suggest, word_of

_FAILED: Any = object()
"""Stands for a value that could not be read; its problem has been noted."""

_MAX_FILE = 1_000_000


class Reader:
    """Reads one document; `problems` is empty when all of it was good."""

    def __init__(
        self,
        places: Places,
        texts: Mapping[KeyPath, str],
        environ: Mapping[str, str],
        folder: Path,
    ) -> None:
        """Take relative paths from `folder`, and `{env: NAME}` from `environ`."""
        self.problems: list[Problem] = []
        self._places = places
        self._texts = texts
        self._environ = environ
        self._folder = folder

    def read(self, kind: kinds.Type, value: object, path: KeyPath) -> Any:
        """Make a value of `kind`; the answer counts only without problems."""
        match kind:
            case kinds.Metadata(extra={"read": read}, type=inner):
                return self._custom(read, inner, kind, value, path)
            case kinds.Metadata(type=inner):
                return self.read(inner, value, path)
            case kinds.UnionType():
                return self._union(kind, value, path)
            case kinds.StructType():
                return self._struct(kind, value, path)
            case kinds.VarTupleType():
                return self._list(kind, value, path)
            case kinds.DictType():
                return self._free_mapping(kind, value, path)
        return self._scalar(kind, self._resolved(value, path), path)

    def _fail(self, path: KeyPath, text: str) -> Any:
        self.problems.append(self._places.problem(path, text))
        return _FAILED

    def _wrong(self, kind: kinds.Type, value: object, path: KeyPath) -> Any:
        text = f"wrong type: {name_value(value)}; allowed: {word_of(kind)}"
        wants_text = _is_text(kind) and not isinstance(value, (dict, list, type(None)))
        return self._fail(path, f"{text}, in quotes" if wants_text else text)

    # -- {env: NAME} and {file: PATH} --------------------------------------

    def _resolved(self, value: object, path: KeyPath) -> Any:
        """Follow `{env: NAME}` or `{file: PATH}`; other values stay as they are."""
        if not _is_reference(value):
            return value
        ((way, name),) = value.items()  # type: ignore[attr-defined]
        self._places.mark_indirect(path)
        if not isinstance(name, str) or not name:
            return self._fail((*path, way), "must be text, not empty")
        if way == "file":
            return self._file_text(name, path)
        if name not in self._environ:
            text = f"environment variable {name!r} is not set; set it"
            return self._fail(path, text)
        return self._environ[name]

    def _file_text(self, name: str, path: KeyPath) -> Any:
        try:
            with (self._folder / name).open(encoding="utf-8", newline="") as file:
                text = file.read(_MAX_FILE + 1)
        except OSError as error:
            why = error.strerror or "no such file"
        except ValueError:
            why = "not a text file"
        else:
            if len(text) <= _MAX_FILE:
                return text.removesuffix("\n").removesuffix("\r")
            why = f"longer than {_MAX_FILE} characters"
        return self._fail(path, f"cannot read the file {name!r}: {why}")

    # -- single values -------------------------------------------------------

    def _custom(
        self,
        read: Callable[[str], object],
        inner: kinds.Type,
        kind: kinds.Type,
        value: object,
        path: KeyPath,
    ) -> Any:
        """Read by the field's own reader; numbers only where it makes a number."""
        value = self._resolved(value, path)
        if value is _FAILED:
            return _FAILED
        if isinstance(inner, kinds.IntType) and type(value) is int:
            value = _decimal(value)
        elif not isinstance(value, str):
            value = self._texts.get(path, value)
        if not isinstance(value, str):
            return self._wrong(kind, value, path)
        try:
            made = read(value)
        except ValueError as error:
            return self._fail(path, f"must be {error}")
        return self._folder / made if isinstance(made, Path) else made

    def _scalar(self, kind: kinds.Type, value: Any, path: KeyPath) -> Any:
        if value is _FAILED:
            return _FAILED
        match kind:
            case kinds.LiteralType(values=values) if type(value) in map(type, values):
                return self._choice([*values], value, path)
            case kinds.BoolType() if type(value) is bool:
                return value
            case kinds.StrType() if type(value) is str:
                return value
            case kinds.IntType(ge=low, le=high) if type(value) is int:
                if (low is None or value >= low) and (high is None or value <= high):
                    return value
                return self._fail(path, f"must be a {word_of(kind)}")
            case kinds.DateType():
                return self._date(kind, value, path)
        return self._wrong(kind, value, path)

    def _choice(self, allowed: list[Any], value: Any, path: KeyPath) -> Any:
        if value in allowed:
            return value
        words = [str(word) for word in allowed]
        hint = suggest(str(value), words) if isinstance(value, str) else ""
        return self._fail(path, f"unknown value;{hint} allowed: {', '.join(words)}")

    def _date(self, kind: kinds.Type, value: Any, path: KeyPath) -> Any:
        if type(value) is str:
            try:
                return datetime.date.fromisoformat(value)
            except ValueError:
                return self._fail(path, "must be a date such as 2027-01-31")
        return value if type(value) is datetime.date else self._wrong(kind, value, path)

    # -- values made of others -----------------------------------------------

    def _union(self, kind: kinds.UnionType, value: object, path: KeyPath) -> Any:
        value = self._resolved(value, path)
        if value is _FAILED:
            return _FAILED
        members = [_bare(member) for member in kind.types]
        optional = any(isinstance(member, kinds.NoneType) for member in members)
        if value is None and optional:
            return None
        if value is False or value == "off":
            # YAML reads the word `off` as false.
            if any(_is_literal(member, "off") for member in members):
                return "off"
            if optional and any(isinstance(m, kinds.StructType) for m in members):
                return None
        for member, bare in zip(kind.types, members, strict=True):
            if _fits(bare, value):
                return self.read(member, value, path)
        return self._wrong(kind, value, path)

    def _struct(self, kind: kinds.StructType, value: object, path: KeyPath) -> Any:
        if not isinstance(value, dict):
            return self._wrong(kind, value, path)
        fields = {field.encode_name: field for field in kind.fields}
        found = len(self.problems)
        for key in value.keys() - fields.keys():
            allowed = f"allowed: {', '.join(fields) or 'none'}"
            self._fail((*path, key), f"unknown key;{suggest(key, fields)} {allowed}")
        made: dict[str, Any] = {}
        for key, field in fields.items():
            if key in value:
                chosen = _chosen(field.type, value)
                made[field.name] = self.read(chosen, value[key], (*path, key))
            elif field.required:
                text = f"missing key; required: {word_of(field.type)}"
                self._fail((*path, key), text)
            elif isinstance(field.default, Path):
                made[field.name] = self._folder / field.default
        return kind.cls(**made) if len(self.problems) == found else _FAILED

    def _list(self, kind: kinds.VarTupleType, value: object, path: KeyPath) -> Any:
        if not isinstance(value, list):
            return self._wrong(kind, value, path)
        if len(value) < (kind.min_length or 0):
            return self._fail(path, f"must have {kind.min_length} item or more")
        items = enumerate(value)
        return tuple(self.read(kind.item_type, item, (*path, n)) for n, item in items)

    def _free_mapping(self, kind: kinds.Type, value: object, path: KeyPath) -> Any:
        if not isinstance(value, dict):
            return self._wrong(kind, value, path)
        return self._json(value, path)

    def _json(self, value: object, path: KeyPath) -> Any:
        match value:
            case dict():
                return {k: self._json(v, (*path, k)) for k, v in value.items()}
            case list():
                return [self._json(v, (*path, n)) for n, v in enumerate(value)]
            case float() if not math.isfinite(value):
                return self._fail(path, "must be a finite number")
            case None | str() | bool() | int() | float():
                return value
        text = (
            f"wrong type: {name_value(value)}; allowed: JSON values, put it in quotes"
        )
        return self._fail(path, text)


def _is_reference(value: object) -> bool:
    return isinstance(value, dict) and value.keys() in ({"env"}, {"file"})


def _decimal(value: int) -> str:
    """Write a number out; one too long for that is surely too large."""
    return str(value) if abs(value) < 10**18 else "9" * 18


def _bare(kind: kinds.Type) -> kinds.Type:
    return _bare(kind.type) if isinstance(kind, kinds.Metadata) else kind


def _is_text(kind: kinds.Type) -> bool:
    if isinstance(kind, kinds.UnionType):
        return any(map(_is_text, kind.types))
    return isinstance(_bare(kind), (kinds.StrType, kinds.CustomType))


def _is_literal(kind: kinds.Type, value: object) -> bool:
    return isinstance(kind, kinds.LiteralType) and any(
        type(one) is type(value) and one == value for one in kind.values
    )


def _fits(kind: kinds.Type, value: object) -> bool:
    """Tell by its shape which member of a union a value is meant to be."""
    match kind:
        case kinds.StructType() | kinds.DictType():
            return isinstance(value, dict)
        case kinds.VarTupleType():
            return isinstance(value, list)
        case kinds.LiteralType():
            return _is_literal(kind, value)
        case kinds.NoneType():
            return False
    return not isinstance(value, (dict, list, type(None)))


def _chosen(kind: kinds.Type, siblings: Mapping[str, Any]) -> kinds.Type:
    """Let a field whose type hangs on its siblings (options) choose it."""
    match kind:
        case kinds.Metadata(extra={"choose": choose}):
            return kinds.type_info(choose(siblings))
    return kind
