"""What a directory's answers mean: a verdict on a credential, or none at all.

Only the directory's own word counts as a wrong password.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import ldap
from ldap.controls.ppolicy import PasswordPolicyControl
from pyasn1.error import PyAsn1Error

from ostiary.connections.upstream import Away
from ostiary.core.errors import Reason
from ostiary.flows.facts import Rejected

LOCKED: Final = Rejected(Reason.DIRECTORY_LOCKED, {"retry_after": 60})
EXPIRED: Final = Rejected(Reason.DIRECTORY_PASSWORD_EXPIRED)

SUB_CODES: Final[Mapping[int, Rejected]] = {
    0x530: Rejected(Reason.LOGON_RESTRICTED),  # not at this hour
    0x531: Rejected(Reason.LOGON_RESTRICTED),  # not at this workstation
    0x532: EXPIRED,
    0x533: Rejected(Reason.USER_DISABLED),
    0x534: Rejected(Reason.USER_DISABLED),  # contract auth0 §4.3
    0x701: Rejected(Reason.ACCOUNT_EXPIRED),
    0x773: EXPIRED,  # must be changed first
    0x775: LOCKED,
}
"""What Active Directory adds to invalidCredentials, a Windows error in hexadecimal."""
_SUB_CODE: Final = re.compile(r"AcceptSecurityContext error, data ([0-9a-fA-F]{1,8})\b")

_INACTIVATED: Final = re.compile("inactivated", re.IGNORECASE)

PASSWORD_EXPIRED, ACCOUNT_LOCKED, CHANGE_AFTER_RESET = 0, 1, 2
"""Errors of the password policy control (draft-behera-ldap-password-policy-10 §6.2)."""
POLICY: Final[Mapping[int, Rejected]] = {
    PASSWORD_EXPIRED: EXPIRED,
    ACCOUNT_LOCKED: LOCKED,
    CHANGE_AFTER_RESET: EXPIRED,
}

_NOT_THEIRS: Final = (
    ldap.NO_SUCH_OBJECT,  # some servers say so of a name of nobody
    ldap.INAPPROPRIATE_AUTH,  # the entry has no password
)
_AWAY: Final[Sequence[tuple[tuple[type[Exception], ...], Reason]]] = (
    (
        (ldap.BUSY, ldap.ADMINLIMIT_EXCEEDED),
        Reason.DIRECTORY_BUSY,
    ),
    (
        (ldap.TIMEOUT, ldap.TIMELIMIT_EXCEEDED),
        Reason.DIRECTORY_TIMEOUT,
    ),
    (
        (
            ldap.CONFIDENTIALITY_REQUIRED,
            ldap.FILTER_ERROR,
            ldap.INAPPROPRIATE_AUTH,
            ldap.INSUFFICIENT_ACCESS,
            ldap.INVALID_CREDENTIALS,
            ldap.INVALID_DN_SYNTAX,
            ldap.NO_SUCH_OBJECT,
            ldap.OPERATIONS_ERROR,  # Active Directory's "bind first"
            ldap.REFERRAL,
            ldap.SIZELIMIT_EXCEEDED,
            ldap.STRONG_AUTH_REQUIRED,
            ldap.UNWILLING_TO_PERFORM,
        ),
        Reason.DIRECTORY_MISCONFIGURED,
    ),
    (
        (
            ldap.DECODING_ERROR,
            ldap.PROTOCOL_ERROR,
            PyAsn1Error,
            UnicodeError,
            ValueError,
        ),
        Reason.DIRECTORY_LIED,
    ),
)


def away_of(error: Exception) -> Away:
    """Why nobody could tell; names the kind of failure, never what was asked."""
    for kinds, reason in _AWAY:
        if isinstance(error, kinds):
            return Away(reason, type(error).__name__)
    return Away(Reason.DIRECTORY_UNREACHABLE, type(error).__name__)


def refusal_of(error: ldap.LDAPError) -> Rejected:
    """What a refused bind of a user says of them.

    Raises Away for an answer that is none on the credential.
    """
    if isinstance(error, _NOT_THEIRS):
        return Rejected()
    if isinstance(error, ldap.UNWILLING_TO_PERFORM) and _INACTIVATED.search(str(error)):
        return Rejected()  # 389 Directory Server says so whatever the password is
    if isinstance(error, ldap.CONSTRAINT_VIOLATION):
        return LOCKED  # 389 Directory Server's "exceed password retry limit"
    if not isinstance(error, ldap.INVALID_CREDENTIALS):
        raise away_of(error)
    told = error.args[0] if error.args and isinstance(error.args[0], Mapping) else {}
    check_kind(told.get("msgtype", ldap.RES_BIND), ldap.RES_BIND)
    return _by_policy(told) or by_sub_code(str(told.get("info", "")))


def check_kind(kind: int, expected: int) -> None:
    """An answer is of the kind that was asked for; libldap does not look.

    Raises Away: what says so by mistake or in bad faith is believed in nothing.
    """
    if kind != expected:
        raise Away(Reason.DIRECTORY_LIED, "an answer to another question")


def by_sub_code(diagnostic: str) -> Rejected:
    """What Active Directory's text says beyond invalidCredentials."""
    found = _SUB_CODE.search(diagnostic)
    return SUB_CODES.get(int(found[1], 16), Rejected()) if found else Rejected()


def warning_of(controls: Sequence[object]) -> Rejected | None:
    """What stands against a bind that succeeded; grace and warnings do not."""
    for control in controls:
        if isinstance(control, PasswordPolicyControl) and control.error is not None:
            return POLICY.get(control.error)
    return None


def _by_policy(told: Mapping[str, Any]) -> Rejected | None:
    """The control beside a refusal, which python-ldap leaves undecoded."""
    for kind, _, value in told.get("ctrls") or ():
        if kind == PasswordPolicyControl.controlType and value:
            control = PasswordPolicyControl()
            try:
                control.decodeControlValue(value)
            except (PyAsn1Error, ValueError) as error:
                raise away_of(error) from None
            return POLICY.get(control.error) if control.error is not None else None
    return None
