"""Domains whose passwords are elsewhere, and SAML assertions in place of passwords.

Cases 29, 30, 56 and 57 of contract entra §12; §2.5, §3.5 and §8.
"""

import base64
from collections.abc import Iterator

import pytest

from tests.services.microsoft import CLOUD, FEDERATED
from tests.services.microsoft import PASSWORD as THERE
from tests.wire.answers import assert_error, assert_tokens
from tests.wire.entra.cases import GRAPH_ID, PUB, TID, TOKEN, peek, read, token_path
from tests.wire.entra.federated import (
    DOWN,
    GRACE,
    SAML1,
    SAML2,
    Corp,
    corp_in,
    presenting,
)
from tests.wire.instance import PASSWORD

pytestmark = pytest.mark.xdist_group("federation")

GRAPH = "https://graph.microsoft.com"


@pytest.fixture(scope="module")
def corp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corp]:
    """One instance for all tests of this file."""
    with corp_in(tmp_path_factory.mktemp("corp")) as running:
        yield running


@pytest.fixture(autouse=True)
def honest(corp: Corp) -> None:
    """The stand-in forgets what it was asked."""
    corp.sts.reset()


def standard(assertion: str) -> str:
    """As ADAL and Go send it."""
    return base64.b64encode(assertion.encode()).decode()


def url_safe(assertion: str) -> str:
    """As MSAL Python sends it."""
    return base64.urlsafe_b64encode(assertion.encode()).rstrip(b"=").decode()


def signing_in(username: str, password: str) -> dict[str, str]:
    """A password grant at v2."""
    return {
        "client_id": PUB,
        "grant_type": "password",
        "username": username,
        "password": password,
        "scope": "user.read openid",
    }


# --- realm ------------------------------------------------------------------------


def test_case_57_the_realm_of_a_federated_domain(corp: Corp) -> None:
    """The three members, the audience, and nothing about the user."""
    answer = corp.wire.get(f"/common/userrealm/alice@{FEDERATED}?api-version=1.0")
    trust = f"{corp.sts.url}/adfs/services/trust"

    assert answer.status_code == 200
    assert answer.json() == {
        "ver": "1.0",
        "account_type": "Federated",
        "domain_name": FEDERATED,
        "federation_protocol": "WSTrust",
        "federation_metadata_url": f"{trust}/mex",
        "federation_active_auth_url": f"{trust}/2005/usernamemixed",
        "cloud_instance_name": "localhost",
        "cloud_audience_urn": "urn:federation:MicrosoftOnline",
    }


@pytest.mark.parametrize("domain", ["contoso.test", "pta.test", CLOUD, DOWN, FEDERATED])
def test_case_56_the_realm_is_the_same_for_anybody(corp: Corp, domain: str) -> None:
    """Byte for byte, for somebody and nobody; and nobody is asked about them."""
    asked = [
        corp.wire.get(f"/common/userrealm/{name}@{domain}?api-version=1.0").content
        for name in ("alice", "nobody", "grace", "ALICE")
    ]

    assert asked[1:] == asked[:1] * 3
    assert corp.sts.inbox.found(lambda one: True) == []


@pytest.mark.parametrize("domain", ["pta.test", CLOUD, DOWN, "bare.test", "off.test"])
def test_other_domains_are_managed(corp: Corp, domain: str) -> None:
    """Passed through, down, federated with nothing, or with what is switched off."""
    told = corp.wire.get(f"/common/userrealm/x@{domain}?api-version=1.0").json()

    assert (told["account_type"], told["domain_name"]) == ("Managed", domain)
    assert not [name for name in told if name.startswith("federation")]


# --- pass-through -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("username", "password"), [(GRACE, PASSWORD), (f"alice@{CLOUD}", THERE)]
)
@pytest.mark.parametrize(
    "path",
    [TOKEN, token_path("organizations"), token_path(TID, ""), "/adfs/oauth2/token"],
    ids=["v2", "organizations", "v1", "adfs"],
)
def test_case_30_a_pass_through_domain_signs_in(
    corp: Corp, username: str, password: str, path: str
) -> None:
    """By a database of another name and by an upstream, at every endpoint."""
    form = signing_in(username, password)
    if "v2.0" not in path:
        del form["scope"]
        form["resource"] = GRAPH

    answer = corp.wire.post(path, form)

    assert answer.status_code == 200, answer.text
    claims = peek(answer.json()["access_token"])
    assert (claims["upn"], claims["tid"]) == (username, TID)
    assert claims["amr"] == ["pwd"]


@pytest.mark.parametrize("username", [GRACE, f"alice@{CLOUD}", f"nobody@{CLOUD}"])
def test_a_wrong_password_of_a_pass_through_domain(corp: Corp, username: str) -> None:
    """50126, for somebody and nobody."""
    answer = corp.wire.post(TOKEN, signing_in(username, "no"))

    assert_error(answer, 400, "invalid_grant", 50126)


def test_case_30_a_validator_that_is_down_is_no_wrong_password(corp: Corp) -> None:
    """503 80001 with a short Retry-After, and no counter moves."""
    before = corp.instance.guesses()
    for name in ("grace", "nobody"):
        answer = corp.wire.post(TOKEN, signing_in(f"{name}@{DOWN}", PASSWORD))
        assert_error(answer, 503, "temporarily_unavailable", 80001)
        assert 1 <= int(answer.headers["retry-after"]) <= 60

    assert corp.instance.guesses() == before


@pytest.mark.parametrize("password", [THERE, "no", " "])
@pytest.mark.parametrize("name", ["alice", "bob", "nobody"])
@pytest.mark.parametrize("domain", [FEDERATED, "off.test", "bare.test"])
def test_case_29_federated_users_have_no_password_here(
    corp: Corp, domain: str, name: str, password: str
) -> None:
    """50126 whatever it is; their own service is not asked either."""
    answer = corp.wire.post(TOKEN, signing_in(f"{name}@{domain}", password))

    told = assert_error(answer, 400, "invalid_grant", 50126)
    assert "federat" not in str(told).lower()
    assert corp.sts.inbox.found(lambda one: True) == []


# --- SAML bearer ------------------------------------------------------------------


@pytest.mark.parametrize("encoded", [standard, url_safe])
@pytest.mark.parametrize("grant_type", [SAML1, SAML2])
def test_an_assertion_gets_tokens(corp: Corp, grant_type: str, encoded: object) -> None:
    """Verified by the published keys; `amr` says fed, and the names are the claims'."""
    assert callable(encoded)
    form = presenting(encoded(corp.assertion()), grant_type=grant_type)

    body = assert_tokens(corp.wire.post(TOKEN, form), "refresh_token", "id_token")

    issuer = f"{corp.instance.base}/{TID}"
    claims = read(corp.wire, body["access_token"], GRAPH_ID, f"{issuer}/")
    assert claims["upn"] == f"alice@{FEDERATED}"
    assert claims["amr"] == ["fed"]
    assert (claims["given_name"], claims["family_name"]) == ("Alice", "Liddell")
    named = read(corp.wire, body["id_token"], PUB, f"{issuer}/v2.0")
    assert named["preferred_username"] == f"alice@{FEDERATED}"
    assert named["oid"] == claims["oid"]
    records = corp.instance.records(form["client-request-id"])
    assert records == [("granted", "")]


def test_the_first_version_and_the_adfs_alias_take_it(corp: Corp) -> None:
    """With `resource`; Go's user name and password beside it change nothing."""
    for path in (token_path(TID, ""), "/adfs/oauth2/token/"):
        form = presenting(
            standard(corp.assertion()),
            resource=GRAPH,
            username="eve@contoso.test",
            password="her password",
        )
        form["scope"] = "openid"
        body = corp.wire.post(path, form).json()
        assert peek(body["access_token"])["upn"] == f"alice@{FEDERATED}"
    assert not [path for path, kept in corp.instance.kept().items() if b"eve@" in kept]


def test_at_organizations_the_assertion_tells_the_tenant(corp: Corp) -> None:
    """By the domain of the user name in it."""
    form = presenting(url_safe(corp.assertion()))

    answer = corp.wire.post(token_path("organizations"), form)

    body = assert_tokens(answer, "refresh_token", "id_token")
    assert peek(body["access_token"])["tid"] == TID


def test_the_same_person_has_one_account(corp: Corp) -> None:
    """From one assertion to the next, and through a refresh."""
    bodies = [
        corp.wire.post(TOKEN, presenting(standard(corp.assertion()))).json()
        for _ in range(2)
    ]
    renewing = {
        "client_id": PUB,
        "grant_type": "refresh_token",
        "refresh_token": bodies[0]["refresh_token"],
    }
    bodies.append(corp.wire.post(TOKEN, renewing).json())

    claims = [peek(body["access_token"]) for body in bodies]
    assert len({one["oid"] for one in claims}) == 1
    assert claims[2]["amr"] == ["fed"]


def test_an_assertion_is_good_once(corp: Corp) -> None:
    """50008 the second time; the log says why."""
    text = standard(corp.assertion())
    assert corp.wire.post(TOKEN, presenting(text)).status_code == 200
    again = presenting(text)

    assert_error(corp.wire.post(TOKEN, again), 400, "invalid_grant", 50008)
    records = corp.instance.records(again["client-request-id"])
    assert records == [("refused", "federation_replayed")]


def test_what_proves_nothing_is_told_alike(corp: Corp) -> None:
    """Unsigned, another's, changed, for somebody else, out of date, no XML: 50008."""
    lies: list[dict[str, object]] = [
        {"assertion": "unsigned"},
        {"assertion": "foreign"},
        {"edited": (("alice@", "admin@"),)},
        {"audience": "urn:ostiary:adfs"},
        {"seconds": -400.0},
    ]
    texts = []
    for lie in lies:
        corp.sts.reset()
        for name, value in lie.items():
            setattr(corp.sts.lies, name, value)
        texts.append(standard(corp.assertion()))
    told = set()
    for text in [*texts, "PHg+", "%%%"]:
        form = presenting(text)
        body = assert_error(corp.wire.post(TOKEN, form), 400, "invalid_grant", 50008)
        told.add(body["error_description"].partition("\r\n")[0])
        records = corp.instance.records(form["client-request-id"])
        assert records == [("refused", "federation_assertion")]

    assert len(told) == 1


@pytest.mark.parametrize("domain", ["contoso.test", CLOUD, "pta.test", "evil.test"])
def test_the_service_vouches_for_its_own_domain(corp: Corp, domain: str) -> None:
    """50107 for everybody else's users: no way into their accounts."""
    form = presenting(standard(corp.assertion(f"alice@{domain}")))

    assert_error(corp.wire.post(TOKEN, form), 400, "invalid_grant", 50107)


def test_an_assertion_must_come_with_the_grant(corp: Corp) -> None:
    """900144 names the parameter."""
    body = assert_error(
        corp.wire.post(TOKEN, presenting("")), 400, "invalid_request", 900144
    )

    assert "'assertion'" in body["error_description"]


def test_no_assertion_is_kept(corp: Corp) -> None:
    """Neither in the store nor in a log, as it came or as it was read."""
    assertion = corp.assertion()
    for text in (standard(assertion), url_safe(assertion)):
        corp.wire.post(TOKEN, presenting(text))
    signature = assertion.partition("SignatureValue>")[2][:60].encode()
    looked_for = [signature, b"saml:Assertion", standard(assertion)[:80].encode()]

    assert len(signature) == 60
    for path, kept in corp.instance.kept().items():
        assert not [mark for mark in looked_for if mark in kept], path
