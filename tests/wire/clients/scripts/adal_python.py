"""ADAL for Python as applications use it; run with the client's own interpreter."""

import os
from typing import Any

import adal
import certifi

from tests.wire.clients.scripts import steps
from tests.wire.clients.scripts.steps import step

Facts = dict[str, Any]
Answer = dict[str, Any]

GRAPH = "https://graph.microsoft.com"
TASKS = "api://tasks"
TRACED = "0c0ffee0-0000-4000-8000-00000000000a"


def context(facts: Facts, path: str = "contoso.test") -> Any:
    """An authentication context, at an address where nobody listens on 443."""
    return adal.AuthenticationContext(
        f"{facts['base']}/{path}",
        validate_authority=False,
        verify_ssl=facts["ca"],
    )


def signed_in(
    facts: Facts,
    user: str = "alice",
    password: str = "",
    client: str = "public",
    path: str = "contoso.test",
) -> Answer:
    """The answer to a user name and a password."""
    answer: Answer = context(facts, path).acquire_token_with_username_password(
        GRAPH, facts.get(user, user), password or facts["password"], facts[client]
    )
    return answer | {"expiresOn": str(answer["expiresOn"])}


@step
def password(facts: Facts) -> Answer:
    """A user name and a password."""
    return signed_in(facts)


@step
def adfs(facts: Facts) -> Answer:
    """The same at the ADFS-style authority, where no realm is asked."""
    return signed_in(facts, path="adfs")


@step
def renewed(facts: Facts) -> Answer:
    """From the cache, then by the refresh token for another resource."""
    here = context(facts)
    first = here.acquire_token_with_username_password(
        GRAPH, facts["alice"], facts["password"], facts["public"]
    )
    cached = here.acquire_token(GRAPH, facts["alice"], facts["public"])
    fresh = here.acquire_token_with_refresh_token(
        first["refreshToken"], facts["public"], GRAPH
    )
    tasks = here.acquire_token_with_refresh_token(
        fresh["refreshToken"], facts["public"], TASKS
    )
    return {
        "first": first["accessToken"],
        "cached": cached["accessToken"],
        "fresh": fresh["accessToken"],
        "tasks": tasks["accessToken"],
    }


@step
def another_resource(facts: Facts) -> str:
    """The cache renews by itself when another resource is asked for."""
    here = context(facts)
    here.acquire_token_with_username_password(
        GRAPH, facts["alice"], facts["password"], facts["public"]
    )
    answer = here.acquire_token(TASKS, facts["alice"], facts["public"])
    token: str = answer["accessToken"]
    return token


@step
def secret(facts: Facts) -> Answer:
    """A client secret."""
    answer: Answer = context(facts).acquire_token_with_client_credentials(
        TASKS, facts["confidential"], facts["secret"]
    )
    return answer


@step
def certificate(facts: Facts) -> Answer:
    """A client certificate."""
    answer: Answer = context(facts).acquire_token_with_client_certificate(
        TASKS, facts["certificate"], facts["key_pem"], facts["thumbprint"]
    )
    return answer


@step
def ca_of_the_environment(facts: Facts) -> Answer:
    """`REQUESTS_CA_BUNDLE` names another CA than `verify_ssl`."""
    os.environ["REQUESTS_CA_BUNDLE"] = certifi.where()
    try:
        return signed_in(facts)
    finally:
        del os.environ["REQUESTS_CA_BUNDLE"]


@step
def wrong_password(facts: Facts) -> Any:
    """A password that is not the user's."""
    return signed_in(facts, password="wrong")


@step
def traced(facts: Facts) -> Any:
    """A refusal under a correlation id of the application's own."""
    here = context(facts)
    here.correlation_id = TRACED
    return here.acquire_token_with_username_password(
        GRAPH, facts["alice"], "wrong", facts["public"]
    )


@step
def mfa(facts: Facts) -> Any:
    """A user who must use a second factor."""
    return signed_in(facts, "mfa")


@step
def locked(facts: Facts) -> Any:
    """The right password of a locked account."""
    return signed_in(facts, "locked")


@step
def consent_missing(facts: Facts) -> Any:
    """An application nobody consented to."""
    return signed_in(facts, client="no_consent")


@step
def unknown_client(facts: Facts) -> Any:
    """A client id nobody has."""
    return signed_in(facts, client="unknown_client")


@step
def unknown_domain(facts: Facts) -> Any:
    """A user name of a domain that is not ours: the realm says Unknown."""
    return signed_in(facts, "alice@nosuch.test")


@step
def wrong_secret(facts: Facts) -> Any:
    """A wrong client secret."""
    return context(facts).acquire_token_with_client_credentials(
        TASKS, facts["confidential"], "wrong"
    )


@step
def garbled_refresh_token(facts: Facts) -> Any:
    """A refresh token nobody gave out."""
    return context(facts).acquire_token_with_refresh_token(
        "garbled", facts["public"], GRAPH
    )


if __name__ == "__main__":
    steps.main()
