"""`ostiary app`: list, show, add, change and remove applications and their secrets."""

import datetime
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from ostiary.cli import kinds
from ostiary.cli.app_options import changed_client, client_options
from ostiary.cli.printing import (
    moment,
    print_done,
    print_json,
    print_object,
    print_rows,
)
from ostiary.cli.running import (
    administer,
    config_option,
    confirm,
    json_option,
    tenant_option,
    yes_option,
)
from ostiary.configuration.reading import new_client
from ostiary.configuration.writing import render_client
from ostiary.core.model import Client
from ostiary.flows.manage.administration import Administration
from ostiary.flows.manage.clients import (
    add_client,
    add_secret,
    change_client,
    find_client,
    remove_client,
    remove_secret,
)
from ostiary.flows.manage.declaration import DeclaredClient


@click.group()
def app() -> None:
    """Applications and their secrets.

    Example: ostiary app list --tenant contoso
    """


@app.group()
def secret() -> None:
    """The secrets of a confidential application.

    Example: ostiary app secret add Console --expires 2027-01-01
    """


@app.command("list")
@tenant_option
@config_option
@json_option
def list_(tenant: str | None, config: Path, as_json: bool) -> None:
    """List the applications of a tenant.

    Example: ostiary app list --tenant contoso
    """

    async def act(admin: Administration) -> list[DeclaredClient]:
        found = await admin.tenant(tenant)
        return list((await admin.estate.clients(found.id)).values())

    rows = [
        {
            "client_id": each.client.client_id,
            "name": each.client.name,
            "enabled": each.client.enabled,
            "public_client": each.client.public,
            "grant_types": sorted(each.client.grant_types),
        }
        for each in administer(config, act)
    ]
    print_rows(rows, as_json)


@app.command()
@click.argument("name")
@tenant_option
@config_option
@json_option
def show(name: str, tenant: str | None, config: Path, as_json: bool) -> None:
    """Show an application, named by client id or name; never its secrets.

    Example: ostiary app show Console
    """

    async def act(admin: Administration) -> DeclaredClient:
        return await find_client(admin, await admin.tenant(tenant), name)

    found = administer(config, act)
    document = render_client(found)
    if found.client.secrets:
        document["secrets"] = [
            {"number": number, "expires": moment(each.expires_at)}
            for number, each in enumerate(found.client.secrets, start=1)
        ]
    print_object(document, as_json)


@app.command()
@click.option("--client-id", type=kinds.CLIENT_ID, help="Its id; absent: a new GUID.")
@client_options
@tenant_option
@config_option
@json_option
def add(
    client_id: str | None,
    tenant: str | None,
    config: Path,
    as_json: bool,
    **options: Any,
) -> None:
    """Add an application; without a grant type it can do nothing yet.

    Example: ostiary app add --name Console --public-client --grant-type password
    """

    async def act(admin: Administration) -> Client:
        home, own_id = await admin.tenant(tenant), client_id or str(uuid.uuid4())
        blank = new_client(home.id, own_id)
        return await add_client(admin, replace(blank, **changed_client(blank, options)))

    made = administer(config, act)
    print_done("added app", made.name, None, as_json, client_id=made.client_id)


@app.command()
@click.argument("app_name", metavar="NAME")
@client_options
@tenant_option
@config_option
@json_option
def change(
    app_name: str, tenant: str | None, config: Path, as_json: bool, **options: Any
) -> None:
    """Change an application; what no option names stays, lists are replaced.

    Example: ostiary app change Console --disable
    """

    async def act(admin: Administration) -> tuple[Client, tuple[str, ...]]:
        found = await find_client(admin, await admin.tenant(tenant), app_name)
        return await change_client(
            admin, found.client, changed_client(found.client, options)
        )

    changed, differing = administer(config, act)
    ids = {"client_id": changed.client_id}
    print_done("changed app", changed.name, differing, as_json, **ids)


@app.command()
@click.argument("name")
@yes_option
@tenant_option
@config_option
@json_option
def remove(
    name: str, yes: bool, tenant: str | None, config: Path, as_json: bool
) -> None:
    """Remove an application with its consents and sessions.

    Example: ostiary app remove Console --yes
    """
    confirm(f"Removing application {name}", yes)

    async def act(admin: Administration) -> Client:
        found = await find_client(admin, await admin.tenant(tenant), name)
        await remove_client(admin, found.client)
        return found.client

    gone = administer(config, act)
    print_done("removed app", gone.name, None, as_json, client_id=gone.client_id)


@secret.command("add")
@click.argument("name")
@click.option(
    "--expires",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The first day (UTC) on which it no longer counts.",
)
@tenant_option
@config_option
@json_option
def add_secret_(
    name: str,
    expires: datetime.datetime | None,
    tenant: str | None,
    config: Path,
    as_json: bool,
) -> None:
    """Make a secret and print it: this once, the store keeps only its digest.

    Example: ostiary app secret add Console --expires 2027-01-01
    """
    until = expires.replace(tzinfo=datetime.UTC).timestamp() if expires else None

    async def act(admin: Administration) -> str:
        found = await find_client(admin, await admin.tenant(tenant), name)
        return await add_secret(admin, found.client, until)

    made = administer(config, act)
    if as_json:
        print_json({"secret": made, "expires": moment(until)})
    else:
        click.echo(made)


@secret.command("remove")
@click.argument("name")
@click.argument("number", type=click.IntRange(1))
@tenant_option
@config_option
@json_option
def remove_secret_(
    name: str, number: int, tenant: str | None, config: Path, as_json: bool
) -> None:
    """Remove a secret by the number that `app show` gives it.

    Example: ostiary app secret remove Console 1
    """

    async def act(admin: Administration) -> None:
        found = await find_client(admin, await admin.tenant(tenant), name)
        await remove_secret(admin, found.client, number)

    administer(config, act)
    print_done("removed secret", str(number), None, as_json, app=name)
