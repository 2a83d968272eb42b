"""ADAL for Python 1.2.7, the last one, against a running instance.

Contract entra §2.5, §2.8, §2.9, §4.3 and §6.4; it speaks the v1 endpoints.
"""

from pathlib import Path

import pytest

from tests.wire.clients import fixture
from tests.wire.clients.driving import Steps, python_steps
from tests.wire.clients.judging import (
    ADFS,
    BY_CERTIFICATE,
    BY_SECRET,
    GRAPH,
    assert_application_token,
    assert_graph_token,
    assert_refusal,
    assert_tasks_token,
)
from tests.wire.clients.serving import Served

pytestmark = pytest.mark.xdist_group("clients")


@pytest.fixture(scope="module")
def steps(served: Served, adal_python: Path) -> Steps:
    """The script's outcomes."""
    return python_steps(adal_python, "adal_python.py", served.facts())


def test_password(served: Served, steps: Steps) -> None:
    """ADAL keeps the port of the authority, so the password grant works anywhere."""
    answer = steps.gave("password")
    assert_graph_token(served, answer["accessToken"])
    assert answer["resource"] == GRAPH
    assert answer["userId"] == fixture.ALICE
    assert answer["tenantId"] == fixture.TENANT_ID
    assert answer["oid"] == fixture.ALICE_ID
    assert answer["isMRRT"] is True
    assert 0 < answer["expiresIn"] <= 3599


def test_password_at_adfs(served: Served, steps: Steps) -> None:
    """The ADFS-style authority answers at /adfs/oauth2/token too."""
    assert_graph_token(served, steps.gave("adfs")["accessToken"], path=ADFS)


def test_refresh(served: Served, steps: Steps) -> None:
    """The cache serves first; a refresh token serves both resources (§2.8)."""
    outcome = steps.gave("renewed")
    assert outcome["cached"] == outcome["first"]
    assert outcome["fresh"] != outcome["first"]
    assert_graph_token(served, outcome["fresh"])
    assert_tasks_token(served, outcome["tasks"])


def test_another_resource_from_the_cache(served: Served, steps: Steps) -> None:
    """ADAL believes the answer's `resource` and renews for another by itself."""
    assert_tasks_token(served, steps.gave("another_resource"))


def test_client_secret(served: Served, steps: Steps) -> None:
    """A secret brings the application's token."""
    token = steps.gave("secret")["accessToken"]
    assert_application_token(served, token, strength=BY_SECRET)


def test_client_certificate(served: Served, steps: Steps) -> None:
    """A certificate too, addressed to the v1 endpoint of the domain."""
    token = steps.gave("certificate")["accessToken"]
    assert_application_token(served, token, strength=BY_CERTIFICATE)


@pytest.mark.parametrize(
    ("step", "error", "code", "suberror"),
    [
        ("wrong_password", "invalid_grant", 50126, None),
        ("mfa", "interaction_required", 50076, "basic_action"),
        ("consent_missing", "invalid_grant", 65001, "consent_required"),
        ("unknown_client", "unauthorized_client", 700016, None),
        ("wrong_secret", "invalid_client", 7000215, None),
    ],
)
def test_refusals(
    steps: Steps, step: str, error: str, code: int, suberror: str | None
) -> None:
    """A refusal is an AdalError with our body as `error_response` (§6.4)."""
    raised = steps.raised(step)
    assert raised["type"] == "AdalError"
    assert_refusal(raised["error_response"], error, code, suberror)


def test_correlation_id(steps: Steps) -> None:
    """The application's own correlation id comes back in the answer (§3.2)."""
    body = steps.raised("traced")["error_response"]
    assert body["correlation_id"] == "0c0ffee0-0000-4000-8000-00000000000a"


def test_locked(steps: Steps) -> None:
    """A locked account is 50053, whatever the word beside it (§6.3)."""
    raised = steps.raised("locked")
    assert raised["type"] == "AdalError"
    assert raised["error_response"]["error_codes"] == [50053]


def test_garbled_refresh_token(steps: Steps) -> None:
    """A refresh token nobody gave out is an AdalError with invalid_grant."""
    raised = steps.raised("garbled_refresh_token")
    assert raised["type"] == "AdalError"
    assert raised["error_response"]["error"] == "invalid_grant"


def test_unknown_domain(steps: Steps) -> None:
    """Of a realm Unknown ADAL makes an error before it asks for a token (§2.5)."""
    raised = steps.raised("unknown_domain")
    assert raised["type"] == "AdalError"
    assert "unknown AccountType" in raised["text"]
    assert raised["error_response"] is None


def test_option_beats_the_environment(served: Served, steps: Steps) -> None:
    """`verify_ssl` wins over a foreign REQUESTS_CA_BUNDLE, other than in MSAL."""
    answer = steps.gave("ca_of_the_environment")
    assert_graph_token(served, answer["accessToken"])


def test_no_refresh_token_at_adfs(steps: Steps) -> None:
    """ADAL never asks for `offline_access`, and v1's gift is not ADFS's (§2.8)."""
    assert "refreshToken" in steps.gave("password")
    assert "refreshToken" not in steps.gave("adfs")
