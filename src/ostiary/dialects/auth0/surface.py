"""The doors of this dialect: which grant goes by which name at which of them.

One row for each name that may stand in `grant_type`; nobody's rights are judged here.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from ostiary.core.names import (
    CLIENT_CREDENTIALS,
    DELEGATION,
    DEVICE_KEY,
    MFA_OOB,
    MFA_OTP,
    MFA_RECOVERY_CODE,
    ONE_TIME_CODE,
    PASSWORD,
    REFRESH_TOKEN,
)


class Surface(StrEnum):
    """Where a request came in; each has its own statuses and texts (§1.5, §3.4)."""

    RO = "ro"
    TOKEN = "token"
    DELEGATION = "delegation"
    DEVICES = "devices"
    PASSWORDLESS = "passwordless"
    REVOCATION = "revocation"
    MANAGEMENT = "management"
    API = "api"


JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
URN: Final = "http://auth0.com/oauth/grant-type/"
LEGACY: Final = "http://auth0.com/oauth/legacy/grant-type/"
PASSWORD_REALM: Final = URN + "password-realm"
PASSWORDLESS_OTP: Final = URN + "passwordless/otp"
UNSUPPORTED: Final = "unsupported"
"""In place of a grant type that nobody knows: what was sent may be anything."""

GRANT_TYPES: Final[Mapping[Surface, Mapping[str, str]]] = {
    Surface.RO: {"": "", "password": PASSWORD, JWT_BEARER: DEVICE_KEY},
    Surface.TOKEN: {
        "password": PASSWORD,
        PASSWORD_REALM: PASSWORD,
        PASSWORDLESS_OTP: ONE_TIME_CODE,
        "refresh_token": REFRESH_TOKEN,
        "client_credentials": CLIENT_CREDENTIALS,
        URN + "mfa-otp": MFA_OTP,
        URN + "mfa-oob": MFA_OOB,
        URN + "mfa-recovery-code": MFA_RECOVERY_CODE,
    },
    Surface.DELEGATION: {JWT_BEARER: DELEGATION},
    Surface.DEVICES: {},
    Surface.PASSWORDLESS: {},
    Surface.REVOCATION: {},
    Surface.MANAGEMENT: {},
    Surface.API: {},
}
"""The name sent → the grant (contract auth0 §1.2, §3.2)."""

OPENED_BY: Final[Mapping[tuple[Surface, str], tuple[str, ...]]] = {
    (Surface.RO, "password"): (LEGACY + "ro",),
    (Surface.RO, JWT_BEARER): (LEGACY + "ro/jwt-bearer",),
    (Surface.TOKEN, PASSWORD_REALM): (PASSWORD_REALM, "password"),
    (Surface.DELEGATION, "refresh_token"): (
        LEGACY + "delegation/refresh_token",
        LEGACY + "delegation",
    ),
    (Surface.DELEGATION, "id_token"): (
        LEGACY + "delegation/id_token",
        LEGACY + "delegation",
    ),
    (Surface.DEVICES, JWT_BEARER): (LEGACY + "ro/jwt-bearer", JWT_BEARER),
}
"""Registered names that open a grant, where they are not just the name sent."""

FAMILY: Final = "auth0"
LEGACY_FAMILY: Final = "auth0-legacy"
"""Refresh tokens of one are no good where those of the other are (§1.3)."""

LEGACY_DOORS: Final[Mapping[Surface, str]] = {
    Surface.RO: "/oauth/ro",
    Surface.DELEGATION: "/delegation",
    Surface.DEVICES: "/api/v2/device-credentials",
}
"""The doors of the pipeline before OpenID Connect, as they are told."""
