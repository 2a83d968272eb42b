"""Password hashes for administration: port `Hashes`, in ordinary threads.

Sign-in never comes here; it has its own bounded lane.
"""

import asyncio
from collections.abc import Mapping

from ostiary.connections.hash_form import UnknownHash
from ostiary.connections.hashes import (
    hash_password,
    parse_imported,
    verify_password,
)
from ostiary.core.model import HashRules


class ThreadedHashes:
    """Makes and checks hashes off the event loop."""

    async def make(self, password: str, rules: HashRules) -> str:
        """A slow hash of a password."""
        return await asyncio.to_thread(hash_password, password, rules)

    async def matches(self, password: str, stored: str) -> bool:
        """Whether the stored hash is of that password."""
        try:
            return await asyncio.to_thread(verify_password, password, stored)
        except UnknownHash:
            return False

    def imported(self, declared: str | Mapping[str, object]) -> str:
        """The text to store for a hash that another system made.

        Raises ValueError, whose text begins with "is" and never repeats the hash.
        """
        return parse_imported(declared)
