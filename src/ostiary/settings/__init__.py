"""The configuration file, read into one typed, frozen `Settings` (interface.md §2).

This file joins the parts; the keys themselves stand in `server` and `tenant`.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import msgspec.inspect as kinds
from msgspec import Meta, Struct

from ostiary.settings.document import parse_document
from ostiary.settings.duplicates import Finding, find_duplicates
from ostiary.settings.environment import overlay_environment
from ostiary.settings.problems import (
    KeyPath,
    Place,
    Places,
    Problem,
    SettingsError,
    render_path,
)
from ostiary.settings.reader import Reader
from ostiary.settings.references import find_dangling
from ostiary.settings.rules import find_contradictions
from ostiary.settings.safety import find_unsafe
from ostiary.settings.secret import Secret, SecretUrl
from ostiary.settings.server import Server
from ostiary.settings.tenant import Tenant
from ostiary.settings.values import Address

__all__ = [
    "Address",
    "KeyPath",
    "Keys",
    "Place",
    "Problem",
    "Secret",
    "SecretUrl",
    "Server",
    "Settings",
    "SettingsError",
    "Tenant",
    "load",
    "render_path",
]


class Keys(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The top of the file."""

    server: Annotated[
        Server, Meta(description="What this process serves, and from where.")
    ] = Server()
    tenants: Annotated[
        tuple[Tenant, ...],
        Meta(description="The directories of users and applications."),
    ] = ()


class Settings(Keys, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a configuration file says, and where each key of it stands."""

    places: Places

    def line_of(self, path: KeyPath) -> int:
        """Line of a key such as `("tenants", 0, "id")`, or of what it belongs in."""
        return self.places.place_of(path).line

    def problem(self, path: KeyPath, text: str) -> Problem:
        """Make a problem of `path`, for a later check to raise in SettingsError."""
        return self.places.problem(path, text)


def load(path: Path, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the configuration file; `OSTIARY_SERVER__…` in `environ` beats it.

    Relative paths in it count from its own folder. Raises SettingsError with every
    problem of the first stage that finds one: YAML, then types, then the rules.
    """
    tree, places = parse_document(_text_of(path), str(path))
    if not isinstance(tree, dict):
        text = "must be a mapping; allowed: server, tenants"
        raise SettingsError([places.problem((), text)])
    texts = overlay_environment(tree, places, environ)
    # Read even when absent, so that its paths count from the folder as well.
    tree.setdefault("server", {})
    reader = Reader(places, texts, environ, path.absolute().parent)
    keys = reader.read(kinds.type_info(Keys), tree, ())
    if reader.problems:
        raise SettingsError(reader.problems)
    if problems := [places.problem(*finding) for finding in _findings(keys, places)]:
        raise SettingsError(problems)
    return Settings(server=keys.server, tenants=keys.tenants, places=places)


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        why = f"cannot be read: {error.strerror or 'no such file'}"
    except UnicodeDecodeError:
        why = "is not text in UTF-8"
    except ValueError:
        why = "cannot be read: the path is not valid"
    raise SettingsError([Problem(Place(str(path)), (), why)])


def _findings(keys: Keys, places: Places) -> Iterator[Finding]:
    yield from find_contradictions(keys.tenants)
    yield from find_duplicates(keys.tenants)
    yield from find_dangling(keys.tenants)
    yield from find_unsafe(keys.server, keys.tenants, places)
