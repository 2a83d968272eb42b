"""`ostiary keys`: the signing keys of a tenant and their rotation."""

import sys
from pathlib import Path

import click

from ostiary.cli.printing import moment, print_json, print_rows
from ostiary.cli.running import administer, config_option, json_option, tenant_option
from ostiary.flows.manage.administration import Administration
from ostiary.flows.manage.keys import ListedKey, Rotation, list_keys, rotate_keys


@click.group()
def keys() -> None:
    """Signing keys and their rotation.

    Example: ostiary keys list --tenant contoso
    """


@keys.command("list")
@tenant_option
@config_option
@json_option
def list_(tenant: str | None, config: Path, as_json: bool) -> None:
    """List the signing keys of a tenant, oldest first.

    Example: ostiary keys list --tenant contoso
    """

    async def act(admin: Administration) -> list[ListedKey]:
        return await list_keys(admin, await admin.tenant(tenant))

    rows = [
        {
            "kid": each.key.kid,
            "algorithm": each.key.algorithm,
            "state": each.state.value,
            "created": moment(each.key.created_at),
            "signs_from": moment(each.key.signs_from),
            "published_until": moment(each.key.published_until),
        }
        for each in administer(config, act)
    ]
    print_rows(rows, as_json)


@keys.command()
@tenant_option
@config_option
@json_option
def rotate(tenant: str | None, config: Path, as_json: bool) -> None:
    """Sign with the next key from now on, and publish a new next one.

    The old key stays published for a day, until every token of it has expired.

    Example: ostiary keys rotate --tenant contoso
    """

    async def act(admin: Administration) -> Rotation:
        return await rotate_keys(admin, await admin.tenant(tenant))

    done = administer(config, act)
    if done.early:
        text = "readers that keep a key set for a day may not know the new key yet"
        print(f"ostiary: {text}", file=sys.stderr)
    if as_json:
        print_json({"current": done.current.kid, "next": done.upcoming.kid})
        return
    click.echo(f"current {done.current.kid}")
    click.echo(f"next    {done.upcoming.kid}")
