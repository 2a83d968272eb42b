"""A certificate authority for servers under test; nothing trusts it by itself.

What the servers are is told in their own modules.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Issued:
    """A certificate and its key, as PEM files."""

    certificate: Path
    key: Path


@dataclass(frozen=True)
class Authority:
    """A CA that keeps its files in `folder`."""

    folder: Path
    name: str = "Tests of Ostiary"
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1()), repr=False
    )

    @property
    def certificate(self) -> Path:
        """Its own certificate, made when first asked for."""
        path = self.folder / "ca.pem"
        if not path.exists():
            builder = _builder(self.name, self.name, self.key.public_key())
            usage = x509.KeyUsage(
                digital_signature=False,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=True,
                crl_sign=True,
                encipher_only=False,
                decipher_only=False,
            )
            builder = builder.add_extension(
                x509.BasicConstraints(ca=True, path_length=0), critical=True
            ).add_extension(usage, critical=True)
            path.write_bytes(_pem(builder.sign(self.key, hashes.SHA256())))
        return path

    def issue(self, name: str, hosts: Iterable[str]) -> Issued:
        """A server's certificate for host names and addresses."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(name, self.name, key.public_key())
        ours = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        builder = (
            builder.add_extension(
                x509.SubjectAlternativeName([_general(host) for host in hosts]), False
            )
            .add_extension(ours, False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        )
        issued = Issued(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        _ = self.certificate
        issued.certificate.write_bytes(_pem(builder.sign(self.key, hashes.SHA256())))
        issued.key.touch(mode=0o600)
        issued.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return issued


def _builder(
    name: str, issuer: str, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), False)
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _general(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
