"""node-auth0 2.4 and 2.44 against a running instance, the clients of /oauth/ro; and 4.

Contract auth0 §1, §3 and §8, case A124; each at a plain domain and at a prefixed one.
"""

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.clients.environments import Node
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
    camel,
)
from tests.wire.clients.auth0_serving import PLACES, Auth0Served
from tests.wire.clients.driving import Steps, node_steps

pytestmark = pytest.mark.xdist_group("auth0-clients")

SCOPE = "openid read:x offline_access"
OLD, NEW, FOUR = "auth0-2-4", "auth0-2-44", "auth0-4"
SCRIPTS = {OLD: "auth0_node_2.cjs", NEW: "auth0_node_2.cjs", FOUR: "auth0_node_4.cjs"}
NOT_ASKED = ("mfa_not_enrolled", "conformant")


@dataclass(frozen=True)
class Run:
    """What one version did at one domain."""

    package: str
    domain: str
    steps: Steps


Runs = Callable[[str, str], Run]


@pytest.fixture(scope="module")
def runs(auth0_served: Auth0Served, node: Node) -> Runs:
    """A function that gives the outcomes of a version at one of PLACES."""

    @functools.cache
    def take(package: str, place: str) -> Run:
        domain = auth0_served.domain_at(place)
        code = auth0_served.code(domain, "CONF" if package == FOUR else "LEG")
        facts = auth0_served.facts(domain) | code | {"package": package}
        return Run(package, domain, node_steps(node, SCRIPTS[package], facts))

    return take


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> str:
    """Each of the places."""
    return str(request.param)


@pytest.fixture(params=[OLD, NEW])
def run_2(request: pytest.FixtureRequest, runs: Runs, place: str) -> Run:
    """What 2.4 and 2.44 did alike."""
    return runs(request.param, place)


@pytest.fixture
def run_2_44(runs: Runs, place: str) -> Run:
    """What 2.44 did."""
    return runs(NEW, place)


@pytest.fixture
def run_4(runs: Runs, place: str) -> Run:
    """What 4 did."""
    return runs(FOUR, place)


@pytest.mark.parametrize("step", ["password", "database"])
def test_password_of_2(auth0_served: Auth0Served, run_2: Run, step: str) -> None:
    """Both ways of signing in; `database` names its connection by itself (§1.2).

    2.44 has verified the id_token by then: issuer, audience, key and times (§8).
    """
    assert_legacy_answer(auth0_served, run_2.domain, run_2.steps.gave(step))


def test_no_scope_of_2(auth0_served: Auth0Served, run_2: Run) -> None:
    """Without an id_token the client has nothing to verify, and does not complain."""
    assert_legacy_answer(auth0_served, run_2.domain, run_2.steps.gave("noScope"), ())


def test_device_of_2(auth0_served: Auth0Served, run_2: Run) -> None:
    """A device gets a refresh token (case A05)."""
    more = ("id_token", "refresh_token")
    answer = run_2.steps.gave("device")
    assert_legacy_answer(auth0_served, run_2.domain, answer, more)


def test_profile_of_2(run_2: Run) -> None:
    """The access token and the id_token both lead to the profile (A14, A114)."""
    for step in ("profile", "tokenInfo"):
        profile = run_2.steps.gave(step)
        assert profile["user_id"] == ALICE
        assert profile["identities"][0]["provider"] == "auth0"


def test_delegation_of_2(auth0_served: Auth0Served, run_2: Run) -> None:
    """An id_token brings the next one at /delegation (§6)."""
    answer = run_2.steps.gave("delegated")
    assert_id_token(auth0_served, run_2.domain, answer["id_token"], "LEG")
    assert answer["expires_in"] == 36_000


def test_code_of_2(auth0_served: Auth0Served, run_2: Run) -> None:
    """A code for a telephone is sent, and another signs in, once (A80, A82)."""
    assert run_2.steps.gave("textMessage")["phone_verified"] is False
    answer = run_2.steps.gave("code")
    claims = auth0_served.verified(run_2.domain, answer["id_token"], "LEG")
    assert claims["sub"].startswith("sms|")
    body = json.loads(run_2.steps.raised("usedCode")["text"])
    AT_RO["wrong_password"].assert_told(body["error"], body["error_description"])


@pytest.mark.parametrize("step", [step for step in AT_RO if step not in NOT_ASKED])
def test_refusals_of_2(run_2: Run, step: str) -> None:
    """The body is the message; 2.44 names its error after the code besides (§8)."""
    error, expected = run_2.steps.raised(camel(step)), AT_RO[step]
    members, body = error["members"], json.loads(error["text"])
    assert members["statusCode"] == expected.status
    assert members["name"] == ("APIError" if run_2.package == OLD else expected.code)
    expected.assert_told(body["error"], body["error_description"])


def test_hs256(run_2_44: Run) -> None:
    """The client verifies HS256 by the secret it decodes, and by no other (A10)."""
    assert run_2_44.steps.gave("hs256")["id_token"]
    error = run_2_44.steps.raised("hs256WrongSecret")
    assert error["type"] == "JsonWebTokenError"
    assert error["text"] == "invalid signature"


def test_refresh_token_of_a_device(auth0_served: Auth0Served, run_2_44: Run) -> None:
    """The refresh token of /oauth/ro is used at /delegation (case A17)."""
    answer = run_2_44.steps.gave("deviceRefreshed")
    assert_id_token(auth0_served, run_2_44.domain, answer["id_token"], "LEG")


def test_token_endpoint_of_2(auth0_served: Auth0Served, run_2_44: Run) -> None:
    """2.44 speaks /oauth/token too: realm, renewal, an application's own token."""
    domain, steps = run_2_44.domain, run_2_44.steps
    token = steps.gave("realm")["access_token"]
    assert_api_token(auth0_served, domain, token, "openid read:x")
    later = steps.gave("refreshed")["later"]["access_token"]
    assert_api_token(auth0_served, domain, later, SCOPE)
    assert_application_token(auth0_served, domain, steps.gave("secret"))


@pytest.mark.parametrize("step", ["wrong_password", "mfa"])
def test_refusals_of_2_at_token(run_2_44: Run, step: str) -> None:
    """The same refusal has another code at /oauth/token."""
    error, expected = run_2_44.steps.raised(camel(f"realm_{step}")), AT_TOKEN[step]
    body = json.loads(error["text"])
    assert error["members"]["name"] == expected.code
    assert error["members"]["statusCode"] == expected.status
    expected.assert_told(body["error"], body["error_description"])


@pytest.mark.parametrize("step", ["password", "defaultDirectory"])
def test_password_of_4(auth0_served: Auth0Served, run_4: Run, step: str) -> None:
    """The form that 4 sends is taken, with a realm and without; it verified it all."""
    answer = run_4.steps.gave(step)
    assert_id_token(auth0_served, run_4.domain, answer["id_token"], "CONF")
    assert_opaque(answer["access_token"])


def test_realm_of_4(auth0_served: Auth0Served, run_4: Run) -> None:
    """An API and scopes bring a token for the API (case A93)."""
    token = run_4.steps.gave("realm")["access_token"]
    assert_api_token(auth0_served, run_4.domain, token, "openid read:x", "CONF")


def test_no_scope_of_4(run_4: Run) -> None:
    """Without a scope there is an access token all the same."""
    assert_opaque(run_4.steps.gave("noScope")["access_token"])


def test_profile_of_4(run_4: Run) -> None:
    """/userinfo tells the claims of the scopes."""
    profile = run_4.steps.gave("profile")
    assert profile["sub"] == ALICE
    assert profile["email"] == "alice@example.test"


def test_renewal_of_4(auth0_served: Auth0Served, run_4: Run) -> None:
    """The refresh token brings tokens of the same scopes (§3.2)."""
    later = run_4.steps.gave("refreshed")["later"]
    token = later["access_token"]
    assert_api_token(auth0_served, run_4.domain, token, SCOPE, "CONF")


def test_application_tokens_of_4(auth0_served: Auth0Served, run_4: Run) -> None:
    """A secret and an assertion bring the application's own token (§3.1)."""
    for step, client in (("secret", "CONF"), ("assertion", "CERT")):
        answer = run_4.steps.gave(step)
        assert_application_token(auth0_served, run_4.domain, answer, client)


def test_code_of_4(auth0_served: Auth0Served, run_4: Run) -> None:
    """A code for a telephone is sent, and another signs in, once (A85, A87)."""
    assert run_4.steps.gave("textMessage")["status"] == 200
    answer = run_4.steps.gave("code")
    claims = auth0_served.verified(run_4.domain, answer["id_token"], "CONF")
    assert claims["sub"].startswith("sms|")
    members = run_4.steps.raised("usedCode")["members"]
    expected = Refusal(403, "invalid_grant", "Wrong phone number or verification code.")
    expected.assert_told(members["error"], members["error_description"])


def test_sign_up_of_4(auth0_served: Auth0Served, run_4: Run) -> None:
    """A user who signed up may sign in; the client read the id from `_id` (A115)."""
    outcome = run_4.steps.gave("signedUp")
    assert outcome["made"]["email"] == outcome["email"]
    token = outcome["answer"]["id_token"]
    claims = auth0_served.verified(run_4.domain, token, "CONF")
    assert claims["sub"] in {f"auth0|{outcome['made'][key]}" for key in ("_id", "id")}


@pytest.mark.parametrize("step", [*AT_TOKEN, "revoked"])
def test_refusals_of_4(run_4: Run, step: str) -> None:
    """Each refusal arrives as `AuthApiError`, with status, code and text (§8)."""
    error = run_4.steps.raised(camel(step))
    known = "garbled_refresh_token" if step == "revoked" else step
    expected, members = AT_TOKEN[known], error["members"]
    assert error["type"] == "AuthApiError"
    assert members["statusCode"] == expected.status
    expected.assert_told(members["error"], members["error_description"])
    assert error["text"] == members["error_description"]


def test_public_application_of_4(run_4: Run) -> None:
    """4 refuses by itself to sign in for an application without a credential."""
    error = run_4.steps.raised("publicClient")
    assert error["type"] == "Error"
    assert "client_secret or client_assertion field is required" in error["text"]
