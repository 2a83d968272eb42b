"""What answers to a bind mean: a verdict on the credential, or none."""

from typing import Any

import ldap
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ldap.controls.ppolicy import PasswordPolicyControl
from pyasn1.error import PyAsn1Error

from ostiary.connections.ldap.verdicts import (
    away_of,
    by_sub_code,
    refusal_of,
    warning_of,
)
from ostiary.connections.upstream import Away
from ostiary.core.errors import Reason
from ostiary.flows.facts import Rejected

DIAGNOSTIC = (
    "80090308: LdapErr: DSID-0C09041C, comment: AcceptSecurityContext error, "
    "data {}, v4563"
)
POLICY = PasswordPolicyControl.controlType


def refused(info: str = "", *controls: tuple[str, int, bytes]) -> Any:
    """invalidCredentials, as python-ldap raises it."""
    return ldap.INVALID_CREDENTIALS(
        {"result": 49, "desc": "Invalid credentials", "info": info, "ctrls": controls}
    )


def policy(error: int) -> bytes:
    """A password policy response value with that error, in BER (draft-behera §6.2)."""
    return bytes([0x30, 3, 0x81, 1, error])


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("525", Reason.PASSWORD_WRONG),
        ("52e", Reason.PASSWORD_WRONG),
        ("530", Reason.LOGON_RESTRICTED),
        ("531", Reason.LOGON_RESTRICTED),
        ("532", Reason.DIRECTORY_PASSWORD_EXPIRED),
        ("533", Reason.USER_DISABLED),
        ("534", Reason.USER_DISABLED),
        ("568", Reason.PASSWORD_WRONG),
        ("701", Reason.ACCOUNT_EXPIRED),
        ("773", Reason.DIRECTORY_PASSWORD_EXPIRED),
        ("775", Reason.DIRECTORY_LOCKED),
    ],
)
def test_every_sub_code_of_active_directory(code: str, reason: Reason) -> None:
    """Contract auth0 §4.3; any other is a wrong password."""
    assert refusal_of(refused(DIAGNOSTIC.format(code))).reason is reason


@given(st.text())
def test_any_other_text_is_a_wrong_password(text: str) -> None:
    """A server may say what it likes beside invalidCredentials."""
    assert by_sub_code(f"data 775 {text}") == Rejected()


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (0, Reason.DIRECTORY_PASSWORD_EXPIRED),
        (1, Reason.DIRECTORY_LOCKED),
        (2, Reason.DIRECTORY_PASSWORD_EXPIRED),
        (8, Reason.PASSWORD_WRONG),
    ],
)
def test_every_error_of_the_password_policy(error: int, reason: Reason) -> None:
    """passwordExpired, accountLocked, changeAfterReset; others say nothing of it."""
    told = refusal_of(refused("", (POLICY, 0, policy(error))))
    assert told.reason is reason


def test_a_control_that_cannot_be_read_is_no_verdict() -> None:
    """Nor is it a wrong password."""
    with pytest.raises(Away) as caught:
        refusal_of(refused("", (POLICY, 0, b"\xff\xff\xff")))
    assert caught.value.reason is Reason.DIRECTORY_LIED


@pytest.mark.parametrize("error", [None, 0, 1, 2, 5])
def test_what_stands_against_a_bind_that_succeeded(error: int | None) -> None:
    """A password to be changed first; grace and warnings do not."""
    control = PasswordPolicyControl()
    control.error, control.graceAuthNsRemaining = error, 3
    told = warning_of([object(), control])
    assert (told is None) is (error in (None, 5))


@pytest.mark.parametrize("kind", [ldap.NO_SUCH_OBJECT, ldap.INAPPROPRIATE_AUTH])
def test_nobody_there_or_without_a_password_cannot_have_typed_it(
    kind: type[Exception],
) -> None:
    """Other servers say so where OpenLDAP says invalidCredentials."""
    assert refusal_of(kind({"result": 32})) == Rejected()


def test_an_inactivated_account_of_a_389_directory_server() -> None:
    """It says so before it looks at the password: nothing is proven by it."""
    info = "Account inactivated. Contact system administrator."
    told = refusal_of(ldap.UNWILLING_TO_PERFORM({"result": 53, "info": info}))
    assert told == Rejected()


def test_too_many_guesses_at_a_389_directory_server() -> None:
    """It answers constraintViolation to a bind then."""
    told = refusal_of(ldap.CONSTRAINT_VIOLATION({"result": 19}))
    assert told.reason is Reason.DIRECTORY_LOCKED


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (ldap.BUSY, Reason.DIRECTORY_BUSY),
        (ldap.ADMINLIMIT_EXCEEDED, Reason.DIRECTORY_BUSY),
        (ldap.UNAVAILABLE, Reason.DIRECTORY_UNREACHABLE),
        (ldap.SERVER_DOWN, Reason.DIRECTORY_UNREACHABLE),
        (ldap.OTHER, Reason.DIRECTORY_UNREACHABLE),
        (ldap.TIMEOUT, Reason.DIRECTORY_TIMEOUT),
        (ldap.TIMELIMIT_EXCEEDED, Reason.DIRECTORY_TIMEOUT),
        (ldap.PROTOCOL_ERROR, Reason.DIRECTORY_LIED),
        (ldap.DECODING_ERROR, Reason.DIRECTORY_LIED),
        (ldap.REFERRAL, Reason.DIRECTORY_MISCONFIGURED),
        (ldap.INSUFFICIENT_ACCESS, Reason.DIRECTORY_MISCONFIGURED),
        (ldap.CONFIDENTIALITY_REQUIRED, Reason.DIRECTORY_MISCONFIGURED),
        (ldap.STRONG_AUTH_REQUIRED, Reason.DIRECTORY_MISCONFIGURED),
        (ldap.UNWILLING_TO_PERFORM, Reason.DIRECTORY_MISCONFIGURED),
    ],
)
def test_what_is_no_verdict_is_never_a_wrong_password(
    kind: type[Exception], reason: Reason
) -> None:
    """Nobody could tell (security promise 11); the text names no one."""
    with pytest.raises(Away) as caught:
        refusal_of(kind({"result": 1, "info": "uid=alice", "desc": "x"}))
    assert caught.value.reason is reason
    assert "alice" not in str(caught.value)


@pytest.mark.parametrize("error", [PyAsn1Error(), ValueError(), UnicodeError()])
def test_what_cannot_be_read_is_a_lie(error: Exception) -> None:
    """As a protocol error is."""
    assert away_of(error).reason is Reason.DIRECTORY_LIED
