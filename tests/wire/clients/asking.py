"""Asks the token endpoint without any client library, for consumers of tokens."""

from typing import Any

import httpx

from tests.wire.clients import fixture
from tests.wire.clients.serving import Served


def post(served: Served, tenant: str, form: dict[str, str]) -> httpx.Response:
    """The answer of a tenant's token endpoint to a form."""
    url = f"{served.base_url}/{tenant}/oauth2/v2.0/token"
    return httpx.post(url, data=form, verify=served.trust(), timeout=10)


def ask(
    served: Served,
    scope: str,
    *,
    username: str = fixture.ALICE,
    password: str = fixture.PASSWORD,
    client_id: str = fixture.PUBLIC,
) -> httpx.Response:
    """The answer to the password grant, at the tenant of the user's domain."""
    form = {
        "grant_type": "password",
        "client_id": client_id,
        "username": username,
        "password": password,
        "scope": scope,
    }
    return post(served, username.rpartition("@")[2], form)


def user_tokens(served: Served, scope: str, **who: str) -> dict[str, Any]:
    """The tokens of a user who is let in; `who` as in `ask`."""
    tokens: dict[str, Any] = ask(served, scope, **who).raise_for_status().json()
    return tokens


def application_token(served: Served) -> str:
    """The token of the confidential application for the API."""
    form = {
        "grant_type": "client_credentials",
        "client_id": fixture.CONFIDENTIAL,
        "client_secret": fixture.SECRET,
        "scope": f"{fixture.TASKS}/.default",
    }
    answer = post(served, fixture.DOMAIN, form).raise_for_status()
    token: str = answer.json()["access_token"]
    return token
