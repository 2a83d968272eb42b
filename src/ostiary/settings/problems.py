"""What is wrong in a configuration, where it stands, and how that is said in one line.

No rule about a setting lives here: only places, problems and the error.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

KeyPath: TypeAlias = tuple[str | int, ...]
"""Keys and list positions from the top of the file to a value."""

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")


def render_path(path: KeyPath) -> str:
    """Write a path as `tenants[0].applications[1].client_id`; the top is `file`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _PLAIN_KEY.fullmatch(step):
            text += f".{step}" if text else step
        else:
            # repr keeps an odd key (line breaks, control characters) on one line.
            text += f"[{step!r}]"
    return text or "file"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value was written: a file, or a variable of the environment."""

    source: str
    line: int = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and what would be allowed."""

    place: Place
    path: KeyPath
    text: str

    def __str__(self) -> str:
        """One line, as interface.md §3 fixes it: `FILE:LINE: key.path: text`."""
        where = f"{self.place.source}:{self.place.line}"
        return f"{where}: {render_path(self.path)}: {self.text}"


class SettingsError(Exception):
    """The configuration cannot be used; `problems` tells everything found at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep the problems in the order of their lines."""
        self.problems = sorted(problems, key=lambda p: (p.place.source, p.place.line))
        super().__init__("\n".join(map(str, self.problems)))


class Places:
    """Remembers for each key path where it was written and whether literally."""

    def __init__(self, source: str) -> None:
        """Start with the top of `source`, line 1."""
        self._places: dict[KeyPath, Place] = {(): Place(source)}
        self._indirect: set[KeyPath] = set()

    def put(self, path: KeyPath, place: Place) -> None:
        """Note that `path` was written at `place`."""
        self._places.setdefault(path, place)

    def replace(self, path: KeyPath, place: Place) -> None:
        """Note that `path`, with all below it, now comes from `place`."""
        for old in [p for p in self._places if p[: len(path)] == path]:
            del self._places[old]
        self._places[path] = place
        self.mark_indirect(path)

    def mark_indirect(self, path: KeyPath) -> None:
        """Note that the value came from the environment or a file of its own."""
        self._indirect.add(path)

    def is_given(self, path: KeyPath) -> bool:
        """Tell whether `path` was written at all."""
        return path in self._places

    def is_literal(self, path: KeyPath) -> bool:
        """Tell whether the value is written out in the configuration file itself."""
        return not any(above in self._indirect for above in _upwards(path))

    def place_of(self, path: KeyPath) -> Place:
        """Where `path` was written; for an absent key, the mapping it belongs in."""
        return next(
            self._places[above] for above in _upwards(path) if above in self._places
        )

    def problem(self, path: KeyPath, text: str) -> Problem:
        """Make a problem of `path` with its place filled in."""
        return Problem(self.place_of(path), path, text)


def _upwards(path: KeyPath) -> Iterator[KeyPath]:
    return (path[:length] for length in range(len(path), -1, -1))
