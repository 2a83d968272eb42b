"""Whatever a small configuration says: applying it twice is the same as once."""

import tempfile
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cli.commands import CHEAP, Commands

NAMES = ("a", "b", "c")
SCOPES = (
    "User.Read",
    "openid",
    "api://x/Read",
    "https://graph.microsoft.com/Mail.Read",
)
ANY_TEXT = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False,
    allow_infinity=False) | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(ANY_TEXT, inner,
    max_size=2),
    max_leaves=4,
)  # fmt: skip


def some(values: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    """Some of the values in some order."""
    return st.lists(st.sampled_from(values), unique=True, max_size=len(values))


def mapping(required: dict[str, Any], **optional: Any) -> st.SearchStrategy[Any]:
    """A mapping with any of the optional keys."""
    fixed = {key: st.just(value) for key, value in required.items()}
    return st.fixed_dictionaries(fixed, optional=optional)


def applications() -> st.SearchStrategy[Any]:
    """Some applications of fixed ids."""
    each = [
        mapping(
            {"client_id": name},
            name=ANY_TEXT,
            public_client=st.booleans(),
            enabled=st.booleans(),
            audience=st.sampled_from(["single-tenant", "multi-tenant"]),
            grant_types=some(("password", "refresh_token")),
            permissions=some(SCOPES),
            admin_consent=some(SCOPES),
            connections=some(("people", "other")),
            assertion_reuse=st.booleans(),
        )
        for name in NAMES
    ]
    return st.tuples(*each).map(list)


def users() -> st.SearchStrategy[Any]:
    """Some users; two of them may be left out."""
    each = [
        mapping(
            {"username": f"{name}@x.test"},
            password=st.sampled_from(["first-Word-1", "second-Word-2"]),
            connection=st.sampled_from(["people", "other"]),
            name=ANY_TEXT,
            email=st.just(f"{name}@mail.test"),
            enabled=st.booleans(),
            groups=some(NAMES),
            assigned_to=some(NAMES),
            consents=st.just([{"client_id": "a", "scopes": ["User.Read"]}]),
            attributes=st.dictionaries(ANY_TEXT, VALUES, max_size=2),
            mfa=st.just({"required": True, "totp_secret": "JBSWY3DPEHPK3PXPAB"}),
        )
        for name in NAMES
    ]
    return st.tuples(*each).flatmap(
        lambda found: some(NAMES).map(
            lambda kept: [found[NAMES.index(name)] for name in kept]
        )
    )


def policies() -> st.SearchStrategy[Any]:
    """Some policies in some order."""
    return some(NAMES).map(
        lambda names: [{"name": name, "effect": "block"} for name in names]
    )


def tenants() -> st.SearchStrategy[Any]:
    """A tenant, with its id or found by its name."""
    fixed = {
        "name": "x",
        "domains": [{"name": "x.test"}],
        "password_hash": CHEAP,
        "connections": [
            {"name": "people", "strategy": "auth0"},
            {"name": "other", "strategy": "auth0"},
        ],
        "resources": [{"identifier": "api://x", "scopes": [{"value": "Read"}]}],
    }
    switches = ("password_grant", "hide_unknown_users", "adfs_alias", "signup")
    return mapping(
        fixed,
        applications=applications(),
        users=users(),
        policies=policies(),
        **{name: st.booleans() for name in switches},
    ).map(lambda tenant: {"applications": [{"client_id": n} for n in NAMES], **tenant})


@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(tenants(), tenants(), st.booleans())
def test_what_was_applied_is_what_is_there(
    first: Any, second: Any, prune: bool
) -> None:
    """After any earlier file: apply leaves no difference, export and plan neither."""
    with tempfile.TemporaryDirectory() as folder:
        commands = Commands(Path(folder), first)
        more = ("--prune",) if prune else ()
        commands.write(second)
        commands.say("apply", str(commands.path), *more)
        assert commands.plan(*more) == (0, ["no differences"])
        text = commands.say("export")
        commands.path.write_text(text)
        assert commands.plan("--prune") == (0, ["no differences"])
        document = yaml.safe_load(text)
        assert "first-Word-1" not in text
        if prune:
            declared = {user["username"] for user in second.get("users", [])}
            exported = document["tenants"][0].get("users", [])
            assert {user["username"] for user in exported} == declared
