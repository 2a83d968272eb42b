"""How agents come: enrolled once by a code, then known by what they sign.

What they are asked is the business of the connection whose agents they are.
"""

from dataclasses import dataclass
from typing import Final

from ostiary.core.agents import Agent, is_agent_name, is_proven
from ostiary.core.errors import Reason, Refused
from ostiary.core.limits import Bucket, LimitKey, check_allowed
from ostiary.core.request import Trace
from ostiary.flows.digests import sha256_hex
from ostiary.flows.facts import AuditEvent
from ostiary.flows.ports import Audit, Clock, Limits
from ostiary.flows.ports.agents import AgentProofs, Agents

CODES: Final = Bucket("agent codes", 10, 60.0)
"""Wrong codes from one address: ten at once, then one a minute."""
PROOFS: Final = Bucket("agent proofs", 20, 6.0)
"""Wrong proofs from one address: twenty at once, then ten a minute."""
DOOR: Final = "agents"


@dataclass(frozen=True, slots=True)
class AgentDoor:
    """What letting agents in needs of the world.

    audience: this server's address, for which proofs must be made.
    """

    agents: Agents
    proofs: AgentProofs
    limits: Limits
    audit: Audit
    clock: Clock
    audience: str


async def enrol(
    door: AgentDoor, code: str, name: str, public_key: str, trace: Trace
) -> Agent:
    """Keep a new agent, by a code that is used up with it.

    Raises Refused: TOO_MANY_REQUESTS, PARAMETER_INVALID, or CODE_WRONG for every code
    that is not good, whyever.
    """
    now = door.clock.now()
    guesser = LimitKey("", source=trace.source)
    check_allowed(await door.limits.peek(guesser, CODES, now))
    key = door.proofs.read_key(public_key)
    if key is None or not is_agent_name(name):
        raise Refused(Reason.PARAMETER_INVALID)
    digest = sha256_hex(code)
    found = await door.agents.find_code(digest, now)
    if found is not None:
        tenant_id, connection = found
        agent = Agent(door.clock.guid(), tenant_id, connection, name, key, now)
        event = _event(now, trace, "changed", "agent.enrol", agent)
        if await door.agents.enrol(digest, agent, now, event):
            return agent
    await door.limits.take(guesser, CODES, now)
    wrong = Reason.CODE_WRONG
    await door.audit.record(_event(now, trace, "refused", wrong.value))
    raise Refused(wrong)


async def admit(
    door: AgentDoor, agent_id: str, proof: str, nonce: str, trace: Trace
) -> Agent:
    """The agent that proves itself in answer to `nonce`.

    Raises Refused(TOO_MANY_REQUESTS or ASSERTION_SIGNATURE), whatever is wrong.
    """
    now = door.clock.now()
    guesser = LimitKey("", source=trace.source)
    check_allowed(await door.limits.peek(guesser, PROOFS, now))
    agent = await door.agents.find(agent_id)
    if agent is not None:
        claims = door.proofs.read(proof, agent.public_key)
        if claims and is_proven(claims, agent.id, door.audience, nonce, now):
            return agent
    await door.limits.take(guesser, PROOFS, now)
    wrong = Reason.ASSERTION_SIGNATURE
    await door.audit.record(_event(now, trace, "refused", wrong.value, agent))
    raise Refused(wrong)


def _event(
    at: float, trace: Trace, outcome: str, reason: str, agent: Agent | None = None
) -> AuditEvent:
    detail = {"agent": agent.name, "connection": agent.connection} if agent else {}
    return AuditEvent(
        at=at,
        trace=trace,
        outcome=outcome,
        reason=reason,
        tenant_id=agent.tenant_id if agent else "",
        detail=detail,
    )
