"""ADAL for Python with users whose domain is federated; run with its interpreter."""

from typing import Any

import adal

from tests.wire.clients.scripts import steps
from tests.wire.clients.scripts.steps import step

Facts = dict[str, Any]
Answer = dict[str, Any]

GRAPH = "https://graph.microsoft.com"


def signed_in(facts: Facts, user: str, password: str = "") -> Answer:
    """The answer to a user name and a password."""
    context = adal.AuthenticationContext(
        f"{facts['base']}/contoso.test",
        validate_authority=False,
        verify_ssl=facts["ca"],
    )
    answer: Answer = context.acquire_token_with_username_password(
        GRAPH, facts[user], password or facts["password"], facts["public"]
    )
    return answer | {"expiresOn": str(answer["expiresOn"])}


@step
def federated(facts: Facts) -> Answer:
    """A password that never comes to us."""
    return signed_in(facts, "federated")


@step
def passed_through(facts: Facts) -> Answer:
    """A domain whose realm is managed though its passwords are over there."""
    return signed_in(facts, "through")


@step
def wrong_password(facts: Facts) -> Answer:
    """The service says no."""
    return signed_in(facts, "federated", "wrong")


if __name__ == "__main__":
    steps.main()
