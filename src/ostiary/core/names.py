"""The words of RFC 6749, RFC 7521 and OpenID Connect, spelled once.

Only words that the standards define live here; a word of one wire lives with it.
"""

from typing import Final

PASSWORD: Final = "password"
REFRESH_TOKEN: Final = "refresh_token"
CLIENT_CREDENTIALS: Final = "client_credentials"

INTROSPECTION: Final = "introspection"
REVOCATION: Final = "revocation"
"""Not grants: the other uses of client authentication (RFC 7662 §2.1, RFC 7009 §2)."""

OPENID: Final = "openid"
PROFILE: Final = "profile"
EMAIL: Final = "email"
OFFLINE_ACCESS: Final = "offline_access"
OPENID_SCOPES: Final = frozenset({OPENID, PROFILE, EMAIL, OFFLINE_ACCESS})
"""Scopes of OpenID Connect Core §5.4 and §11: about the answer, not about an API."""

JWT_BEARER_ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
"""`client_assertion_type` of RFC 7523 §2.2."""
