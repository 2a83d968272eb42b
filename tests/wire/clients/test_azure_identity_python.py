"""azure-identity 1.27 for Python, both halves, against a running instance.

Contract entra §2.4, §4.3, §6.4 and §11.
"""

from pathlib import Path

import pytest

from tests.wire.clients import fixture
from tests.wire.clients.driving import Steps, python_steps
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


@pytest.fixture(scope="module")
def steps(served: Served, microsoft_python: Path) -> Steps:
    """The script's outcomes; the synchronous half trusts REQUESTS_CA_BUNDLE."""
    return python_steps(
        microsoft_python,
        "azure_identity_python.py",
        served.facts(),
        REQUESTS_CA_BUNDLE=str(served.ca),
    )


@pytest.mark.parametrize("step", ["password", "environment_password"])
@pytest.mark.usefixtures("port_443")
def test_password(served: Served, steps: Steps, step: str) -> None:
    """A user name and a password, given or of the environment, bring a token."""
    assert_graph_token(served, steps.gave(step))


@pytest.mark.usefixtures("port_443")
def test_password_of_any_tenant(served: Served, steps: Steps) -> None:
    """Without a tenant the client asks at `organizations`; the domain decides."""
    assert_tasks_token(served, steps.gave("password_tasks"))


@pytest.mark.usefixtures("port_443")
def test_renewal(served: Served, steps: Steps) -> None:
    """The record names the account; another API is had by the refresh token alone."""
    outcome = steps.gave("password_renewed")
    assert outcome["record"] == {
        "username": fixture.ALICE,
        "tenant_id": fixture.TENANT_ID,
        "home_account_id": f"{fixture.ALICE_ID}.{fixture.TENANT_ID}",
        "client_id": fixture.PUBLIC,
    }
    assert_tasks_token(served, outcome["tasks"])


def test_password_at_adfs(served: Served, steps: Steps) -> None:
    """The tenant `adfs` needs no port 443 and no switch."""
    assert_graph_token(served, steps.gave("adfs"), path=ADFS)


@pytest.mark.parametrize(
    "step",
    [
        "secret",
        "trust_by_option",
        "environment_secret",
        "aio_secret",
        "aio_environment",
    ],
)
def test_client_secret(served: Served, steps: Steps, step: str) -> None:
    """A secret brings the application's token, in both halves."""
    assert_application_token(served, steps.gave(step), strength=BY_SECRET)


@pytest.mark.parametrize(
    "step", ["certificate", "environment_certificate", "aio_certificate"]
)
def test_client_certificate(served: Served, steps: Steps, step: str) -> None:
    """RS256 with `x5t`, and the asynchronous half's PS256 with padded segments."""
    assert_application_token(served, steps.gave(step), strength=BY_CERTIFICATE)


@pytest.mark.usefixtures("port_443")
@pytest.mark.parametrize(
    ("step", "code"),
    [
        ("wrong_password", 50126),
        ("mfa", 50076),
        ("consent_missing", 65001),
        ("locked", 50053),
        ("unknown_client", 700016),
    ],
)
def test_user_refusals(steps: Steps, step: str, code: int) -> None:
    """Every refusal of a user is a ClientAuthenticationError with our text (§6.4)."""
    error = steps.raised(step)
    assert error["type"] == "ClientAuthenticationError"
    assert error["text"].startswith(f"Authentication failed: AADSTS{code}: ")


@pytest.mark.parametrize("step", ["wrong_secret", "aio_wrong_secret"])
def test_wrong_secret(steps: Steps, step: str) -> None:
    """A wrong secret is a ClientAuthenticationError in both halves."""
    error = steps.raised(step)
    assert error["type"] == "ClientAuthenticationError"
    assert "AADSTS7000215: " in error["text"]


def test_password_where_443_is_silent(steps: Steps) -> None:
    """The realm question loses the port here too, and says so only in its text."""
    error = steps.raised("nothing_on_443")
    assert error["type"] == "ClientAuthenticationError"
    assert "port=443" in error["text"]


def test_async_half_ignores_the_environment(steps: Steps) -> None:
    """The asynchronous half trusts `connection_verify`, not REQUESTS_CA_BUNDLE."""
    error = steps.raised("aio_trust_by_environment")
    assert error["type"] == "ServiceRequestError"
    assert "CERTIFICATE_VERIFY_FAILED" in error["text"]
