"""The values that flows and adapters exchange; no adapter's row or exception.

Only `StoreUnavailable` and `Overloaded` may be raised by an adapter.
"""

from ostiary.flows.facts.configuration import (
    Registry,
    StoredKey,
)
from ostiary.flows.facts.people import (
    Account,
    Candidate,
    Claimed,
    FederatedSubject,
    GuessKeys,
    GuessState,
    Profile,
    Rejected,
    Unreachable,
    Verified,
)
from ostiary.flows.facts.tokens import (
    AccessToken,
    AuditEvent,
    IdToken,
    Issue,
    Once,
    SharedKey,
    Unsigned,
)

__all__ = [
    "AccessToken",
    "Account",
    "AuditEvent",
    "Candidate",
    "Claimed",
    "FederatedSubject",
    "GuessKeys",
    "GuessState",
    "IdToken",
    "Issue",
    "Once",
    "Overloaded",
    "Profile",
    "Registry",
    "Rejected",
    "SharedKey",
    "StoreUnavailable",
    "StoredKey",
    "Unreachable",
    "Unsigned",
    "Verified",
]


class StoreUnavailable(Exception):
    """The store did not answer, or may not have committed: never a success."""


class Overloaded(Exception):
    """The hash lane is full; `retry_after` says in how many seconds to come again."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("too many passwords to check")
        self.retry_after = retry_after
