"""How one refusal is told: status, code and text.

Which reason has which row stands in `errors` and `errors_further`.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """How one reason is told; `text` may name facts of the refusal in braces."""

    status: int
    error: str
    text: str
