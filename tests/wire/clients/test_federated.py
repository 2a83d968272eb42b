"""Users of a federated domain in MSAL Python 1.39 and ADAL 1.2.7, unmodified.

Realm, metadata exchange, WS-Trust, SAML bearer grant (contract entra §2.5 and §3.5,
case 57); the service of the domain is a stand-in, `tests.services.microsoft`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.services.microsoft import CLOUD, FEDERATED, PASSWORD
from tests.wire.clients.driving import Steps, python_steps
from tests.wire.entra.cases import GRAPH, GRAPH_ID, PUB, TID, peek, read
from tests.wire.entra.federated import Corp, corp_in

pytestmark = pytest.mark.xdist_group("clients")

ALICE = f"alice@{FEDERATED}"
THROUGH = f"alice@{CLOUD}"
VERSIONS = ("13", "2005")


@pytest.fixture(scope="module")
def corp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corp]:
    """One instance for the clients of this file."""
    with corp_in(tmp_path_factory.mktemp("corp")) as running:
        yield running


def facts(corp: Corp) -> dict[str, Any]:
    """What the scripts are told; they trust both CAs."""
    bundle = corp.instance.folder / "both.pem"
    own = corp.instance.data / "ca.pem"
    bundle.write_text(own.read_text() + Path(corp.sts.ca).read_text())
    return {
        "base": corp.instance.base,
        "ca": str(bundle),
        "public": PUB,
        "federated": ALICE,
        "through": THROUGH,
        "password": PASSWORD,
    }


@pytest.fixture(scope="module", params=VERSIONS)
def msal(
    request: pytest.FixtureRequest, corp: Corp, microsoft_python: Path
) -> tuple[str, Steps]:
    """The outcomes where the service speaks that version of WS-Trust alone."""
    corp.sts.reset()
    corp.sts.lies.versions = (request.param,)
    steps = python_steps(microsoft_python, "federated_msal.py", facts(corp))
    return request.param, steps


@pytest.fixture(scope="module", params=VERSIONS)
def adal(request: pytest.FixtureRequest, corp: Corp, adal_python: Path) -> Steps:
    """The same of ADAL."""
    corp.sts.reset()
    corp.sts.lies.versions = (request.param,)
    return python_steps(adal_python, "federated_adal.py", facts(corp))


def claims_of(corp: Corp, token: str) -> dict[str, Any]:
    """The claims of an access token for the default resource, verified."""
    issuer = f"{corp.instance.base}/{TID}/"
    audience = str(peek(token)["aud"])
    assert audience in (GRAPH, GRAPH_ID)
    return read(corp.wire, token, audience, issuer)


def test_msal_signs_a_federated_user_in(corp: Corp, msal: tuple[str, Steps]) -> None:
    """Without a word of the password to us; `amr` says who saw it."""
    version, steps = msal
    outcome = steps.gave("federated")
    claims = claims_of(corp, outcome["first"]["access_token"])

    assert (claims["upn"], claims["amr"]) == (ALICE, ["fed"])
    named = outcome["first"]["id_token_claims"]
    assert named["preferred_username"] == ALICE
    trust = f"{corp.sts.url}/adfs/services/trust"
    paths = [url for url in outcome["asked"] if "openid-configuration" not in url]
    assert paths[:4] == [
        f"{corp.instance.base}/common/userrealm/{ALICE}?api-version=1.0",
        f"{trust}/mex",
        f"{trust}/{version}/usernamemixed",
        f"{corp.instance.base}/{TID}/oauth2/v2.0/token",
    ]


def test_msal_renews_a_federated_user_silently(
    corp: Corp, msal: tuple[str, Steps]
) -> None:
    """By our refresh token: the service is not asked again."""
    outcome = msal[1].gave("federated")
    first = peek(outcome["first"]["access_token"])
    renewed = claims_of(corp, outcome["renewed"]["access_token"])

    assert outcome["renewed"]["token_source"] == "identity_provider"
    assert (renewed["oid"], renewed["amr"]) == (first["oid"], ["fed"])
    assert outcome["account"]["username"] == ALICE
    assert outcome["account"]["home_account_id"] == f"{first['oid']}.{TID}"
    assert sum(url.endswith("/usernamemixed") for url in outcome["asked"]) == 1


def test_msal_signs_in_at_organizations(corp: Corp, msal: tuple[str, Steps]) -> None:
    """The assertion says which tenant is meant."""
    answer = msal[1].gave("organizations")

    assert claims_of(corp, answer["access_token"])["upn"] == ALICE
    assert answer["id_token_claims"]["tid"] == TID


def test_msal_sends_passwords_of_pass_through_domains_to_us(
    corp: Corp, msal: tuple[str, Steps]
) -> None:
    """Their realm is managed, so that the password grant is used (case 56)."""
    claims = claims_of(corp, msal[1].gave("passed_through")["access_token"])

    assert (claims["upn"], claims["amr"]) == (THROUGH, ["pwd"])


def test_msal_is_told_of_a_wrong_password_by_the_service(
    msal: tuple[str, Steps],
) -> None:
    """A fault of WS-Trust is a RuntimeError; nothing was asked of us (§2.5)."""
    error = msal[1].raised("wrong_password")

    assert error["type"] == "RuntimeError"
    assert "FailedAuthentication" in error["text"]


def test_adal_signs_a_federated_user_in(corp: Corp, adal: Steps) -> None:
    """At the v1 endpoint, with the assertion in padded base64."""
    answer = adal.gave("federated")
    claims = claims_of(corp, answer["accessToken"])

    assert (claims["upn"], claims["amr"]) == (ALICE, ["fed"])
    assert (answer["userId"], answer["tenantId"]) == (ALICE, TID)
    assert answer["refreshToken"]


def test_adal_sends_passwords_of_pass_through_domains_to_us(
    corp: Corp, adal: Steps
) -> None:
    """As MSAL does."""
    claims = claims_of(corp, adal.gave("passed_through")["accessToken"])

    assert (claims["upn"], claims["amr"]) == (THROUGH, ["pwd"])


def test_adal_is_told_of_a_wrong_password_by_the_service(adal: Steps) -> None:
    """An AdalError that speaks of WS-Trust."""
    error = adal.raised("wrong_password")

    assert error["type"] == "AdalError"
    assert "FailedAuthentication" in error["text"] + str(error["error_response"])
