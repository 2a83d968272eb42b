"""Those who are shown our tokens: passport-azure-ad 4.3, and plain OpenID Connect.

Contract entra §2.6, §2.7 and §7; PyJWT stands for any library that knows no Entra.
"""

import base64
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.clients.environments import Node
from tests.wire.clients import fixture
from tests.wire.clients.asking import application_token, user_tokens
from tests.wire.clients.driving import Steps, node_steps
from tests.wire.clients.judging import V1
from tests.wire.clients.serving import Served

pytestmark = pytest.mark.xdist_group("clients")


@pytest.fixture(scope="module")
def tokens(served: Served) -> dict[str, str]:
    """Tokens of ours for this API and others, and what only looks like ours."""
    tasks = user_tokens(served, f"{fixture.TASKS}/Tasks.Read openid profile")
    scope = f"{fixture.OTHER_TASKS}/Tasks.Read"
    fabrikam = user_tokens(
        served, scope, username=fixture.ZOE, client_id=fixture.OTHER_CLIENT
    )
    genuine = tasks["access_token"]
    return {
        "user_token": genuine,
        "id_token": tasks["id_token"],
        "application_token": application_token(served),
        "graph_token": user_tokens(served, "User.Read")["access_token"],
        "notes_token": user_tokens(served, f"{fixture.NOTES}/.default")["access_token"],
        "fabrikam_token": fabrikam["access_token"],
        "forged_token": forged(genuine),
        "unknown_key_token": forged(genuine, kid="of-somebody-else"),
        "unsigned_token": unsigned(genuine),
    }


def claims_of(token: str) -> dict[str, Any]:
    """What a token says, believed."""
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def forged(token: str, kid: str = "") -> str:
    """The same claims and the same header, signed with another key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    header = jwt.get_unverified_header(token)
    header |= {"kid": kid} if kid else {}
    return jwt.encode(claims_of(token), key, "RS256", header)


def unsigned(token: str) -> str:
    """The same claims under `alg: none`, with the genuine `kid`."""
    header = {**jwt.get_unverified_header(token), "alg": "none"}
    segments = (json.dumps(part).encode() for part in (header, claims_of(token)))
    encoded = (base64.urlsafe_b64encode(part).rstrip(b"=") for part in segments)
    return b".".join((*encoded, b"")).decode()


@pytest.fixture(scope="module")
def steps(served: Served, node: Node, tokens: dict[str, str]) -> Steps:
    """What BearerStrategy decided."""
    return node_steps(node, "passport_azure_ad.cjs", served.facts() | tokens)


def test_passport_accepts_users(steps: Steps) -> None:
    """A user's version 2 token comes in, and tells who it is."""
    outcome = steps.gave("user")
    assert outcome["user"] == {"name": fixture.ALICE}
    assert outcome["claims"]["aud"] == fixture.TASKS_ID
    assert outcome["claims"]["azp"] == fixture.PUBLIC


def test_passport_accepts_applications(steps: Steps) -> None:
    """An application's token comes in, with its roles."""
    claims = steps.gave("application")["claims"]
    assert claims["roles"] == ["Tasks.Read.All"]
    assert claims["azp"] == fixture.CONFIDENTIAL


def test_passport_accepts_version_1(steps: Steps) -> None:
    """A version 1 token matches the issuer of the v1 discovery document (§2.7)."""
    claims = steps.gave("defaultResource")["claims"]
    assert claims["ver"] == "1.0"
    assert claims["upn"] == fixture.ALICE


def test_passport_reads_scopes(steps: Steps) -> None:
    """The strategy's `scope` finds the short names in `scp`, and misses others."""
    assert steps.gave("scope")["claims"]["scp"] == "Tasks.Read"
    refused = steps.gave("otherScope")["refused"]
    assert "none of the scopes 'Tasks.Read' in token is accepted" in refused


@pytest.mark.parametrize(
    ("step", "why"),
    [
        ("otherAudience", "jwt audience is invalid"),
        ("idToken", "jwt audience is invalid"),
        ("otherTenant", "We did not receive a token we know how to validate"),
        ("foreignSignature", "invalid signature"),
        ("foreignKey", "We did not receive a token we know how to validate"),
        ("unsigned", "signature is missing in jwtString"),
        ("expired", "jwt is expired"),
    ],
)
def test_passport_refuses(steps: Steps, step: str, why: str) -> None:
    """What is not for this API, not of this tenant, not ours or too old stays out."""
    assert why in steps.gave(step)["refused"]


def test_passport_accepts_until_the_end(steps: Steps) -> None:
    """Half an hour later the token is still good; only time makes it expire."""
    assert steps.gave("stillGood")["user"] == {"name": fixture.ALICE}


def test_openid_consumer(served: Served, tokens: dict[str, str]) -> None:
    """Discovery, `jwks_uri` and `issuer` are all that is needed to trust a token."""
    claims = served.verified(tokens["user_token"], fixture.TASKS_ID)
    assert claims["iss"] == f"{served.base_url}/{fixture.TENANT_ID}/v2.0"
    assert claims["exp"] - claims["iat"] == 3900
    assert abs(claims["exp"] - 3600 - time.time()) < 120
    id_claims = served.verified(tokens["id_token"], fixture.PUBLIC)
    assert id_claims["preferred_username"] == fixture.ALICE
    assert None not in id_claims.values()


def test_openid_consumer_of_version_1(served: Served, tokens: dict[str, str]) -> None:
    """The v1 document and its keys prove version 1 tokens alike."""
    graph = ["https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000"]
    claims = served.verified(tokens["graph_token"], graph, V1)
    assert claims["iss"] == f"{served.base_url}/{fixture.TENANT_ID}/"


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("notes_token", jwt.InvalidAudienceError),
        ("forged_token", jwt.InvalidSignatureError),
        ("unknown_key_token", jwt.PyJWKClientError),
        ("fabrikam_token", jwt.PyJWKClientError),
        ("unsigned_token", jwt.InvalidAlgorithmError),
        ("graph_token", jwt.InvalidIssuerError),
    ],
)
def test_openid_consumer_refuses(
    served: Served, tokens: dict[str, str], name: str, error: type[Exception]
) -> None:
    """The same consumer refuses what is foreign; tenants share no key."""
    graph = "00000003-0000-0000-c000-000000000000"
    audience = [fixture.TASKS_ID, fixture.OTHER_TASKS_ID]
    audience += [graph] if name == "graph_token" else []
    with pytest.raises(error):
        served.verified(tokens[name], audience)
