"""Refresh tokens as arithmetic: expiry, rotation, reuse, what voids a session.

The store decides races by conditional writes; what a state means is decided here.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ostiary.core.errors import Reason
from ostiary.core.model import RefreshRules, Rotation
from ostiary.core.request import ScopeRequest

SHORTEST_RANDOM, LONGEST_RANDOM = 3600, 5400
"""Seconds between which a random access token lifetime lies (contract entra §7)."""


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A stored refresh token; times in epoch seconds, `sha256` of the token in hex.

    `by_password`: the session began with a password at a public client, so a change
    of that password ends it. family: the wires it is good on. device: the name under
    which it is filed.
    """

    sha256: str
    session_id: str
    tenant_id: str
    client_id: str
    user_id: str
    amr: tuple[str, ...]
    scope: ScopeRequest
    issued_at: float
    expires_at: float
    by_password: bool
    family: str = ""
    device: str = ""
    used_at: float | None = None
    revoked: bool = False
    successor_used: bool = False


class Use(StrEnum):
    """What presenting a stored refresh token means."""

    GOOD = "good"
    EXPIRED = "expired"
    REVOKED = "revoked"
    REUSED = "reused"


REFUSALS: Final = {
    Use.EXPIRED: Reason.REFRESH_EXPIRED,
    Use.REVOKED: Reason.REFRESH_REVOKED,
    Use.REUSED: Reason.REFRESH_REUSED,
}
"""Why a token that is not good is refused."""


def judge(token: RefreshToken, rules: RefreshRules, now: float) -> Use:
    """What presenting `token` at `now` means.

    Reuse of a one-time token ends the family, save within the leeway while nobody
    has used the successor: then the first answer was probably lost on its way
    (interface §3, refresh tokens; RFC 9700 §4.14.2).
    """
    if token.revoked:
        return Use.REVOKED
    if token.expires_at <= now:
        return Use.EXPIRED
    if token.used_at is None or rules.rotation is Rotation.REUSE_ALLOWED:
        return Use.GOOD
    # Clocks differ, and what began first may be written last: not before the use.
    within = max(0.0, now - token.used_at) < rules.leeway
    return Use.GOOD if within and not token.successor_used else Use.REUSED


def is_voided(
    token: RefreshToken, *, password_changed_at: float, sessions_valid_from: float
) -> bool:
    """Whether a later password change or session reset ended this session.

    A user's own change voids password sessions of public clients; an administrator's
    reset (`sessions_valid_from`) voids all (contract entra §3.7).
    """
    if token.issued_at < sessions_valid_from:
        return True
    return token.by_password and token.issued_at < password_changed_at
