"""The catalogue of refusals: why, and what the caller may learn of it.

Raise sites know why; statuses, codes and texts live in each dialect's own table.
"""

from enum import StrEnum
from typing import Final


class Reason(StrEnum):
    """Why a request was refused; the audit log keeps this word."""

    # the request itself
    METHOD_NOT_ALLOWED = "method_not_allowed"
    PARAMETER_MISSING = "parameter_missing"
    PARAMETER_REPEATED = "parameter_repeated"
    PARAMETER_INVALID = "parameter_invalid"
    CREDENTIAL_IN_QUERY = "credential_in_query"
    RESOURCE_PARAMETER = "resource_parameter"
    GRANT_UNSUPPORTED = "grant_unsupported"
    ENDPOINT_DISABLED = "endpoint_disabled"
    TOO_MANY_REQUESTS = "too_many_requests"
    # whose tenant
    TENANT_MALFORMED = "tenant_malformed"
    TENANT_UNKNOWN = "tenant_unknown"
    INSTANCE_MALFORMED = "instance_malformed"
    INSTANCE_UNKNOWN = "instance_unknown"
    TENANT_ALIAS_REFUSED = "tenant_alias_refused"
    TENANT_UNDETERMINED = "tenant_undetermined"
    DOMAIN_UNKNOWN = "domain_unknown"
    HOST_UNKNOWN = "host_unknown"
    # the client
    CLIENT_UNKNOWN = "client_unknown"
    CLIENT_DISABLED = "client_disabled"
    CLIENT_SINGLE_TENANT = "client_single_tenant"
    CLIENT_ID_MISMATCH = "client_id_mismatch"
    CLIENT_CREDENTIALS_SEVERAL = "client_credentials_several"
    CLIENT_CREDENTIAL_MISSING = "client_credential_missing"
    CLIENT_CREDENTIAL_UNWANTED = "client_credential_unwanted"
    CLIENT_SECRET_WRONG = "client_secret_wrong"
    CLIENT_SECRET_EXPIRED = "client_secret_expired"
    CLIENT_NOT_PUBLIC = "client_not_public"
    ASSERTION_MALFORMED = "assertion_malformed"
    ASSERTION_SUBJECT = "assertion_subject"
    ASSERTION_AUDIENCE = "assertion_audience"
    ASSERTION_EXPIRED = "assertion_expired"
    ASSERTION_SIGNATURE = "assertion_signature"
    ASSERTION_REUSED = "assertion_reused"
    GRANT_NOT_ALLOWED = "grant_not_allowed"
    CLIENT_NOT_SERVED = "client_not_served"
    PASSWORD_GRANT_OFF = "password_grant_off"
    # which connection
    CONNECTION_UNKNOWN = "connection_unknown"
    CONNECTION_DISABLED = "connection_disabled"
    CONNECTION_PASSIVE = "connection_passive"
    CONNECTION_UNCONFIGURED = "connection_unconfigured"
    DIRECTORY_MISSING = "directory_missing"
    # what is asked for
    SCOPE_MALFORMED = "scope_malformed"
    SCOPE_UNKNOWN = "scope_unknown"
    SCOPE_MIXED = "scope_mixed"
    SCOPE_NOT_DEFAULT = "scope_not_default"
    RESOURCES_SEVERAL = "resources_several"
    RESOURCE_UNKNOWN = "resource_unknown"
    RESOURCE_NOT_DECLARED = "resource_not_declared"
    # who it is
    ACCOUNT_LOCKED = "account_locked"
    SOURCE_BLOCKED = "source_blocked"
    TOO_MANY_LOGINS = "too_many_logins"
    USER_UNKNOWN = "user_unknown"
    USER_ELSEWHERE = "user_elsewhere"
    USER_GUEST = "user_guest"
    PASSWORD_ABSENT = "password_absent"
    USER_FEDERATED = "user_federated"
    PASSWORD_WRONG = "password_wrong"
    CODE_WRONG = "code_wrong"
    CODE_EXHAUSTED = "code_exhausted"
    DEVICE_ASSERTION = "device_assertion"
    DIRECTORY_LOCKED = "directory_locked"
    FEDERATION_UNTRUSTED = "federation_untrusted"
    FEDERATION_ASSERTION = "federation_assertion"
    FEDERATION_REPLAYED = "federation_replayed"
    FEDERATION_DOMAIN = "federation_domain"
    FEDERATION_NO_USER = "federation_no_user"
    # told only after the right password
    USER_DISABLED = "user_disabled"
    ACCOUNT_EXPIRED = "account_expired"
    PASSWORD_EXPIRED = "password_expired"
    DIRECTORY_PASSWORD_EXPIRED = "directory_password_expired"
    PASSWORD_MUST_CHANGE = "password_must_change"
    PASSWORD_LEAKED = "password_leaked"
    MFA_REQUIRED = "mfa_required"
    MFA_ENROLMENT_REQUIRED = "mfa_enrolment_required"
    MFA_CODE_WRONG = "mfa_code_wrong"
    MFA_SENT_CODE_WRONG = "mfa_sent_code_wrong"
    MFA_SENT_CODE_DEAD = "mfa_sent_code_dead"
    MFA_RECOVERY_WRONG = "mfa_recovery_wrong"
    MFA_TOO_OFTEN = "mfa_too_often"
    MFA_TOKEN_MALFORMED = "mfa_token_malformed"
    MFA_TOKEN_EXPIRED = "mfa_token_expired"
    MFA_CHALLENGE_UNSUPPORTED = "mfa_challenge_unsupported"
    MFA_NOTHING_ENROLLED = "mfa_nothing_enrolled"
    LOGON_RESTRICTED = "logon_restricted"
    UPSTREAM_MFA_REQUIRED = "upstream_mfa_required"
    UPSTREAM_CONSENT_REQUIRED = "upstream_consent_required"
    UPSTREAM_POLICY_BLOCKED = "upstream_policy_blocked"
    POLICY_BLOCKED = "policy_blocked"
    USER_NOT_ASSIGNED = "user_not_assigned"
    CONSENT_REQUIRED = "consent_required"
    # tokens presented
    REFRESH_UNKNOWN = "refresh_unknown"
    REFRESH_EXPIRED = "refresh_expired"
    REFRESH_REUSED = "refresh_reused"
    REFRESH_REVOKED = "refresh_revoked"
    REFRESH_FOREIGN = "refresh_foreign"
    REFRESH_USER_GONE = "refresh_user_gone"
    TOKEN_INVALID = "token_invalid"
    SCOPE_INSUFFICIENT = "scope_insufficient"
    OBJECT_UNKNOWN = "object_unknown"
    OBJECT_TAKEN = "object_taken"
    OBJECT_INVALID = "object_invalid"
    # the server
    OVERLOADED = "overloaded"
    UNAVAILABLE = "unavailable"
    DIRECTORY_UNREACHABLE = "directory_unreachable"
    DIRECTORY_TIMEOUT = "directory_timeout"
    DIRECTORY_MISCONFIGURED = "directory_misconfigured"
    DIRECTORY_BUSY = "directory_busy"
    DIRECTORY_LIED = "directory_lied"
    AGENT_ABSENT = "agent_absent"
    MESSAGE_FAILED = "message_failed"
    # what people do for themselves
    CROSS_ORIGIN_OFF = "cross_origin_off"
    SIGNUP_CLOSED = "signup_closed"
    SIGNUP_TAKEN = "signup_taken"
    PASSWORD_WEAK = "password_weak"
    TICKET_DEAD = "ticket_dead"


class Refused(Exception):
    """The one exception of sign-in: a rule said no.

    `facts` help the dialect to word the answer (a parameter's name, a client's id);
    none of them is ever a secret.
    """

    def __init__(self, reason: Reason, **facts: object) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.facts = facts


_SAME_AS_WRONG: Final = frozenset(
    {
        Reason.USER_UNKNOWN,
        Reason.USER_ELSEWHERE,
        Reason.USER_GUEST,
        Reason.PASSWORD_ABSENT,
    }
)
_ALWAYS_SAME_AS_WRONG: Final = frozenset({Reason.USER_FEDERATED})
UNPROVEN: Final = (
    _SAME_AS_WRONG
    | _ALWAYS_SAME_AS_WRONG
    | {Reason.PASSWORD_WRONG, Reason.CODE_WRONG, Reason.CODE_EXHAUSTED}
)
"""Refusals that leave open whether the password was right: each counts as a guess."""
_SAME_AS_LOCKED: Final = frozenset({Reason.SOURCE_BLOCKED, Reason.DIRECTORY_LOCKED})
_SAME_AS_UNREACHABLE: Final = frozenset(
    {
        Reason.DIRECTORY_MISCONFIGURED,
        Reason.DIRECTORY_BUSY,
        Reason.DIRECTORY_LIED,
        Reason.AGENT_ABSENT,
    }
)


def told(reason: Reason, *, hide_unknown_users: bool) -> Reason:
    """What the caller may learn of `reason`; the audit log keeps the true one.

    A stranger must not learn whether an account exists or has a password
    (security promise 2); a tenant may choose to tell, as the hosted service does.
    """
    if reason in _ALWAYS_SAME_AS_WRONG:
        return Reason.PASSWORD_WRONG
    if reason in _SAME_AS_LOCKED:
        return Reason.ACCOUNT_LOCKED
    if reason in _SAME_AS_UNREACHABLE:
        return Reason.DIRECTORY_UNREACHABLE
    if hide_unknown_users and reason in _SAME_AS_WRONG:
        return Reason.PASSWORD_WRONG
    if hide_unknown_users and reason is Reason.CONNECTION_DISABLED:
        return Reason.CONNECTION_UNKNOWN  # nor which connections there are
    return reason
