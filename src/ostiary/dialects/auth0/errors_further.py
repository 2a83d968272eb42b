"""Refusals around directories, and what single doors tell otherwise.

A reason that is not here is told as `errors` says.
"""

from collections.abc import Mapping
from typing import Final

from ostiary.core.errors import Reason as R
from ostiary.dialects.auth0.row import Row

_BLOCKED: Final = "user is blocked"
_CHANGE: Final = "The password has to be changed first."
_NO_ASSERTION: Final = Row(403, "invalid_grant", "The assertion is not valid here.")
_SENTENCES: Final[Mapping[R, str]] = {
    R.ACCOUNT_EXPIRED: _BLOCKED,
    R.LOGON_RESTRICTED: "The user's directory does not allow this sign-in now or here.",
    R.UPSTREAM_MFA_REQUIRED: "The user's identity provider asks for a second factor, "
    "which cannot be given here.",
    R.UPSTREAM_CONSENT_REQUIRED: "The user's identity provider asks for consent, which "
    "cannot be given here.",
    R.UPSTREAM_POLICY_BLOCKED: "A policy of the user's identity provider blocks this "
    "sign-in.",
}
DIRECTORIES: Final[Mapping[R, Row]] = {
    **{why: Row(403, "unauthorized", text) for why, text in _SENTENCES.items()},
    R.DIRECTORY_PASSWORD_EXPIRED: Row(403, "password_change_required", _CHANGE),
    R.FEDERATION_UNTRUSTED: _NO_ASSERTION,
    R.FEDERATION_ASSERTION: _NO_ASSERTION,
    R.FEDERATION_REPLAYED: _NO_ASSERTION,
    R.FEDERATION_DOMAIN: _NO_ASSERTION,
    R.FEDERATION_NO_USER: _NO_ASSERTION,
}
"""What directories say of right passwords (contract auth0 §4.3; interface §3)."""
LEGACY_DIRECTORIES: Final[Mapping[R, Row]] = {
    **{why: Row(401, "unauthorized", text) for why, text in _SENTENCES.items()},
    R.DIRECTORY_PASSWORD_EXPIRED: Row(401, "password_change_required", _CHANGE),
}
"""The same at `/oauth/ro` (contract auth0 §1.5)."""

_CLIENT: Final = Row(401, "invalid_client", "Client authentication failed.")

REVOCATION: Final[Mapping[R, Row]] = dict.fromkeys(
    (
        R.CLIENT_UNKNOWN,
        R.CLIENT_DISABLED,
        R.CLIENT_SINGLE_TENANT,
        R.CLIENT_CREDENTIAL_MISSING,
        R.CLIENT_CREDENTIAL_UNWANTED,
        R.CLIENT_SECRET_WRONG,
        R.CLIENT_SECRET_EXPIRED,
        R.CLIENT_NOT_PUBLIC,
    ),
    _CLIENT,
)
"""At `/oauth/revoke` (contract auth0 §3.6)."""

_QUERY: Final = "invalid_query_string"
MANAGEMENT: Final[Mapping[R, Row]] = {
    R.PARAMETER_MISSING: Row(400, _QUERY, "Missing required property: {name}"),
    R.PARAMETER_INVALID: Row(400, _QUERY, "The property {name} {why}"),
    R.PARAMETER_REPEATED: Row(400, _QUERY, "The property {name} is repeated."),
    R.TOKEN_INVALID: Row(401, "invalid_token", "Invalid token"),
    R.TOO_MANY_REQUESTS: Row(
        429,
        "too_many_requests",
        "There are {limit} active import users jobs, please wait until some of them "
        "are finished and try again",
    ),
}
"""At the management API, whose only limit is that of its jobs (contract auth0 §7)."""
