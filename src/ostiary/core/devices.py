"""Device keys: what is kept of one, and what the token that it signs must say.

Pure judgement of claims; reading keys and verifying signatures is done in adapters.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

LEEWAY: Final = 60
"""Seconds that a device's clock may be off (contract auth0 §2)."""
LONGEST_LIFE: Final = 300
"""Seconds between a device token's `iat` and its `exp` at most (contract auth0 §2)."""
_FINGERPRINT: Final = re.compile("[0-9A-F]{2}(:[0-9A-F]{2}){15}")
MOST_KEYS: Final = 50
"""Keys that one user may have; a further one takes the place of the oldest."""


@dataclass(frozen=True, slots=True)
class DeviceRules:
    """How a tenant takes device keys: the shortest RSA key, and our own name.

    audience: what the audience of a token must be, if it has one.
    """

    minimum_bits: int
    audience: str


@dataclass(frozen=True, slots=True)
class PublicKey:
    """An RSA key that could be read: its PEM text, spelled in one way only.

    fingerprint: finds a key among a user's own, and proves nothing.
    """

    pem: str = field(repr=False)
    fingerprint: str
    bits: int


@dataclass(frozen=True, slots=True)
class DeviceKey:
    """A public key that signs a user in; `created_at` in epoch seconds.

    client_id: the only client that it is good for, "" for any that may use such keys.
    """

    id: str
    tenant_id: str
    user_id: str
    client_id: str
    device_name: str
    device_id: str
    public_key: str = field(repr=False)
    """PEM text."""
    fingerprint: str
    created_at: float


@dataclass(frozen=True, slots=True)
class DeviceSession:
    """A living refresh token, as it is filed under a device; `id` of its session."""

    id: str
    user_id: str
    client_id: str
    device_name: str
    family: str


@dataclass(frozen=True, slots=True)
class DeviceClaims:
    """What a device's token says, read but proven by nothing; times in epoch seconds.

    subject: the user, as the wire names them. fingerprint: of the key, "" for what is
    none. issued_at and expires_at: None where no time stands.
    """

    subject: str
    fingerprint: str
    issued_at: float | None
    expires_at: float | None
    audience: object = None


def read_claims(claims: Mapping[str, object]) -> DeviceClaims | None:
    """The claims of a device's token; None when they name no user or no key."""
    subject, fingerprint = claims.get("iss"), claims.get("sub")
    if not isinstance(subject, str) or not isinstance(fingerprint, str):
        return None
    return DeviceClaims(
        subject,
        fingerprint if _FINGERPRINT.fullmatch(fingerprint) else "",
        _seconds(claims.get("iat")),
        _seconds(claims.get("exp")),
        claims.get("aud"),
    )


def _seconds(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            seconds = float(value)
        except OverflowError:
            return None
        return seconds if math.isfinite(seconds) else None
    return None


def why_not_now(claims: DeviceClaims, rules: DeviceRules, now: float) -> str:
    """What is wrong with the times and audience of a device's token; "" if nothing.

    Short-lived, so that a stolen one is soon worth nothing; an audience may be absent,
    but not somebody else (contract auth0 §2, server check).
    """
    issued, expires = claims.issued_at, claims.expires_at
    if issued is None or expires is None:
        return "times missing"
    if now >= expires + LEEWAY:
        return "expired"
    if issued > now + LEEWAY:
        return "not yet valid"
    if expires - issued > LONGEST_LIFE:
        return "lives too long"
    meant = claims.audience
    here = meant if isinstance(meant, list) else [meant]
    if meant is not None and rules.audience not in here:
        return "another audience"
    return ""
