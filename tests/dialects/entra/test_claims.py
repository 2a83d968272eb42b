"""What stands in tokens of this dialect (contract entra §7).

The claims as values; that they are signed well is in tests/keys.
"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.core.model import Authentication, Domain, User
from ostiary.core.request import (
    Access,
    ClientAuthentication,
    Grant,
    ScopeRequest,
    Subject,
)
from ostiary.dialects.entra.authority import ADFS_SURFACE, V1, V2, Surface
from ostiary.dialects.entra.claims import (
    access_token_claims,
    id_token_claims,
    pairwise,
    principal_name,
)
from ostiary.dialects.entra.default_resource import GRAPH
from ostiary.dialects.entra.wire import EntraWire
from ostiary.dialects.site import Site
from tests.flows.values import (
    ALICE,
    CONFIDENTIAL,
    NOON,
    PUBLIC,
    TASKS,
    TENANT,
    client,
    confidential,
    tenant,
    trace,
    user,
)

BASE = "https://localhost:8443"
SITE = Site(BASE, b"pairwise")
FULL = user(given_name="Alice", family_name="Liddell")


def grant(
    access: Access | None = None, person: User | None = FULL, **fields: object
) -> Grant:
    """Alice's sign-in at the public client, for the default resource."""
    openid = frozenset({"openid", "profile", "email"})
    subject = None if person is None else Subject(person, ("pwd",), NOON)
    made = Grant(
        tenant=tenant(),
        client=client(),
        authentication=ClientAuthentication.NONE,
        access=access or Access(GRAPH, True, ("User.Read",), openid),
        subject=subject,
        session_id="session",
        token_id="t" * 22,
        trace=trace(),
        issued_at=NOON + 0.9,
        lifetime=3600,
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def test_a_first_version_access_token() -> None:
    """All of its column in §7, for the default resource."""
    claims = access_token_claims(grant(), V2, SITE)
    assert claims.pop("aio")
    assert claims.pop("rh") == "session"
    sub = claims.pop("sub")
    assert isinstance(sub, str)
    assert len(sub) == 43
    assert claims == {
        "aud": GRAPH.id,
        "iss": f"{BASE}/{TENANT}/",
        "iat": NOON - 300,
        "nbf": NOON - 300,
        "exp": NOON + 3600,
        "uti": "t" * 22,
        "ver": "1.0",
        "tid": TENANT,
        "oid": ALICE,
        "acr": "1",
        "amr": ["pwd"],
        "appid": PUBLIC,
        "appidacr": "0",
        "name": "Alice Liddell",
        "given_name": "Alice",
        "family_name": "Liddell",
        "unique_name": "alice@contoso.test",
        "upn": "alice@contoso.test",
        "ipaddr": "192.0.2.7",
        "scp": "User.Read profile openid email",
    }
    assert all(type(claims[name]) is int for name in ("iat", "nbf", "exp"))


def test_a_second_version_access_token() -> None:
    """The resource decides, whatever the endpoint (§7)."""
    access = Access(TASKS, False, ("Tasks.Read",), frozenset({"profile"}))
    for surface in (V1, V2):
        claims = access_token_claims(grant(access), surface, SITE)
        assert (claims["ver"], claims["aud"]) == ("2.0", TASKS.id)
        assert claims["iss"] == f"{BASE}/{TENANT}/v2.0"
        assert (claims["azp"], claims["azpacr"]) == (PUBLIC, "0")
        assert claims["scp"] == "Tasks.Read"
        assert claims["preferred_username"] == "alice@contoso.test"
        absent = {"appid", "appidacr", "upn", "amr", "acr", "ipaddr", "unique_name"}
        assert not absent & set(claims)


def test_names_need_the_profile_scope() -> None:
    """In version 2 tokens (§7)."""
    access = Access(TASKS, False, ("Tasks.Read",))
    claims = access_token_claims(grant(access), V2, SITE)
    assert not {"name", "preferred_username"} & set(claims)


@pytest.mark.parametrize(
    ("asked", "audience"),
    [
        (None, GRAPH.id),
        (GRAPH.identifier, GRAPH.identifier),
        (GRAPH.id, GRAPH.id),
    ],
)
def test_a_first_version_audience_is_as_requested(
    asked: str | None, audience: str
) -> None:
    """The identifier as written, or the GUID for short scopes (§7)."""
    access = Access(GRAPH, True, ("User.Read",), request=ScopeRequest(asked))
    assert access_token_claims(grant(access), V2, SITE)["aud"] == audience


@pytest.mark.parametrize(
    ("how", "strength"),
    [
        (ClientAuthentication.NONE, "0"),
        (ClientAuthentication.SECRET, "1"),
        (ClientAuthentication.CERTIFICATE, "2"),
    ],
)
def test_how_the_client_proved_itself_is_told(
    how: ClientAuthentication, strength: str
) -> None:
    """As a string (§7)."""
    claims = access_token_claims(grant(authentication=how), V2, SITE)
    assert claims["appidacr"] == strength


def test_an_id_token() -> None:
    """Its column in §7; `email` and names by scope, an hour long."""
    claims = id_token_claims(grant(lifetime=7200), V2, SITE)
    assert claims["aud"] == PUBLIC
    assert claims["iss"] == f"{BASE}/{TENANT}/v2.0"
    assert claims["exp"] == NOON + 3600
    assert claims["ver"] == "2.0"
    assert (claims["oid"], claims["tid"]) == (ALICE, TENANT)
    assert claims["preferred_username"] == "alice@contoso.test"
    assert claims["email"] == "alice@contoso.test"
    absent = {"amr", "scp", "nonce", "at_hash", "c_hash", "appid", "azp"}
    assert not absent & set(claims)
    bare = id_token_claims(grant(Access(GRAPH, True, ())), V2, SITE)
    assert not {"oid", "name", "email", "preferred_username"} & set(bare)


def test_an_id_token_of_the_first_version() -> None:
    """Names without asking, `upn` and `amr` (§7)."""
    claims = id_token_claims(grant(), V1, SITE)
    assert (claims["ver"], claims["iss"]) == ("1.0", f"{BASE}/{TENANT}/")
    assert (claims["upn"], claims["amr"]) == ("alice@contoso.test", ["pwd"])
    assert claims["given_name"] == "Alice"


def test_the_adfs_style_has_its_own_issuer() -> None:
    """In both tokens (§2.9)."""
    for make in (access_token_claims, id_token_claims):
        assert make(grant(), ADFS_SURFACE, SITE)["iss"] == f"{BASE}/adfs"


def test_a_clients_own_token_is_about_the_client() -> None:
    """`sub` is `oid`, roles and no scope; without roles no `roles` (§3.8)."""
    access = Access(TASKS, False, roles=("Tasks.Read.All",))
    own = grant(access, None, client=confidential())
    claims = access_token_claims(own, V2, SITE)
    assert claims["sub"] == claims["oid"] != CONFIDENTIAL
    assert (claims["idtyp"], claims["roles"]) == ("app", ["Tasks.Read.All"])
    assert "scp" not in claims
    assert "roles" not in access_token_claims(
        grant(Access(TASKS, False), None), V2, SITE
    )


@given(
    people=st.lists(st.uuids().map(str), min_size=2, max_size=2, unique=True),
    audiences=st.lists(st.text(max_size=40), min_size=2, max_size=2, unique=True),
)
def test_a_subject_is_pairwise(people: list[str], audiences: list[str]) -> None:
    """Stable for a user and an audience, different for any other (OIDC Core §8.1)."""
    subjects = {
        pairwise(SITE, TENANT, person, audience)
        for person in people
        for audience in audiences
        for _ in range(2)
    }
    assert len(subjects) == 4
    assert {len(subject) for subject in subjects} == {43}


@pytest.mark.parametrize("surface", [V1, V2, ADFS_SURFACE])
@pytest.mark.parametrize("resource", [GRAPH, TASKS])
@pytest.mark.parametrize("how", ClientAuthentication)
def test_what_is_written_reads_back_the_same(
    surface: Surface, resource: object, how: ClientAuthentication
) -> None:
    """An access token of ours tells us who it is for; an id_token is none."""
    chosen = GRAPH if resource is GRAPH else TASKS
    access = Access(chosen, chosen is GRAPH, ("A.Read", "B.Write"))
    wire, made = EntraWire(surface, SITE), grant(access, authentication=how)
    read = wire.read_access_token(wire.access_token(made).claims)
    assert read is not None
    assert (read.token_id, read.session_id) == ("t" * 22, "session")
    assert (read.client_id, read.user_id) == (PUBLIC, ALICE)
    assert read.scopes == ("A.Read", "B.Write")
    assert (read.issued_at, read.expires_at) == (NOON + 0.9, NOON + 3600)
    assert read.public_client is (how is ClientAuthentication.NONE)
    assert wire.access_token(made).thumbprint is (chosen is GRAPH)
    assert wire.read_access_token(wire.id_token(made).claims) is None


@pytest.mark.parametrize(
    ("username", "email", "full"),
    [
        ("zoe", None, "zoe@one.test"),
        ("zoe", "zoe@two.test", "zoe@two.test"),
        ("zoe", "zoe@elsewhere.test", "zoe@one.test"),
        ("zoe@corp.test", "zoe@two.test", "zoe@corp.test"),
    ],
)
def test_short_names_of_a_directory_are_completed(
    username: str, email: str | None, full: str
) -> None:
    """`preferred_username` and `upn` are the UPN (§7): with what people type here."""
    through = Authentication.PASS_THROUGH
    domains = (
        Domain("contoso.test"),
        Domain("other.test", through, "other"),
        Domain("one.test", through, "ldap"),
        Domain("two.test", through, "ldap"),
    )
    person = user(username=username, email=email, connection="ldap", vouched=True)
    made = grant(person=person, tenant=tenant(domains=domains))
    v2 = id_token_claims(made, V2, SITE)
    v1 = id_token_claims(made, V1, SITE)
    assert v2["preferred_username"] == full
    assert (v1["upn"], v1["unique_name"]) == (full, full)


@pytest.mark.parametrize("vouched", [False, True])
def test_a_short_name_without_such_a_domain_stays(vouched: bool) -> None:
    """Nothing is made up: neither of an account kept here, nor without a domain."""
    domain = Domain("one.test", Authentication.PASS_THROUGH, "ldap")
    connection = "other" if vouched else "ldap"
    person = user(username="zoe", connection=connection, vouched=vouched)
    assert principal_name(person, tenant(domains=(domain,))) == "zoe"


@pytest.mark.parametrize("surface", [V1, V2, ADFS_SURFACE])
def test_groups_are_told_by_their_names(surface: Surface) -> None:
    """Those given here and those of the directory; of too many, that there are some.

    Contract entra §7: a list of 200 at most.
    """
    many = tuple(f"group {number}" for number in range(201))
    for person, told in (
        (user(groups=("vip",), directory_groups=("staff", "vip")), ["vip", "staff"]),
        (user(directory_groups=many[:200]), list(many[:200])),
    ):
        made = grant(person=person)
        for render in (access_token_claims, id_token_claims):
            assert render(made, surface, SITE)["groups"] == told
    crowded = id_token_claims(grant(person=user(groups=many)), surface, SITE)
    assert "groups" not in crowded
    assert crowded["hasgroups"] is True
    assert "groups" not in id_token_claims(grant(), surface, SITE)
