"""How results are printed: JSON for programs, plain columns for people.

What is printed is chosen by the commands; no secret comes here but a new one, once.
"""

import datetime
from collections.abc import Mapping, Sequence

import click
import msgspec


def print_json(value: object) -> None:
    """One JSON document, indented."""
    text = msgspec.json.format(msgspec.json.encode(value), indent=2)
    click.echo(text.decode())


def print_rows(rows: Sequence[Mapping[str, object]], as_json: bool) -> None:
    """A list: JSON, or a table whose columns are the keys of the first row."""
    if as_json:
        print_json(rows)
        return
    if not rows:
        return
    table = [[str(name) for name in rows[0]]]
    table += [[worded(value) for value in row.values()] for row in rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def print_object(value: Mapping[str, object], as_json: bool) -> None:
    """One object: JSON, or the form of the configuration file."""
    if as_json:
        print_json(value)
        return
    from ostiary.configuration.text import render_yaml

    click.echo(render_yaml(value), nl=False)


def print_done(
    what: str, name: str, fields: Sequence[str] | None, as_json: bool, **ids: str
) -> None:
    """What a change did; an empty list of fields: nothing had to be done."""
    if as_json:
        done = {} if fields is None else {"changed": list(fields)}
        print_json({"action": what, "name": name, **ids, **done})
        return
    if fields is not None and not fields:
        click.echo(f"{name}: nothing to change")
        return
    shown = "".join(f" {key}={value}" for key, value in ids.items())
    click.echo(f"{what} {name}{shown}" + (f" ({', '.join(fields)})" if fields else ""))


def worded(value: object) -> str:
    """A value in a table."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "-"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or "-"
    return str(value) or "-"


def moment(at: float | None) -> str | None:
    """Epoch seconds as ISO 8601 in UTC; None for never."""
    if at is None or at > 253402300000:
        return None
    text = datetime.datetime.fromtimestamp(at, datetime.UTC).isoformat("T", "seconds")
    return text.replace("+00:00", "Z")
