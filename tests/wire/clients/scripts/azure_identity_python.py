"""azure-identity for Python, both halves; run with the client's own interpreter.

REQUESTS_CA_BUNDLE is set for it; its asynchronous half asks for the CA by itself.
"""

import tempfile
import warnings
from typing import Any

import azure.identity
import azure.identity.aio

from tests.wire.clients.scripts import steps
from tests.wire.clients.scripts.azure_identity_credentials import (
    Facts,
    at,
    by_password,
    by_secret,
    environment,
    foreign_ca,
    on_443,
    pem,
    transport,
)
from tests.wire.clients.scripts.steps import step

GRAPH = "https://graph.microsoft.com/.default"
TASKS = "api://tasks/.default"

warnings.simplefilter("ignore")


@step
def password(facts: Facts) -> str:
    """A user name and a password."""
    token: str = by_password(facts).get_token(GRAPH).token
    return token


@step
def password_tasks(facts: Facts) -> str:
    """The same for an API, and at the default tenant `organizations`."""
    credential = azure.identity.UsernamePasswordCredential(
        facts["public"], facts["alice"], facts["password"], **on_443(facts)
    )
    token: str = credential.get_token("api://tasks/Tasks.Read").token
    return token


@step
def password_renewed(facts: Facts) -> dict[str, Any]:
    """Authenticate once, then two APIs: the second by the refresh token."""
    credential = by_password(facts)
    record = credential.authenticate(scopes=[GRAPH])
    # Whoever signs in again from here on fails: only a refresh token can help.
    credential._password = "gone"
    return {
        "record": {
            "username": record.username,
            "tenant_id": record.tenant_id,
            "home_account_id": record.home_account_id,
            "client_id": record.client_id,
        },
        "tasks": credential.get_token("api://tasks/Tasks.Read").token,
    }


@step
def adfs(facts: Facts) -> str:
    """The ADFS-style authority, at a port alone."""
    credential = azure.identity.UsernamePasswordCredential(
        facts["public"],
        facts["alice"],
        facts["password"],
        tenant_id="adfs",
        authority=facts["base"],
    )
    token: str = credential.get_token("User.Read").token
    return token


@step
def secret(facts: Facts) -> str:
    """A client secret."""
    token: str = by_secret(facts).get_token(TASKS).token
    return token


@step
def trust_by_option(facts: Facts) -> str:
    """`connection_verify` names the CA, the variable another."""
    with foreign_ca():
        credential = azure.identity.ClientSecretCredential(
            facts["domain"],
            facts["confidential"],
            facts["secret"],
            **at(facts, connection_verify=facts["ca"]),
        )
        token: str = credential.get_token(TASKS).token
        return token


@step
async def aio_trust_by_environment(facts: Facts) -> Any:
    """Only the variable names the CA, in the asynchronous half."""
    async with azure.identity.aio.ClientSecretCredential(
        facts["domain"],
        facts["confidential"],
        facts["secret"],
        **at(facts),
    ) as credential:
        return (await credential.get_token(TASKS)).token


@step
def certificate(facts: Facts) -> str:
    """A certificate."""
    credential = azure.identity.CertificateCredential(
        facts["domain"],
        facts["certificate"],
        certificate_data=pem(facts),
        **at(facts),
    )
    token: str = credential.get_token(TASKS).token
    return token


@step
def environment_secret(facts: Facts) -> str:
    """A secret of the environment."""
    with environment(
        AZURE_AUTHORITY_HOST=facts["base"],
        AZURE_TENANT_ID=facts["domain"],
        AZURE_CLIENT_ID=facts["confidential"],
        AZURE_CLIENT_SECRET=facts["secret"],
    ):
        credential = azure.identity.EnvironmentCredential(
            disable_instance_discovery=True
        )
    token: str = credential.get_token(TASKS).token
    return token


@step
def environment_password(facts: Facts) -> str:
    """A user name and a password of the environment."""
    with environment(
        AZURE_AUTHORITY_HOST=facts["open"],
        AZURE_TENANT_ID=facts["domain"],
        AZURE_CLIENT_ID=facts["public"],
        AZURE_USERNAME=facts["alice"],
        AZURE_PASSWORD=facts["password"],
    ):
        credential = azure.identity.EnvironmentCredential(
            disable_instance_discovery=True, retry_total=0
        )
    token: str = credential.get_token(GRAPH).token
    return token


@step
def environment_certificate(facts: Facts) -> str:
    """A certificate file of the environment."""
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        file.write(pem(facts))
        file.flush()
        with environment(
            AZURE_AUTHORITY_HOST=facts["base"],
            AZURE_TENANT_ID=facts["domain"],
            AZURE_CLIENT_ID=facts["certificate"],
            AZURE_CLIENT_CERTIFICATE_PATH=file.name,
        ):
            credential = azure.identity.EnvironmentCredential(
                disable_instance_discovery=True
            )
        token: str = credential.get_token(TASKS).token
        return token


@step
async def aio_secret(facts: Facts) -> str:
    """The asynchronous half with a secret; the CA as its documents say."""
    async with azure.identity.aio.ClientSecretCredential(
        facts["domain"],
        facts["confidential"],
        facts["secret"],
        **at(facts, connection_verify=facts["ca"]),
    ) as credential:
        token: str = (await credential.get_token(TASKS)).token
        return token


@step
async def aio_certificate(facts: Facts) -> str:
    """The asynchronous half with a certificate."""
    async with azure.identity.aio.CertificateCredential(
        facts["domain"],
        facts["certificate"],
        certificate_data=pem(facts),
        **at(facts, transport=transport(facts)),
    ) as credential:
        token: str = (await credential.get_token(TASKS)).token
        return token


@step
async def aio_environment(facts: Facts) -> str:
    """The asynchronous half with a secret of the environment."""
    with environment(
        AZURE_AUTHORITY_HOST=facts["base"],
        AZURE_TENANT_ID=facts["domain"],
        AZURE_CLIENT_ID=facts["confidential"],
        AZURE_CLIENT_SECRET=facts["secret"],
    ):
        made = azure.identity.aio.EnvironmentCredential(
            disable_instance_discovery=True, transport=transport(facts)
        )
    async with made as credential:
        token: str = (await credential.get_token(TASKS)).token
        return token


@step
async def aio_wrong_secret(facts: Facts) -> Any:
    """A wrong secret in the asynchronous half."""
    async with azure.identity.aio.ClientSecretCredential(
        facts["domain"],
        facts["confidential"],
        "wrong",
        **at(facts, transport=transport(facts)),
    ) as credential:
        return await credential.get_token(TASKS)


@step
def wrong_password(facts: Facts) -> Any:
    """A password that is not the user's."""
    return by_password(facts, password="wrong").get_token(GRAPH)


@step
def mfa(facts: Facts) -> Any:
    """A user who must use a second factor."""
    return by_password(facts, "mfa").get_token(GRAPH)


@step
def consent_missing(facts: Facts) -> Any:
    """An application nobody consented to."""
    credential = by_password(facts, client=facts["no_consent"])
    return credential.get_token("https://graph.microsoft.com/User.Read")


@step
def locked(facts: Facts) -> Any:
    """The right password of a locked account."""
    return by_password(facts, "locked").get_token(GRAPH)


@step
def wrong_secret(facts: Facts) -> Any:
    """A wrong client secret."""
    return by_secret(facts, "wrong").get_token(TASKS)


@step
def unknown_client(facts: Facts) -> Any:
    """A client id nobody has."""
    credential = by_password(facts, client=facts["unknown_client"])
    return credential.get_token(GRAPH)


@step
def nothing_on_443(facts: Facts) -> Any:
    """The port is dropped from the realm question, and nobody answers."""
    credential = by_password(facts, authority=facts["base"])
    return credential.get_token(GRAPH)


if __name__ == "__main__":
    steps.main()
