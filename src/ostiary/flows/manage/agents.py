"""Agents of a connection, as administrators see them: invited, listed, expelled.

How an agent proves itself is told in `flows.agents`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ostiary.core.agents import CODE_SECONDS, Agent
from ostiary.core.model import Tenant
from ostiary.flows.digests import sha256_hex
from ostiary.flows.manage.administration import Administration
from ostiary.flows.manage.ports import Invalid, Missing
from ostiary.flows.ports.agents import Agents


@dataclass(frozen=True, slots=True)
class Invitation:
    """A code with which one agent may enrol; `expires_at` in epoch seconds."""

    code: str = field(repr=False)
    expires_at: float


async def invite_agent(
    admin: Administration, agents: Agents, tenant: Tenant, connection: str
) -> Invitation:
    """A new code for an agent of that connection.

    Raises Missing, or Invalid for a connection that is not asked by agents.
    """
    await _check_asked_by_agents(admin, tenant, connection)
    now = admin.clock.now()
    made = Invitation(admin.clock.token(), now + CODE_SECONDS)
    event = admin.event("agent.invite", tenant.id, connection=connection)
    digest = sha256_hex(made.code)
    await agents.put_code(digest, tenant.id, connection, made.expires_at, event)
    return made


async def list_agents(
    admin: Administration, agents: Agents, tenant: Tenant, connection: str
) -> Sequence[Agent]:
    """The agents of that connection, by name. Raises Missing."""
    await _find_connection(admin, tenant, connection)
    return await agents.listed(tenant.id, connection)


async def expel_agent(
    admin: Administration, agents: Agents, tenant: Tenant, connection: str, which: str
) -> Agent:
    """Forget the agent of that name or id: within seconds it is cut off everywhere.

    Raises Missing, or Invalid when several have that name.
    """
    listed = await list_agents(admin, agents, tenant, connection)
    found = [agent for agent in listed if which in (agent.id, agent.name)]
    if len(found) > 1:
        raise Invalid(f"several agents are called {which}: say the id of one")
    event = admin.event("agent.expel", tenant.id, connection=connection, agent=which)
    if not found or not await agents.expel(found[0], event):
        raise Missing(f"no such agent: {which}")
    return found[0]


async def _check_asked_by_agents(
    admin: Administration, tenant: Tenant, name: str
) -> None:
    options = await _find_connection(admin, tenant, name)
    if not options.get("agent"):
        text = f"connection {name} is not asked by agents: set its option agent: true"
        raise Invalid(text)


async def _find_connection(
    admin: Administration, tenant: Tenant, name: str
) -> "dict[str, object]":
    connections = await admin.estate.connections(tenant.id)
    if name not in connections:
        raise Missing(f"no such connection: {name}")
    return dict(connections[name].options)
