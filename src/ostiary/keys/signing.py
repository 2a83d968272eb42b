"""Signing keys and the signer: how our own tokens get their signature.

What stands in a token belongs to the dialects; when keys rotate, to the flows.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal, Self, TypeGuard

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from ostiary.keys.jws import encode_segment

Algorithm = Literal["RS256", "ES256"]
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

RSA_BITS = 2048
CERTIFICATE_LIFE = timedelta(days=3652)
KEPT_HEADERS = 1024

_RS256 = RSAAlgorithm(RSAAlgorithm.SHA256)
_ES256 = ECAlgorithm(ECAlgorithm.SHA256)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One tenant's key pair with its certificate; times are Unix seconds.

    It is published from `created_at` to `published_until` (None: no end set yet), and
    signs from `signs_from`, so that readers know a key before its first token.
    """

    kid: str
    tenant_id: str
    algorithm: Algorithm
    private_key: PrivateKey = field(repr=False, compare=False)
    certificate_der: bytes = field(repr=False)
    created_at: float
    signs_from: float
    published_until: float | None

    @classmethod
    def generate(
        cls, tenant_id: str, *, algorithm: Algorithm = "RS256", now: float
    ) -> Self:
        """Make a key that signs from now on, with a self-signed certificate.

        RSA of 2048 bits or P-256; the certificate lasts ten years, its name is the
        tenant's id. Contract entra §2.6.
        """
        private_key = _generate_private_key(algorithm)
        certificate = _self_signed(private_key, tenant_id, now)
        der = certificate.public_bytes(Encoding.DER)
        return cls(
            kid=_thumbprint(der),
            tenant_id=tenant_id,
            algorithm=algorithm,
            private_key=private_key,
            certificate_der=der,
            created_at=now,
            signs_from=now,
            published_until=None,
        )

    @classmethod
    def from_parts(
        cls,
        *,
        tenant_id: str,
        private_pem: bytes,
        certificate_der: bytes,
        created_at: float,
        signs_from: float,
        published_until: float | None,
    ) -> Self:
        """Rebuild a stored key; `kid` and `algorithm` follow from the material.

        Raises ValueError when the parts do not belong together or are of another kind.
        """
        private_key = load_pem_private_key(private_pem, password=None)
        if not _is_usable(private_key):
            raise ValueError("a signing key is RSA or P-256")
        certificate = x509.load_der_x509_certificate(certificate_der)
        if certificate.public_key() != private_key.public_key():
            raise ValueError("the certificate belongs to another key")
        return cls(
            kid=_thumbprint(certificate_der),
            tenant_id=tenant_id,
            algorithm="RS256"
            if isinstance(private_key, rsa.RSAPrivateKey)
            else "ES256",
            private_key=private_key,
            certificate_der=certificate_der,
            created_at=created_at,
            signs_from=signs_from,
            published_until=published_until,
        )

    def private_pem(self) -> bytes:
        """The private key as PKCS #8 PEM, in the clear: to be sealed at once."""
        return self.private_key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )

    def jwk(self, issuer: str | None) -> dict[str, object]:
        """The public half as it stands in the key set; contract entra §2.6, RFC 7517.

        `issuer` is added when given.
        """
        document: dict[str, object] = {
            "kty": "RSA" if self.algorithm == "RS256" else "EC",
            "use": "sig",
            "kid": self.kid,
            "x5t": self.kid,
            **_public_numbers(self.private_key),
            "x5c": [base64.b64encode(self.certificate_der).decode()],
        }
        return document if issuer is None else {**document, "issuer": issuer}


class Signer:
    """Signs claims; costs little more than the bare signature (performance.md, 4)."""

    def __init__(self) -> None:
        """Start without any header kept."""
        self._encoder = msgspec.json.Encoder()
        self._header = lru_cache(maxsize=KEPT_HEADERS)(_encode_header)

    def sign(
        self,
        key: SigningKey,
        claims: Mapping[str, object],
        *,
        header: Mapping[str, str] | None = None,
    ) -> str:
        """A compact JWS over the claims; safe to call from several threads.

        `header` adds members (`x5t`) or another `typ`; it cannot change `alg` and
        `kid`. RFC 7515 §3.1, contract entra §7.
        """
        extras = tuple(header.items()) if header else ()
        head = self._header(key.algorithm, key.kid, extras)
        signing_input = head + b"." + encode_segment(self._encoder.encode(dict(claims)))
        signature = _signature(signing_input, key.private_key)
        return (signing_input + b"." + encode_segment(signature)).decode()


def _encode_header(
    algorithm: Algorithm, kid: str, extras: tuple[tuple[str, str], ...]
) -> bytes:
    header = {"typ": "JWT", "alg": algorithm} | dict(extras)
    return encode_segment(msgspec.json.encode(header | {"alg": algorithm, "kid": kid}))


def _signature(signing_input: bytes, private_key: PrivateKey) -> bytes:
    if isinstance(private_key, rsa.RSAPrivateKey):
        return _RS256.sign(signing_input, private_key)
    return _ES256.sign(signing_input, private_key)


def _public_numbers(private_key: PrivateKey) -> dict[str, str]:
    if isinstance(private_key, rsa.RSAPrivateKey):
        numbers = private_key.public_key().public_numbers()
        return {"n": _uint(numbers.n), "e": _uint(numbers.e)}
    point = private_key.public_key().public_numbers()
    # Coordinates keep their leading zeros (RFC 7518 §6.2.1.2); RSA numbers do not.
    return {"crv": "P-256", "x": _uint(point.x, 32), "y": _uint(point.y, 32)}


def _uint(number: int, length: int = 0) -> str:
    size = max(length, (number.bit_length() + 7) // 8)
    return encode_segment(number.to_bytes(size, "big")).decode()


def _is_usable(key: object) -> TypeGuard[PrivateKey]:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return isinstance(key.curve, ec.SECP256R1)
    return isinstance(key, rsa.RSAPrivateKey)


def _generate_private_key(algorithm: Algorithm) -> PrivateKey:
    if algorithm == "RS256":
        return rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    return ec.generate_private_key(ec.SECP256R1())


def _self_signed(key: PrivateKey, name: str, now: float) -> x509.Certificate:
    start = datetime.fromtimestamp(now, UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + CERTIFICATE_LIFE)
        .sign(key, hashes.SHA256())
    )


def _thumbprint(der: bytes) -> str:
    # A name, not a protection: SHA-1 is what `x5t` means (RFC 7515 §4.1.7).
    return encode_segment(hashlib.sha1(der, usedforsecurity=False).digest()).decode()
