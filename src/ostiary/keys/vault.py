"""Secrets on their way into the store: port `Vault` of administration.

What they are for is decided elsewhere.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from ostiary.flows.facts import StoredKey
from ostiary.keys.ring import NEVER, seal_key
from ostiary.keys.sealing import MasterKey
from ostiary.keys.signing import SigningKey


@dataclass(frozen=True, slots=True)
class KeyVault:
    """Seals under the master key; `now` tells epoch seconds."""

    master: MasterKey
    now: Callable[[], float]

    def seal(self, text: str, context: str) -> str:
        """Encrypt under the master key."""
        return self.master.seal(text.encode(), context)

    def open(self, sealed: str, context: str) -> str:
        """Decrypt what `seal` made."""
        return self.master.open(sealed, context).decode()

    async def new_key(self, tenant_id: str, *, signs: bool) -> StoredKey:
        """A new signing key: one that signs from now on, or the next one."""
        now = self.now()
        key = await asyncio.to_thread(SigningKey.generate, tenant_id, now=now)
        return seal_key(self.master, key, now if signs else NEVER)
