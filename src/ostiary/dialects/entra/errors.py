"""Every refusal in this dialect's words: one row for each reason that can be told.

Contract entra §6.3; texts are ours, short, and never say whether a password was close.
"""

from collections.abc import Mapping
from typing import Final

from ostiary.core.errors import Reason as R
from ostiary.dialects.entra.errors_directories import DIRECTORIES
from ostiary.dialects.entra.row import (
    CLIENT,
    DOWN,
    GRANT,
    INTERACTION,
    REQUEST,
    RESOURCE,
    SCOPE,
    UNAUTHORIZED,
    Row,
)

_WRONG = "The user name or the password is wrong."
_MALFORMED = "The request is malformed: "
_SESSION_OVER = "The session was ended; sign in again."
_NO_SCOPE = "The scope '{scope}' is not valid for the resource."

TABLE: Final[Mapping[R, Row]] = {
    R.METHOD_NOT_ALLOWED: Row(
        REQUEST, 900561, "The endpoint only accepts POST, OPTIONS requests."
    ),
    R.PARAMETER_MISSING: Row(
        REQUEST, 900144, "The request body must contain the parameter '{name}'."
    ),
    R.PARAMETER_REPEATED: Row(
        REQUEST, 9002313, _MALFORMED + "the parameter '{name}' is repeated."
    ),
    R.PARAMETER_INVALID: Row(
        REQUEST, 90023, _MALFORMED + "the parameter '{name}' {why}."
    ),
    R.CREDENTIAL_IN_QUERY: Row(
        REQUEST, 9002313, _MALFORMED + "'{name}' must not be sent in the address."
    ),
    R.RESOURCE_PARAMETER: Row(
        REQUEST, 901002, "The parameter 'resource' is not supported; use 'scope'."
    ),
    R.GRANT_UNSUPPORTED: Row(
        "unsupported_grant_type", 70003, "The grant type '{grant_type}' is unknown."
    ),
    R.TENANT_MALFORMED: Row(
        REQUEST, 900023, "The tenant '{tenant}' is neither a GUID nor a domain name."
    ),
    R.TENANT_UNKNOWN: Row(REQUEST, 90002, "Tenant '{tenant}' not found."),
    R.INSTANCE_MALFORMED: Row(
        REQUEST, 50050, "'authorization_endpoint' is no https address of a tenant."
    ),
    R.INSTANCE_UNKNOWN: Row(
        "invalid_instance", 50049, "The host of 'authorization_endpoint' is not ours."
    ),
    R.TENANT_ALIAS_REFUSED: Row(
        REQUEST,
        9001023,
        "The grant type is not supported over the /{alias} endpoint. "
        "Use /organizations or a tenant-specific endpoint.",
    ),
    R.TENANT_UNDETERMINED: Row(
        REQUEST, 50059, "No tenant is named in the request or by the user name."
    ),
    R.DOMAIN_UNKNOWN: Row(REQUEST, 50128, "No tenant has the domain of the user name."),
    R.CLIENT_UNKNOWN: Row(
        UNAUTHORIZED, 700016, "Application '{client_id}' was not found in the tenant."
    ),
    R.CLIENT_DISABLED: Row(
        UNAUTHORIZED, 7000112, "Application '{client_id}' is disabled."
    ),
    R.CLIENT_SINGLE_TENANT: Row(
        REQUEST,
        50194,
        "Application '{client_id}' is not multi-tenant: use its own tenant's endpoint.",
    ),
    R.CLIENT_ID_MISMATCH: Row(
        REQUEST, 9002313, _MALFORMED + "it names two different applications."
    ),
    R.CLIENT_CREDENTIALS_SEVERAL: Row(
        REQUEST, 9002313, _MALFORMED + "it holds two client credentials."
    ),
    R.CLIENT_CREDENTIAL_MISSING: Row(
        CLIENT,
        7000218,
        "The request body must contain 'client_assertion' or 'client_secret'.",
        401,
    ),
    R.CLIENT_CREDENTIAL_UNWANTED: Row(
        CLIENT,
        700025,
        "Client is public: neither 'client_assertion' nor 'client_secret' may be sent.",
        401,
    ),
    R.CLIENT_SECRET_WRONG: Row(CLIENT, 7000215, "Invalid client secret.", 401),
    R.CLIENT_SECRET_EXPIRED: Row(
        CLIENT, 7000222, "The client secrets of '{client_id}' are expired.", 401
    ),
    R.CLIENT_NOT_PUBLIC: Row(
        CLIENT,
        7000218,
        "Application '{client_id}' is not registered as a public client "
        "(allowPublicClient), which the password grant needs here.",
        401,
    ),
    R.ASSERTION_MALFORMED: Row(CLIENT, 50027, "The client assertion is invalid.", 401),
    R.ASSERTION_SUBJECT: Row(
        CLIENT, 50048, "The subject of the client assertion is not its issuer.", 401
    ),
    R.ASSERTION_AUDIENCE: Row(
        CLIENT, 50027, "The audience of the client assertion is not this server.", 401
    ),
    R.ASSERTION_EXPIRED: Row(
        CLIENT,
        700027,
        "The client assertion is outside its valid time.",
        401,
        also=(700024,),
    ),
    R.ASSERTION_SIGNATURE: Row(
        CLIENT,
        700027,
        "The certificate or the signature of the client assertion is not valid.",
        401,
    ),
    R.ASSERTION_REUSED: Row(
        CLIENT, 700024, "The client assertion was used before.", 401
    ),
    R.GRANT_NOT_ALLOWED: Row(
        UNAUTHORIZED,
        70003,
        "The application is not allowed to use the grant type '{grant_type}'.",
    ),
    R.PASSWORD_GRANT_OFF: Row(
        UNAUTHORIZED, 70003, "The tenant's policy switches the password grant off."
    ),
    R.SCOPE_MALFORMED: Row(SCOPE, 70011, "The parameter 'scope' is malformed."),
    R.SCOPE_UNKNOWN: Row(SCOPE, 70011, _NO_SCOPE),
    R.SCOPE_MIXED: Row(
        SCOPE, 70011, ".default cannot be combined with scopes of its resource."
    ),
    R.SCOPE_NOT_DEFAULT: Row(
        SCOPE,
        1002012,
        "The client credentials grant needs one resource's '/.default' as scope.",
    ),
    R.RESOURCES_SEVERAL: Row(
        REQUEST, 28000, "The scopes belong to more than one resource."
    ),
    R.RESOURCE_UNKNOWN: Row(
        RESOURCE, 500011, "The resource '{resource}' was not found in the tenant."
    ),
    R.RESOURCE_NOT_DECLARED: Row(
        RESOURCE,
        650057,
        "The resource '{resource}' is not among the permissions of the application.",
    ),
    R.ACCOUNT_LOCKED: Row(
        GRANT, 50053, "The account is locked after too many wrong passwords."
    ),
    R.USER_UNKNOWN: Row(GRANT, 50034, "The user does not exist in the tenant."),
    R.USER_ELSEWHERE: Row(GRANT, 50020, "The user belongs to another tenant."),
    R.USER_GUEST: Row(GRANT, 50056, "The user has no password in this tenant."),
    R.PASSWORD_ABSENT: Row(GRANT, 50056, "The user has no password in this tenant."),
    R.PASSWORD_WRONG: Row(GRANT, 50126, _WRONG),
    R.CODE_WRONG: Row(GRANT, 50126, _WRONG),
    R.CODE_EXHAUSTED: Row(GRANT, 50126, _WRONG),
    R.USER_DISABLED: Row(GRANT, 50057, "The user account is disabled."),
    R.PASSWORD_EXPIRED: Row(
        GRANT,
        50055,
        "The password is expired.",
        suberror="user_password_expired",
        v1_error="user_password_expired",
    ),
    R.PASSWORD_MUST_CHANGE: Row(
        GRANT,
        50055,
        "The password must be changed.",
        suberror="user_password_expired",
        v1_error="user_password_expired",
    ),
    R.PASSWORD_LEAKED: Row(
        GRANT,
        50055,
        "The password was found in a leak and must be changed.",
        suberror="user_password_expired",
        v1_error="user_password_expired",
    ),
    R.MFA_REQUIRED: Row(
        GRANT,
        50076,
        "The user must use multi-factor authentication.",
        suberror="basic_action",
        v1_error=INTERACTION,
    ),
    R.MFA_ENROLMENT_REQUIRED: Row(
        GRANT,
        50079,
        "The user must enrol in multi-factor authentication.",
        suberror="basic_action",
        v1_error=INTERACTION,
    ),
    R.POLICY_BLOCKED: Row(
        GRANT,
        53003,
        "Access is blocked by a conditional access policy.",
        suberror="message_only",
        v1_error=INTERACTION,
        uri=False,
    ),
    R.USER_NOT_ASSIGNED: Row(
        GRANT, 50105, "The user is not assigned to application '{client_id}'."
    ),
    R.CONSENT_REQUIRED: Row(
        GRANT,
        65001,
        "The user or administrator has not consented to application '{client_id}'.",
        suberror="consent_required",
        uri=False,
    ),
    R.REFRESH_UNKNOWN: Row(
        GRANT, 70000, "The refresh token is not valid.", suberror="bad_token"
    ),
    R.REFRESH_FOREIGN: Row(
        GRANT, 70000, "The refresh token is not valid.", suberror="bad_token"
    ),
    R.REFRESH_EXPIRED: Row(
        GRANT, 700082, "The refresh token has expired due to inactivity."
    ),
    R.REFRESH_REUSED: Row(GRANT, 50173, _SESSION_OVER),
    R.REFRESH_REVOKED: Row(GRANT, 50173, _SESSION_OVER),
    R.REFRESH_USER_GONE: Row(GRANT, 50173, _SESSION_OVER),
    R.TOKEN_INVALID: Row("invalid_token", 50013, "The access token is not valid.", 401),
    R.OVERLOADED: Row(DOWN, 90033, "The server is busy; try again shortly.", 503),
    R.UNAVAILABLE: Row(DOWN, 90033, "The server cannot answer just now.", 503),
    **DIRECTORIES,
}

NEVER_HERE: Final = frozenset(
    {
        R.ENDPOINT_DISABLED,
        R.TOO_MANY_REQUESTS,
        R.TOO_MANY_LOGINS,
        R.CLIENT_NOT_SERVED,
        R.CONNECTION_UNKNOWN,
        R.CONNECTION_DISABLED,
        R.CONNECTION_PASSIVE,
        R.DIRECTORY_MISSING,
        R.DEVICE_ASSERTION,
        *(each for each in R if each.startswith("mfa_") and each not in TABLE),
        R.SCOPE_INSUFFICIENT,
        R.OBJECT_UNKNOWN,
        R.OBJECT_TAKEN,
        R.OBJECT_INVALID,
        R.MESSAGE_FAILED,
        R.HOST_UNKNOWN,
        R.CROSS_ORIGIN_OFF,
        R.SIGNUP_CLOSED,
        R.SIGNUP_TAKEN,
        R.PASSWORD_WEAK,
        R.TICKET_DEAD,
    }
)
"""What only other wires can refuse: this one never asks for it."""
_MALFORMED_REQUEST: Final = Row(REQUEST, 90023, "The request is malformed.")


def row_of(reason: R) -> Row:
    """How a reason is told."""
    return _MALFORMED_REQUEST if reason in NEVER_HERE else TABLE[reason]
