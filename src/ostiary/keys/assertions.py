"""Client assertions as real clients send them: read, matched to a certificate, proven.

Who may use one, its audience and its times are judged by the flows and dialects.
"""

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from jwt.algorithms import RSAAlgorithm, RSAPSSAlgorithm

from ostiary.keys.jws import MalformedJws, encode_segment, read_object, split

MAX_CHARACTERS = 16 * 1024
MIN_RSA_BITS = 2048
TIMES = ("exp", "nbf", "iat")

_ALGORITHMS: Mapping[str, RSAAlgorithm] = {
    "RS256": RSAAlgorithm(RSAAlgorithm.SHA256),
    "PS256": RSAPSSAlgorithm(RSAPSSAlgorithm.SHA256),
}
_NUMBER = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")


class InvalidAssertion(ValueError):
    """The text is no client assertion that could be judged at all."""


class InvalidCertificate(ValueError):
    """Not a certificate that a client may prove itself with; the text says why."""


@dataclass(frozen=True, slots=True)
class Assertion:
    """A client assertion, read but not yet proven.

    `exp`, `nbf` and `iat`, where present, are floats in `claims`; everything else
    stands as the client wrote it, of whatever JSON type.
    """

    header: Mapping[str, object] = field(repr=False)
    claims: Mapping[str, object] = field(repr=False)
    signing_input: bytes = field(repr=False)
    signature: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """A certificate registered for a client; `not_after` in Unix seconds."""

    der: bytes = field(repr=False)
    sha1: bytes
    sha256: bytes
    not_after: float

    @classmethod
    def from_pem(cls, pem: bytes) -> Self:
        """The first certificate of a PEM text; raises InvalidCertificate."""
        try:
            certificate = x509.load_pem_x509_certificate(pem)
        except ValueError:
            raise InvalidCertificate("no certificate in PEM form") from None
        return cls.from_der(certificate.public_bytes(Encoding.DER))

    @classmethod
    def from_der(cls, der: bytes) -> Self:
        """A certificate from its DER bytes; raises InvalidCertificate.

        Only RSA keys of 2048 bits and more are taken: the service's clients sign with
        RS256 or PS256. Contract entra §4.3.
        """
        certificate = _load(der)
        _rsa_key(certificate)
        return cls(
            der=der,
            # SHA-1 is a name here, not a protection: `x5t` means it (RFC 7515 §4.1.7).
            sha1=hashlib.sha1(der, usedforsecurity=False).digest(),
            sha256=hashlib.sha256(der).digest(),
            not_after=certificate.not_valid_after_utc.timestamp(),
        )


def read_assertion(text: str) -> Assertion:
    """Read a compact JWS, with or without `=` at the end of its segments.

    Raises InvalidAssertion when it is malformed, longer than 16 kB, repeats a name, or
    asks for extensions (`crit`, RFC 7515 §4.1.11). Contract entra §4.3.
    """
    if len(text) > MAX_CHARACTERS:
        raise InvalidAssertion("too long")
    try:
        segments = split(text, padded=True)
        header = read_object(segments.header)
        claims = read_object(segments.payload)
    except MalformedJws as error:
        raise InvalidAssertion(str(error)) from None
    if "crit" in header:
        raise InvalidAssertion("asks for extensions")
    times = {name: _seconds(claims[name]) for name in TIMES if name in claims}
    return Assertion(header, claims | times, segments.signing_input, segments.signature)


def find_certificate(
    assertion: Assertion, certificates: Sequence[ClientCertificate]
) -> ClientCertificate | None:
    """The registered certificate that the header names; `x5c` is never looked at.

    By `x5t#S256` and `x5t` (both, when both are there), else by a `kid` that is a
    thumbprint. Contract entra §4.3.
    """
    for certificate in certificates:
        if _is_named(assertion.header, certificate):
            return certificate
    return None


def names_none(assertion: Assertion) -> bool:
    """Whether the header says nothing of the key that signed (contract auth0 §3.1)."""
    return not {"x5t#S256", "x5t", "kid"} & assertion.header.keys()


def verify_signature(assertion: Assertion, certificate: ClientCertificate) -> bool:
    """Whether the certificate's key signed the bytes as received.

    RS256 and PS256 only: an RSA key fits no other `alg` that a header could ask for.
    """
    alg = assertion.header.get("alg")
    algorithm = _ALGORITHMS.get(alg) if isinstance(alg, str) else None
    if algorithm is None:
        return False
    try:
        key = _rsa_key(_load(certificate.der))
    except InvalidCertificate:
        return False
    return algorithm.verify(assertion.signing_input, key, assertion.signature)


def _is_named(header: Mapping[str, object], certificate: ClientCertificate) -> bool:
    thumbprints = {"x5t#S256": certificate.sha256, "x5t": certificate.sha1}
    named = [name for name in thumbprints if name in header]
    if named:
        return all(_is_base64(header[name], thumbprints[name]) for name in named)
    kid = header.get("kid")
    return any(
        _is_base64(kid, digest) or _is_hex(kid, digest)
        for digest in thumbprints.values()
    )


def _is_base64(text: object, digest: bytes) -> bool:
    # Clients disagree on alphabet and padding; neither carries meaning.
    if not isinstance(text, str):
        return False
    plain = text.replace("+", "-").replace("/", "_").rstrip("=")
    return plain == encode_segment(digest).decode()


def _is_hex(text: object, digest: bytes) -> bool:
    return isinstance(text, str) and text.lower() == digest.hex()


def _seconds(value: object) -> float:
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            seconds = float(value)
        except OverflowError:
            seconds = math.inf
        if math.isfinite(seconds):
            return seconds
    raise InvalidAssertion("a time is not a number")


def _load(der: bytes) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(der)
    except ValueError:
        raise InvalidCertificate("not a certificate in DER form") from None


def _rsa_key(certificate: x509.Certificate) -> RSAPublicKey:
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidCertificate("its key is of an unknown kind") from None
    if not isinstance(key, RSAPublicKey):
        raise InvalidCertificate("its key is not RSA")
    if key.key_size < MIN_RSA_BITS:
        raise InvalidCertificate(f"its key is shorter than {MIN_RSA_BITS} bits")
    return key
