"""Development TLS: a local certificate authority and one server certificate.

Production certificates come from the operator; nothing here signs tokens.
"""

import fcntl
import ipaddress
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ostiary.keys.keyfile import read_private, replace

ALWAYS = ("localhost", "127.0.0.1", "::1")
CA_LIFE = timedelta(days=3652)
# Apple's platforms refuse server certificates that live longer than 398 days.
SERVER_LIFE = timedelta(days=397)
RENEW_BEFORE = timedelta(days=30)
# Clients whose clock runs a little behind must accept a certificate just made.
BACKDATED = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class LocalTls:
    """PEM files: the CA to trust, the server's certificate, and its key."""

    ca_path: Path
    certificate_path: Path
    key_path: Path


@dataclass(frozen=True, slots=True)
class _Pair:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def ensure_local_ca(
    folder: Path, hosts: Sequence[str], *, now: float | None = None
) -> LocalTls:
    """Make what is missing or due in `folder`, leave the rest; say where it lies.

    `hosts` are DNS names and IP addresses beside localhost; `now` is Unix seconds
    (None: the clock). Several processes may call at once. Raises ValueError for a
    host that no certificate can name, KeyFileError for a key file open to others.
    """
    moment = datetime.fromtimestamp(time.time() if now is None else now, UTC)
    names = _general_names(hosts)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    paths = LocalTls(
        folder / "ca.pem", folder / "server.pem", folder / "server-key.pem"
    )
    ca_key_path = folder / "ca-key.pem"
    with _locked(folder / ".local-ca.lock"):
        ca = _read_pair(paths.ca_path, ca_key_path)
        if ca is None or not _is_fresh(ca, moment):
            ca = _make_ca(moment)
            _write_pair(ca, paths.ca_path, ca_key_path)
        server = _read_pair(paths.certificate_path, paths.key_path)
        if server is None or not _still_serves(server, ca, names, moment):
            server = _make_server(ca, names, moment)
            _write_pair(server, paths.certificate_path, paths.key_path)
    return paths


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold other processes off; the lock ends with the file handle, even by a crash."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _general_names(hosts: Sequence[str]) -> list[x509.GeneralName]:
    return list(dict.fromkeys(_general_name(host) for host in (*ALWAYS, *hosts)))


def _general_name(host: str) -> x509.GeneralName:
    address = host.strip("[]").partition("%")[0]  # without an IPv6 zone
    try:
        return x509.IPAddress(ipaddress.ip_address(address))
    except ValueError:
        pass
    try:
        name = host.lower().encode("idna").decode()
    except UnicodeError:
        name = ""
    if not name:
        raise ValueError(f"{host!r} is neither a host name nor an IP address")
    return x509.DNSName(name)


def _read_pair(certificate_path: Path, key_path: Path) -> _Pair | None:
    """The certificate with its key; None when they are missing, damaged or strangers.

    Raises KeyFileError when others than the owner may read the key.
    """
    if not (certificate_path.exists() and key_path.exists()):
        return None
    try:
        key = load_pem_private_key(read_private(key_path), password=None)
        certificate = x509.load_pem_x509_certificate(certificate_path.read_bytes())
    except (ValueError, TypeError):
        return None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        return None
    if certificate.public_key() != key.public_key():
        return None
    return _Pair(certificate, key)


def _write_pair(pair: _Pair, certificate_path: Path, key_path: Path) -> None:
    key_pem = pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    replace(key_path, key_pem, mode=0o600)
    replace(certificate_path, pair.certificate.public_bytes(Encoding.PEM), mode=0o644)


def _is_fresh(pair: _Pair, moment: datetime) -> bool:
    certificate = pair.certificate
    begun = certificate.not_valid_before_utc <= moment
    return begun and certificate.not_valid_after_utc - moment >= RENEW_BEFORE


def _still_serves(
    server: _Pair, ca: _Pair, names: Sequence[x509.GeneralName], moment: datetime
) -> bool:
    try:
        server.certificate.verify_directly_issued_by(ca.certificate)
    except (ValueError, TypeError, InvalidSignature):
        return False
    san = server.certificate.extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    return set(san.value) == set(names) and _is_fresh(server, moment)


def _make_ca(moment: datetime) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    # Two authorities of one name would hide each other in a trust store.
    name = _name(f"Ostiary development CA {secrets.token_hex(4)}")
    builder = _builder(name, name, key, key, moment, moment + CA_LIFE)
    certificate = (
        builder.add_extension(x509.BasicConstraints(True, 0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    return _Pair(certificate, key)


def _make_server(
    ca: _Pair, names: Sequence[x509.GeneralName], moment: datetime
) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    end = min(moment + SERVER_LIFE, ca.certificate.not_valid_after_utc)
    issuer = ca.certificate.subject
    builder = _builder(_name("Ostiary development"), issuer, key, ca.key, moment, end)
    server_auth = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    certificate = (
        builder.add_extension(x509.BasicConstraints(False, None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(server_auth, critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(ca.key, hashes.SHA256())
    )
    return _Pair(certificate, key)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    moment: datetime,
    end: datetime,
) -> x509.CertificateBuilder:
    """What both certificates carry; strict readers demand both key identifiers.

    RFC 5280 §4.2.1.1 and §4.2.1.2.
    """
    subject_id = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(
        issuer_key.public_key()
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - BACKDATED)
        .not_valid_after(end - BACKDATED)
        .add_extension(subject_id, critical=False)
        .add_extension(issuer_id, critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
