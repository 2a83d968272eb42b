"""Assertions of services to which a domain's sign-in is left.

The values that these answer are in `facts`.
"""

from typing import Protocol

from ostiary.core.model import ConnectionSettings
from ostiary.flows.facts import FederatedSubject


class Federation(Protocol):
    """Signatures of issuers whose certificates connections pin."""

    def trusts(self, settings: ConnectionSettings) -> bool:
        """Whether the connection takes the assertions of an issuer at all."""
        ...

    async def read(
        self, settings: ConnectionSettings, assertion: str, audience: str, now: float
    ) -> FederatedSubject:
        """What an assertion (XML) for that audience says, proven by a pinned key.

        Raises Refused(FEDERATION_ASSERTION) or Refused(FEDERATION_UNTRUSTED), with the
        fact `cause` for the log.
        """
        ...

    async def named_by(self, assertion: str) -> str | None:
        """The user name in an assertion that nobody has proven yet."""
        ...
