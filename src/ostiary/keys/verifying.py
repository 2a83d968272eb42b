"""Verification of our own tokens, by keys that we registered and by nothing else.

Client assertions have their own, more tolerant reader in `assertions`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Self

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from ostiary.keys.jws import MalformedJws, read_object, split
from ostiary.keys.signing import Algorithm, SigningKey

_RS256 = RSAAlgorithm(RSAAlgorithm.SHA256)
_ES256 = ECAlgorithm(ECAlgorithm.SHA256)


class Why(Enum):
    """Why a token is not accepted; for the audit, not for the wire."""

    MALFORMED = "malformed"
    UNKNOWN_KEY = "unknown_key"
    WRONG_ALGORITHM = "wrong_algorithm"
    BAD_SIGNATURE = "bad_signature"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"


class InvalidToken(Exception):
    """The token is not one of ours, or not now; `why` says which."""

    def __init__(self, why: Why) -> None:
        """Keep the reason."""
        super().__init__(why.value)
        self.why = why


@dataclass(frozen=True, slots=True)
class PublicKeyInfo:
    """A registered public key with the one algorithm it is used with."""

    algorithm: Algorithm
    key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey

    @classmethod
    def of(cls, signing_key: SigningKey) -> Self:
        """The public half of a signing key."""
        return cls(signing_key.algorithm, signing_key.private_key.public_key())


def verify(
    token: str, keys: Mapping[str, PublicKeyInfo], now: float, *, leeway: float = 0
) -> dict[str, object]:
    """The claims of a token that one of `keys` (one tenant's, by kid) has signed.

    `now` and `leeway` are seconds. Raises InvalidToken, whatever the input. The
    header's `alg` is compared, never obeyed. RFC 7519 §7.2, RFC 8725 §3.1.
    """
    try:
        segments = split(token, padded=False)
        registered = _find_key(read_object(segments.header), keys)
        if not _is_signed(segments.signing_input, registered, segments.signature):
            raise InvalidToken(Why.BAD_SIGNATURE)
        claims = read_object(segments.payload)
    except MalformedJws:
        raise InvalidToken(Why.MALFORMED) from None
    _check_times(claims, now, leeway)
    return claims


def _find_key(
    header: Mapping[str, object], keys: Mapping[str, PublicKeyInfo]
) -> PublicKeyInfo:
    # We issue no extension, so one marked critical is not ours (RFC 7515 §4.1.11).
    kid = header.get("kid")
    if "crit" in header or not isinstance(kid, str):
        raise InvalidToken(Why.MALFORMED)
    registered = keys.get(kid)
    if registered is None:
        raise InvalidToken(Why.UNKNOWN_KEY)
    if header.get("alg") != registered.algorithm:
        raise InvalidToken(Why.WRONG_ALGORITHM)
    return registered


def _is_signed(message: bytes, registered: PublicKeyInfo, signature: bytes) -> bool:
    if isinstance(registered.key, rsa.RSAPublicKey):
        return _RS256.verify(message, registered.key, signature)
    return _ES256.verify(message, registered.key, signature)


def _check_times(claims: Mapping[str, object], now: float, leeway: float) -> None:
    """`exp` must be there and ahead, `nbf` reached; RFC 7519 §4.1.4 and §4.1.5."""
    if now >= _seconds(claims.get("exp")) + leeway:
        raise InvalidToken(Why.EXPIRED)
    if "nbf" in claims and _seconds(claims["nbf"]) > now + leeway:
        raise InvalidToken(Why.NOT_YET_VALID)


def _seconds(value: object) -> float:
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            seconds = float(value)
            if math.isfinite(seconds):
                return seconds
    except OverflowError:
        pass
    raise InvalidToken(Why.MALFORMED)
