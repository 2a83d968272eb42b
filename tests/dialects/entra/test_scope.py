"""Scopes as this wire spells them: read, shown, and read back.

Contract entra §5.1 and §5.2; seeds 001 to 004, the sample answer.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.core.errors import Reason, Refused
from ostiary.core.request import Access, ScopeRequest
from ostiary.dialects.entra.default_resource import GRAPH
from ostiary.dialects.entra.scope import (
    parse_resource,
    parse_scope,
    render_scope,
    render_scp,
)
from tests.flows.values import TASKS

URI = "https://graph.microsoft.com"
MALFORMED = {Reason.RESOURCES_SEVERAL, Reason.SCOPE_MIXED, Reason.SCOPE_UNKNOWN}
OIDC = frozenset({"openid", "profile", "email", "offline_access"})


def access(text: str, *scopes: str, openid: str = "", default: bool = True) -> Access:
    """What was granted for the words asked."""
    resource = GRAPH if default else TASKS
    asked = parse_scope(text)
    return Access(resource, default, scopes, frozenset(openid.split()), request=asked)


@pytest.mark.parametrize(
    ("text", "resource", "names", "openid"),
    [
        (None, None, (), set()),
        ("", None, (), set()),
        ("user.read", None, ("user.read",), set()),
        ("user.read openid", None, ("user.read",), {"openid"}),
        ("OPENID Profile", None, (), {"openid", "profile"}),
        (f"{URI}/User.Read", URI, ("User.Read",), set()),
        (f"{URI}/Mail.Read user.read", URI, ("Mail.Read", "user.read"), set()),
        (f"{GRAPH.id}/User.Read", GRAPH.id, ("User.Read",), set()),
        ("api://tasks/Tasks.Read", "api://tasks", ("Tasks.Read",), set()),
        ("api://a/b/c/Read", "api://a/b/c", ("Read",), set()),
        ("https://x.test//Read", "https://x.test/", ("Read",), set()),
        ("  user.read   mail.read ", None, ("user.read", "mail.read"), set()),
        ("user.read user.read", None, ("user.read",), set()),
    ],
)
def test_words_are_read(
    text: str | None, resource: str | None, names: tuple[str, ...], openid: set[str]
) -> None:
    """Split at blanks, then at the last slash; OpenID scopes apart (§5.1, 1 to 3)."""
    read = parse_scope(text)
    assert (read.resource, read.names) == (resource, names)
    assert read.openid == openid
    assert not read.everything
    assert read.given is bool((text or "").split())


@pytest.mark.parametrize(
    ("text", "resource"),
    [
        (".default", None),
        (".DEFAULT openid offline_access", None),
        ("api://tasks/.default", "api://tasks"),
        ("https://vault.test//.default", "https://vault.test/"),
        (f"{URI}/.default profile", URI),
    ],
)
def test_everything_may_be_asked_for(text: str, resource: str | None) -> None:
    """`.default`, beside OpenID scopes if wanted (§5.1, 6)."""
    read = parse_scope(text)
    assert (read.resource, read.names, read.everything) == (resource, (), True)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("api://a/Read api://b/Read", Reason.RESOURCES_SEVERAL),
        ("User.Read api://b/Read", Reason.RESOURCES_SEVERAL),
        (".default api://b/.default", Reason.RESOURCES_SEVERAL),
        (".default User.Read", Reason.SCOPE_MIXED),
        (f"{URI}/.default {GRAPH.id}/User.Read", Reason.SCOPE_MIXED),
        ("/Read", Reason.SCOPE_UNKNOWN),
        ("api://tasks/", Reason.SCOPE_UNKNOWN),
    ],
)
def test_words_that_make_no_request_are_refused(text: str, reason: Reason) -> None:
    """28000 for two resources, 70011 for the others (§5.1, 4 to 6)."""
    with pytest.raises(Refused) as caught:
        parse_scope(text)
    assert caught.value.reason is reason


def test_on_refresh_the_first_resource_wins() -> None:
    """What belongs to another is left out (§5.1, 4)."""
    read = parse_scope(
        "openid api://a/Read api://b/Read API://A/Write", first_resource_wins=True
    )
    assert (read.resource, read.names) == ("api://a", ("Read", "Write"))
    assert read.openid == {"openid"}


def test_the_seeds_sample_is_answered_as_it_is_printed() -> None:
    """`user.read openid profile offline_access` → `User.Read profile openid email`."""
    shown = access(
        "user.read openid profile offline_access",
        "User.Read",
        openid="openid profile email offline_access",
    )
    assert render_scope(shown) == "User.Read profile openid email"


@pytest.mark.parametrize(
    ("asked", "scopes", "default", "shown"),
    [
        ("user.read", ("User.Read",), True, "User.Read"),
        (f"{URI}/user.read", ("User.Read",), True, f"{URI}/User.Read"),
        (
            f"{GRAPH.id}/User.Read",
            ("User.Read",),
            True,
            f"{GRAPH.id}/User.Read",
        ),
        (
            f"{URI}/User.Read Mail.Read",
            ("User.Read", "Mail.Read"),
            True,
            f"{URI}/User.Read Mail.Read",
        ),
        ("user.read", ("User.Read", "Mail.Read"), True, "User.Read Mail.Read"),
        (
            f"{URI}/user.read",
            ("User.Read", "Mail.Read"),
            True,
            f"{URI}/User.Read {URI}/Mail.Read",
        ),
        (".default", ("User.Read",), True, "User.Read .default"),
        (
            "api://tasks/tasks.read openid",
            ("Tasks.Read",),
            False,
            "api://tasks/Tasks.Read",
        ),
        (
            "api://tasks/.default openid profile offline_access",
            ("Tasks.Read", "Tasks.Write"),
            False,
            "api://tasks/Tasks.Read api://tasks/Tasks.Write api://tasks/.default",
        ),
    ],
)
def test_scopes_are_shown_in_the_form_that_was_asked_for(
    asked: str, scopes: tuple[str, ...], default: bool, shown: str
) -> None:
    """Registered case, requested form, `.default` last (§5.2)."""
    assert render_scope(access(asked, *scopes, default=default)) == shown


def test_openid_scopes_are_shown_at_the_default_resource_only() -> None:
    """Nor do they stand in `scp` elsewhere (§5.2)."""
    here = access("openid", "User.Read", openid="openid email")
    there = access("api://tasks/a", "a", openid="openid email", default=False)
    assert render_scp(here) == "User.Read openid email"
    assert (render_scp(there), render_scope(there)) == ("a", "api://tasks/a")


NAME = st.from_regex(r"[A-Za-z][A-Za-z0-9_.]{0,10}[A-Za-z]", fullmatch=True).filter(
    lambda name: name.lower() not in OIDC
)
NAMES = st.lists(NAME, min_size=1, max_size=4, unique_by=str.lower)
PREFIX = st.sampled_from(["", f"{URI}/", f"{GRAPH.id}/", f"{URI}//"])
OPENID = st.frozensets(st.sampled_from(sorted(OIDC)))


@given(names=NAMES, prefix=PREFIX, openid=OPENID)
def test_what_is_shown_of_the_default_resource_reads_back_the_same(
    names: list[str], prefix: str, openid: frozenset[str]
) -> None:
    """The client finds the words it asked for, and asks the same by them."""
    text = " ".join([*(prefix + name for name in names), *sorted(openid)])
    asked = parse_scope(text)
    granted = Access(GRAPH, True, tuple(names), openid, request=asked)
    shown = render_scope(granted)
    assert set(text.split()) - {"offline_access"} == set(shown.split())
    again = parse_scope(shown)
    assert (again.resource, again.names) == (asked.resource, asked.names)
    assert again.qualified == asked.qualified
    assert again.openid == openid - {"offline_access"}


@given(names=NAMES, openid=OPENID, more=st.lists(NAME, max_size=2))
def test_what_is_shown_of_another_resource_reads_back_the_same(
    names: list[str], openid: frozenset[str], more: list[str]
) -> None:
    """Always with the resource in front; what was consented besides comes along."""
    asked = parse_scope(" ".join(f"api://tasks/{name}" for name in names))
    every = tuple(dict.fromkeys([*names, *more]))
    again = parse_scope(
        render_scope(Access(TASKS, False, every, openid, request=asked))
    )
    assert (again.resource, again.names) == ("api://tasks", every)
    assert not again.openid


@given(text=st.text(max_size=60))
def test_no_text_does_anything_but_read_or_refuse(text: str) -> None:
    """A request or a Refused with an answer in the table, never another error."""
    outcome = read(text)
    if isinstance(outcome, Reason):
        assert outcome in MALFORMED
    else:
        assert outcome.openid <= OIDC
        assert not (outcome.everything and outcome.names)


def read(text: str) -> ScopeRequest | Reason:
    """What was asked, or why it cannot be read."""
    try:
        return parse_scope(text)
    except Refused as refused:
        return refused.reason


@pytest.mark.parametrize(
    ("resource", "scope", "openid", "given_"),
    [
        ("api://tasks", None, set(), True),
        ("api://tasks", "openid", {"openid"}, True),
        (None, "OpenID user.read", {"openid"}, False),
    ],
)
def test_v1_asks_by_resource(
    resource: str | None, scope: str | None, openid: set[str], given_: bool
) -> None:
    """`resource` decides; of `scope` only OpenID words count (§2.8)."""
    read = parse_resource(resource, scope)
    assert (read.resource, read.given) == (resource, given_)
    assert read.openid == openid
    assert (read.everything, read.names) == (True, ())
