"""msal-node 7.2 against a running instance (contract entra §2.3–2.9, §4.3, §6.4)."""

import pytest

from tests.clients.environments import Node
from tests.wire.clients import fixture
from tests.wire.clients.driving import Steps, node_steps
from tests.wire.clients.judging import (
    ADFS,
    BY_CERTIFICATE,
    BY_SECRET,
    assert_application_token,
    assert_graph_token,
    assert_tasks_token,
)
from tests.wire.clients.serving import Served

pytestmark = pytest.mark.xdist_group("clients")

CONSENTED = {"User.Read", "profile", "openid", "email"}


@pytest.fixture(scope="module")
def steps(served: Served, node: Node) -> Steps:
    """The script's outcomes; Node trusts the CA by NODE_EXTRA_CA_CERTS."""
    return node_steps(node, "msal_node.cjs", served.facts())


@pytest.mark.parametrize("step", ["password", "knownByAddress"])
def test_password(served: Served, steps: Steps, step: str) -> None:
    """The password grant needs no port 443 when `knownAuthorities` has the port."""
    answer = steps.gave(step)
    assert_graph_token(served, answer["accessToken"])
    assert set(answer["scopes"]) == CONSENTED
    assert answer["tokenType"] == "Bearer"
    assert answer["fromCache"] is False
    account = answer["account"]
    assert account["homeAccountId"] == f"{fixture.ALICE_ID}.{fixture.TENANT_ID}"
    assert account["tenantId"] == fixture.TENANT_ID
    assert account["username"] == fixture.ALICE
    assert answer["idTokenClaims"]["aud"] == fixture.PUBLIC


def test_authority_known_without_its_port(steps: Steps) -> None:
    """A host without the port is not known: the hosted service is asked (§2.4)."""
    outcome = steps.gave("knownWithoutPort")
    assert outcome["failed"] == "endpoints_resolution_error"
    assert set(outcome["hosts"]) == {"login.microsoftonline.com"}


def test_password_at_adfs(served: Served, steps: Steps) -> None:
    """The ADFS-style authority works with its own issuer, renewal included."""
    outcome = steps.gave("adfs")
    issuer = f"{served.base_url}/adfs"
    assert outcome["first"]["idTokenClaims"]["iss"] == issuer
    assert outcome["renewed"]["fromCache"] is False
    for answer in outcome.values():
        assert_graph_token(served, answer["accessToken"], path=ADFS)


def test_organizations(served: Served, steps: Steps) -> None:
    """At `organizations` the user's domain decides; renewal works there too."""
    outcome = steps.gave("organizations")
    assert outcome["first"]["tenantId"] == fixture.TENANT_ID
    assert outcome["renewed"]["fromCache"] is False
    assert_graph_token(served, outcome["renewed"]["accessToken"])


def test_spellings_of_the_tenant(served: Served, steps: Steps) -> None:
    """A tenant may be written as id or domain, in any case: msal-node posts there."""
    answers = steps.gave("spellings")
    assert len(answers) == 4
    for answer in answers:
        assert_graph_token(served, answer["accessToken"])


@pytest.mark.parametrize(
    ("step", "client", "strength"),
    [
        ("confidentialPassword", fixture.CONFIDENTIAL, BY_SECRET),
        ("certificatePassword", fixture.CERTIFICATE, BY_CERTIFICATE),
    ],
)
def test_confidential_password(
    served: Served, steps: Steps, step: str, client: str, strength: str
) -> None:
    """A confidential client proves itself beside the user's password (§4.1)."""
    token = steps.gave(step)["accessToken"]
    assert_graph_token(served, token, client=client, strength=strength)


def test_silent_renewal(served: Served, steps: Steps) -> None:
    """The cache serves first; each forced renewal brings new tokens that verify."""
    outcome = steps.gave("silent")
    assert outcome["cached"]["fromCache"] is True
    assert outcome["cached"]["accessToken"] == outcome["first"]["accessToken"]
    seen = {outcome["first"]["accessToken"]}
    for name in ("renewed", "again"):
        assert outcome[name]["fromCache"] is False
        assert_graph_token(served, outcome[name]["accessToken"])
        seen.add(outcome[name]["accessToken"])
    assert len(seen) == 3


def test_silent_for_another_api(served: Served, steps: Steps) -> None:
    """One refresh token serves another consented API (§3.7)."""
    assert_tasks_token(served, steps.gave("silent")["tasks"]["accessToken"])


def test_refresh_token(served: Served, steps: Steps) -> None:
    """A refresh token taken from the cache is redeemed by itself."""
    assert_graph_token(served, steps.gave("refreshToken")["accessToken"])


def test_client_secret(served: Served, steps: Steps) -> None:
    """A secret brings the application's token, then the cache does."""
    outcome = steps.gave("secret")
    token = outcome["first"]["accessToken"]
    assert_application_token(served, token, strength=BY_SECRET)
    assert outcome["second"]["fromCache"] is True


@pytest.mark.parametrize("step", ["certificateRs256", "certificatePs256"])
def test_client_certificate(served: Served, steps: Steps, step: str) -> None:
    """A SHA-1 thumbprint means RS256, a SHA-256 one PS256; both prove it (§4.3)."""
    token = steps.gave(step)["accessToken"]
    assert_application_token(served, token, strength=BY_CERTIFICATE)


@pytest.mark.parametrize(
    ("step", "error", "code"),
    [
        ("wrongPassword", "invalid_grant", 50126),
        ("unknownUser", "invalid_grant", 50126),
        ("locked", "invalid_grant", 50053),
        ("unknownClient", "unauthorized_client", 700016),
        ("wrongSecret", "invalid_client", 7000215),
    ],
)
def test_refusals(steps: Steps, step: str, error: str, code: int) -> None:
    """A plain refusal is a ServerError with our word and our code (§6.4)."""
    raised = steps.raised(step)
    assert raised["type"] == "ServerError"
    assert raised["code"] == error
    assert f"AADSTS{code}: " in raised["text"]
    assert not raised["suberror"]
    # Its correlation id went out in body and query, and came back in our text.
    assert f"Correlation ID: {raised['correlation_id']}" in raised["text"]


@pytest.mark.parametrize(
    ("step", "code", "suberror"),
    [
        ("mfa", 50076, "basic_action"),
        ("mfaNotEnrolled", 50079, "basic_action"),
        ("consentMissing", 65001, "consent_required"),
        ("silentUnconsented", 65001, "consent_required"),
    ],
)
def test_interaction_required(
    steps: Steps, step: str, code: int, suberror: str
) -> None:
    """By our suberror MFA and consent are InteractionRequiredAuthError (§6.4)."""
    raised = steps.raised(step)
    assert raised["type"] == "InteractionRequiredAuthError"
    assert raised["code"] == "invalid_grant"
    assert raised["suberror"] == suberror
    assert f"AADSTS{code}: " in raised["text"]


def test_unknown_tenant(steps: Steps) -> None:
    """An authority without a tenant has no endpoints for msal-node."""
    assert steps.raised("unknownTenant")["code"] == "endpoints_resolution_error"


def test_http_is_refused(steps: Steps) -> None:
    """msal-node takes no authority without TLS (§3.1)."""
    assert steps.raised("httpAuthority")["code"] == "authority_uri_insecure"
