"""Assertions judged by what is registered: alive certificates, and no other."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ostiary.configuration.certificates import check_certificate
from ostiary.core.errors import Reason, Refused
from ostiary.core.model import Client
from ostiary.keys.assertions import ClientCertificate
from ostiary.keys.client_assertions import RegisteredCertificates
from tests.keys.forms import NOT_AFTER, WHO, bare, certificate_for, compact, pem_of

CLIENT_ID = str(WHO["sub"])
END = NOT_AFTER.timestamp()


def client(*certificates: str) -> Client:
    """A client that registered these."""
    return Client("tenant", CLIENT_ID, certificates=certificates)


@pytest.fixture
def signed(rsa_key: rsa.RSAPrivateKey, certificate: ClientCertificate) -> str:
    """An assertion by the fixture's certificate."""
    header = {"alg": "RS256", "typ": "JWT", "x5t": bare(certificate.sha1)}
    return compact(rsa_key, header, WHO)


@pytest.fixture
def pem(x509_certificate: x509.Certificate) -> str:
    """The certificate as it is registered."""
    return pem_of(x509_certificate).decode()


def test_a_living_certificate_proves_its_client(signed: str, pem: str) -> None:
    """The claims come out, to be judged by the core's rules."""
    claims = RegisteredCertificates().read(client(pem), signed, END - 1)
    assert (claims["iss"], claims["sub"]) == (CLIENT_ID, CLIENT_ID)


def test_a_certificate_that_ran_out_proves_nothing(signed: str, pem: str) -> None:
    """From the second of its end on, though the signature still is right."""
    with pytest.raises(Refused) as caught:
        RegisteredCertificates().read(client(pem), signed, END)
    assert caught.value.reason is Reason.ASSERTION_SIGNATURE


def test_a_stored_certificate_of_no_use_harms_no_other(signed: str, pem: str) -> None:
    """What cannot be read any longer is passed over, not a defect of the server."""
    broken = "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n"
    found = RegisteredCertificates().read(client(broken, pem), signed, END - 1)
    assert found["sub"] == CLIENT_ID
    with pytest.raises(Refused) as caught:
        RegisteredCertificates().read(client(broken), signed, END - 1)
    assert caught.value.reason is Reason.ASSERTION_SIGNATURE


def test_what_proves_nobody_is_refused_at_registration(pem: str) -> None:
    """Garbage and elliptic curves, with what is allowed instead."""
    assert check_certificate(pem) == pem
    curve = certificate_for(ec.generate_private_key(ec.SECP256R1()))
    for useless in ("-----BEGIN CERTIFICATE-----\nAA\n", pem_of(curve).decode()):
        with pytest.raises(ValueError, match=r"RSA certificate of 2048 bits or more$"):
            check_certificate(useless)


def test_an_assertion_that_names_no_certificate(
    rsa_key: rsa.RSAPrivateKey, other_rsa_key: rsa.RSAPrivateKey, pem: str
) -> None:
    """auth0-python 6.8 sends `alg` and `typ` alone (contract auth0 §3.1): any of the
    client's own certificates may prove it, nobody else's key does.
    """
    header = {"alg": "RS256", "typ": "JWT"}
    other = pem_of(certificate_for(other_rsa_key)).decode()
    signed = compact(rsa_key, header, WHO)
    claims = RegisteredCertificates().read(client(other, pem), signed, END - 1)
    assert claims["sub"] == CLIENT_ID
    for certificates in ((), (other,)):
        with pytest.raises(Refused) as caught:
            RegisteredCertificates().read(client(*certificates), signed, END - 1)
        assert caught.value.reason is Reason.ASSERTION_SIGNATURE
