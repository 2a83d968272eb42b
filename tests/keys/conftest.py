"""What several tests of this folder need; keys are slow and made only once."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from ostiary.keys.assertions import ClientCertificate
from ostiary.keys.local_ca import LocalTls, ensure_local_ca
from ostiary.keys.signing import SigningKey
from tests.keys.forms import NOW, certificate_for, pem_of, telling_certificate

TENANT = "6731de76-14a6-49ae-97bc-6eba6914391e"


@pytest.fixture(scope="session")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="session")
def other_rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="session")
def rs256() -> SigningKey:
    return SigningKey.generate(TENANT, now=NOW)


@pytest.fixture(scope="session")
def es256() -> SigningKey:
    return SigningKey.generate(TENANT, algorithm="ES256", now=NOW)


@pytest.fixture(scope="session")
def x509_certificate(rsa_key: rsa.RSAPrivateKey) -> x509.Certificate:
    return telling_certificate(rsa_key)


@pytest.fixture(scope="session")
def certificate(x509_certificate: x509.Certificate) -> ClientCertificate:
    return ClientCertificate.from_pem(pem_of(x509_certificate))


@pytest.fixture(scope="session")
def stranger(other_rsa_key: rsa.RSAPrivateKey) -> ClientCertificate:
    return ClientCertificate.from_pem(pem_of(certificate_for(other_rsa_key)))


@pytest.fixture
def tls(tmp_path: Path) -> LocalTls:
    return ensure_local_ca(tmp_path / "data", ["login.test"])
