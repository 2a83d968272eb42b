"""Scope words of this dialect, read from the wire but not judged.

At the legacy doors a word may name any attribute of the profile (contract auth0 §1.3).
"""

import re
from typing import Final

from ostiary.core.errors import Reason
from ostiary.core.names import OFFLINE_ACCESS, OPENID
from ostiary.core.request import ScopeRequest
from ostiary.dialects.auth0.claims import OIDC_SCOPES, STANDARD

MANAGEMENT_SCOPES: Final = (
    "read:users",
    "create:users",
    "update:users",
    "delete:users",
    "read:users_app_metadata",
    "read:connections",
    "create:connections",
    "update:connections",
    "delete:connections",
    "read:user_blocks",
    "update:users_blocks",
    "read:device_credentials",
    "create:device_credentials",
    "delete:device_credentials",
    "read:anomaly_blocks",
    "delete:anomaly_blocks",
)
"""What an application may be allowed at the management API (interface §3)."""

OWN_DEVICE_SCOPES: Final = (
    "read:current_user_device_credentials",
    "create:current_user_device_credentials",
    "delete:current_user_device_credentials",
)
"""What a user's own token may be good for there (contract auth0 §2, way B)."""

READ_FACTORS: Final = "read:authenticators"
ENROL: Final = "enroll"
REMOVE_FACTORS: Final = "remove:authenticators"
FACTOR_SCOPES: Final = (ENROL, READ_FACTORS, REMOVE_FACTORS)
"""What a user's own token may be good for at `/mfa/` (contract auth0 §3.5)."""


WORD: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
"""What one scope is written with (RFC 6749 §3.3)."""


def legacy_scope(written: str | None, *, offline: bool = False) -> ScopeRequest:
    """Every word is about the answer; `offline` adds `offline_access`.

    Words may be unknown, but not malformed (contract auth0 §1.5).
    """
    words = set((written or "").split())
    malformed = tuple(sorted(word for word in words if not WORD.fullmatch(word)))
    if offline:
        words.add(OFFLINE_ACCESS)
    fault = Reason.SCOPE_MALFORMED if malformed else None
    return ScopeRequest(
        names=malformed, openid=frozenset(words), given=bool(words), fault=fault
    )


def api_scope(
    written: str | None, audience: str | None, *, standard: bool = False
) -> ScopeRequest:
    """Words of OpenID Connect, and names of the API's own scopes.

    `standard`: `openid` alone stands for all of OpenID Connect's (contract §3.3).
    """
    words = tuple(dict.fromkeys((written or "").split()))
    openid = frozenset(word for word in words if word in OIDC_SCOPES)
    names = tuple(word for word in words if word not in OIDC_SCOPES)
    if standard and words == (OPENID,):
        openid |= STANDARD
    return ScopeRequest(audience, names, openid, given=bool(words))


def written_scope(request: ScopeRequest, granted: tuple[str, ...]) -> str:
    """What was granted, as one text in a stable order."""
    openid = [word for word in OIDC_SCOPES if word in request.openid]
    return " ".join((*openid, *granted))
