"""Devices of users: the keys they sign with, and the refresh tokens filed under them.

The values that these answer are in `core.devices`.
"""

from collections.abc import Sequence
from typing import Protocol

from ostiary.core.devices import DeviceClaims, DeviceKey, DeviceSession, PublicKey
from ostiary.flows.facts import AuditEvent


class Devices(Protocol):
    """What is filed under the devices of a user; each change with its record."""

    async def keys_by_fingerprint(
        self, tenant_id: str, user_id: str, fingerprint: str
    ) -> Sequence[DeviceKey]:
        """The keys of that user that this fingerprint finds."""
        ...

    async def keys(self, tenant_id: str, user_id: str) -> Sequence[DeviceKey]:
        """All keys of a user, oldest first."""
        ...

    async def find_key(self, tenant_id: str, id: str) -> DeviceKey | None:
        """The key of that id."""
        ...

    async def sessions(
        self, tenant_id: str, user_id: str, now: float
    ) -> Sequence[DeviceSession]:
        """The user's living refresh tokens, one for each session, oldest first."""
        ...

    async def find_session(
        self, tenant_id: str, id: str, now: float
    ) -> DeviceSession | None:
        """The living session of that id."""
        ...

    async def add(self, key: DeviceKey, most: int, event: AuditEvent) -> None:
        """Keep a key in place of the same one at that client, if it is there already.

        Of more than `most` keys of the user the oldest go.
        """
        ...

    async def remove(self, keys: Sequence[DeviceKey], event: AuditEvent) -> None:
        """Forget keys: they prove nothing from now on."""
        ...


class DeviceSignatures(Protocol):
    """Keys as devices write them, and what these sign."""

    def read_key(self, text: str) -> PublicKey | None:
        """The RSA key in a PEM text; None for anything else."""
        ...

    def read(self, token: str) -> DeviceClaims | None:
        """What a device's token says, which is not yet proven; None if nothing."""
        ...

    def is_signed(self, token: str, pem: str | None, minimum_bits: int) -> bool:
        """Whether that key, if it is long enough, signed it by RS256 and nothing else.

        Costs the same without a key, and is false then.
        """
        ...
