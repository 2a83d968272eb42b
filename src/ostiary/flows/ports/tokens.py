"""What is kept and signed: tokens, the log, keys, assertions, the clock.

The values that these answer are in `facts`.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from ostiary.core.errors import Reason
from ostiary.core.model import Client
from ostiary.core.tokens import RefreshToken
from ostiary.flows.facts import AuditEvent, Issue, Unsigned


class Tokens(Protocol):
    """Refresh tokens (stored as hashes) and revocations."""

    async def find_refresh(self, sha256: str) -> RefreshToken | None:
        """The stored refresh token of that hash, of whatever tenant."""
        ...

    async def issue(self, issue: Issue) -> Reason | None:
        """Write an issue; None when it happened, or why it must be refused."""
        ...

    async def revoke_session(self, session_id: str, event: AuditEvent) -> None:
        """End a session: every refresh and access token of it is dead at once."""
        ...

    async def revoke_token(
        self, token_id: str, expires_at: float, event: AuditEvent
    ) -> None:
        """End one access token."""
        ...

    async def is_revoked(self, token_id: str, session_id: str) -> bool:
        """Whether an access token, or the session it belongs to, was ended."""
        ...

    async def claim_once(self, key: str, expires_at: float) -> bool:
        """Whether `key` was never claimed before; remembered until `expires_at`."""
        ...


class Audit(Protocol):
    """The sign-in and audit log."""

    async def record(self, event: AuditEvent) -> None:
        """Write one record, durably."""
        ...


class Assertions(Protocol):
    """Signatures of client assertions."""

    def read(self, client: Client, assertion: str, now: float) -> Mapping[str, object]:
        """Claims of a well-signed assertion, numbers as float.

        `now` (epoch seconds) must lie within the life of the certificate.

        Raises Refused(ASSERTION_MALFORMED) or Refused(ASSERTION_SIGNATURE).
        """
        ...


class Signer(Protocol):
    """The tenant's signing keys."""

    async def sign(self, tenant_id: str, tokens: Sequence[Unsigned]) -> tuple[str, ...]:
        """Sign tokens with the tenant's current key, in the order given."""
        ...

    async def verify(self, tenant_id: str, token: str) -> Mapping[str, object] | None:
        """Claims of a token that this tenant signed and that still lives, or None."""
        ...

    async def jwks(self, tenant_id: str, issuer: str) -> list[dict[str, object]]:
        """The tenant's published keys as JSON Web Keys (RFC 7517)."""
        ...


class Clock(Protocol):
    """Time and chance, so that tests can hold them still."""

    def now(self) -> float:
        """Epoch seconds."""
        ...

    def token(self) -> str:
        """A new unguessable token, URL safe, at least 256 bits."""
        ...

    def guid(self) -> str:
        """A new random GUID in lower case."""
        ...

    def short_id(self) -> str:
        """A new random id of 22 base64url characters."""
        ...

    def between(self, low: int, high: int) -> int:
        """A random integer, both ends included."""
        ...
