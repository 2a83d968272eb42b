"""The newest auth0-python against a running instance; it speaks /oauth/token alone.

Contract auth0 §3, §6 and §8, case A124; at a plain domain and at a prefixed one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.wire.clients.auth0_judging import (
    ALICE,
    AT_TOKEN,
    Refusal,
    assert_api_token,
    assert_application_token,
    assert_id_token,
    assert_opaque,
)
from tests.wire.clients.auth0_serving import PLACES, Auth0Served
from tests.wire.clients.driving import Steps, python_steps

pytestmark = pytest.mark.xdist_group("auth0-clients")

SCOPE = "openid read:x offline_access"


@dataclass(frozen=True)
class Run:
    """What the client did at one domain."""

    domain: str
    steps: Steps


@pytest.fixture(scope="module", params=PLACES)
def run(
    request: pytest.FixtureRequest,
    auth0_served: Auth0Served,
    auth0_python: Callable[[str], Path],
) -> Run:
    """The script's outcomes at each domain."""
    domain, ca = auth0_served.domain_at(request.param), str(auth0_served.ca)
    python, code = auth0_python("auth0_newest"), auth0_served.code(domain, "OIDC")
    facts = auth0_served.facts(domain) | code
    script = "auth0_python_newest.py"
    return Run(domain, python_steps(python, script, facts, REQUESTS_CA_BUNDLE=ca))


def test_password(run: Run) -> None:
    """`login` as it stands sends null for realm, scope and audience (case A92)."""
    answer = run.steps.gave("password")
    assert_opaque(answer["access_token"])
    assert answer["token_type"] == "Bearer"


def test_realm(auth0_served: Auth0Served, run: Run) -> None:
    """A realm, an API and scopes bring both tokens (case A93)."""
    answer = run.steps.gave("realm")
    token = answer["access_token"]
    assert_api_token(auth0_served, run.domain, token, "openid read:x")
    assert_id_token(auth0_served, run.domain, answer["id_token"], "OIDC")


def test_default_directory(auth0_served: Auth0Served, run: Run) -> None:
    """The plain password grant goes to the default directory (case A92)."""
    answer = run.steps.gave("default_directory")
    assert_id_token(auth0_served, run.domain, answer["id_token"], "OIDC")


def test_confidential_password(auth0_served: Auth0Served, run: Run) -> None:
    """A confidential application sends its secret along."""
    answer = run.steps.gave("confidential_password")
    assert_id_token(auth0_served, run.domain, answer["id_token"], "CONF")


def test_profile(run: Run) -> None:
    """/userinfo tells the claims of the scopes."""
    profile = run.steps.gave("profile")
    assert profile["sub"] == ALICE
    assert profile["email"] == "alice@example.test"
    assert profile["nickname"] == "alice"


def test_renewal(auth0_served: Auth0Served, run: Run) -> None:
    """The client's empty scope stands for the first one's scopes (case A102)."""
    later = run.steps.gave("refreshed")["later"]
    assert_api_token(auth0_served, run.domain, later["access_token"], SCOPE)
    assert_id_token(auth0_served, run.domain, later["id_token"], "OIDC")


def test_revocation(run: Run) -> None:
    """What the client revoked is refused from then on (case A101)."""
    members = run.steps.raised("revoked")["members"]
    expected = AT_TOKEN["garbled_refresh_token"]
    assert members["status_code"] == expected.status
    expected.assert_told(members["error_code"], members["message"])


def test_verifier(run: Run) -> None:
    """The client's own verifier accepts the id_token and knows whose it is."""
    claims = run.steps.gave("verified")
    assert claims["iss"] == f"https://{run.domain}/"
    assert claims["sub"] == ALICE


def test_verifier_minds_the_slash(run: Run) -> None:
    """The issuer is compared as a whole: its slash belongs to it (§0)."""
    error = run.steps.raised("verified_without_slash")
    assert error["type"] == "TokenValidationError"
    assert f'found "https://{run.domain}/"' in error["text"]


def test_secret(auth0_served: Auth0Served, run: Run) -> None:
    """A secret brings the application's own token; organization is null (A99)."""
    answer = run.steps.gave("secret")
    assert_application_token(auth0_served, run.domain, answer)


def test_assertion(auth0_served: Auth0Served, run: Run) -> None:
    """An assertion addressed to `https://DOMAIN/` does what a secret does (§3.1)."""
    answer = run.steps.gave("assertion")
    assert_application_token(auth0_served, run.domain, answer, "CERT")


def test_code(auth0_served: Auth0Served, run: Run) -> None:
    """A code for a telephone is sent, and another signs in, once (A87)."""
    assert run.steps.gave("text_message")["_id"]
    answer = run.steps.gave("code")
    claims = auth0_served.verified(run.domain, answer["id_token"], "OIDC")
    assert claims["sub"].startswith("sms|")
    expected = Refusal(403, "invalid_grant", "Wrong phone number or verification code.")
    members = run.steps.raised("used_code")["members"]
    assert members["status_code"] == expected.status
    expected.assert_told(members["error_code"], members["message"])


def test_sign_up(auth0_served: Auth0Served, run: Run) -> None:
    """A user who signed up may sign in, under the id that sign-up told (A115)."""
    outcome = run.steps.gave("signed_up")
    made = outcome["made"]
    assert made["email"] == outcome["address"]
    assert made["email_verified"] is False
    token = outcome["answer"]["id_token"]
    claims = auth0_served.verified(run.domain, token, "OIDC")
    assert claims["sub"] == f"auth0|{made['_id']}"


@pytest.mark.parametrize("step", AT_TOKEN)
def test_refusals(run: Run, step: str) -> None:
    """Each refusal arrives as the client's error, with status, code and text."""
    error, expected = run.steps.raised(step), AT_TOKEN[step]
    limited = expected.status == 429
    assert error["type"] == ("RateLimitError" if limited else "Auth0Error")
    assert error["members"]["status_code"] == expected.status
    expected.assert_told(error["members"]["error_code"], error["members"]["message"])


def test_second_factor(run: Run) -> None:
    """The token of the second step comes with the error, for this one alone (§3.5)."""
    content = run.steps.raised("mfa")["members"]["content"]
    assert content["error"] == "mfa_required"
    assert content["mfa_token"]
    assert run.steps.raised("wrong_password")["members"]["content"] is None


def test_legacy_client(run: Run) -> None:
    """A client of the legacy grants is told which grant it lacks (case A95)."""
    members = run.steps.raised("legacy_client")["members"]
    assert members["status_code"] == 403
    assert members["error_code"] == "unauthorized_client"
    assert "http://auth0.com/oauth/grant-type/password-realm" in members["message"]
