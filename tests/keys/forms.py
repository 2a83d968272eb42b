"""Certificates and signatures made by hand, without the code under test.

Only material and spelling live here; every expectation stands in the tests.
"""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import strategies as st

NOW = 1_795_224_127.0
NOT_AFTER = datetime(2035, 1, 2, 3, 4, 5, tzinfo=UTC)
WHO: dict[str, object] = {
    "iss": "c2de",
    "sub": "c2de",
    "aud": "https://login.example/t",
    "jti": "1",
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


def certificate_for(
    key: RSAPrivateKey | EllipticCurvePrivateKey,
) -> x509.Certificate:
    """A self-signed certificate that is valid until NOT_AFTER."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "daemon")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOT_AFTER - timedelta(days=3650))
        .not_valid_after(NOT_AFTER)
        .sign(key, hashes.SHA256())
    )


def telling_certificate(key: RSAPrivateKey) -> x509.Certificate:
    """One whose thumbprints look different in base64 and in base64url."""
    while True:
        certificate = certificate_for(key)
        sha1 = standard(certificate.fingerprint(hashes.SHA1()))  # noqa: S303 -- x5t
        sha256 = standard(certificate.fingerprint(hashes.SHA256()))
        if {"+", "/"} & set(sha1) and {"+", "/"} & set(sha256):
            return certificate


def pem_of(certificate: x509.Certificate) -> bytes:
    """The certificate as PEM."""
    return certificate.public_bytes(Encoding.PEM)


def url(raw: bytes) -> str:
    """Base64url with padding."""
    return base64.urlsafe_b64encode(raw).decode()


def bare(raw: bytes) -> str:
    """Base64url without padding."""
    return url(raw).rstrip("=")


def standard(raw: bytes) -> str:
    """Standard base64 with padding."""
    return base64.b64encode(raw).decode()


def sign(key: RSAPrivateKey, alg: object, message: bytes) -> bytes:
    """An RSA signature as RFC 7518 §3.3 (RS256) or §3.5 (PS256) says."""
    if alg == "PS256":
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), salt_length=32)
        return key.sign(message, pss, hashes.SHA256())
    return key.sign(message, padding.PKCS1v15(), hashes.SHA256())


def compact(
    key: RSAPrivateKey,
    header: Mapping[str, object],
    claims: Mapping[str, object] | str,
    *,
    padded: bool = False,
) -> str:
    """A signed JWS; `claims` as text is taken as the payload's very JSON."""
    spell = url if padded else bare
    payload = claims if isinstance(claims, str) else json.dumps(claims)
    message = f"{spell(json.dumps(header).encode())}.{spell(payload.encode())}"
    return f"{message}.{spell(sign(key, header.get('alg'), message.encode()))}"
