"""azure-identity's credentials as applications make them, for both halves."""

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
import azure.identity
import certifi
from azure.core.pipeline.transport import AioHttpTransport

Facts = dict[str, Any]


def at(facts: Facts, **more: Any) -> dict[str, Any]:
    """The options that point a credential at us; no retries, so failures are quick."""
    own = {"authority": facts["base"], "disable_instance_discovery": True}
    return {**own, "retry_total": 0, **more}


def on_443(facts: Facts, **more: Any) -> dict[str, Any]:
    """The same at an address where 443 answers the realm question."""
    return at(facts, **{"authority": facts["open"], **more})


def by_password(facts: Facts, user: str = "alice", **options: Any) -> Any:
    """The credential of a user name and a password."""
    return azure.identity.UsernamePasswordCredential(
        options.pop("client", facts["public"]),
        facts.get(user, user),
        options.pop("password", facts["password"]),
        tenant_id=facts["domain"],
        **on_443(facts, **options),
    )


def by_secret(facts: Facts, secret: str = "") -> Any:
    """The credential of a client secret."""
    return azure.identity.ClientSecretCredential(
        facts["domain"],
        facts["confidential"],
        secret or facts["secret"],
        **at(facts),
    )


def pem(facts: Facts) -> bytes:
    """Key and certificate in one text."""
    text: str = facts["key_pem"] + facts["certificate_pem"]
    return text.encode()


@contextmanager
def environment(**variables: str) -> Iterator[None]:
    """What EnvironmentCredential reads."""
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            del os.environ[name]


@contextmanager
def foreign_ca() -> Iterator[None]:
    """`REQUESTS_CA_BUNDLE` names a CA that is not ours."""
    ours = os.environ["REQUESTS_CA_BUNDLE"]
    os.environ["REQUESTS_CA_BUNDLE"] = certifi.where()
    try:
        yield
    finally:
        os.environ["REQUESTS_CA_BUNDLE"] = ours


def transport(facts: Facts) -> Any:
    """aiohttp that trusts our CA."""
    trust = ssl.create_default_context(cafile=facts["ca"])
    connector = aiohttp.TCPConnector(ssl=trust)
    return AioHttpTransport(session=aiohttp.ClientSession(connector=connector))
