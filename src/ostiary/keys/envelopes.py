"""Envelopes sealed under the master key: port `Envelopes` of the flows.

They are bound to their tenant and their use by the seal's context, so that nothing
that is sealed or signed for another purpose passes for one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from ostiary.keys.sealing import MasterKey, SealError

SEPARATOR: Final = "~"
"""In place of a dot, so that nobody takes an envelope for a JWT."""
LONGEST: Final = 32 * 1024


@dataclass(frozen=True, slots=True)
class SealedEnvelopes:
    """Port `Envelopes`."""

    master: MasterKey

    def seal(self, tenant_id: str, use: str, facts: Mapping[str, object]) -> str:
        """An opaque text that only this server can read."""
        sealed = self.master.seal(msgspec.json.encode(facts), _context(tenant_id, use))
        return sealed.replace(".", SEPARATOR)

    def open(self, tenant_id: str, use: str, text: str) -> dict[str, object] | None:
        """What was sealed; None for anything that is not of that use."""
        if len(text) > LONGEST or "." in text or not text.isascii():
            return None
        sealed = text.replace(SEPARATOR, ".")
        try:
            octets = self.master.open(sealed, _context(tenant_id, use))
        except SealError:
            return None
        facts: dict[str, object] = msgspec.json.decode(octets)
        return facts


def _context(tenant_id: str, use: str) -> str:
    return f"envelope:{use}:{tenant_id}"
