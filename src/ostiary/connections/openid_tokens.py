"""id_tokens of upstreams, proven: RS256 alone, by a key that the upstream publishes.

What claims must say of issuer, audience and person is told in `openid_provider` and by
the strategies.
"""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NoReturn

from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPublicKey,
    RSAPublicNumbers,
)
from jwt.algorithms import RSAAlgorithm

LEEWAY: Final = 60.0
"""Seconds by which the clocks may differ."""
MIN_RSA_BITS: Final = 2048
MAX_RSA_BITS: Final = 8192
_RS256: Final = RSAAlgorithm(RSAAlgorithm.SHA256)


class TokenRefused(Exception):
    """The token proves nothing; the text says why and quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Received:
    """A JWS taken apart, not yet proven; `kid` names the key that should prove it."""

    kid: str
    payload: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    signing_input: bytes = field(repr=False)


def read_object(raw: bytes) -> dict[str, object]:
    """A JSON object that every reader understands alike; raises TokenRefused.

    A name given twice, NaN and texts that no UTF-8 can carry are refused. RFC 8259 §4.
    """
    try:
        value = json.loads(
            raw.decode(), object_pairs_hook=_unique, parse_constant=_refuse
        )
        json.dumps(value, ensure_ascii=False).encode()  # no lone surrogate
    except (ValueError, RecursionError):
        raise TokenRefused("not well-formed JSON") from None
    if not isinstance(value, dict):
        raise TokenRefused("not a JSON object")
    return value


def _unique(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError
    return members


def _refuse(name: str) -> NoReturn:
    raise ValueError


def _decoded(segment: str) -> bytes:
    """Base64url without padding, spelled in the only way (RFC 7515 §2)."""
    try:
        raw = base64.b64decode(
            segment + "=" * (-len(segment) % 4), altchars=b"-_", validate=True
        )
    except (binascii.Error, ValueError):
        raise TokenRefused("not base64url") from None
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != segment:
        raise TokenRefused("not base64url")
    return raw


def received(token: str) -> Received:
    """The parts of an id_token whose header we can obey; raises TokenRefused.

    The header's `alg` is compared with ours, and names nothing. RFC 8725 §3.1.
    """
    parts = token.split(".")
    if len(parts) != 3 or not token.isascii():
        raise TokenRefused("not three segments")
    header = read_object(_decoded(parts[0]))
    if header.get("alg") != "RS256":
        raise TokenRefused("not signed by RS256")
    if "crit" in header:
        raise TokenRefused("an extension that is not known here")
    kid = header.get("kid")
    if not isinstance(kid, str) or not kid:
        raise TokenRefused("no key is named")
    signing_input = f"{parts[0]}.{parts[1]}".encode()
    return Received(kid, _decoded(parts[1]), _decoded(parts[2]), signing_input)


def proven(token: Received, key: RSAPublicKey) -> dict[str, object]:
    """The claims that `key` has signed; raises TokenRefused."""
    if not _RS256.verify(token.signing_input, key, token.signature):
        raise TokenRefused("the signature is wrong")
    return read_object(token.payload)


def check_times(claims: Mapping[str, object], now: float) -> None:
    """All three times are told and hold, give or take LEEWAY; raises TokenRefused.

    `now` in epoch seconds. OpenID Connect Core §3.1.3.7, RFC 7519 §4.1.
    """
    if now >= _seconds(claims, "exp") + LEEWAY:
        raise TokenRefused("expired")
    if "nbf" in claims and _seconds(claims, "nbf") > now + LEEWAY:
        raise TokenRefused("not yet valid")
    if _seconds(claims, "iat") > now + LEEWAY:
        raise TokenRefused("issued in the future")


def _seconds(claims: Mapping[str, object], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TokenRefused("a time is missing")
    if not -(2**53) < value < 2**53:  # beyond it, and for infinity, sums are wrong
        raise TokenRefused("a time out of all bounds")
    return float(value)


def keys_of(document: Mapping[str, object]) -> dict[str, RSAPublicKey]:
    """The RSA keys for signatures in a key set, by kid (RFC 7517 §5).

    Others are left out, as are those that share a kid. Raises TokenRefused when it is
    no key set.
    """
    listed = document.get("keys")
    if not isinstance(listed, list):
        raise TokenRefused("not a key set")
    found: dict[str, RSAPublicKey] = {}
    twice: set[str] = set()
    for each in listed:
        kid = each.get("kid") if isinstance(each, dict) else None
        key = _key(each) if isinstance(kid, str) and kid else None
        if key is not None and isinstance(kid, str):
            (twice.add(kid) if kid in found else found.update({kid: key}))
    return {kid: key for kid, key in found.items() if kid not in twice}


def _key(jwk: Mapping[str, object]) -> RSAPublicKey | None:
    if jwk.get("kty") != "RSA" or jwk.get("use", "sig") != "sig":
        return None
    if jwk.get("alg", "RS256") != "RS256":
        return None
    try:
        n, e = (_number(jwk.get(name)) for name in ("n", "e"))
        if not MIN_RSA_BITS <= n.bit_length() <= MAX_RSA_BITS or not 2 < e < 2**32:
            return None
        return RSAPublicNumbers(e, n).public_key()
    except (TokenRefused, ValueError):
        return None


def _number(text: object) -> int:
    return int.from_bytes(_decoded(text if isinstance(text, str) else "?"), "big")
