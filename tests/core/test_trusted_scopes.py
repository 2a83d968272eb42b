"""core.scopes where clients are trusted and get no more than they ask for."""

from dataclasses import replace

import pytest

from ostiary.core import scopes
from ostiary.core.errors import Reason
from ostiary.core.model import AppRole, Resource, Scope
from ostiary.core.policy import Policy
from ostiary.core.request import Access, ScopeRequest
from tests.core.things import MAIN, TASKS, client, consent, refusal

API = replace(TASKS, scopes=(Scope("x"), Scope("y"), Scope("root", admin=True)))
TRUSTING = Policy(MAIN, trusted_clients=True, only_asked=True)
LAX = replace(TRUSTING, unknown_scopes_ignored=True)
OPENID = frozenset({"openid"})


def access(asked: ScopeRequest, policy: Policy = TRUSTING) -> Access:
    """What a user's sign-in gets of API."""
    return scopes.delegated_access(asked, client(), API, (), policy)


def test_nothing_asked_is_all_that_needs_no_administrator() -> None:
    """Scopes that only administrators may allow are not among them."""
    assert access(ScopeRequest(API.identifier)).scopes == ("x", "y")


def test_what_is_asked_is_all_one_gets() -> None:
    """In the registered spelling."""
    assert access(ScopeRequest(API.identifier, ("Y",))).scopes == ("y",)


def test_an_administrators_scope_needs_consent_even_so() -> None:
    """Asked for without consent it is refused; with it, granted."""
    asked = ScopeRequest(API.identifier, ("root",))
    given = consent(f"{API.identifier}/root")

    def ask() -> Access:
        return access(asked)

    assert refusal(ask) is Reason.CONSENT_REQUIRED
    found = scopes.delegated_access(asked, client(), API, (given,), TRUSTING)
    assert found.scopes == ("root",)


def test_an_unknown_scope_is_refused_or_ignored() -> None:
    """As the policy says (case SCO-01)."""
    asked = ScopeRequest(API.identifier, ("x", "nonsense"))

    assert refusal(lambda: access(asked)) is Reason.SCOPE_UNKNOWN
    assert access(asked, LAX).scopes == ("x",)


def test_consents_of_other_wires_widen_nothing() -> None:
    """OpenID Connect's words are those that were asked for."""
    given = consent("profile", "email")
    asked = ScopeRequest(openid=OPENID)

    found = scopes.delegated_access(asked, client(), MAIN, (given,), TRUSTING)
    assert found.openid == OPENID


@pytest.mark.parametrize(
    ("roles", "names", "granted", "reason"),
    [
        ((), (), (), None),
        (("x",), (), ("x",), None),
        (("x", "Reader"), ("reader",), ("Reader",), None),
        (("*",), (), ("x", "y", "root", "Reader", "Writer"), None),
        (("x",), ("y",), (), Reason.SCOPE_UNKNOWN),
        (("x",), ("nonsense",), (), Reason.SCOPE_UNKNOWN),
    ],
)
def test_a_client_alone_gets_what_it_holds_and_asks_for(
    roles: tuple[str, ...],
    names: tuple[str, ...],
    granted: tuple[str, ...],
    reason: Reason | None,
) -> None:
    """Roles and scopes alike; `*` is all of them."""
    own = replace(API, roles=("Reader", "Writer"))
    holder = client(roles=tuple(AppRole(API.identifier, role) for role in roles))
    asked = ScopeRequest(API.identifier, names)

    def ask() -> Access:
        return scopes.application_access(asked, holder, own, TRUSTING)

    assert refusal(ask) is reason
    if reason is None:
        assert ask().roles == granted


@pytest.mark.parametrize(
    ("roles", "further", "reason"),
    [
        (("x",), (API,), None),
        (("*",), (API,), None),
        ((), (API,), Reason.RESOURCE_NOT_DECLARED),
        (("nonsense",), (API,), Reason.RESOURCE_NOT_DECLARED),
        ((), (), None),
    ],
)
def test_an_api_of_our_own_is_for_holders_of_a_role(
    roles: tuple[str, ...], further: tuple[Resource, ...], reason: Reason | None
) -> None:
    """Interface §3, management: "an application may get one when it has `roles`"."""
    holder = client(roles=tuple(AppRole(API.identifier, role) for role in roles))
    policy = replace(TRUSTING, further_resources=further)
    asked = ScopeRequest(API.identifier, given=False)

    assert refusal(lambda: scopes.own_access(asked, holder, API, policy)) is reason


@pytest.mark.parametrize(
    ("names", "openid", "reason"),
    [
        (("x",), frozenset(), None),
        ((), OPENID, None),
        (("X",), OPENID, None),
        (("y",), frozenset(), Reason.SCOPE_UNKNOWN),
        ((), frozenset({"profile"}), Reason.SCOPE_UNKNOWN),
    ],
)
def test_a_session_asks_for_no_more_than_at_its_start(
    names: tuple[str, ...], openid: frozenset[str], reason: Reason | None
) -> None:
    """RFC 6749 §6: “MUST NOT include any scope not originally granted”."""
    original = ScopeRequest(API.identifier, ("x",), OPENID)
    asked = ScopeRequest(None, names, openid)

    assert refusal(lambda: scopes.narrowed(asked, original)) is reason
    if reason is None:
        kept = scopes.narrowed(asked, original)
        assert (kept.resource, kept.names) == (API.identifier, names)
        assert kept.openid == openid
