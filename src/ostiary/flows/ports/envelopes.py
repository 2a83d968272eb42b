"""Envelopes: what a caller carries from one request to the next and cannot read.

What is in one, and how long and how often it is good, is the flows' business.
"""

from collections.abc import Mapping
from typing import Protocol


class Envelopes(Protocol):
    """Sealed for one tenant and one use; what was sealed for another does not open."""

    def seal(self, tenant_id: str, use: str, facts: Mapping[str, object]) -> str:
        """An opaque text, URL safe, that holds `facts`: plain JSON values."""
        ...

    def open(self, tenant_id: str, use: str, text: str) -> dict[str, object] | None:
        """What was sealed; None for anything that is not of that use."""
        ...
