"""Agents of a connection on the command line: `enrol`, `agents` and `expel`.

The group `connection` takes them in; what they do is told in `flows.manage.agents`.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import click

from ostiary.app import House
from ostiary.cli.printing import moment, print_done, print_json, print_rows
from ostiary.cli.running import (
    config_option,
    confirm,
    in_house,
    json_option,
    operator,
    read,
    tenant_option,
    yes_option,
)
from ostiary.core.agents import CODE_SECONDS
from ostiary.flows.manage.administration import Administration
from ostiary.flows.manage.agents import expel_agent, invite_agent, list_agents
from ostiary.flows.ports.agents import Agents
from ostiary.stores.agents import AgentStore

T = TypeVar("T")


def _administer(
    config: Path, act: Callable[[Administration, Agents], Awaitable[T]]
) -> T:
    async def run(house: House) -> T:
        admin = house.administration("command line", operator())
        return await act(admin, AgentStore(house.database))

    return in_house(read(config).server, run)


@click.command()
@click.argument("name")
@tenant_option
@config_option
@json_option
def enrol(name: str, tenant: str | None, config: Path, as_json: bool) -> None:
    """Print a code with which one agent of this connection may enrol, within an hour.

    Example: ostiary connection enrol corp-ad
    """

    async def act(admin: Administration, agents: Agents) -> tuple[str, float]:
        home = await admin.tenant(tenant)
        made = await invite_agent(admin, agents, home, name)
        return made.code, made.expires_at

    code, expires_at = _administer(config, act)
    if as_json:
        print_json({"code": code, "expires": moment(expires_at)})
        return
    click.echo(code)
    text = f"good for one agent, within {CODE_SECONDS // 60} minutes"
    click.echo(text, err=True)


@click.command()
@click.argument("name")
@tenant_option
@config_option
@json_option
def agents(name: str, tenant: str | None, config: Path, as_json: bool) -> None:
    """List the agents of a connection, and when each was last connected.

    Example: ostiary connection agents corp-ad
    """

    async def act(admin: Administration, store: Agents) -> list[dict[str, object]]:
        home = await admin.tenant(tenant)
        return [
            {
                "name": each.name,
                "id": each.id,
                "enrolled": moment(each.enrolled_at),
                "last_seen": moment(each.seen_at) if each.seen_at else None,
            }
            for each in await list_agents(admin, store, home, name)
        ]

    print_rows(_administer(config, act), as_json)


@click.command()
@click.argument("name")
@click.argument("agent")
@yes_option
@tenant_option
@config_option
@json_option
def expel(
    name: str,
    agent: str,
    yes: bool,
    tenant: str | None,
    config: Path,
    as_json: bool,
) -> None:
    """Expel an agent, by its name or id: within seconds it is cut off everywhere.

    Example: ostiary connection expel corp-ad dc1 --yes
    """
    confirm(f"Expelling agent {agent} of {name}", yes)

    async def act(admin: Administration, agents: Agents) -> tuple[str, str]:
        home = await admin.tenant(tenant)
        gone = await expel_agent(admin, agents, home, name, agent)
        return gone.name, gone.id

    gone_name, gone_id = _administer(config, act)
    print_done("expelled agent", gone_name, None, as_json, id=gone_id)
