"""core.scopes: which resource, which scopes, and whether they were consented."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.core import scopes
from ostiary.core.errors import Reason, Refused
from ostiary.core.model import AppRole, Permission, Resource
from ostiary.core.policy import Policy
from ostiary.core.request import Access, ScopeRequest
from tests.core.things import (
    CLIENT_ID,
    MAIN,
    POLICY,
    TASKS,
    client,
    consent,
    refusal,
)

ALWAYS = Policy(MAIN, refresh_token_always=True)
BY_RESOURCE = Policy(MAIN, refresh_token_by_resource=True)


@pytest.mark.parametrize(
    ("name", "resource"),
    [
        (None, MAIN),
        ("https://main.example", MAIN),
        ("HTTPS://MAIN.example/", MAIN),
        (MAIN.id, MAIN),
        ("api://tasks", TASKS),
        ("API://Tasks//", TASKS),
        (TASKS.id.upper(), TASKS),
        ("api://task", None),
        ("tasks", None),
    ],
)
def test_which_resource_is_meant(name: str | None, resource: Resource | None) -> None:
    """By identifier or id, in any case, with or without slashes at the end."""

    def find() -> Resource:
        return scopes.find_resource([TASKS], name, POLICY)

    if resource is None:
        assert refusal(find) is Reason.RESOURCE_UNKNOWN
    else:
        assert find() is resource


def test_a_tenant_may_register_the_default_resource_itself() -> None:
    """Its own scopes then stand in for the built-in ones."""
    own = replace(MAIN, scopes=())

    assert scopes.find_resource([own], None, POLICY) is own


@pytest.mark.parametrize(
    ("changes", "resource", "declared"),
    [
        ({}, MAIN, True),
        ({}, TASKS, False),
        ({"permissions": (Permission("api://tasks", "Tasks.Read"),)}, TASKS, True),
        ({"permissions": (Permission(TASKS.id, "Tasks.Read"),)}, TASKS, True),
        ({"permissions": (Permission("", "Read"),)}, TASKS, False),
        ({"roles": (AppRole("api://tasks", "Reader"),)}, TASKS, True),
        ({"client_id": TASKS.id}, TASKS, True),
        ({}, replace(TASKS, pre_authorized=frozenset({CLIENT_ID})), True),
    ],
)
def test_which_resources_a_client_declared(
    changes: dict[str, object], resource: Resource, declared: bool
) -> None:
    """The default one, what it lists, what lists it, and itself."""
    found = refusal(lambda: scopes.check_declared(client(**changes), resource, POLICY))

    assert found is (None if declared else Reason.RESOURCE_NOT_DECLARED)


@pytest.mark.parametrize(
    ("asked", "registered"),
    [
        (("read",), ("Read",)),
        (("WRITE", "read"), ("Write", "Read")),
        (("Read", "READ", "read"), ("Read",)),
        ((), ()),
    ],
)
def test_scopes_get_their_registered_spelling(
    asked: tuple[str, ...], registered: tuple[str, ...]
) -> None:
    """Each once, in the order of asking (seed samples: `user.read`, `User.Read`)."""
    assert scopes.registered_names(MAIN, asked, POLICY) == registered


@pytest.mark.parametrize(
    ("resource", "name"), [(MAIN, "Nonsense"), (MAIN, ""), (TASKS, "Old")]
)
def test_unknown_and_disabled_scopes_are_refused(resource: Resource, name: str) -> None:
    """A scope that is no longer published is unknown too."""
    found = refusal(lambda: scopes.registered_names(resource, [name], POLICY))

    assert found is Reason.SCOPE_UNKNOWN


def test_consents_of_other_clients_and_resources_do_not_count() -> None:
    """Only this client's, only this resource's, whoever gave them."""
    consents = [
        consent("Read", "api://tasks/Tasks.Read"),
        consent("Write", client_id="c2"),
    ]

    assert scopes.consented(client(), MAIN, consents, POLICY) == {"read"}
    assert scopes.consented(client(), TASKS, consents, POLICY) == {"tasks.read"}


def test_a_resource_may_authorize_a_client_beforehand() -> None:
    """Then all that it publishes is allowed, and nothing that it does not."""
    open_to = replace(TASKS, pre_authorized=frozenset({CLIENT_ID}))

    assert scopes.consented(client(), open_to, [], POLICY) == {"tasks.read"}


def asked(*names: str, openid: tuple[str, ...] = (), all: bool = False) -> ScopeRequest:
    """What a request asks for."""
    return ScopeRequest(names=names, openid=frozenset(openid), everything=all)


@pytest.mark.parametrize(
    ("request_", "held", "granted"),
    [
        (asked("read"), ("Read",), ("Read",)),
        (asked("read"), ("Read", "Write"), ("Read", "Write")),
        (asked("read", "write"), ("Read",), None),
        (asked("read"), (), None),
        (asked(), ("Read",), ("Read",)),
        (asked(), (), None),
        (asked(all=True), ("Write",), ("Write",)),
        (asked(all=True), (), None),
        (asked(openid=("openid",)), (), ()),
        (asked(openid=("openid",)), ("Read",), ("Read",)),
        (asked(openid=("openid",), all=True), (), None),
        (asked("read"), ("Read", "Vanished"), ("Read",)),
    ],
)
def test_what_a_users_sign_in_gets(
    request_: ScopeRequest, held: tuple[str, ...], granted: tuple[str, ...] | None
) -> None:
    """All that is consented if the asked part of it is; otherwise consent is due."""

    def decide() -> Access:
        held_ = [consent(*held)]
        return scopes.delegated_access(request_, client(), MAIN, held_, POLICY)

    if granted is None:
        assert refusal(decide) is Reason.CONSENT_REQUIRED
    else:
        assert decide().scopes == granted


@pytest.mark.parametrize(
    ("resource", "openid"),
    [(MAIN, {"openid", "email"}), (TASKS, {"openid"})],
)
def test_consented_openid_scopes_come_along_at_the_default_resource(
    resource: Resource, openid: set[str]
) -> None:
    """`email` though not asked for, as in the seeds' sample; elsewhere only asked."""
    held = consent("Read", "email", "api://tasks/Tasks.Read", "api://tasks/email")
    access = scopes.delegated_access(
        asked(openid=("openid",)), client(), resource, [held], POLICY
    )

    assert access.openid == openid
    assert access.default_resource is (resource is MAIN)


NAMES = st.sampled_from(["Read", "Write", "All", "read", "WRITE"])
HELD = st.sampled_from(["Read", "Write", "All", "Nonsense", "email"])


@given(st.lists(NAMES), st.lists(HELD), st.booleans())
def test_nothing_is_granted_that_was_not_consented(
    names: list[str], held: list[str], everything: bool
) -> None:
    """Scopes out ⊆ consented ∩ published, and all that was asked is among them."""
    request = ScopeRequest(names=tuple(names), everything=everything)
    try:
        access = scopes.delegated_access(
            request, client(), MAIN, [consent(*held)], POLICY
        )
    except Refused:
        wanted = {name.lower() for name in names}
        have = {name.lower() for name in held} & {"read", "write", "all"}
        assert not wanted <= have or not have
        return

    assert set(access.scopes) <= set(held) & {"Read", "Write", "All"}
    assert {n.lower() for n in names} <= {scope.lower() for scope in access.scopes}
    assert access.roles == ()


@given(st.lists(HELD), st.lists(HELD))
def test_more_consent_never_grants_less(some: list[str], more: list[str]) -> None:
    """Adding a consent takes nothing away."""

    def granted(*consents: list[str]) -> set[str]:
        given = [consent(*each) for each in consents]
        request = asked(openid=("openid",))
        return set(
            scopes.delegated_access(request, client(), MAIN, given, POLICY).scopes
        )

    assert granted(some) <= granted(some, more)


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (asked(all=True), None),
        (asked("Tasks.Read"), Reason.SCOPE_NOT_DEFAULT),
        (asked("Tasks.Read", all=True), Reason.SCOPE_NOT_DEFAULT),
        (asked(openid=("openid",), all=True), Reason.SCOPE_NOT_DEFAULT),
        (asked(), Reason.SCOPE_NOT_DEFAULT),
    ],
)
def test_a_client_alone_asks_for_everything_or_is_refused(
    request_: ScopeRequest, reason: Reason | None
) -> None:
    """Contract entra §3.8: exactly one resource's `.default`."""
    found = refusal(
        lambda: scopes.application_access(request_, client(), TASKS, POLICY)
    )

    assert found is reason


@pytest.mark.parametrize(
    ("held", "roles"),
    [
        ((), ()),
        ((AppRole("api://tasks", "Reader"),), ("Reader",)),
        ((AppRole(TASKS.id, "Writer"),), ("Writer",)),
        ((AppRole("api://other", "Reader"),), ()),
        ((AppRole("api://tasks", "Vanished"),), ()),
    ],
)
def test_a_client_alone_gets_its_roles_at_the_resource(
    held: tuple[AppRole, ...], roles: tuple[str, ...]
) -> None:
    """Only roles of that resource that it still publishes; none is no refusal."""
    access = scopes.application_access(
        asked(all=True), client(roles=held), TASKS, POLICY
    )

    assert access.roles == roles
    assert access.scopes == ()


@pytest.mark.parametrize(
    ("openid", "policy", "resource", "id_token", "refresh_token"),
    [
        ((), POLICY, MAIN, False, False),
        (("openid",), POLICY, MAIN, True, False),
        (("offline_access",), POLICY, MAIN, False, True),
        (("profile", "email"), POLICY, MAIN, False, False),
        ((), ALWAYS, MAIN, False, True),
        (("offline_access",), BY_RESOURCE, TASKS, False, False),
        (
            ("offline_access",),
            BY_RESOURCE,
            replace(TASKS, offline_access=True),
            False,
            True,
        ),
    ],
)
def test_which_tokens_are_due(
    openid: tuple[str, ...],
    policy: Policy,
    resource: Resource,
    id_token: bool,
    refresh_token: bool,
) -> None:
    """`openid` for an id_token, `offline_access` for a refresh token (seed 001)."""
    access = Access(resource, resource is MAIN, request=asked(openid=openid))

    assert scopes.wants_id_token(access) is id_token
    assert scopes.wants_refresh_token(access, policy) is refresh_token
