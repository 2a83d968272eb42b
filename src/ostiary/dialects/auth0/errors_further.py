"""What single doors tell otherwise than `errors` says: revocation and management.

A reason that is not here is told as everywhere.
"""

from collections.abc import Mapping
from typing import Final

from ostiary.core.errors import Reason as R
from ostiary.dialects.auth0.row import Row

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
