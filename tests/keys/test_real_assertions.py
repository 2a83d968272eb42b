"""Assertions that the real client libraries make, captured before they are sent.

Each client runs in its own environment; contract entra §4.3 says what it writes.
"""

from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from ostiary.keys.assertions import (
    Assertion,
    ClientCertificate,
    find_certificate,
    read_assertion,
    verify_signature,
)
from tests.clients.environments import Node
from tests.keys.forms import pem_of
from tests.wire.clients.driving import Steps, node_steps, python_steps

CLIENT = "c2de1ea7-7c9f-4b1e-9a55-0e4a9a0e5f11"
TENANT = "6731de76-14a6-49ae-97bc-6eba6914391e"
HOST = "login.example"


@pytest.fixture(scope="module")
def facts(
    certificate: ClientCertificate,
    x509_certificate: x509.Certificate,
    rsa_key: rsa.RSAPrivateKey,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Any]:
    """What the scripts are told: who signs, with which key, for whom."""
    folder = tmp_path_factory.mktemp("pfx")
    pfx, pem = folder / "client.pfx", folder / "client.pem"
    pfx.write_bytes(
        pkcs12.serialize_key_and_certificates(
            b"client", rsa_key, x509_certificate, None, BestAvailableEncryption(b"pass")
        )
    )
    pem.write_bytes(pem_of(x509_certificate))
    key_pem = rsa_key.private_bytes(
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    )
    return {
        "client": CLIENT,
        "tenant": TENANT,
        "host": HOST,
        "ca": str(pem),
        "key_pem": key_pem.decode(),
        "certificate_pem": pem.read_text(),
        "thumbprint": certificate.sha1.hex(),
        "pfx": str(pfx),
        "passphrase": "pass",
    }


@pytest.fixture(scope="module")
def python_made(microsoft_python: Path, facts: dict[str, Any]) -> Steps:
    """Assertions of MSAL Python and azure-identity."""
    return python_steps(microsoft_python, "assertions_python.py", facts)


@pytest.fixture(scope="module")
def adal_made(adal_python: Path, facts: dict[str, Any]) -> Steps:
    """The assertion of ADAL Python."""
    return python_steps(adal_python, "assertions_adal.py", facts)


@pytest.fixture(scope="module")
def node_made(node: Node, facts: dict[str, Any]) -> Steps:
    """Assertions of msal-node."""
    return node_steps(node, "assertions_node.cjs", facts)


def judged(text: str, certificate: ClientCertificate) -> Assertion:
    """The assertion, after it was found, proven and seen to name the client."""
    assertion = read_assertion(text)
    assert find_certificate(assertion, [certificate]) is certificate
    assert verify_signature(assertion, certificate)
    assert assertion.claims["iss"] == assertion.claims["sub"] == CLIENT
    assert isinstance(assertion.claims["exp"], float)
    return assertion


@pytest.mark.parametrize("step", ["thumbprint", "thumbprint_adfs"])
def test_msal_by_thumbprint(
    certificate: ClientCertificate, python_made: Steps, step: str
) -> None:
    """MSAL Python with a SHA-1 thumbprint: RS256, padded `x5t`, at both authorities."""
    assertion = judged(python_made.gave(step), certificate)
    assert assertion.header["alg"] == "RS256"
    assert str(assertion.header["x5t"]).endswith("=")
    assert "nbf" not in assertion.claims


def test_msal_by_certificate(
    certificate: ClientCertificate, python_made: Steps
) -> None:
    """MSAL Python with the public certificate: PS256, `x5t#S256`, `x5c` in lines."""
    assertion = judged(python_made.gave("public_certificate"), certificate)
    assert assertion.header["alg"] == "PS256"
    assert "x5t#S256" in assertion.header
    chain = assertion.header["x5c"]
    assert isinstance(chain, list)
    assert "\n" in chain[0]


def test_msal_by_pfx(certificate: ClientCertificate, python_made: Steps) -> None:
    """MSAL Python with a PFX file: PS256."""
    assertion = judged(python_made.gave("pfx"), certificate)
    assert assertion.header["alg"] == "PS256"


def test_azure_identity(certificate: ClientCertificate, python_made: Steps) -> None:
    """azure-identity's synchronous half: RS256 with a padded `x5t`."""
    assertion = judged(python_made.gave("azure_identity_sync"), certificate)
    assert assertion.header["alg"] == "RS256"
    assert str(assertion.header["x5t"]).endswith("=")


def test_azure_identity_async(
    certificate: ClientCertificate, python_made: Steps
) -> None:
    """azure-identity's own builder leaves `=` in the segments and signs them so."""
    text = python_made.gave("azure_identity_aio")
    assert text.endswith("==")
    assertion = judged(text, certificate)
    assert assertion.header["alg"] == "PS256"
    assert "iat" not in assertion.claims


def test_adal(certificate: ClientCertificate, adal_made: Steps) -> None:
    """ADAL Python: RS256, padded `x5t`, whole seconds, the v1 endpoint."""
    assertion = judged(adal_made.gave("thumbprint"), certificate)
    assert assertion.header["alg"] == "RS256"
    assert str(assertion.header["x5t"]).endswith("=")
    assert assertion.claims["aud"] == f"https://{HOST}/{TENANT}/oauth2/token"


@pytest.mark.parametrize(
    ("step", "algorithm", "thumbprint"),
    [("sha1", "RS256", "x5t"), ("sha256", "PS256", "x5t#S256")],
)
def test_msal_node(
    certificate: ClientCertificate,
    node_made: Steps,
    step: str,
    algorithm: str,
    thumbprint: str,
) -> None:
    """msal-node: the thumbprint decides the algorithm, and is not padded."""
    assertion = judged(node_made.gave(step), certificate)
    assert assertion.header["alg"] == algorithm
    assert not str(assertion.header[thumbprint]).endswith("=")
    assert {"exp", "nbf", "iat"} <= set(assertion.claims)


def test_msal_node_with_chain(certificate: ClientCertificate, node_made: Steps) -> None:
    """msal-node with `x5c` sends the chain, which changes nothing for us."""
    assertion = judged(node_made.gave("chain"), certificate)
    assert isinstance(assertion.header["x5c"], list)
