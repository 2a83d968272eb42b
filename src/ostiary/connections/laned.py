"""Password hashes that strangers cause beside sign-in: port `Hashes`, in the lane.

Sign-up and resets wait in one queue with the passwords of sign-ins, so that a storm of
them takes no more than a tenant's turn.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ostiary.connections.hash_form import UnknownHash
from ostiary.connections.hashes import hash_password, parse_imported, verify_password
from ostiary.connections.lane import HashLane
from ostiary.core.model import HashRules

TURN: Final = "self-service"
"""Whose turn in the lane these are: one for all tenants together."""


@dataclass(frozen=True, slots=True)
class LanedHashes:
    """Makes hashes in the bounded lane; raises Overloaded past its capacity."""

    lane: HashLane

    async def make(self, password: str, rules: HashRules) -> str:
        """A slow hash of a password."""
        return await self.lane.run(TURN, lambda: hash_password(password, rules))

    async def matches(self, password: str, stored: str) -> bool:
        """Whether the stored hash is of that password."""
        try:
            return await asyncio.to_thread(verify_password, password, stored)
        except UnknownHash:
            return False

    def imported(self, declared: str | Mapping[str, object]) -> str:
        """The text to store for a hash that another system made: see `Hashes`."""
        return parse_imported(declared)
