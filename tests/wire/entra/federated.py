"""An instance with a domain of every kind beside a stand-in for AD FS, for tests.

No test lives here. The stand-in knows alice and bob @cloud.example.test, whose domain
passes through to it, and @fed.example.test, whose domain is federated with it.
"""

import contextlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.services.microsoft import CLOUD, FEDERATED, Microsoft, microsoft
from tests.services.provision import free_port
from tests.wire.client import WireClient
from tests.wire.entra.cases import PUB, TID, Form
from tests.wire.instance import PASSWORD, Document, Instance

GRACE = "grace@pta.test"
DOWN = "down.test"
SAML1 = "urn:ietf:params:oauth:grant-type:saml1_1-bearer"
SAML2 = "urn:ietf:params:oauth:grant-type:saml2-bearer"
AUDIENCE = "urn:federation:MicrosoftOnline"


@dataclass(frozen=True)
class Corp:
    """The instance, a client of it, and the stand-in."""

    instance: Instance
    wire: WireClient
    sts: Microsoft

    def assertion(self, user: str = f"alice@{FEDERATED}") -> str:
        """A signed assertion about somebody, as the stand-in gives it to clients."""
        issuer = f"http://{self.sts.host}/adfs/services/trust"
        return self.sts.signer.assertion(user, AUDIENCE, issuer)


def document_of(sts: Microsoft) -> Document:
    """The configuration beside `server`."""
    scopes = ["User.Read", "profile", "openid", "email"]
    oauth = {"authority": sts.adfs, "client_id": PUB_THERE, "ca": sts.ca}
    dead = f"https://127.0.0.1:{free_port()}/adfs"
    federated = {
        "protocol": "ws-trust",
        "wstrust_metadata": sts.mex,
        "signing_certificate": sts.signing_certificate,
        "ca": sts.ca,
    }
    connections = [
        {"name": "Username-Password-Authentication", "strategy": "auth0"},
        {"name": "people", "strategy": "auth0"},
        {"name": "there", "strategy": "adfs", "options": oauth},
        {"name": "down", "strategy": "adfs", "options": {**oauth, "authority": dead}},
        {"name": "sts", "strategy": "adfs", "options": federated},
        {"name": "off", "strategy": "adfs", "enabled": False, "options": federated},
    ]
    through = {"pta.test": "people", CLOUD: "there", DOWN: "down"}
    left = {FEDERATED: "sts", "off.test": "off", "bare.test": "people"}
    domains: list[Document] = [{"name": "contoso.test"}]
    for kind, named in (("pass-through", through), ("federated", left)):
        domains += [
            {"name": name, "authentication": kind, "connection": connection}
            for name, connection in named.items()
        ]
    contoso = {
        "id": TID,
        "name": "contoso",
        "domains": domains,
        "password_grant": True,
        "adfs_alias": True,
        "password_hash": {"algorithm": "argon2id", "memory_kib": 64, "iterations": 1},
        "connections": connections,
        "applications": [
            {
                "client_id": PUB,
                "public_client": True,
                "audience": "multi-tenant",
                "grant_types": ["password", "refresh_token"],
                "permissions": scopes,
                "admin_consent": scopes,
            }
        ],
        "users": [
            {"username": "alice@contoso.test", "password": PASSWORD},
            {"username": GRACE, "password": PASSWORD, "connection": "people"},
        ],
    }
    return {"tenants": [contoso]}


PUB_THERE = "6731de76-14a6-49ae-97bc-6eba6914391e"
"""Our own application at the stand-in; it happens to have the id of PUB."""


@contextlib.contextmanager
def corp_in(folder: Path) -> Iterator[Corp]:
    """Start both; they end with the block."""
    with microsoft(folder) as sts:
        instance = Instance(folder, {}, document_of(sts))
        instance.start()
        client = WireClient(instance.address, instance.data / "ca.pem")
        try:
            yield Corp(instance, client, sts)
        finally:
            client.close()
            instance.stop()


def presenting(assertion: str, **more: str) -> Form:
    """A request of the SAML bearer grant."""
    form = {
        "client_id": PUB,
        "grant_type": SAML1,
        "assertion": assertion,
        "scope": "user.read openid profile offline_access",
        "client-request-id": str(uuid.uuid4()),
    }
    return {**form, **more}
