"""core.errors: what the caller may learn of each reason."""

import contextlib
from collections.abc import Iterator

import pytest

from ostiary.core.errors import Reason, Refused, told

NOT_REACHED = {
    Reason.DIRECTORY_MISCONFIGURED,
    Reason.DIRECTORY_BUSY,
    Reason.DIRECTORY_LIED,
    Reason.AGENT_ABSENT,
}
NOBODY = {
    Reason.USER_UNKNOWN,
    Reason.USER_ELSEWHERE,
    Reason.USER_GUEST,
    Reason.PASSWORD_ABSENT,
}


@pytest.mark.parametrize("reason", sorted(NOBODY))
def test_accounts_that_cannot_sign_in_look_like_a_wrong_password(
    reason: Reason,
) -> None:
    """Unless the tenant tells as the hosted service does (promise 2)."""
    assert told(reason, hide_unknown_users=True) is Reason.PASSWORD_WRONG
    assert told(reason, hide_unknown_users=False) is reason


@pytest.mark.parametrize("hide", [True, False])
def test_federated_users_and_blocked_sources_are_never_told_apart(hide: bool) -> None:
    """Federation is a wrong password, a blocked source a locked account, always."""
    federated = told(Reason.USER_FEDERATED, hide_unknown_users=hide)
    blocked = told(Reason.SOURCE_BLOCKED, hide_unknown_users=hide)

    assert federated is Reason.PASSWORD_WRONG
    assert blocked is Reason.ACCOUNT_LOCKED


def test_a_connection_that_is_switched_off_is_hidden_with_the_users() -> None:
    """Which connections there are is nobody's business either (case RO-02)."""
    off = Reason.CONNECTION_DISABLED

    assert told(off, hide_unknown_users=True) is Reason.CONNECTION_UNKNOWN
    assert told(off, hide_unknown_users=False) is off


@pytest.mark.parametrize("hide", [True, False])
def test_every_other_reason_is_told_as_it_is(hide: bool) -> None:
    """Folding hides accounts, not mistakes of the client."""
    folded = NOBODY | {Reason.USER_FEDERATED, Reason.SOURCE_BLOCKED}
    folded |= {Reason.DIRECTORY_LOCKED} | NOT_REACHED
    folded |= {Reason.CONNECTION_DISABLED} if hide else set()

    for reason in set(Reason) - folded:
        assert told(reason, hide_unknown_users=hide) is reason


def test_what_is_told_is_told_again() -> None:
    """Folding twice changes nothing: nothing told leads to something hidden."""
    for reason in Reason:
        for hide in (True, False):
            once = told(reason, hide_unknown_users=hide)
            assert told(once, hide_unknown_users=hide) is once


def test_reasons_are_words_of_their_own() -> None:
    """The audit log's word is the name in lower case: no two are alike."""
    assert all(reason.value == reason.name.lower() for reason in Reason)


def test_a_refusal_carries_its_reason_and_facts() -> None:
    """It is an ordinary exception, whose text holds the reason alone."""
    refused = Refused(Reason.PARAMETER_MISSING, name="scope")

    assert refused.reason is Reason.PARAMETER_MISSING
    assert refused.facts == {"name": "scope"}
    assert str(refused) == "parameter_missing"


def test_a_refusal_passes_through_context_managers() -> None:
    """contextlib sets its traceback, which a frozen class would not allow."""

    @contextlib.contextmanager
    def around() -> Iterator[None]:
        yield

    def refuse() -> None:
        with around():
            raise Refused(Reason.USER_UNKNOWN)

    with pytest.raises(Refused, match="user_unknown"):
        refuse()


@pytest.mark.parametrize("hide", [True, False])
def test_why_a_directory_gives_no_answer_is_for_the_log_alone(hide: bool) -> None:
    """Its state and our settings are nobody's business who signs in."""
    for reason in NOT_REACHED:
        unreachable = Reason.DIRECTORY_UNREACHABLE
        assert told(reason, hide_unknown_users=hide) is unreachable


@pytest.mark.parametrize("hide", [True, False])
def test_a_lock_is_a_lock_whoever_locked(hide: bool) -> None:
    """Locked in the directory is locked here (interface §3, directory states)."""
    locked = told(Reason.DIRECTORY_LOCKED, hide_unknown_users=hide)
    assert locked is Reason.ACCOUNT_LOCKED
