"""auth0-js 7, 8, 9 and 10 in a page of another origin, against a running instance.

Contract auth0 §0 (CORS), §1, §3 and §8, cases A35–A39 and A124; the page is jsdom's,
which preflights as browsers do. At a plain domain and at a prefixed one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.clients.environments import Node
from tests.wire.clients.auth0_judging import (
    ALICE,
    AT_RO,
    AT_TOKEN,
    Refusal,
    assert_api_token,
    assert_id_token,
    assert_legacy_answer,
    assert_opaque,
    camel,
)
from tests.wire.clients.auth0_serving import PLACES, Auth0Served
from tests.wire.clients.driving import Steps, node_steps

pytestmark = pytest.mark.xdist_group("auth0-clients")

SCOPE = "openid read:x offline_access"
LATER = ("8", "9", "10")
VERSIONS = ("7", *LATER)
NOT_ASKED = (
    "mfa_not_enrolled",
    "unknown_client",
    "no_grant",
    "passive_connection",
)
SNAKES = {
    "accessToken": "access_token",
    "expiresIn": "expires_in",
    "idToken": "id_token",
    "refreshToken": "refresh_token",
    "tokenType": "token_type",
}


@dataclass(frozen=True)
class Run:
    """What the versions did at one domain."""

    domain: str
    steps: Steps


@pytest.fixture(scope="module", params=PLACES)
def run(request: pytest.FixtureRequest, auth0_served: Auth0Served, node: Node) -> Run:
    """The script's outcomes at each domain."""
    domain = auth0_served.domain_at(request.param)
    facts = auth0_served.facts(domain)
    return Run(domain, node_steps(node, "auth0_js.cjs", facts))


def assert_answer(
    served: Auth0Served,
    run: Run,
    version: str,
    answer: Mapping[str, Any],
    *more: str,
) -> None:
    """The answer of /oauth/ro in the client's spelling; 7 keeps but the tokens."""
    sent = {SNAKES[name]: value for name, value in answer.items() if name in SNAKES}
    missing = {"token_type": "bearer", "expires_in": 86_400}
    told = missing | sent if version == "7" else sent
    assert_legacy_answer(served, run.domain, told, more)


def assert_refused(run: Run, version: str, step: str, expected: Refusal) -> None:
    """7 makes an `Error` with details of it, the others a plain object (§8)."""
    error = run.steps.raised(f"{version} {camel(step)}")
    members = error["members"]
    if version == "7":
        assert members["status"] == expected.status
        assert members["name"] == expected.code
        text = error["details"]["error_description"]
    else:
        assert members["statusCode"] == expected.status
        text = members["description"]
    expected.assert_told(members["code"], text)


@pytest.mark.parametrize("version", VERSIONS)
def test_password(auth0_served: Auth0Served, run: Run, version: str) -> None:
    """A page of a registered origin signs in with a password and reads the answer."""
    answer = run.steps.gave(f"{version} password")
    assert_answer(auth0_served, run, version, answer, "id_token")


@pytest.mark.parametrize("version", VERSIONS)
def test_no_scope(auth0_served: Auth0Served, run: Run, version: str) -> None:
    """An empty scope brings an access token alone (case A04)."""
    answer = run.steps.gave(f"{version} noScope")
    assert_answer(auth0_served, run, version, answer)


@pytest.mark.parametrize("version", VERSIONS)
def test_device(auth0_served: Auth0Served, run: Run, version: str) -> None:
    """A device gets a refresh token (case A05)."""
    answer = run.steps.gave(f"{version} device")
    assert_answer(auth0_served, run, version, answer, "id_token", "refresh_token")


@pytest.mark.parametrize("version", VERSIONS)
def test_profile(run: Run, version: str) -> None:
    """/userinfo answers pages too: 7 posts an empty form, the others get (§6)."""
    profile = run.steps.gave(f"{version} profile")
    assert profile["user_id"] == ALICE
    assert profile["clientID"] == "LEG"


@pytest.mark.parametrize("step", ["login", "spaces"])
def test_login_of_7(auth0_served: Auth0Served, run: Run, step: str) -> None:
    """`login` with a callback is /oauth/ro too; spaces around a name do no harm."""
    answer = run.steps.gave(f"7 {step}")
    assert_answer(auth0_served, run, "7", answer, "id_token")
    assert answer["idTokenPayload"]["sub"] == ALICE


def test_renewal_of_7(auth0_served: Auth0Served, run: Run) -> None:
    """The client names a device by itself; its refresh token works at /delegation."""
    answer = run.steps.gave("7 offline")
    assert_answer(auth0_served, run, "7", answer, "id_token", "refresh_token")
    later = run.steps.gave("7 refreshed")
    assert_id_token(auth0_served, run.domain, later["id_token"], "LEG")


def test_token_info_of_7(run: Run) -> None:
    """`getProfile` shows the id_token to /tokeninfo (case A114)."""
    assert run.steps.gave("7 tokenInfo")["user_id"] == ALICE


def test_jsonp_of_7(auth0_served: Auth0Served, run: Run) -> None:
    """Where a tenant allows it, 7 signs in by a script of the page (case A35)."""
    answer = run.steps.gave("7 jsonp")
    domain = auth0_served.prefixed
    assert_id_token(auth0_served, domain, answer["idToken"], "LEG")
    assert_opaque(answer["accessToken"])


@pytest.mark.parametrize("step", ["wrong_password", "blocked"])
def test_refusals_by_jsonp(run: Run, step: str) -> None:
    """A refusal arrives through the script with its status and code (case A36)."""
    members = run.steps.raised(f"7 {camel(f'jsonp_{step}')}")["members"]
    assert members["status"] == AT_RO[step].status
    assert members["code"] == AT_RO[step].code


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("step", [step for step in AT_RO if step not in NOT_ASKED])
def test_refusals(run: Run, version: str, step: str) -> None:
    """The page may read a refusal as well: code and text arrive (case A39)."""
    assert_refused(run, version, step, AT_RO[step])


@pytest.mark.parametrize("version", LATER)
@pytest.mark.parametrize("step", ["realm", "defaultDirectory"])
def test_token_endpoint(
    auth0_served: Auth0Served, run: Run, version: str, step: str
) -> None:
    """`login` and `loginWithDefaultDirectory` bring an id_token of /oauth/token."""
    answer = run.steps.gave(f"{version} {step}")
    assert_id_token(auth0_served, run.domain, answer["idToken"], "OIDC")
    assert answer["tokenType"] == "Bearer"


@pytest.mark.parametrize("version", LATER)
def test_api(auth0_served: Auth0Served, run: Run, version: str) -> None:
    """An audience brings a token for the API, and its refresh token the next one."""
    first = run.steps.gave(f"{version} realmForApi")["accessToken"]
    assert_api_token(auth0_served, run.domain, first, "openid read:x")
    later = run.steps.gave(f"{version} refreshed")["accessToken"]
    assert_api_token(auth0_served, run.domain, later, SCOPE)


@pytest.mark.parametrize("version", LATER)
@pytest.mark.parametrize("step", ["wrong_password", "mfa"])
def test_refusals_at_token(run: Run, version: str, step: str) -> None:
    """The same refusal has another code at /oauth/token."""
    assert_refused(run, version, f"realm_{step}", AT_TOKEN[step])


@pytest.mark.parametrize("version", LATER)
def test_legacy_client(run: Run, version: str) -> None:
    """A client of the legacy grants is told which grant it lacks (case A95)."""
    members = run.steps.raised(f"{version} realmLegacyClient")["members"]
    assert members["statusCode"] == 403
    assert members["code"] == "unauthorized_client"
    assert "http://auth0.com/oauth/grant-type/password-realm" in members["description"]


@pytest.mark.parametrize("version", VERSIONS)
def test_foreign_origin(run: Run, version: str) -> None:
    """A page that nobody registered learns nothing, though the password was right."""
    error = run.steps.raised(f"{version} foreignOrigin")
    members = error["members"]
    assert "statusCode" not in members
    assert not members.get("status")
    assert ALICE not in str(error)
