"""core.clients: who they are, how they prove it, which grants they may use."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.core import clients
from ostiary.core.errors import Reason, Refused
from ostiary.core.model import Client
from ostiary.core.names import (
    CLIENT_CREDENTIALS,
    INTROSPECTION,
    PASSWORD,
    REFRESH_TOKEN,
    REVOCATION,
)
from ostiary.core.policy import Policy
from ostiary.core.request import ClientCredential, TenantRef
from tests.core.things import (
    CLIENT_ID,
    MAIN,
    NOW,
    POLICY,
    client,
    refusal,
    secret,
    tenant,
)

PUBLIC_ONLY = Policy(MAIN, password_clients_public_only=True)
LENIENT = Policy(MAIN, public_credential_ignored=True)
CONFIDENTIAL = client(public=False)
NOTHING = ClientCredential(CLIENT_ID)
SECRET = ClientCredential(CLIENT_ID, secret="s")
ASSERTION = ClientCredential(CLIENT_ID, assertion="a.b.c")
BOTH = ClientCredential(CLIENT_ID, secret="s", assertion="a.b.c")
AUDIENCES = frozenset({"https://here/token", "https://here/"})
# SHA-256 of "right", from the command sha256sum.
RIGHT = "27042f4e6eca7d0b2a7ee4026df2ecfa51d3339e6d122aa099118ecd8563bad9"


def test_secrets_are_stored_as_sha256() -> None:
    """The test vector of FIPS 180-2, appendix B.1."""
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    assert clients.secret_sha256("abc") == digest


def test_a_disabled_client_is_refused() -> None:
    """An enabled one passes."""
    assert refusal(lambda: clients.check_enabled(client())) is None
    off = client(enabled=False)
    assert refusal(lambda: clients.check_enabled(off)) is Reason.CLIENT_DISABLED


@pytest.mark.parametrize(
    ("credential", "refused"),
    [(NOTHING, False), (SECRET, False), (ASSERTION, False), (BOTH, True)],
)
def test_one_way_of_authentication_at_once(
    credential: ClientCredential, refused: bool
) -> None:
    """RFC 6749 §2.3."""
    found = refusal(lambda: clients.check_one_credential(credential))

    assert found is (Reason.CLIENT_CREDENTIALS_SEVERAL if refused else None)


@pytest.mark.parametrize(
    ("asking", "grant_type", "policy", "needed"),
    [
        (client(), PASSWORD, POLICY, False),
        (client(), REFRESH_TOKEN, POLICY, False),
        (client(), REVOCATION, POLICY, False),
        (client(), CLIENT_CREDENTIALS, POLICY, True),
        (client(), INTROSPECTION, POLICY, True),
        (CONFIDENTIAL, PASSWORD, POLICY, True),
        (CONFIDENTIAL, REFRESH_TOKEN, POLICY, True),
        (CONFIDENTIAL, REVOCATION, POLICY, True),
        (client(), PASSWORD, PUBLIC_ONLY, False),
        (CONFIDENTIAL, REFRESH_TOKEN, PUBLIC_ONLY, True),
        (client(), CLIENT_CREDENTIALS, PUBLIC_ONLY, True),
    ],
)
def test_who_must_authenticate(
    asking: Client, grant_type: str, policy: Policy, needed: bool
) -> None:
    """Confidential clients always; anybody for what only a secret can prove."""
    assert clients.needs_credential(asking, grant_type, policy) is needed


def test_confidential_clients_have_no_password_grant_where_it_is_for_public_ones() -> (
    None
):
    """The editions of 2018 (seed 002, `invalid_client`)."""
    found = refusal(
        lambda: clients.needs_credential(CONFIDENTIAL, PASSWORD, PUBLIC_ONLY)
    )

    assert found is Reason.CLIENT_NOT_PUBLIC


@pytest.mark.parametrize(
    ("credential", "needed", "policy", "outcome"),
    [
        (NOTHING, False, POLICY, False),
        (NOTHING, True, POLICY, Reason.CLIENT_CREDENTIAL_MISSING),
        (SECRET, True, POLICY, True),
        (ASSERTION, True, POLICY, True),
        (SECRET, False, POLICY, Reason.CLIENT_CREDENTIAL_UNWANTED),
        (ASSERTION, False, POLICY, Reason.CLIENT_CREDENTIAL_UNWANTED),
        (SECRET, False, LENIENT, False),
        (SECRET, True, LENIENT, True),
        (NOTHING, True, LENIENT, Reason.CLIENT_CREDENTIAL_MISSING),
    ],
)
def test_presence_of_a_credential(
    credential: ClientCredential, needed: bool, policy: Policy, outcome: bool | Reason
) -> None:
    """Public clients must not, confidential ones must (seed 001)."""
    try:
        found: bool | Reason = clients.check_credential_presence(
            client(), credential, needed=needed, policy=policy
        )
    except Refused as refused:
        found = refused.reason

    assert found is outcome


@pytest.mark.parametrize(
    ("stored", "offered", "reason"),
    [
        ([(RIGHT, None)], "right", None),
        ([(RIGHT, NOW + 1)], "right", None),
        ([(RIGHT, NOW)], "right", Reason.CLIENT_SECRET_EXPIRED),
        ([(RIGHT, NOW - 1), (RIGHT, NOW + 1)], "right", None),
        ([(RIGHT, NOW + 1), (RIGHT, NOW - 1)], "right", None),
        ([("00" * 32, None), (RIGHT, None)], "right", None),
        ([(RIGHT, None)], "wrong", Reason.CLIENT_SECRET_WRONG),
        ([(RIGHT, NOW - 1)], "wrong", Reason.CLIENT_SECRET_WRONG),
        ([(RIGHT, None)], "Right", Reason.CLIENT_SECRET_WRONG),
        ([(RIGHT, None)], RIGHT, Reason.CLIENT_SECRET_WRONG),
        ([(RIGHT, None)], "", Reason.CLIENT_SECRET_WRONG),
        ([], "right", Reason.CLIENT_SECRET_WRONG),
    ],
)
def test_secrets(
    stored: list[tuple[str, float | None]], offered: str, reason: Reason | None
) -> None:
    """One of several suffices; only the right one learns that it is outdated."""
    asking = client(secrets=tuple(secret(*each) for each in stored))

    assert refusal(lambda: clients.check_secret(asking, offered, NOW)) is reason


GOOD = {
    "iss": CLIENT_ID,
    "sub": CLIENT_ID,
    "aud": "https://here/token",
    "exp": NOW + 600,
}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"aud": ["https://other", "https://here/"]}, None),
        ({"nbf": NOW + 300.0, "iat": NOW + 300.0}, None),
        ({"exp": NOW + 86400.0}, None),
        ({"iss": "c2"}, Reason.ASSERTION_SUBJECT),
        ({"sub": "c2"}, Reason.ASSERTION_SUBJECT),
        ({"sub": None}, Reason.ASSERTION_SUBJECT),
        ({"iss": "c2", "sub": "c2"}, Reason.ASSERTION_SUBJECT),
        ({"aud": "https://elsewhere/token"}, Reason.ASSERTION_AUDIENCE),
        ({"aud": "https://here/token/x"}, Reason.ASSERTION_AUDIENCE),
        ({"aud": []}, Reason.ASSERTION_AUDIENCE),
        ({"aud": [None, {}]}, Reason.ASSERTION_AUDIENCE),
        ({"aud": None}, Reason.ASSERTION_AUDIENCE),
        ({"exp": None}, Reason.ASSERTION_MALFORMED),
        ({"exp": "soon"}, Reason.ASSERTION_MALFORMED),
        ({"exp": NOW}, Reason.ASSERTION_EXPIRED),
        ({"exp": NOW + 86401.0}, Reason.ASSERTION_EXPIRED),
        ({"nbf": NOW + 301.0}, Reason.ASSERTION_EXPIRED),
        ({"iat": NOW + 301.0}, Reason.ASSERTION_EXPIRED),
    ],
)
def test_claims_of_an_assertion(
    changes: dict[str, object], reason: Reason | None
) -> None:
    """RFC 7523 §3: issuer, subject, audience and times; five minutes of skew."""
    claims = {**GOOD, **changes}

    def check() -> float:
        return clients.check_assertion_claims(client(), claims, AUDIENCES, NOW)

    assert refusal(check) is reason
    if reason is None:
        assert check() == claims["exp"]


@given(
    st.dictionaries(
        st.sampled_from(["iss", "sub", "aud", "exp", "nbf", "iat"]),
        st.none()
        | st.floats()
        | st.text()
        | st.lists(st.text())
        | st.just(CLIENT_ID)
        | st.just("https://here/"),
    )
)
def test_no_claims_break_the_judgement(claims: dict[str, object]) -> None:
    """Whatever a client writes is good until a time within a day, or refused."""
    try:
        expires = clients.check_assertion_claims(client(), claims, AUDIENCES, NOW)
    except Refused:
        return

    assert NOW < expires <= NOW + clients.LONGEST_ASSERTION


ALIAS = TenantRef("everybody", alias=True, home=True, grant_types=frozenset({PASSWORD}))
HOME = TenantRef("everybody", alias=True, home=True)


@pytest.mark.parametrize(
    ("ref", "grant_type", "refused"),
    [
        (TenantRef("t1"), CLIENT_CREDENTIALS, False),
        (ALIAS, PASSWORD, False),
        (ALIAS, CLIENT_CREDENTIALS, True),
        (TenantRef("nobody", alias=True), PASSWORD, True),
    ],
)
def test_grants_at_an_alias(ref: TenantRef, grant_type: str, refused: bool) -> None:
    """An alias serves what it lists, a tenant everything."""
    found = refusal(lambda: clients.check_alias(ref, grant_type))

    assert found is (Reason.TENANT_ALIAS_REFUSED if refused else None)


@pytest.mark.parametrize(
    ("multi_tenant", "ref", "refused"),
    [
        (True, HOME, False),
        (False, HOME, True),
        (False, TenantRef("t1"), False),
    ],
)
def test_only_multi_tenant_clients_find_the_users_tenant(
    multi_tenant: bool, ref: TenantRef, refused: bool
) -> None:
    """A single-tenant client must name its tenant (50194)."""
    asking = client(multi_tenant=multi_tenant)
    found = refusal(lambda: clients.check_home(asking, ref))

    assert found is (Reason.CLIENT_SINGLE_TENANT if refused else None)


@pytest.mark.parametrize(
    ("held", "door", "grant_type", "reason"),
    [
        ((), False, PASSWORD, Reason.GRANT_NOT_ALLOWED),
        ((), True, PASSWORD, Reason.GRANT_NOT_ALLOWED),
        ((PASSWORD,), False, PASSWORD, Reason.PASSWORD_GRANT_OFF),
        ((PASSWORD,), True, PASSWORD, None),
        ((PASSWORD,), True, REFRESH_TOKEN, Reason.GRANT_NOT_ALLOWED),
        ((REFRESH_TOKEN,), False, REFRESH_TOKEN, None),
        ((CLIENT_CREDENTIALS,), False, CLIENT_CREDENTIALS, None),
    ],
)
def test_both_the_client_and_the_tenant_open_the_password_grant(
    held: tuple[str, ...], door: bool, grant_type: str, reason: Reason | None
) -> None:
    """Shut by default on both sides; the tenant's door is for passwords alone."""
    asking = client(grant_types=frozenset(held))
    where = tenant(password_grant=door)

    found = refusal(
        lambda: clients.check_grant_allowed(where, asking, grant_type, [grant_type])
    )
    assert found is reason


SAML = "urn:ietf:params:oauth:grant-type:saml2-bearer"
SAML_1 = "urn:ietf:params:oauth:grant-type:saml1_1-bearer"


@pytest.mark.parametrize(
    ("held", "door", "reason"),
    [
        ((), True, Reason.GRANT_NOT_ALLOWED),
        ((REFRESH_TOKEN,), True, Reason.GRANT_NOT_ALLOWED),
        ((PASSWORD,), True, None),
        ((PASSWORD,), False, Reason.PASSWORD_GRANT_OFF),
        ((SAML,), False, None),
        ((SAML_1,), False, None),
        ((SAML_1, PASSWORD), False, None),
    ],
)
def test_an_assertion_by_the_password_grant_needs_the_tenants_door(
    held: tuple[str, ...], door: bool, reason: Reason | None
) -> None:
    """Named by itself the grant is open; as a password's other form, as that is."""
    asking = client(grant_types=frozenset(held))
    names = (SAML, SAML_1, PASSWORD)

    found = refusal(
        lambda: clients.check_grant_allowed(
            tenant(password_grant=door), asking, SAML, names
        )
    )
    assert found is reason
