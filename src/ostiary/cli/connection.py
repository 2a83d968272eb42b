"""`ostiary connection`: list, show, add, change and remove connections.

Their test stands in `connection_trial`, their agents in `connection_agents`.
"""

from pathlib import Path
from typing import Any

import click

from ostiary.cli import kinds
from ostiary.cli.connection_agents import agents, enrol, expel
from ostiary.cli.connection_options import connection_options, said_of
from ostiary.cli.connection_trial import test
from ostiary.cli.printing import print_done, print_json, print_object, print_rows
from ostiary.cli.running import (
    administer,
    config_option,
    confirm,
    json_option,
    read,
    tenant_option,
    yes_option,
)
from ostiary.configuration.writing import render_connection
from ostiary.core.model import ConnectionSettings, Tenant
from ostiary.flows.manage.administration import Administration
from ostiary.flows.manage.connections import (
    ConnectionChange,
    add_connection,
    change_connection,
    find_connection,
    remove_connection,
    secret_names,
)


@click.group()
def connection() -> None:
    """Connections: where passwords are checked.

    Example: ostiary connection test corp-ad
    """


for _command in (test, enrol, agents, expel):
    connection.add_command(_command)


@connection.command("list")
@tenant_option
@config_option
@json_option
def list_(tenant: str | None, config: Path, as_json: bool) -> None:
    """List the connections of a tenant, and the domains that sign in through each.

    Example: ostiary connection list --tenant contoso
    """

    async def act(admin: Administration) -> tuple[Tenant, list[ConnectionSettings]]:
        home = await admin.tenant(tenant)
        return home, list((await admin.estate.connections(home.id)).values())

    home, found = administer(config, act)
    rows = [
        {
            "name": each.name,
            "strategy": each.strategy,
            "enabled": each.enabled,
            "default": each.name == home.default_directory,
            "domains": [d.name for d in home.domains if d.connection == each.name],
        }
        for each in found
    ]
    print_rows(rows, as_json)


@connection.command()
@click.argument("name")
@tenant_option
@config_option
@json_option
def show(name: str, tenant: str | None, config: Path, as_json: bool) -> None:
    """Show a connection; of its secrets only which are set.

    Example: ostiary connection show corp-ad
    """

    async def act(admin: Administration) -> ConnectionSettings:
        return await find_connection(admin, await admin.tenant(tenant), name)

    found = administer(config, act)
    document = render_connection(found)
    if found.restricted:
        document["restricted"] = True
    if secrets := secret_names(found):
        document["secrets"] = dict.fromkeys(secrets, "set")
    print_object(document, as_json)


@connection.command()
@click.argument("name", type=kinds.NAME)
@click.option(
    "--strategy",
    type=kinds.WORD,
    required=True,
    help="Its kind: auth0, ad, waad, adfs, email or sms.",
)
@connection_options
@tenant_option
@config_option
@json_option
def add(
    name: str,
    strategy: str,
    tenant: str | None,
    config: Path,
    as_json: bool,
    **options: Any,
) -> None:
    """Add a connection; its options are those of the configuration file.

    Example: ostiary connection add corp-ad --strategy ad --option
    urls=ldaps://dc1.corp.test --option base_dn=DC=corp,DC=test --option
    bind_dn=CN=ostiary,DC=corp,DC=test --secret bind_password=env:BIND
    """
    said = said_of({"name": name, "strategy": strategy}, **options)
    wanted = said.declared(read(config).server)

    async def act(admin: Administration) -> ConnectionSettings:
        return await add_connection(admin, await admin.tenant(tenant), wanted)

    made = administer(config, act)
    print_done("added connection", made.name, None, as_json, strategy=made.strategy)


@connection.command()
@click.argument("name")
@click.option(
    "--strategy",
    type=kinds.WORD,
    help="Another kind; the options and secrets of the old one are forgotten.",
)
@connection_options
@tenant_option
@config_option
@json_option
def change(
    name: str,
    strategy: str | None,
    tenant: str | None,
    config: Path,
    as_json: bool,
    **options: Any,
) -> None:
    """Change a connection; what no option names stays, lists are replaced.

    Secrets stay as well, unless an address changes that they are sent to. With
    --strategy auth0 its users are this server's own from now on.

    Example: ostiary connection change corp-ad --option lockout.threshold=5
    """
    server = read(config).server

    async def act(admin: Administration) -> ConnectionChange:
        home = await admin.tenant(tenant)
        before = await find_connection(admin, home, name)
        present = render_connection(before)
        if strategy not in (None, before.strategy):
            present = {**present, "strategy": strategy, "options": {}}
        said = said_of(present, **options)
        wanted = said.declared(server)
        return await change_connection(admin, home, before, wanted, said.without)

    done = administer(config, act)
    forgotten = ", ".join(done.forgotten)
    if as_json:
        told = {"changed": list(done.differing), "forgotten": list(done.forgotten)}
        print_json({"action": "changed connection", "name": name, **told})
        return
    print_done("changed connection", name, done.differing, as_json)
    if forgotten:
        text = "for it was given for another address"
        click.echo(f"ostiary: {forgotten} was forgotten, {text}", err=True)


@connection.command()
@click.argument("name")
@click.option(
    "--with-users",
    is_flag=True,
    help="Its users are removed too; their ids never come back.",
)
@yes_option
@tenant_option
@config_option
@json_option
def remove(
    name: str,
    with_users: bool,
    yes: bool,
    tenant: str | None,
    config: Path,
    as_json: bool,
) -> None:
    """Remove a connection that nothing uses any more, with its agents.

    Example: ostiary connection remove corp-ad --yes
    """
    users = " with all of its users" if with_users else ""
    confirm(f"Removing connection {name}{users}", yes)

    async def act(admin: Administration) -> int:
        home = await admin.tenant(tenant)
        return await remove_connection(admin, home, name, with_users=with_users)

    count = administer(config, act)
    more = {"users": str(count)} if count else {}
    print_done("removed connection", name, None, as_json, **more)
