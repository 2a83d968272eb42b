"""The words of RFC 6749, RFC 7521 and OpenID Connect, spelled once.

Only words that the standards define live here; a word of one wire lives with it.
"""

from typing import Final

PASSWORD: Final = "password"
REFRESH_TOKEN: Final = "refresh_token"
CLIENT_CREDENTIALS: Final = "client_credentials"
ONE_TIME_CODE: Final = "one_time_code"
MFA_OTP: Final = "mfa_otp"
MFA_OOB: Final = "mfa_oob"
MFA_RECOVERY_CODE: Final = "mfa_recovery_code"
DEVICE_KEY: Final = "device_key"
DELEGATION: Final = "delegation"
"""Grants that no standard names, under names of ours; each wire has its own."""
SAML1_BEARER: Final = "urn:ietf:params:oauth:grant-type:saml1_1-bearer"
SAML2_BEARER: Final = "urn:ietf:params:oauth:grant-type:saml2-bearer"
"""RFC 7522 §2.1; the first, for SAML 1.1, is of its early drafts and lives on."""
SAML_BEARERS: Final = frozenset({SAML1_BEARER, SAML2_BEARER})

INTROSPECTION: Final = "introspection"
REVOCATION: Final = "revocation"
"""Not grants: the other uses of client authentication (RFC 7662 §2.1, RFC 7009 §2)."""
MFA_CHALLENGE: Final = "mfa_challenge"
MFA_ENROLMENT: Final = "mfa_enrolment"
"""Nor these: what comes between a password and its second factor."""
NOT_GRANTS: Final = frozenset({INTROSPECTION, REVOCATION, MFA_CHALLENGE, MFA_ENROLMENT})

OPENID: Final = "openid"
PROFILE: Final = "profile"
EMAIL: Final = "email"
OFFLINE_ACCESS: Final = "offline_access"
OPENID_SCOPES: Final = frozenset({OPENID, PROFILE, EMAIL, OFFLINE_ACCESS})
"""Scopes of OpenID Connect Core §5.4 and §11: about the answer, not about an API."""

JWT_BEARER_ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
"""`client_assertion_type` of RFC 7523 §2.2."""
