"""Tokens that are no public JWT: encrypted for this server, or signed by a shared key.

What they say, and whether they were revoked, is judged by the flows.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec
from jwt.algorithms import HMACAlgorithm

from ostiary.flows.facts import SharedKey
from ostiary.keys.jws import encode_segment
from ostiary.keys.sealing import MasterKey, SealError

SEPARATOR: Final = "~"
"""In place of a dot, so that nobody takes an opaque token for a JWT (RFC 6750 §2.1)."""
LONGEST: Final = 16 * 1024
_HS256 = HMACAlgorithm(HMACAlgorithm.SHA256)
_NO_DIGIT: Final = re.compile(rb"[^A-Za-z0-9+/_-]")
_HEADER: Final = encode_segment(b'{"alg":"HS256","typ":"JWT"}')


def is_opaque(token: str) -> bool:
    """Whether a token has the form of those that `OpaqueTokens` makes."""
    return SEPARATOR in token


@dataclass(frozen=True, slots=True)
class OpaqueTokens:
    """Claims encrypted under the master key, each tenant's apart."""

    master: MasterKey

    def seal(self, tenant_id: str, claims: Mapping[str, object]) -> str:
        """A token that only this tenant of this server can read."""
        sealed = self.master.seal(msgspec.json.encode(claims), _context(tenant_id))
        return sealed.replace(".", SEPARATOR)

    def open(
        self, tenant_id: str, token: str, now: float
    ) -> Mapping[str, object] | None:
        """The claims, if this tenant made the token and it lives at `now`."""
        if len(token) > LONGEST or "." in token:
            return None
        try:
            sealed = token.replace(SEPARATOR, ".")
            octets = self.master.open(sealed, _context(tenant_id))
        except SealError:
            return None
        claims: dict[str, object] = msgspec.json.decode(octets)
        expires = claims.get("exp")
        return claims if isinstance(expires, int) and expires > now else None


def _context(tenant_id: str) -> str:
    return f"token:{tenant_id}"


def sign_shared(
    master: MasterKey, shared: SharedKey, claims: Mapping[str, object]
) -> str:
    """A compact JWS by HS256 (RFC 7518 §3.2), for clients that asked for it.

    `shared.encoded`: the key is the base64url-decoded secret (contract auth0 §1.4).
    """
    secret = master.open(shared.sealed, shared.context)
    if shared.encoded:
        secret = _decoded(secret)
    signing_input = _HEADER + b"." + encode_segment(msgspec.json.encode(claims))
    signature = _HS256.sign(signing_input, secret)
    return (signing_input + b"." + encode_segment(signature)).decode()


def _decoded(secret: bytes) -> bytes:
    """As lenient as the decoders of clients, which drop what means nothing."""
    digits = _NO_DIGIT.sub(b"", secret)
    digits = digits[: len(digits) - (len(digits) % 4 == 1)]
    return base64.urlsafe_b64decode(digits + b"=" * (-len(digits) % 4))
