"""Agents beside a directory: who they are, how they come, what proves them.

What they are asked, and over which wire, is told elsewhere.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

CODE_SECONDS: Final = 3600
"""How long a code lets an agent enrol, once."""
PROOF_SECONDS: Final = 60
"""How long what an agent signs may be good for."""
SKEW_SECONDS: Final = 300
"""How far an agent's clock may be off: the nonce alone makes a proof fresh."""
LONGEST_NAME: Final = 64
_NAME: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class Agent:
    """A program beside the directory of a connection; times in epoch seconds.

    public_key: Ed25519 (RFC 8032) in base64url without padding. seen_at: when it was
    last connected; 0 for never.
    """

    id: str
    tenant_id: str
    connection: str
    name: str
    public_key: str
    enrolled_at: float
    seen_at: float = 0.0


@dataclass(frozen=True, slots=True)
class AgentLinkRow:
    """An agent that is connected to a process; `alive_until` in epoch seconds.

    process_key: by which the process can be told secrets, see port `Letters`.
    """

    agent: Agent
    process: str
    process_key: str
    alive_until: float


@dataclass(frozen=True, slots=True)
class Letter:
    """A question on its way to another process; `expires_at` in epoch seconds.

    text: readable by that process alone.
    """

    id: str
    process: str
    agent_id: str
    text: str = field(repr=False)
    expires_at: float


def is_agent_name(name: str) -> bool:
    """Whether it may name an agent: up to 64 letters, digits, and . _ - between."""
    return _NAME.fullmatch(name) is not None


def is_proven(
    claims: Mapping[str, object], agent_id: str, audience: str, nonce: str, now: float
) -> bool:
    """Whether signed claims say who speaks, to whom, and in answer to that nonce.

    RFC 7519 §4.1; `now` in epoch seconds.
    """
    said = {name: claims.get(name) for name in ("iss", "aud", "nonce")}
    if said != {"iss": agent_id, "aud": audience, "nonce": nonce}:
        return False
    issued, expires = claims.get("iat"), claims.get("exp")
    if not (_is_number(issued) and _is_number(expires)):
        return False
    begins, ends = float(issued), float(expires)  # type: ignore[arg-type]
    fresh = begins - SKEW_SECONDS <= now < ends + SKEW_SECONDS
    return fresh and 0 < ends - begins <= PROOF_SECONDS


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
