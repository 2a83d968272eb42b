"""`ostiary plan`, `ostiary apply` and `ostiary export`: configuration as code."""

import sys
from collections.abc import Awaitable
from pathlib import Path
from typing import Protocol

import click

from ostiary.app import House
from ostiary.cli.printing import print_json
from ostiary.cli.running import config_option, in_house, json_option, read
from ostiary.configuration.reading import FILE_KEYS, declare
from ostiary.configuration.text import render_yaml, server_of
from ostiary.configuration.writing import Document, render_tenant
from ostiary.flows.manage.apply import apply as carry_out
from ostiary.flows.manage.apply import management_event
from ostiary.flows.manage.changes import Change
from ostiary.flows.manage.declaration import NotApplicable
from ostiary.flows.manage.planning import Planner
from ostiary.settings import Settings, SettingsError


class Planned(Protocol):
    """Planning or applying a file in an open instance."""

    def __call__(
        self, house: House, settings: Settings, *, prune: bool
    ) -> Awaitable[list[Change]]:
        """Return the changes."""
        ...


DIFFERENT = 3
"""Exit code of a plan that would change something."""


async def plan_for(house: House, settings: Settings, *, prune: bool) -> list[Change]:
    """What would make the store say what the file says."""
    planner = Planner(house.estate, house.vault, house.hashes, house.clock.now(), prune)
    try:
        return await planner.plan(declare(settings))
    except NotApplicable as wrong:
        path = tuple(FILE_KEYS.get(str(key), key) for key in wrong.path)
        raise SettingsError([settings.problem(path, str(wrong))]) from None


async def apply_to(house: House, settings: Settings, *, prune: bool) -> list[Change]:
    """Make the store say what the file says; returns what that changed."""
    changes = await plan_for(house, settings, prune=prune)
    event = management_event("apply", house.clock.now(), house.clock.guid())
    await carry_out(changes, house.estate, event)
    return changes


_prune = click.option(
    "--prune", is_flag=True, help="Also remove what the file does not name."
)
_file = click.argument("file", type=click.Path(path_type=Path, allow_dash=True))


@click.command()
@_file
@_prune
@json_option
def plan(file: Path, prune: bool, as_json: bool) -> None:
    """Show what applying FILE would change (exit code 3 if anything).

    FILE may be - for the standard input.

    Example: ostiary plan ostiary.yaml
    """
    changes = _run(file, plan_for, prune)
    _show(changes, as_json)
    sys.exit(DIFFERENT if changes else 0)


@click.command()
@_file
@_prune
@json_option
def apply(file: Path, prune: bool, as_json: bool) -> None:
    """Bring the store to what FILE says.

    FILE may be - for the standard input.

    Example: ostiary apply ostiary.yaml
    """
    _show(_run(file, apply_to, prune), as_json)


@click.command()
@config_option
@json_option
def export(config: Path, as_json: bool) -> None:
    """Write out what the store holds, in the form of the configuration file.

    Passwords, hashes, client secrets and other secrets stay in the store; applying
    the output leaves them as they are.

    Example: ostiary export --config ostiary.yaml > copy.yaml
    """
    settings = read(config)
    server, withheld = server_of(config, settings)
    for key in withheld:
        text = f"server.{key} is secret and left out; set OSTIARY_SERVER__{key.upper()}"
        print(f"ostiary: {text}", file=sys.stderr)
    document = {"server": server, "tenants": in_house(settings.server, _tenants)}
    if as_json:
        print_json(document)
    else:
        click.echo(render_yaml(document), nl=False)


async def _tenants(house: House) -> list[Document]:
    loaded = [
        await house.estate.load(tenant_id)
        for tenant_id in await house.estate.tenant_ids()
    ]
    return [render_tenant(stored) for stored in loaded if stored is not None]


def _run(file: Path, act: Planned, prune: bool) -> list[Change]:
    settings = read(Path("/dev/stdin") if str(file) == "-" else file)
    try:
        return in_house(
            settings.server, lambda house: act(house, settings, prune=prune)
        )
    except SettingsError as wrong:
        print(wrong, file=sys.stderr)
        sys.exit(2)


def _show(changes: list[Change], as_json: bool) -> None:
    if as_json:
        print_json(
            [
                {
                    "action": change.action.value,
                    "kind": change.kind,
                    "tenant": change.tenant,
                    "key": change.key,
                    "fields": change.fields,
                }
                for change in changes
            ]
        )
        return
    for change in changes:
        click.echo(change.line())
    if not changes:
        click.echo("no differences")
