"""Public keys as telephones write them, and the short tokens that these sign.

Whose key it is, and whether a token's claims will do, is judged by flows and core.
"""

import base64
import binascii
import hashlib
import re
from functools import lru_cache
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPublicKey,
    RSAPublicNumbers,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)
from jwt.algorithms import RSAAlgorithm

from ostiary.core.devices import DeviceClaims, PublicKey, read_claims
from ostiary.keys.jws import MalformedJws, Segments, read_object, split

ALGORITHM: Final = "RS256"
LEAST_BITS, MOST_BITS = 1024, 8192
EXPONENT: Final = 65537
"""The least public exponent taken (NIST FIPS 186-5 §5.1), and the usual one."""
MOST_EXPONENT_BITS: Final = 64
LONGEST_PEM: Final = 8 * 1024
LONGEST_TOKEN: Final = 16 * 1024

_RS256: Final = RSAAlgorithm(RSAAlgorithm.SHA256)
_PEM: Final = re.compile(
    r"-----BEGIN (?P<label>(?:RSA )?PUBLIC KEY)-----"
    r"(?P<body>[A-Za-z0-9+/=\r\n]+)"
    r"-----END (?P=label)-----"
)


class DeviceKeyReader:
    """Port `DeviceSignatures`."""

    def read_key(self, text: str) -> PublicKey | None:
        """The RSA key in a PEM text, PKCS#1 or SPKI; None for anything else.

        Lines may end in CR, LF or both (contract auth0 §2; RFC 7468, RFC 8017 A.1.1).
        """
        key = _load(text)
        if key is None:
            return None
        der = key.public_bytes(Encoding.DER, PublicFormat.PKCS1)
        return PublicKey(
            pem=key.public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode(),
            fingerprint=fingerprint_of(der),
            bits=key.key_size,
        )

    def read(self, token: str) -> DeviceClaims | None:
        """What a device's token says, which is not yet proven; None if nothing."""
        segments = _split(token)
        if segments is None:
            return None
        try:
            return read_claims(read_object(segments.payload))
        except MalformedJws:
            return None

    def is_signed(self, token: str, pem: str | None, minimum_bits: int) -> bool:
        """Whether that key signed it by RS256, which the header must name as well.

        The header brings no key and chooses nothing (RFC 8725 §3.1). Without a key one
        is used that nobody has, so that the time does not tell.
        """
        segments = _split(token)
        if segments is None or not _says_rs256(segments):
            return False
        key = _load(pem) if pem is not None else _nobodys(len(segments.signature))
        if key is None or key.key_size < minimum_bits:
            return False
        signed = _RS256.verify(segments.signing_input, key, segments.signature)
        return signed and pem is not None


def fingerprint_of(der: bytes) -> str:
    """MD5 over a PKCS#1 key, in upper-case pairs: a name there, not a protection."""
    return hashlib.md5(der, usedforsecurity=False).digest().hex(":").upper()


def _split(token: str) -> Segments | None:
    if len(token) > LONGEST_TOKEN:
        return None
    try:
        return split(token, padded=False)
    except MalformedJws:
        return None


def _says_rs256(segments: Segments) -> bool:
    try:
        header = read_object(segments.header)
    except MalformedJws:
        return False
    return header.get("alg") == ALGORITHM and "crit" not in header


@lru_cache(maxsize=1024)
def _load(text: str) -> RSAPublicKey | None:
    found = _PEM.fullmatch(text.strip()) if len(text) <= LONGEST_PEM else None
    if found is None:
        return None
    digits = found["body"].replace("\r", "").replace("\n", "")
    try:
        key = load_der_public_key(base64.b64decode(digits, validate=True))
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        return None
    if not isinstance(key, RSAPublicKey):
        return None
    exponent = key.public_numbers().e
    if exponent < EXPONENT or exponent.bit_length() > MOST_EXPONENT_BITS:
        return None
    return key if LEAST_BITS <= key.key_size <= MOST_BITS else None


@lru_cache(maxsize=8)
def _nobodys(octets: int) -> RSAPublicKey:
    """A key of about that length whose other half nobody has: 2^n - 1 is no modulus."""
    bits = min(max(octets * 8, LEAST_BITS), MOST_BITS)
    return RSAPublicNumbers(EXPONENT, (1 << bits) - 1).public_key()
