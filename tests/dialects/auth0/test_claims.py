"""dialects.auth0.claims: what tokens and profiles say (contract auth0 §1.4 to §4.2)."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.core.model import Client, ConnectionSettings, Resource, Tenant, User
from ostiary.core.request import (
    Access,
    ClientAuthentication,
    Grant,
    ScopeRequest,
    Subject,
    Trace,
)
from ostiary.dialects.auth0.claims import (
    access_token_claims,
    id_token_claims,
    moment,
    profile_of,
    subject_id,
)

NOON = 1_700_000_000.5
DOMAIN = "login.test/contoso"
TENANT = Tenant("t", "contoso", options={"auth0_domain": DOMAIN})
CLIENT = Client("t", "LEG", public=True)
DIRECTORY = ConnectionSettings("db", "auth0")
USERINFO = Resource(f"https://{DOMAIN}/userinfo", "userinfo", offline_access=True)
API = Resource("https://api.test", "api")
ALICE = User(
    "aaaaaaaa-0000-4000-8000-000000000001",
    "t",
    "db",
    "alice@example.test",
    login="alice",
    email="Alice@example.test",
    email_verified=True,
    given_name="Alice",
    external_id="5f7c8ec7c33c6c004bbafe82",
    groups=("staff",),
    attributes={"favorite_color": "blue", "user_metadata": {"plan": "gold"}},
)
SUB = "auth0|5f7c8ec7c33c6c004bbafe82"


def subject(user: User = ALICE) -> Subject:
    """That user, just signed in."""
    return Subject(user, ("pwd",), NOON, NOON - 100, NOON - 50)


def grant(
    *words: str,
    user: User | None = ALICE,
    resource: Resource = USERINFO,
    scopes: tuple[str, ...] = (),
    client: Client = CLIENT,
    nonce: str | None = None,
) -> Grant:
    """What tokens are written from."""
    request = ScopeRequest(openid=frozenset(words))
    default = resource is USERINFO
    return Grant(
        tenant=TENANT,
        client=client,
        authentication=ClientAuthentication.NONE,
        access=Access(resource, default, scopes, request.openid, (), request),
        subject=subject(user) if user else None,
        session_id="session",
        token_id="token",
        trace=Trace("t", "c", "192.0.2.7"),
        issued_at=NOON,
        lifetime=600,
        connection=DIRECTORY,
        nonce=nonce,
    )


def without(claims: Mapping[str, object], *names: str) -> set[str]:
    """The names of the other claims."""
    return set(claims) - set(names)


FRAME = ("iss", "sub", "aud", "iat", "exp")


def test_openid_alone_adds_nothing() -> None:
    """The frame: issuer with its slash, ten hours, whole seconds (§1.4)."""
    claims = id_token_claims(grant("openid"), legacy=True)
    assert claims == {
        "iss": "https://login.test/contoso/",
        "sub": SUB,
        "aud": "LEG",
        "iat": 1_700_000_000,
        "exp": 1_700_036_000,
    }


def test_a_registered_lifetime_and_a_nonce_are_kept() -> None:
    """`id_token.lifetime` of the application, and what the request brought."""
    client = replace(CLIENT, options={"id_token": {"lifetime": 60}})
    claims = id_token_claims(grant("openid", client=client, nonce="n1"), legacy=True)
    assert claims["exp"] == 1_700_000_060
    assert claims["nonce"] == "n1"


def test_legacy_profile_is_all_of_it() -> None:
    """Every member of the normalized profile (§4.2)."""
    claims = id_token_claims(grant("openid", "profile"), legacy=True)
    assert without(claims, *FRAME) == set(profile_of(subject(), "auth0"))
    assert claims["favorite_color"] == "blue"


@pytest.mark.parametrize(
    ("words", "added"),
    [
        (("email",), {"email": "Alice@example.test"}),
        (("favorite_color", "nonsense"), {"favorite_color": "blue"}),
        (("plan",), {"plan": "gold"}),
        (("family_name",), {}),
        (("groups", "username"), {"groups": ["staff"], "username": "alice"}),
        (("sub", "iss", "exp"), {}),
    ],
)
def test_a_legacy_word_adds_exactly_its_attribute(
    words: tuple[str, ...], added: Mapping[str, object]
) -> None:
    """That the user has; the frame is nobody's attribute (§1.4)."""
    plain = id_token_claims(grant("openid"), legacy=True)
    claims = id_token_claims(grant("openid", *words), legacy=True)
    assert claims == {**plain, **added}


@pytest.mark.parametrize("name", FRAME)
def test_attributes_never_stand_in_for_the_frame(name: str) -> None:
    """Whatever an import brought, the token says who issued it for whom."""
    forged = replace(ALICE, attributes={name: "forged", "user_metadata": {name: "x"}})
    plain = id_token_claims(grant("openid"), legacy=True)
    claims = id_token_claims(grant("openid", "profile", name, user=forged), legacy=True)
    assert claims[name] == plain[name]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ((), set()),
        (("email",), {"email", "email_verified"}),
        (("profile",), {"name", "given_name", "nickname", "picture", "updated_at"}),
        (("favorite_color",), set()),
    ],
)
def test_openid_connects_scopes_stand_for_its_claims(
    words: tuple[str, ...], names: set[str]
) -> None:
    """OpenID Connect Core §5.4; other words are nothing here."""
    claims = id_token_claims(grant("openid", *words), legacy=False)
    assert without(claims, *FRAME) == names


def test_the_profile_has_what_is_always_there() -> None:
    """For a user of whom nothing is known but the name (§4.2)."""
    bare = User("b" * 8, "t", "db", "bob")
    profile = profile_of(subject(bare), "ad")
    assert set(profile) == {
        "user_id",
        "name",
        "nickname",
        "picture",
        "identities",
        "created_at",
        "updated_at",
    }
    assert profile["name"] == profile["nickname"] == "bob"


def test_the_inner_id_has_no_strategy() -> None:
    """Outer is provider, `|`, inner (§4.2)."""
    profile = profile_of(subject(), "auth0")
    assert profile["user_id"] == SUB
    assert profile["identities"] == [
        {
            "connection": "db",
            "provider": "auth0",
            "user_id": "5f7c8ec7c33c6c004bbafe82",
            "isSocial": False,
        }
    ]


def test_times_are_iso_8601_with_milliseconds() -> None:
    """1,700,000,000 seconds are 14 November 2023, 22:13:20 UTC."""
    assert moment(NOON) == "2023-11-14T22:13:20.500Z"


@given(st.uuids().map(str))
def test_a_derived_id_is_24_hex_digits_and_stays(user_id: str) -> None:
    """Interface §3, ids."""
    user = User(user_id, "t", "db", "x")
    found = subject_id(user, "auth0")
    assert found == subject_id(replace(user, username="y"), "auth0")
    assert len(found) == len("auth0|") + 24
    int(found.removeprefix("auth0|"), 16)


def test_a_token_for_an_api_names_userinfo_too_for_openid() -> None:
    """[API, UserInfo] when `openid` was asked, else the API alone (§3.3)."""
    both = access_token_claims(grant("openid", resource=API), legacy=False)
    alone = access_token_claims(grant(resource=API), legacy=False)
    assert both["aud"] == ["https://api.test", "https://login.test/contoso/userinfo"]
    assert alone["aud"] == "https://api.test"


def test_an_access_token_says_who_may_what() -> None:
    """`azp`, `scope` as one text, `gty`; integers (§3.3)."""
    granted = grant("openid", "email", resource=API, scopes=("read:x", "write:x"))
    claims = access_token_claims(granted, legacy=False)
    assert claims["iss"] == "https://login.test/contoso/"
    assert (claims["sub"], claims["azp"]) == (SUB, "LEG")
    assert claims["scope"] == "openid email read:x write:x"
    assert claims["gty"] == "password"
    assert (claims["iat"], claims["exp"]) == (1_700_000_000, 1_700_000_600)


def test_an_application_alone_is_its_own_subject() -> None:
    """`<client_id>@clients` (§3.3)."""
    claims = access_token_claims(grant(user=None, resource=API), legacy=False)
    assert claims["sub"] == "LEG@clients"
    assert claims["gty"] == "client-credentials"
