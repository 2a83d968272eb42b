"""Every refusal in this dialect's words: one row for each reason that can be told.

The same refusal has another status at each door (contract auth0 §1.5, §3.4).
"""

from collections.abc import Mapping
from typing import Final

from ostiary.core.errors import Reason as R
from ostiary.dialects.auth0.errors_further import (
    DIRECTORIES,
    LEGACY_DIRECTORIES,
    MANAGEMENT,
    REVOCATION,
)
from ostiary.dialects.auth0.row import Row
from ostiary.dialects.auth0.surface import LEGACY_DOORS, Surface

REQUEST, GRANT, CLIENT = "invalid_request", "invalid_grant", "unauthorized_client"
DENIED, DOWN, ATTEMPTS = "access_denied", "temporarily_unavailable", "too_many_attempts"
_UNAUTHORIZED: Final = Row(401, DENIED, "Unauthorized")
_BAD_ASSERTION: Final = Row(401, "invalid_client", "The client assertion is not valid.")
_NO_TENANT: Final = Row(404, "not_found", "There is no such tenant here.")
_WRONG: Final = Row(403, GRANT, "Wrong email or password.")
_REFRESH: Final = Row(403, GRANT, "Unknown or invalid refresh token.")
_BLOCKED: Final = "user is blocked"
_NOT_ALLOWED: Final = Row(
    403, CLIENT, "Grant type '{grant_type}' not allowed for the client."
)
_SCOPE: Final = Row(400, "invalid_scope", "The scope '{scope}' is not valid.")
_NO_API: Final = Row(403, DENIED, "Service not enabled within domain: {resource}")
_LOCKED: Final = (
    "Your account has been blocked after multiple consecutive login attempts. "
    "We've sent you an email with information on how to unblock it."
)
_FLOOD: Final = "Too many requests. Check the X-RateLimit-Limit, X-RateLimit-Remaining "
_AWAY: Final = Row(
    503, DOWN, "Where this password is checked cannot be reached; try again soon."
)
_EXHAUSTED: Final = Row(
    403,
    GRANT,
    "You've reached the maximum number of attempts. Please try to login again.",
)
_CHANGE: Final = Row(
    403, "password_change_required", "The password has to be changed first."
)

TABLE: Final[Mapping[R, Row]] = {
    R.METHOD_NOT_ALLOWED: Row(
        405, "method_not_allowed", "This address does not answer that method."
    ),
    R.PARAMETER_MISSING: Row(400, REQUEST, "Missing required parameter: {name}"),
    R.PARAMETER_REPEATED: Row(400, REQUEST, "The parameter {name} is repeated."),
    R.PARAMETER_INVALID: Row(400, REQUEST, "{name} parameter {why}"),
    R.CREDENTIAL_IN_QUERY: Row(400, REQUEST, "{name} must not be sent in the address."),
    R.RESOURCE_PARAMETER: Row(400, REQUEST, "Use audience, not resource."),
    R.GRANT_UNSUPPORTED: Row(
        400, "unsupported_grant_type", "The grant type is not supported."
    ),
    R.ENDPOINT_DISABLED: Row(
        404, "endpoint_disabled", "This endpoint is switched off for the tenant."
    ),
    R.TOO_MANY_REQUESTS: Row(429, "too_many_requests", _FLOOD + "headers."),
    R.TENANT_MALFORMED: _NO_TENANT,
    R.TENANT_UNKNOWN: _NO_TENANT,
    R.INSTANCE_MALFORMED: _NO_TENANT,
    R.INSTANCE_UNKNOWN: _NO_TENANT,
    R.TENANT_ALIAS_REFUSED: _NO_TENANT,
    R.TENANT_UNDETERMINED: _NO_TENANT,
    R.DOMAIN_UNKNOWN: _NO_TENANT,
    R.HOST_UNKNOWN: Row(421, "misdirected_request", "No tenant is at this host."),
    R.CLIENT_UNKNOWN: _UNAUTHORIZED,
    R.CLIENT_DISABLED: _UNAUTHORIZED,
    R.CLIENT_SINGLE_TENANT: _UNAUTHORIZED,
    R.CLIENT_ID_MISMATCH: Row(400, REQUEST, "Two different clients are named."),
    R.CLIENT_CREDENTIALS_SEVERAL: Row(
        400, REQUEST, "Only one way of client authentication may be used."
    ),
    R.CLIENT_CREDENTIAL_MISSING: _UNAUTHORIZED,
    R.CLIENT_CREDENTIAL_UNWANTED: _UNAUTHORIZED,
    R.CLIENT_SECRET_WRONG: _UNAUTHORIZED,
    R.CLIENT_SECRET_EXPIRED: _UNAUTHORIZED,
    R.CLIENT_NOT_PUBLIC: _UNAUTHORIZED,
    R.ASSERTION_MALFORMED: _BAD_ASSERTION,
    R.ASSERTION_SUBJECT: _BAD_ASSERTION,
    R.ASSERTION_AUDIENCE: _BAD_ASSERTION,
    R.ASSERTION_EXPIRED: _BAD_ASSERTION,
    R.ASSERTION_SIGNATURE: _BAD_ASSERTION,
    R.ASSERTION_REUSED: _BAD_ASSERTION,
    R.GRANT_NOT_ALLOWED: _NOT_ALLOWED,
    R.PASSWORD_GRANT_OFF: _NOT_ALLOWED,
    R.CLIENT_NOT_SERVED: Row(
        400, REQUEST, "OIDC conformant clients cannot use {endpoint}"
    ),
    R.CONNECTION_UNKNOWN: Row(400, REQUEST, "the connection was not found"),
    R.CONNECTION_DISABLED: Row(400, REQUEST, "the connection was disabled"),
    R.CONNECTION_PASSIVE: Row(
        400, REQUEST, "specified strategy does not support requested operation"
    ),
    R.CONNECTION_UNCONFIGURED: Row(
        400, REQUEST, "The connection is not yet configured: nobody checks passwords."
    ),
    R.DIRECTORY_MISSING: Row(
        400,
        "server_error",
        "Authorization server not configured with default connection.",
    ),
    R.SCOPE_MALFORMED: _SCOPE,
    R.SCOPE_UNKNOWN: _SCOPE,
    R.SCOPE_MIXED: _SCOPE,
    R.SCOPE_NOT_DEFAULT: _SCOPE,
    R.RESOURCES_SEVERAL: _SCOPE,
    R.RESOURCE_UNKNOWN: _NO_API,
    R.RESOURCE_NOT_DECLARED: _NO_API,
    R.ACCOUNT_LOCKED: Row(429, ATTEMPTS, _LOCKED),
    R.TOO_MANY_LOGINS: Row(
        429, "too_many_logins", "Too many logins with the same username or email."
    ),
    R.USER_UNKNOWN: _WRONG,
    R.USER_ELSEWHERE: _WRONG,
    R.USER_GUEST: _WRONG,
    R.PASSWORD_ABSENT: _WRONG,
    R.PASSWORD_WRONG: _WRONG,
    R.CODE_WRONG: Row(403, GRANT, "Wrong {what} or verification code."),
    R.CODE_EXHAUSTED: _EXHAUSTED,
    R.DEVICE_ASSERTION: Row(400, GRANT, "The device's token is not valid."),
    R.USER_DISABLED: Row(403, "unauthorized", _BLOCKED),
    R.PASSWORD_EXPIRED: _CHANGE,
    R.PASSWORD_MUST_CHANGE: _CHANGE,
    R.PASSWORD_LEAKED: Row(
        401,
        "password_leaked",
        "This password is known to others since a leak elsewhere; change it.",
    ),
    R.MFA_REQUIRED: Row(403, "mfa_required", "Multifactor authentication required"),
    R.MFA_ENROLMENT_REQUIRED: Row(
        403, "mfa_required", "Multifactor authentication required"
    ),
    R.MFA_CODE_WRONG: Row(403, GRANT, "Invalid otp_code."),
    R.MFA_SENT_CODE_WRONG: Row(403, GRANT, "Invalid binding_code."),
    R.MFA_SENT_CODE_DEAD: _EXHAUSTED,
    R.MFA_RECOVERY_WRONG: Row(403, GRANT, "MFA Authorization rejected."),
    R.MFA_TOO_OFTEN: Row(429, ATTEMPTS, "Too many codes were tried; wait a while."),
    R.MFA_TOKEN_MALFORMED: Row(403, GRANT, "Malformed mfa_token"),
    R.MFA_TOKEN_EXPIRED: Row(401, "expired_token", "mfa_token is expired"),
    R.MFA_CHALLENGE_UNSUPPORTED: Row(
        400, "unsupported_challenge_type", "None of these challenges can be made."
    ),
    R.MFA_NOTHING_ENROLLED: Row(
        403, "association_required", "The user has enrolled no second factor."
    ),
    R.POLICY_BLOCKED: Row(403, "unauthorized", "{message}"),
    R.USER_NOT_ASSIGNED: Row(403, DENIED, "The user may not use this application."),
    R.CONSENT_REQUIRED: Row(
        403, "consent_required", "An administrator has to consent to this scope."
    ),
    R.REFRESH_UNKNOWN: _REFRESH,
    R.REFRESH_EXPIRED: _REFRESH,
    R.REFRESH_REUSED: _REFRESH,
    R.REFRESH_REVOKED: _REFRESH,
    R.REFRESH_FOREIGN: _REFRESH,
    R.REFRESH_USER_GONE: Row(
        403,
        GRANT,
        "The refresh_token was generated for a user who doesn't exist anymore.",
    ),
    R.TOKEN_INVALID: Row(401, "invalid_token", "The token is not valid here."),
    R.SCOPE_INSUFFICIENT: Row(
        403, "insufficient_scope", "Insufficient scope, expected any of: {scope}"
    ),
    R.OBJECT_UNKNOWN: Row(404, "not_found", "There is no such object here."),
    R.OBJECT_TAKEN: Row(409, "conflict", "There is another one of that name."),
    R.OBJECT_INVALID: Row(400, "invalid_body", "Payload validation error: {why}"),
    R.OVERLOADED: Row(503, DOWN, "Too much to do at this moment; try again soon."),
    R.UNAVAILABLE: Row(503, DOWN, "The service is not available; try again soon."),
    R.DIRECTORY_UNREACHABLE: _AWAY,
    R.DIRECTORY_TIMEOUT: _AWAY,
    R.MESSAGE_FAILED: Row(
        400, "sms_provider_error", "The message could not be delivered."
    ),
    R.CROSS_ORIGIN_OFF: Row(401, CLIENT, "Cross origin login not allowed."),
    R.SIGNUP_CLOSED: Row(400, "public signup is disabled", "Nobody may sign up here."),
    R.SIGNUP_TAKEN: Row(400, "invalid_signup", "Invalid sign up"),
    R.PASSWORD_WEAK: Row(400, "invalid_password", "Password is too weak"),
    R.TICKET_DEAD: Row(403, DENIED, "This link is not good any longer."),
    **DIRECTORIES,
}
"""How refusals are told at `/oauth/token`, and wherever nothing else is said."""

_INVALID_PASSWORD: Final = Row(401, "invalid_user_password", "Wrong email or password.")
_LEGACY_CLIENT: Final = Row(403, CLIENT, "invalid client")
_LEGACY_WRONG: Final = (
    R.USER_UNKNOWN,
    R.USER_ELSEWHERE,
    R.USER_GUEST,
    R.PASSWORD_ABSENT,
    R.PASSWORD_WRONG,
    R.CODE_WRONG,
    R.CODE_EXHAUSTED,
)
_LEGACY_CHANGE: Final = Row(401, _CHANGE.error, _CHANGE.text)
_LEGACY_CODE: Final = Row(401, "a0.mfa_invalid_code", "Invalid multifactor code.")

LEGACY: Final[Mapping[R, Row]] = {
    R.PARAMETER_MISSING: Row(400, REQUEST, "missing {name} parameter"),
    R.CLIENT_UNKNOWN: _LEGACY_CLIENT,
    R.CLIENT_DISABLED: _LEGACY_CLIENT,
    **dict.fromkeys(_LEGACY_WRONG, _INVALID_PASSWORD),
    R.USER_DISABLED: Row(401, "unauthorized", _BLOCKED),
    R.PASSWORD_EXPIRED: _LEGACY_CHANGE,
    R.PASSWORD_MUST_CHANGE: _LEGACY_CHANGE,
    R.MFA_REQUIRED: Row(401, "a0.mfa_required", "Multifactor authentication required"),
    R.MFA_CODE_WRONG: _LEGACY_CODE,
    R.MFA_SENT_CODE_WRONG: _LEGACY_CODE,
    R.MFA_SENT_CODE_DEAD: _LEGACY_CODE,
    R.MFA_ENROLMENT_REQUIRED: Row(
        401,
        "a0.mfa_registration_required",
        "The user has to enrol a second factor first.",
    ),
    R.POLICY_BLOCKED: Row(401, "unauthorized", "{message}"),
    **LEGACY_DIRECTORIES,
}
"""What `/oauth/ro` and its kin tell otherwise (contract auth0 §1.5)."""


_BAD_REQUEST, _BAD_CLIENT, _BAD_CONNECTION = (
    "bad.request",
    "bad.client_id",
    "bad.connection",
)
_NO_CLIENT: Final = Row(400, _BAD_CLIENT, "Client does not exist")

START: Final[Mapping[R, Row]] = {
    R.PARAMETER_MISSING: Row(400, _BAD_REQUEST, "Missing required property: {name}"),
    R.PARAMETER_INVALID: Row(400, _BAD_REQUEST, "Property {name} {why}"),
    R.PARAMETER_REPEATED: Row(400, _BAD_REQUEST, "The property {name} is repeated."),
    R.CREDENTIAL_IN_QUERY: Row(
        400, _BAD_REQUEST, "{name} must not be sent in the address."
    ),
    R.CLIENT_UNKNOWN: _NO_CLIENT,
    R.CLIENT_DISABLED: _NO_CLIENT,
    R.CLIENT_ID_MISMATCH: Row(400, _BAD_CLIENT, "Two different clients are named."),
    R.CONNECTION_UNKNOWN: Row(400, _BAD_CONNECTION, "Connection does not exist"),
    R.CONNECTION_DISABLED: Row(400, _BAD_CONNECTION, "Connection is disabled"),
    R.CONNECTION_PASSIVE: Row(
        400,
        _BAD_CONNECTION,
        "Invalid connection strategy. It must either be a passwordless connection",
    ),
    R.CONNECTION_UNCONFIGURED: Row(
        400, _BAD_CONNECTION, "Connection is not configured: it cannot send anything"
    ),
}
"""What `/passwordless/start` tells otherwise (contract auth0 §6)."""


OTHERWISE: Final[Mapping[Surface, Mapping[R, Row]]] = {
    **dict.fromkeys(LEGACY_DOORS, LEGACY),
    Surface.PASSWORDLESS: START,
    Surface.REVOCATION: REVOCATION,
    Surface.MANAGEMENT: MANAGEMENT,
}
"""What single doors tell otherwise."""


def row_of(reason: R, surface: Surface) -> Row:
    """How a reason is told at a door."""
    return OTHERWISE.get(surface, {}).get(reason, TABLE[reason])
