"""What can be said of a connection on the command line, read as the file would be.

Secrets come by the environment, a file or the standard input, never as an argument.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import click

from ostiary.cli import kinds
from ostiary.cli.running import stop
from ostiary.configuration.options import declare_connection
from ostiary.flows.manage.declaration import DeclaredConnection
from ostiary.settings import KeyPath, Server, SettingsError, render_path
from ostiary.settings.document import parse_plain
from ostiary.settings.one_connection import list_options, read_connection

F = TypeVar("F", bound=Callable[..., Any])

LONGEST_LINE: Final = 10_000


def _option(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise ValueError("KEY=VALUE, as the configuration file calls the option")
    return key, value


def _secret(text: str) -> tuple[str, object]:
    """`bind_password=env:NAME` and so on; a mapping is followed by the reader."""
    key, equals, source = text.partition("=")
    way, _, name = source.partition(":")
    if key and equals and source in ("", "-"):
        return key, source
    if not key or way not in ("env", "file") or not name:
        raise ValueError("NAME=env:VARIABLE, NAME=file:PATH, or NAME=- for a line read")
    return key, {way: name}


OPTIONS = (
    click.option(
        "--option",
        "options",
        type=kinds.Kind("key=value", _option),
        multiple=True,
        help="KEY=VALUE; repeated for a list; an empty VALUE takes it away.",
    ),
    click.option(
        "--secret",
        "secrets",
        type=kinds.Kind("name=source", _secret),
        multiple=True,
        help="NAME=env:VARIABLE, file:PATH or - (a line of the input); repeatable.",
    ),
    click.option(
        "--enable/--disable",
        "enabled",
        default=None,
        help="Whether sign-ins go through it.",
    ),
)
"""What `add` and `change` share."""


def connection_options(command: F) -> F:
    """The options that `add` and `change` share; what is not given stays."""
    for option in OPTIONS:
        command = option(command)
    return command


@dataclass(slots=True)
class Said:
    """A connection as the command line says it.

    texts: how a value was typed. secrets: names of the given ones. without: of those
    that are taken away.
    """

    document: dict[str, Any]
    texts: dict[KeyPath, str] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)
    without: list[str] = field(default_factory=list)

    def declared(self, server: Server) -> DeclaredConnection:
        """The connection that is meant; what is wrong with it ends the command."""
        try:
            found = read_connection(self.document, server, self.texts, self.secrets)
        except SettingsError as wrong:
            told = (f"{render_path(each.path)}: {each.text}" for each in wrong.problems)
            stop("; ".join(told), 2)
        return declare_connection(found)


def said_of(
    before: dict[str, Any],
    options: Sequence[tuple[str, str]],
    secrets: Sequence[tuple[str, object]],
    enabled: bool | None,
) -> Said:
    """What the options make of the connection `before`, in the form of the file."""
    values: dict[str, Any] = dict(before.get("options") or {})
    said = Said({key: each for key, each in before.items() if key != "options"})
    lists = list_options(before["strategy"])
    for key in lists & {key for key, _ in options}:
        values[key] = []
    for key, text in options:
        _put(said, values, key, text, lists)
    for name, source in secrets:
        if source == "":
            said.without.append(name)
            continue
        values[name] = _line(name) if source == "-" else source
        said.secrets.append(name)
    if values:
        said.document["options"] = values
    if enabled is not None:
        said.document["enabled"] = enabled
    return said


def _put(
    said: Said, values: dict[str, Any], key: str, text: str, lists: frozenset[str]
) -> None:
    """`lockout.threshold` goes one level down; an empty text takes the key away."""
    if key in lists:
        if text:
            said.texts["options", key, len(values[key])] = text
            values[key].append(parse_plain(text))
        return
    outer, dot, inner = key.partition(".")
    if dot and text:
        below = values.get(outer)
        values[outer] = {
            **(below if isinstance(below, dict) else {}),
            inner: parse_plain(text),
        }
        said.texts["options", outer, inner] = text
    elif dot:
        below = values.get(outer)
        kept = dict(below) if isinstance(below, dict) else {}
        kept.pop(inner, None)
        values.pop(outer, None)
        values |= {outer: kept} if kept else {}
    elif text:
        values[key] = parse_plain(text)
        said.texts["options", key] = text
    else:
        values.pop(key, None)


def _line(name: str) -> str:
    if sys.stdin.isatty():
        text: str = click.prompt(name, hide_input=True, err=True)
        return text
    line = sys.stdin.readline(LONGEST_LINE).removesuffix("\n").removesuffix("\r")
    if not line:
        stop(f"no {name} came on the standard input", 2)
    return line
