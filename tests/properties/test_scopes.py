"""Scopes out are consented, and hold every scope asked, for any registration.

Contract entra §5.2 and §5.3: the answer is all that is consented, if what was asked
is part of it; there is no token otherwise.
"""

from dataclasses import replace

from hypothesis import event, given
from hypothesis import strategies as st

from ostiary.core.errors import Reason, Refused
from ostiary.core.model import Client, Consent, Permission, Resource, Scope
from ostiary.core.policy import Policy
from ostiary.core.request import Access, ScopeRequest
from ostiary.core.scopes import delegated_access
from ostiary.dialects.entra.default_resource import GRAPH
from ostiary.dialects.entra.scope import render_scope, render_scp
from tests.flows.values import PUBLIC, client

NAMES = ("Read", "Write", "Mail.Send", "user_impersonation", "Æ.Read")
RESOURCES = ("api://tasks", "https://vault.test/", GRAPH.identifier)
POLICY = Policy(default_resource=GRAPH)


def any_case(name: str) -> st.SearchStrategy[str]:
    """A name as a client may spell it."""
    return st.sampled_from([name, name.lower(), name.upper(), name.swapcase()])


SPELLED = st.sampled_from(NAMES).flatmap(any_case)
SCOPES = st.lists(
    st.builds(Scope, st.sampled_from(NAMES), st.booleans(), st.booleans()),
    unique_by=lambda scope: scope.value,
).map(tuple)
REGISTERED = st.builds(
    Resource,
    identifier=st.sampled_from(RESOURCES),
    id=st.just("7a1d0000-0000-4000-8000-000000000000"),
    scopes=SCOPES,
    pre_authorized=st.sampled_from([frozenset[str](), frozenset({PUBLIC})]),
)
PERMISSIONS = st.builds(
    Permission,
    st.sampled_from([*RESOURCES, "", "https://vault.test", "API://TASKS", "api://x"]),
    SPELLED,
)
CONSENTS = st.lists(
    st.builds(
        Consent,
        st.sampled_from([PUBLIC, "another"]),
        st.sampled_from(["", "alice"]),
        st.frozensets(PERMISSIONS, max_size=4),
    ),
    max_size=3,
)
ASKED = st.builds(
    ScopeRequest,
    names=st.lists(SPELLED, max_size=3).map(tuple),
    openid=st.frozensets(
        st.sampled_from(["openid", "profile", "email", "offline_access"])
    ),
    everything=st.booleans(),
)


def is_same(resource: Resource, name: str) -> bool:
    """Whether a permission speaks of the resource (contract entra §5.1)."""
    if name == "":
        return resource.identifier == GRAPH.identifier
    return name.rstrip("/").lower() == resource.identifier.rstrip("/").lower()


def allowed(known: Client, resource: Resource, consents: list[Consent]) -> set[str]:
    """Lower-case names that are published today and consented to this client."""
    published = {scope.value.lower() for scope in resource.scopes if scope.enabled}
    if known.client_id in resource.pre_authorized:
        return published
    agreed = {
        permission.scope.lower()
        for consent in consents
        if consent.client_id == known.client_id
        for permission in consent.permissions
        if is_same(resource, permission.resource)
    }
    return published & agreed


def decide(
    asked: ScopeRequest, resource: Resource, consents: list[Consent]
) -> Access | Reason:
    """What core says."""
    try:
        return delegated_access(asked, client(), resource, consents, POLICY)
    except Refused as refused:
        return refused.reason


@given(asked=ASKED, resource=REGISTERED, consents=CONSENTS)
def test_scopes_out_are_consented_and_hold_the_asked_ones(
    asked: ScopeRequest, resource: Resource, consents: list[Consent]
) -> None:
    """Nobody gets a scope without consent, or a token without what was asked."""
    names = {name.lower() for name in asked.names}
    free = allowed(client(), resource, consents)
    published = {scope.value.lower() for scope in resource.scopes if scope.enabled}
    decided = decide(asked, resource, consents)
    event(decided.value if isinstance(decided, Reason) else "granted")
    if not names <= published:
        assert decided is Reason.SCOPE_UNKNOWN
    elif not names <= free:
        assert decided is Reason.CONSENT_REQUIRED
    elif isinstance(decided, Access):
        given_out = {scope.lower() for scope in decided.scopes}
        assert names <= given_out == free
        spelled = {scope.value for scope in resource.scopes}
        assert set(decided.scopes) <= spelled
        assert len(decided.scopes) == len(given_out)
    else:
        assert decided is Reason.CONSENT_REQUIRED
        assert not free


@given(asked=ASKED, resource=REGISTERED, consents=CONSENTS)
def test_more_consent_never_takes_a_scope_away(
    asked: ScopeRequest, resource: Resource, consents: list[Consent]
) -> None:
    """What was granted stays granted when more is agreed to."""
    before = decide(asked, resource, consents)
    every = {Permission(resource.identifier, name) for name in NAMES}
    more = [*consents, Consent(PUBLIC, "", frozenset(every))]
    after = decide(asked, resource, more)
    if isinstance(before, Access):
        assert isinstance(after, Access)
        assert set(before.scopes) <= set(after.scopes)


@given(asked=ASKED, resource=REGISTERED, consents=CONSENTS)
def test_another_clients_consent_is_worth_nothing(
    asked: ScopeRequest, resource: Resource, consents: list[Consent]
) -> None:
    """As if it were not there."""
    foreign = [replace(consent, client_id="another") for consent in consents]
    assert decide(asked, resource, foreign) == decide(asked, resource, [])


@given(asked=ASKED, resource=REGISTERED, consents=CONSENTS)
def test_what_is_rendered_says_no_more_than_was_granted(
    asked: ScopeRequest, resource: Resource, consents: list[Consent]
) -> None:
    """Neither `scope` nor `scp` names a scope beyond; `offline_access` never shows."""
    decided = decide(asked, resource, consents)
    if not isinstance(decided, Access):
        return
    short = [word.rpartition("/")[2] for word in render_scope(decided).split()]
    beside = {".default", "openid", "profile", "email"}
    assert set(short) - beside == set(decided.scopes)
    assert set(render_scp(decided).split()) - beside == set(decided.scopes)
    assert "offline_access" not in short
