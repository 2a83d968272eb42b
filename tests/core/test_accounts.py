"""core.accounts: who may use a password, and what stands in the way after it."""

from typing import Any

import pytest

from ostiary.core import accounts
from ostiary.core.errors import Reason, Refused
from ostiary.core.model import (
    AccessPolicy,
    Authentication,
    Domain,
    Effect,
    PasswordState,
    User,
)
from tests.core.things import client, refusal, user

MANAGED = Domain("example.test")
PASS_THROUGH = Domain("example.test", Authentication.PASS_THROUGH, "ad")
FEDERATED = Domain("example.test", Authentication.FEDERATED, "adfs")
GUEST = user(guest=True)
PASSWORDLESS = user(password_state=PasswordState.NONE)


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("ann@example.test", "example.test"),
        ("Ann@EXAMPLE.Test", "example.test"),
        ("a@b@example.test", "example.test"),
        ("ann#EXT#@example.test", "example.test"),
        ("ann", None),
        ("ann@", None),
        ("", None),
        ("@example.test", "example.test"),
    ],
)
def test_domain_of_a_user_name(name: str, domain: str | None) -> None:
    """What stands behind the last @, folded."""
    assert accounts.domain_of(name) == domain


def test_names_are_folded_and_never_trimmed() -> None:
    """Case does not count, blanks do (contract entra §3.4)."""
    assert accounts.fold(" Ann@Straße ") == " ann@strasse "


@pytest.mark.parametrize(
    ("account", "domain", "reason"),
    [
        (user(), MANAGED, None),
        (user(), PASS_THROUGH, None),
        (user(), None, None),
        (None, MANAGED, Reason.USER_UNKNOWN),
        (None, FEDERATED, Reason.USER_FEDERATED),
        (user(), FEDERATED, Reason.USER_FEDERATED),
        (GUEST, MANAGED, Reason.USER_GUEST),
        (PASSWORDLESS, MANAGED, Reason.PASSWORD_ABSENT),
        (user(enabled=False), MANAGED, None),  # told only after the right password
        (user(password_state=PasswordState.EXPIRED), MANAGED, None),
        (user(mfa_required=True), MANAGED, None),
    ],
)
def test_who_cannot_use_a_password(
    account: User | None, domain: Domain | None, reason: Reason | None
) -> None:
    """Federated, unknown, invited and passwordless; states do not show here."""
    assert accounts.why_no_password(account, domain) is reason


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (PasswordState.OK, None),
        (PasswordState.EXPIRED, Reason.PASSWORD_EXPIRED),
        (PasswordState.MUST_CHANGE, Reason.PASSWORD_MUST_CHANGE),
        (PasswordState.LEAKED, Reason.PASSWORD_LEAKED),
    ],
)
def test_a_right_password_that_may_not_be_used(
    state: PasswordState, reason: Reason | None
) -> None:
    """Each state has its own reason for the log."""
    assert refusal(
        lambda: accounts.check_password_state(user(password_state=state))
    ) is (reason)


def test_disabled_accounts_are_refused() -> None:
    """An enabled one passes."""
    assert refusal(lambda: accounts.check_enabled(user())) is None
    disabled = user(enabled=False)
    assert refusal(lambda: accounts.check_enabled(disabled)) is Reason.USER_DISABLED


def policy(effect: Effect, **changes: Any) -> AccessPolicy:
    """A policy that speaks of everything unless narrowed."""
    values: dict[str, Any] = {"id": "p1", "name": "rule", "effect": effect}
    return AccessPolicy(**{**values, **changes})


BLOCK = policy(Effect.BLOCK)
MFA = policy(Effect.REQUIRE_MFA)
ALLOW = policy(Effect.ALLOW)


@pytest.mark.parametrize(
    ("narrowed", "source", "matches"),
    [
        ({}, "192.0.2.1", True),
        ({"users": frozenset({"ann@example.test"})}, "192.0.2.1", True),
        ({"users": frozenset({"bob@example.test"})}, "192.0.2.1", False),
        ({"applications": frozenset({"c1"})}, "192.0.2.1", True),
        ({"applications": frozenset({"c2"})}, "192.0.2.1", False),
        ({"networks": ("192.0.2.0/24",)}, "192.0.2.1", True),
        ({"networks": ("198.51.100.0/24", "192.0.2.1")}, "192.0.2.1", True),
        ({"networks": ("198.51.100.0/24",)}, "192.0.2.1", False),
        ({"networks": ("0.0.0.0/0",)}, "2001:db8::1", False),
        ({"networks": ("2001:db8::/32",)}, "2001:db8::1", True),
        ({"networks": ("0.0.0.0/0",)}, "", False),
        (
            {"users": frozenset({"ann@example.test"}), "networks": ("10.0.0.0/8",)},
            "192.0.2.1",
            False,
        ),
    ],
)
def test_whom_a_policy_speaks_of(
    narrowed: dict[str, object], source: str, matches: bool
) -> None:
    """User without case, application, network: all that are named must fit."""
    rule = policy(Effect.BLOCK, **narrowed)
    found = accounts.matching_policy((rule,), user(), client(), source)

    assert (found is rule) is matches


def test_the_first_policy_that_fits_decides() -> None:
    """A later one is not asked, even if it is stricter."""
    other = policy(Effect.BLOCK, applications=frozenset({"c2"}))
    found = accounts.matching_policy((other, ALLOW, BLOCK), user(), client(), "::1")

    assert found is ALLOW


ENROLLED = user(mfa_required=True, mfa_enrolled=True)
OPTIONAL = user(mfa_enrolled=True)


@pytest.mark.parametrize(
    ("account", "rule", "amr", "reason"),
    [
        (user(), None, ("pwd",), None),
        (user(), ALLOW, ("pwd",), None),
        (user(), BLOCK, ("pwd",), Reason.POLICY_BLOCKED),
        (user(), BLOCK, ("pwd", "mfa"), Reason.POLICY_BLOCKED),
        (user(), MFA, ("pwd",), Reason.MFA_ENROLMENT_REQUIRED),
        (OPTIONAL, MFA, ("pwd",), Reason.MFA_REQUIRED),
        (OPTIONAL, None, ("pwd",), None),
        (ENROLLED, None, ("pwd",), Reason.MFA_REQUIRED),
        (ENROLLED, ALLOW, ("pwd",), Reason.MFA_REQUIRED),
        (ENROLLED, MFA, ("pwd", "mfa"), None),
        (ENROLLED, BLOCK, ("pwd",), Reason.POLICY_BLOCKED),
    ],
)
def test_policies_and_second_factors(
    account: User,
    rule: AccessPolicy | None,
    amr: tuple[str, ...],
    reason: Reason | None,
) -> None:
    """Blocking goes first; nothing lifts a user's own second factor (promise 4)."""
    assert refusal(lambda: accounts.check_access(account, rule, amr)) is reason


@pytest.mark.parametrize(
    ("account", "amr", "reason"),
    [
        (user(), ("pwd",), None),
        (OPTIONAL, ("pwd",), Reason.MFA_REQUIRED),
        (OPTIONAL, ("pwd", "otp", "mfa"), None),
        (user(mfa_required=True), ("pwd",), Reason.MFA_ENROLMENT_REQUIRED),
    ],
)
def test_what_is_guarded_costs_the_second_factor_of_who_has_one(
    account: User, amr: tuple[str, ...], reason: Reason | None
) -> None:
    """Also of those who need not bring it otherwise."""
    check = accounts.check_access
    assert refusal(lambda: check(account, None, amr, guarded=True)) is reason


def test_a_refusal_by_policy_names_the_policy() -> None:
    """The wire's answer tells its id; a user's own second factor has none."""
    with pytest.raises(Refused) as blocked:
        accounts.check_access(user(), BLOCK, ("pwd",))
    with pytest.raises(Refused) as own:
        accounts.check_access(ENROLLED, None, ("pwd",))

    assert blocked.value.facts == {"policy_id": "p1", "message": ""}
    assert own.value.facts == {}


@pytest.mark.parametrize(
    ("required", "assigned", "refused"),
    [
        (False, (), False),
        (True, ("c1",), False),
        (True, (), True),
        (True, ("c2",), True),
    ],
)
def test_assignment(required: bool, assigned: tuple[str, ...], refused: bool) -> None:
    """Only a client that demands it refuses, and only users who lack it."""
    asking = client(assignment_required=required)
    account = user(assigned_to=frozenset(assigned))

    found = refusal(lambda: accounts.check_assigned(account, asking))
    assert found is (Reason.USER_NOT_ASSIGNED if refused else None)


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        ({"name": "Ann A. Archer", "given_name": "Ann"}, "Ann A. Archer"),
        ({"given_name": "Ann", "family_name": "Archer"}, "Ann Archer"),
        ({"family_name": "Archer"}, "Archer"),
        ({}, "Ann@Example.Test"),
    ],
)
def test_the_name_that_is_shown(names: dict[str, str], shown: str) -> None:
    """The whole name, its parts, or the user name; never nothing."""
    assert user(**names).display_name == shown
