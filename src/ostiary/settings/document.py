"""YAML text to plain values, keeping the line of every key and item.

Only the form of the file is judged here; what keys mean is the reader's business.
"""

import datetime
from typing import Any

import yaml

from ostiary.settings.problems import KeyPath, Place, Places, SettingsError

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# Far beyond any real configuration. The parser's own composer recurses in C and
# would crash the process on a few thousand brackets, so events are read instead.
_MAX_DEPTH = 50
_MAX_NODES = 2_000_000

# What the constructor raises for a scalar that does not fit its tag (`!!int x`).
_UNREADABLE = (yaml.YAMLError, ValueError, LookupError, ArithmeticError, AttributeError)

_KEPT = (str, bool, int, float, datetime.date, type(None))


def parse_document(text: str, source: str) -> tuple[object, Places]:
    """Read one YAML 1.1 (or JSON) document into dicts, lists and scalars.

    Raises SettingsError for text that is not YAML, duplicate keys, keys that are no
    scalars, unknown tags, unfinished aliases and nesting beyond 50 levels.
    """
    builder = _Builder(text, source)
    try:
        return builder.document(), builder.places
    except yaml.YAMLError as error:
        line = _line_of(error, text)
        reason = getattr(error, "problem", None) or getattr(error, "reason", None)
        why = f"is not YAML: {' '.join(str(reason or 'unreadable').split())}"
        raise builder.error((), why, line) from None


def _line_of(error: yaml.YAMLError, text: str) -> int:
    """Most errors bear a mark; those of forbidden characters only a position."""
    if mark := getattr(error, "problem_mark", None):
        return int(mark.line) + 1
    before = text.encode("utf-8", "replace")[: getattr(error, "position", None) or 0]
    return before.count(b"\n") + 1


def parse_plain(text: str) -> object:
    """Read one plain scalar: `4` is a number, `off` is false, `a: b #c` is itself."""
    loader = _Loader("")
    try:
        tag = loader.resolve(yaml.ScalarNode, text, (True, False))
        value: object = loader.construct_object(yaml.ScalarNode(tag, text))
    except _UNREADABLE:
        return text
    finally:
        loader.dispose()
    return value if isinstance(value, _KEPT) else text


class _Builder:
    """Turns the parser's events into values, one recursive step per node."""

    def __init__(self, text: str, source: str) -> None:
        self.places = Places(source)
        self._source = source
        self._text = text
        self._loader: Any = None
        self._anchors: dict[str, tuple[object, int]] = {}
        self._nodes = 0

    def document(self) -> object:
        # The constructor already looks at the first characters, and may refuse them.
        self._loader = _Loader(self._text)
        try:
            self._loader.get_event()
            if self._loader.check_event(yaml.StreamEndEvent):
                return None
            self._loader.get_event()
            value = self._node(self._loader.get_event(), ())
            self._loader.get_event()
            if not self._loader.check_event(yaml.StreamEndEvent):
                line = self._line(self._loader.peek_event())
                raise self.error((), "must be one document; a second begins", line)
            return value
        finally:
            self._loader.dispose()

    def error(self, path: KeyPath, text: str, line: int) -> SettingsError:
        self.places.replace(path, Place(self._source, line))
        return SettingsError([self.places.problem(path, text)])

    def _line(self, event: Any) -> int:
        return int(event.start_mark.line) + 1

    def _node(self, event: Any, path: KeyPath) -> object:
        line = self._line(event)
        self.places.put(path, Place(self._source, line))
        if isinstance(event, yaml.AliasEvent):
            return self._alias(str(event.anchor), path, line)
        before = self._nodes
        self._count(1, path, line)
        if len(path) > _MAX_DEPTH:
            raise self.error((), f"nests deeper than {_MAX_DEPTH} levels", line)
        value: object
        if isinstance(event, yaml.MappingStartEvent):
            value = self._mapping(event, path)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._sequence(event, path)
        else:
            value = self._scalar(event, path)
        if event.anchor:
            self._anchors[event.anchor] = (value, self._nodes - before)
        return value

    def _alias(self, anchor: str, path: KeyPath, line: int) -> object:
        if anchor not in self._anchors:
            text = f"alias *{anchor} must follow the complete value of &{anchor}"
            raise self.error(path, text, line)
        value, size = self._anchors[anchor]
        self._count(size, path, line)
        return value

    def _count(self, size: int, path: KeyPath, line: int) -> None:
        self._nodes += size
        if self._nodes > _MAX_NODES:
            raise self.error(path, f"makes more than {_MAX_NODES} values", line)

    def _mapping(self, start: Any, path: KeyPath) -> dict[str, object]:
        self._check_tag(start, path)
        values: dict[str, object] = {}
        while not isinstance(event := self._loader.get_event(), yaml.MappingEndEvent):
            line = self._line(event)
            if not isinstance(event, yaml.ScalarEvent):
                raise self.error(path, "has a key that is no plain word", line)
            key = event.value
            if key in values:
                text = "appears twice in the same mapping; a key is allowed once"
                raise self.error((*path, key), text, line)
            self.places.put((*path, key), Place(self._source, line))
            values[key] = self._node(self._loader.get_event(), (*path, key))
        return values

    def _sequence(self, start: Any, path: KeyPath) -> list[object]:
        self._check_tag(start, path)
        values: list[object] = []
        while not isinstance(event := self._loader.get_event(), yaml.SequenceEndEvent):
            values.append(self._node(event, (*path, len(values))))
        return values

    def _check_tag(self, event: Any, path: KeyPath) -> None:
        if not event.implicit:
            text = f"has the tag {event.tag!r}; tags are not allowed"
            raise self.error(path, text, self._line(event))

    def _scalar(self, event: Any, path: KeyPath) -> object:
        tag = event.tag
        if tag is None or tag == "!":
            tag = self._loader.resolve(yaml.ScalarNode, event.value, event.implicit)
        try:
            value: object = self._loader.construct_object(
                yaml.ScalarNode(tag, event.value, event.start_mark, event.end_mark)
            )
        except _UNREADABLE:
            value = b""
        if not isinstance(value, _KEPT):
            text = "is no YAML value that is allowed here; put it in quotes"
            raise self.error(path, text, self._line(event))
        return value
