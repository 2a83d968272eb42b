"""What is said at the door for agents, before and until one is let in.

What they are asked afterwards stands with the connections that ask.
"""

from typing import Annotated, Final

from msgspec import Meta, Struct

VERSION: Final = 1
ENROL_PATH: Final = "/agent/v1/enrol"
CONNECT_PATH: Final = "/agent/v1/connect"
LARGEST_MESSAGE: Final = 256 * 1024
"""Bytes: a person with a thousand groups and every attribute, and still no burden."""

REFUSED: Final = 4401
"""Close code: this agent is not, or no longer, one of ours."""
MISBEHAVED: Final = 1008
"""Close code: it does not keep to the protocol (RFC 6455 §7.4.1)."""
TRY_LATER: Final = 1013
"""Close code: nobody can tell now (the registry of RFC 6455 §11.7)."""


class Challenge(Struct, frozen=True, kw_only=True, tag="challenge"):
    """Prove who you are, in answer to `nonce`."""

    version: int
    nonce: Annotated[str, Meta(min_length=16, max_length=256)]


class Proof(Struct, frozen=True, kw_only=True, tag="proof", forbid_unknown_fields=True):
    """Who speaks, and their signature over the nonce."""

    agent: Annotated[str, Meta(max_length=64)]
    proof: Annotated[str, Meta(max_length=4096)]


class Welcome(Struct, frozen=True, kw_only=True, tag="welcome"):
    """You are that agent of this connection."""

    tenant: str
    connection: str
    name: str


class EnrolRequest(Struct, frozen=True, kw_only=True):
    """The body with which an agent enrols."""

    code: Annotated[str, Meta(max_length=256)]
    name: Annotated[str, Meta(max_length=64)]
    public_key: Annotated[str, Meta(max_length=64)]

    def __repr__(self) -> str:
        """Hide the code."""
        return f"EnrolRequest({self.name!r})"


class EnrolResponse(Struct, frozen=True, kw_only=True):
    """What it is from then on."""

    id: Annotated[str, Meta(min_length=1, max_length=64)]
    tenant: Annotated[str, Meta(min_length=1, max_length=1024)]
    connection: Annotated[str, Meta(min_length=1, max_length=1024)]
