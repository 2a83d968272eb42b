"""@azure/identity 4.13 for Node against a running instance (contract entra §11)."""

import pytest

from tests.clients.environments import Node
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


@pytest.fixture(scope="module")
def steps(served: Served, node: Node) -> Steps:
    """The script's outcomes; Node trusts the CA by NODE_EXTRA_CA_CERTS."""
    return node_steps(node, "azure_identity_node.cjs", served.facts())


def test_password(served: Served, steps: Steps) -> None:
    """A user name and a password bring a token, without anything at port 443."""
    assert_graph_token(served, steps.gave("password"))


def test_password_for_an_api(served: Served, steps: Steps) -> None:
    """An API of ours gets its version 2 token."""
    assert_tasks_token(served, steps.gave("passwordTasks"))


def test_password_at_adfs(served: Served, steps: Steps) -> None:
    """The tenant `adfs` is the ADFS-style authority."""
    assert_graph_token(served, steps.gave("adfs"), path=ADFS)


@pytest.mark.parametrize("step", ["secret", "environmentSecret"])
def test_client_secret(served: Served, steps: Steps, step: str) -> None:
    """A secret, given or of the environment, brings the application's token."""
    assert_application_token(served, steps.gave(step), strength=BY_SECRET)


@pytest.mark.parametrize("step", ["certificate", "certificateChain"])
def test_client_certificate(served: Served, steps: Steps, step: str) -> None:
    """A certificate file does, with its chain in the assertion or without."""
    assert_application_token(served, steps.gave(step), strength=BY_CERTIFICATE)


@pytest.mark.parametrize(
    ("step", "error", "code"),
    [
        ("wrongPassword", "invalid_grant", 50126),
        ("mfa", "invalid_grant", 50076),
        ("consentMissing", "invalid_grant", 65001),
        ("locked", "invalid_grant", 50053),
        ("wrongSecret", "invalid_client", 7000215),
    ],
)
def test_refusals(steps: Steps, step: str, error: str, code: int) -> None:
    """Every refusal is an AuthenticationRequiredError that has our text in it."""
    raised = steps.raised(step)
    assert raised["type"] == "AuthenticationRequiredError"
    assert raised["text"].startswith(f"{error}: ")
    assert f"AADSTS{code}: " in raised["text"]
