"""What a right answer of ours is, whichever client brought it.

Expectations of contract entra §5.2, §6.1, §6.3 and §7; how a client wraps them is
said in its own tests.
"""

from collections.abc import Mapping
from typing import Any

from tests.wire.clients import fixture
from tests.wire.clients.serving import Served

GRAPH = "https://graph.microsoft.com"
GRAPH_ID = "00000003-0000-0000-c000-000000000000"
V1 = fixture.TENANT_ID
ADFS = "adfs"
NO_CREDENTIAL, BY_SECRET, BY_CERTIFICATE = "0", "1", "2"


def assert_graph_token(
    served: Served,
    token: str,
    *,
    client: str = fixture.PUBLIC,
    strength: str = NO_CREDENTIAL,
    path: str = V1,
) -> None:
    """Alice's token for the default resource: version 1, proven by its JWKS."""
    claims = served.verified(token, [GRAPH, GRAPH_ID], path)
    assert claims["ver"] == "1.0"
    assert claims["tid"] == fixture.TENANT_ID
    assert claims["oid"] == fixture.ALICE_ID
    assert claims["upn"] == fixture.ALICE
    assert claims["amr"] == ["pwd"]
    assert claims["appid"] == client
    assert claims["appidacr"] == strength
    assert "User.Read" in claims["scp"].split()


def assert_tasks_token(
    served: Served,
    token: str,
    *,
    client: str = fixture.PUBLIC,
    strength: str = NO_CREDENTIAL,
) -> None:
    """Alice's token for the API of version 2 tokens."""
    claims = served.verified(token, fixture.TASKS_ID)
    assert claims["ver"] == "2.0"
    assert claims["oid"] == fixture.ALICE_ID
    assert claims["azp"] == client
    assert claims["azpacr"] == strength
    assert claims["scp"] == "Tasks.Read"
    assert "roles" not in claims


def assert_application_token(served: Served, token: str, *, strength: str) -> None:
    """An application's own token for the API: roles, nobody's scopes."""
    client = {BY_SECRET: fixture.CONFIDENTIAL, BY_CERTIFICATE: fixture.CERTIFICATE}
    claims = served.verified(token, fixture.TASKS_ID)
    assert claims["ver"] == "2.0"
    assert claims["azp"] == client[strength]
    assert claims["azpacr"] == strength
    assert claims["roles"] == ["Tasks.Read.All"]
    assert claims["sub"] == claims["oid"]
    assert "scp" not in claims
    assert "upn" not in claims


def assert_refusal(
    body: Mapping[str, Any], error: str, code: int, suberror: str | None = None
) -> None:
    """An error as the client hands it on: the members of §6.1, none else."""
    assert body["error"] == error
    assert body["error_codes"] == [code]
    assert body["error_description"].startswith(f"AADSTS{code}: ")
    assert body.get("suberror") == suberror
    assert f"Trace ID: {body['trace_id']}" in body["error_description"]
    assert "access_token" not in body
