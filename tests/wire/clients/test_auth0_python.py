"""auth0-python 3.0, 3.9 and 3.24 against a running instance: the clients of /oauth/ro.

Contract auth0 §1, §3 and §8, case A124; each at a plain domain and at a prefixed one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.wire.clients.auth0_judging import (
    ALICE,
    AT_RO,
    AT_TOKEN,
    Refusal,
    assert_api_token,
    assert_application_token,
    assert_id_token,
    assert_legacy_answer,
    assert_opaque,
)
from tests.wire.clients.auth0_serving import PLACES, Auth0Served
from tests.wire.clients.driving import Steps, python_steps

pytestmark = pytest.mark.xdist_group("auth0-clients")

SCOPE = "openid read:x offline_access"
FIRST, LAST = "auth0_3_0", "auth0_3_24"
VERSIONS = (FIRST, "auth0_3_9", LAST)


@dataclass(frozen=True)
class Run:
    """What one version did at one domain."""

    version: str
    domain: str
    steps: Steps


@pytest.fixture(
    scope="module",
    params=[(version, place) for version in VERSIONS for place in PLACES],
    ids=lambda param: "-".join(param),
)
def run(
    request: pytest.FixtureRequest,
    auth0_served: Auth0Served,
    auth0_python: Callable[[str], Path],
) -> Run:
    """The script's outcomes, of each version at each domain."""
    version, place = request.param
    domain = auth0_served.domain_at(place)
    python, ca = auth0_python(version), str(auth0_served.ca)
    facts = auth0_served.facts(domain) | auth0_served.code(domain, "LEG")
    steps = python_steps(python, "auth0_python.py", facts, REQUESTS_CA_BUNDLE=ca)
    return Run(version, domain, steps)


def assert_refused(run: Run, step: str, expected: Refusal) -> None:
    """The client raised its own error; 3.0 has the code where others have a status."""
    error = run.steps.raised(step)
    members = error["members"]
    limited = run.version == LAST and expected.status == 429
    assert error["type"] == ("RateLimitError" if limited else "Auth0Error")
    status = expected.code if run.version == FIRST else expected.status
    assert members["status_code"] == status
    expected.assert_told(members["error_code"], members["message"])


def test_password(auth0_served: Auth0Served, run: Run) -> None:
    """The password login as it is called for years brings an id_token that verifies."""
    assert_legacy_answer(auth0_served, run.domain, run.steps.gave("password"))


def test_no_scope(auth0_served: Auth0Served, run: Run) -> None:
    """An empty scope brings an access token alone (case A04)."""
    assert_legacy_answer(auth0_served, run.domain, run.steps.gave("no_scope"), ())


def test_profile(run: Run) -> None:
    """The access token yields the full profile (case A14)."""
    profile = run.steps.gave("profile")
    assert profile["user_id"] == ALICE
    assert profile["email"] == "alice@example.test"
    assert profile["identities"][0]["provider"] == "auth0"
    assert profile["clientID"] == "LEG"


def test_token_info(run: Run) -> None:
    """The id_token yields the profile too (case A114)."""
    assert run.steps.gave("token_info")["user_id"] == ALICE


def test_refresh_token_of_a_device(auth0_served: Auth0Served, run: Run) -> None:
    """With a device a refresh token comes, which works at /delegation twice (A17)."""
    outcome = run.steps.gave("refreshed")
    more = ("id_token", "refresh_token")
    assert_legacy_answer(auth0_served, run.domain, outcome["first"], more)
    for answer in outcome["later"]:
        claims = assert_id_token(auth0_served, run.domain, answer["id_token"], "LEG")
        assert claims["azp"] == "LEG"
        assert answer["token_type"] == "Bearer"
        assert answer["expires_in"] == 36_000


def test_no_device(auth0_served: Auth0Served, run: Run) -> None:
    """Without a device there is no refresh token, and no error (case A06)."""
    assert_legacy_answer(auth0_served, run.domain, run.steps.gave("no_device"))


def test_realm(auth0_served: Auth0Served, run: Run) -> None:
    """The password-realm grant with null as its secret brings a token for the API."""
    answer = run.steps.gave("realm")
    token = answer["access_token"]
    assert_api_token(auth0_served, run.domain, token, "openid read:x")
    assert_id_token(auth0_served, run.domain, answer["id_token"], "OIDC")
    assert answer["token_type"] == "Bearer"


def test_realm_without_scope(run: Run) -> None:
    """A scope and an audience of null are none (case A92)."""
    answer: dict[str, Any] = run.steps.gave("realm_without_scope")
    assert_opaque(answer["access_token"])
    assert "refresh_token" not in answer


def test_renewal(auth0_served: Auth0Served, run: Run) -> None:
    """The refresh token of /oauth/token brings the next access token; not in 3.0."""
    outcome = run.steps.gave("realm_refreshed")
    assert outcome["first"]["refresh_token"]
    assert ("later" in outcome) is (run.version != FIRST)
    if "later" in outcome:
        token = outcome["later"]["access_token"]
        assert_api_token(auth0_served, run.domain, token, SCOPE)


def test_code(auth0_served: Auth0Served, run: Run) -> None:
    """A code for a telephone is sent, and another signs in, once (A80, A82)."""
    sent = run.steps.gave("text_message")
    assert sent["_id"]
    assert sent["phone_verified"] is False
    answer = run.steps.gave("code")
    claims = auth0_served.verified(run.domain, answer["id_token"], "LEG")
    assert claims["sub"].startswith("sms|")
    assert_refused(run, "used_code", AT_RO["wrong_password"])


def test_secret(auth0_served: Auth0Served, run: Run) -> None:
    """A secret brings the application's own token."""
    answer = run.steps.gave("secret")
    assert_application_token(auth0_served, run.domain, answer)


@pytest.mark.parametrize("step", AT_RO)
def test_refusals_at_ro(run: Run, step: str) -> None:
    """Each refusal of /oauth/ro arrives as the client's error, with code and text."""
    assert_refused(run, step, AT_RO[step])


@pytest.mark.parametrize("step", ["wrong_password", "mfa", "locked"])
def test_refusals_at_token(run: Run, step: str) -> None:
    """The same refusal has another code at /oauth/token."""
    assert_refused(run, f"realm_{step}", AT_TOKEN[step])


def test_wrong_secret(run: Run) -> None:
    """A wrong secret is `access_denied`."""
    assert_refused(run, "wrong_secret", AT_TOKEN["wrong_secret"])


def test_reset_of_the_limit(run: Run) -> None:
    """The newest 3.x makes an integer of the reset header: a time to come (§5)."""
    members = run.steps.raised("locked")["members"]
    assert ("reset_at" in members) is (run.version == LAST)
    if "reset_at" in members:
        assert isinstance(members["reset_at"], int)
