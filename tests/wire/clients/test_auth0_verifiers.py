"""Those who are shown our tokens: jwks-rsa and express-oauth2-jwt-bearer.

Contract auth0 §3.3, §6 and §8; at a plain domain and at a prefixed one.
"""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.clients.environments import Node
from tests.wire.clients.auth0_judging import ALICE, API
from tests.wire.clients.auth0_serving import (
    CONNECTION,
    PASSWORD,
    PLACES,
    Auth0Served,
)
from tests.wire.clients.driving import Steps, node_steps

pytestmark = pytest.mark.xdist_group("auth0-clients")

REALM = "http://auth0.com/oauth/grant-type/password-realm"


@dataclass(frozen=True)
class Run:
    """What was decided about the tokens of one domain."""

    domain: str
    tokens: dict[str, str]
    steps: Steps


@pytest.fixture(scope="module", params=PLACES)
def run(request: pytest.FixtureRequest, auth0_served: Auth0Served, node: Node) -> Run:
    """The decisions at each domain; the other domain's token is a stranger's."""
    place = request.param
    [other] = [known for known in PLACES if known != place]
    domain = auth0_served.domain_at(place)
    foreign = user_tokens(auth0_served, auth0_served.domain_at(other))
    tokens = all_tokens(auth0_served, domain)
    tokens |= {"other_token": foreign["access_token"]}
    facts = auth0_served.facts(domain) | tokens
    return Run(domain, tokens, node_steps(node, "auth0_verifiers.cjs", facts))


def user_tokens(served: Auth0Served, domain: str) -> dict[str, Any]:
    """Alice's tokens for the API."""
    return asked(
        served,
        domain,
        "/oauth/token",
        client_id="OIDC",
        grant_type=REALM,
        realm=CONNECTION,
        audience=API,
        scope="openid read:x",
    )


def all_tokens(served: Auth0Served, domain: str) -> dict[str, str]:
    """Every kind of token that a domain gives out."""
    user = user_tokens(served, domain)
    legacy = asked(
        served,
        domain,
        "/oauth/ro",
        client_id="LEG",
        grant_type="password",
        connection=CONNECTION,
        scope="openid",
    )
    application = {
        "client_id": "CONF",
        "client_secret": served.secret_of("CONF"),
        "grant_type": "client_credentials",
        "audience": API,
    }
    own = served.post(domain, "/oauth/token", application).raise_for_status().json()
    return {
        "access_token": user["access_token"],
        "id_token": user["id_token"],
        "application_token": own["access_token"],
        "legacy_id_token": legacy["id_token"],
        "opaque_token": legacy["access_token"],
    }


def asked(served: Auth0Served, domain: str, path: str, **more: str) -> dict[str, Any]:
    """The tokens that alice's password brings."""
    body = {"username": "alice", "password": PASSWORD, **more}
    tokens: dict[str, Any] = served.post(domain, path, body).raise_for_status().json()
    return tokens


def test_keys(run: Run) -> None:
    """jwks-rsa finds keys for signatures, each with its id (case A111)."""
    keys = run.steps.gave("keys")
    assert keys
    assert all(key["kid"] and key["alg"] == "RS256" for key in keys)


def test_unknown_key(run: Run) -> None:
    """A key that is not ours is not found."""
    error = run.steps.raised("unknownKey")
    assert error["type"] == "SigningKeyNotFoundError"
    assert "of-somebody-else" in error["text"]


@pytest.mark.parametrize(
    ("step", "audience"), [("idToken", "OIDC"), ("legacyIdToken", "LEG")]
)
def test_id_tokens(run: Run, step: str, audience: str) -> None:
    """The key that jwks-rsa found proves the id_tokens of both doors."""
    claims = run.steps.gave(step)
    assert claims["iss"] == f"https://{run.domain}/"
    assert claims["aud"] == audience
    assert claims["sub"] == ALICE


def test_access_token(run: Run) -> None:
    """And the access token for an API; UserInfo stands beside it as an audience."""
    claims = run.steps.gave("accessToken")
    assert claims["aud"] == [API, f"https://{run.domain}/userinfo"]
    assert claims["sub"] == ALICE


@pytest.mark.parametrize(
    ("step", "why"),
    [
        ("tampered", "invalid signature"),
        ("otherTenant", "Unable to find a signing key"),
        ("otherAudience", "jwt audience invalid"),
        ("opaque", "jwt malformed"),
    ],
)
def test_nothing_else_is_proven(run: Run, step: str, why: str) -> None:
    """A changed bit, another tenant's key (A112), another audience, no JWT at all."""
    error = run.steps.raised(step)
    assert error["type"] == "JsonWebTokenError"
    assert why in error["text"]


@pytest.mark.parametrize("step", ["guarded", "guardedWithSlash", "guardedByScope"])
def test_guard_lets_in(run: Run, step: str) -> None:
    """The guard accepts the token, however its issuer is written, and its scope."""
    outcome = run.steps.gave(step)
    assert outcome["status"] == 200
    assert outcome["body"]["iss"] == f"https://{run.domain}/"
    scope = set(outcome["body"]["scope"].split())
    assert {"openid", "read:x"} <= scope
    assert "write:x" not in scope


def test_guard_lets_applications_in(run: Run) -> None:
    """An application's own token is accepted alike."""
    outcome = run.steps.gave("guardedApplication")
    assert outcome["status"] == 200
    assert outcome["body"]["sub"] == "CONF@clients"


@pytest.mark.parametrize(
    ("step", "status", "code"),
    [
        ("guardedByOtherScope", 403, "insufficient_scope"),
        ("guardedTampered", 401, "invalid_token"),
        ("guardedIdToken", 401, "invalid_token"),
        ("guardedOpaque", 401, "invalid_token"),
        ("guardedOtherTenant", 401, "invalid_token"),
        ("guardedNothing", 401, None),
    ],
)
def test_guard_keeps_out(run: Run, step: str, status: int, code: str | None) -> None:
    """Another scope, a changed bit, a token not for this API or nobody's stays out."""
    outcome = run.steps.gave(step)
    assert outcome["status"] == status
    assert outcome["body"]["code"] == code
    assert outcome["body"]["message"]
