"""What agents sign, by Ed25519 keys: port `AgentProofs`, and the agent's own half.

What must stand in a proof is a rule of `core.agents`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from jwt.algorithms import OKPAlgorithm

from ostiary.keys.jws import MalformedJws, encode_segment, read_object, split
from ostiary.keys.keyfile import KeyFileError, create_private, read_private

ALGORITHM: Final = "EdDSA"
"""RFC 8037 §3.1, with Ed25519 alone."""
LONGEST_PROOF: Final = 4096
KEY_BYTES: Final = 32
_HEADER: Final = encode_segment(msgspec.json.encode({"alg": ALGORITHM, "typ": "JWT"}))
_EDDSA: Final = OKPAlgorithm()


class SignedProofs:
    """Port `AgentProofs`."""

    def read_key(self, text: str) -> str | None:
        """An Ed25519 public key in base64url; None for anything else (RFC 8032)."""
        raw = _decoded(text)
        return text if raw is not None and len(raw) == KEY_BYTES else None

    def read(self, proof: str, public_key: str) -> Mapping[str, object] | None:
        """Claims that this key has signed; None: it has not.

        The header brings no key and chooses nothing (RFC 8725 §3.1).
        """
        if len(proof) > LONGEST_PROOF:
            return None
        raw = _decoded(public_key)
        try:
            segments = split(proof, padded=False)
            header = read_object(segments.header)
            claims = read_object(segments.payload)
            key = Ed25519PublicKey.from_public_bytes(raw or b"")
        except (MalformedJws, ValueError):
            return None
        if header.get("alg") != ALGORITHM or "crit" in header:
            return None
        signed = _EDDSA.verify(segments.signing_input, key, segments.signature)
        return claims if signed else None


def _decoded(text: str) -> bytes | None:
    """The bytes of base64url that has one spelling only."""
    try:
        return split(f"{text}..", padded=False).header
    except MalformedJws:
        return None


class AgentKey:
    """The key with which an agent proves itself; it never leaves its machine."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        """Sign with `key`."""
        self._key = key

    @classmethod
    def kept(cls, path: Path) -> "AgentKey":
        """The key in a file of mode 0600, made when there is none.

        Raises KeyFileError for a file that is damaged or open to others, OSError when
        none can be made.
        """
        if not path.exists():
            key = Ed25519PrivateKey.generate()
            form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            create_private(path, key.private_bytes(*form))
        try:
            read = load_pem_private_key(read_private(path), password=None)
        except (ValueError, TypeError):
            raise KeyFileError(f"{path}: no private key in PEM form") from None
        if not isinstance(read, Ed25519PrivateKey):
            raise KeyFileError(f"{path}: not an Ed25519 key")
        return cls(read)

    @property
    def public(self) -> str:
        """Its other half, as it is enrolled: base64url."""
        raw = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return encode_segment(raw).decode()

    def prove(self, claims: Mapping[str, object]) -> str:
        """A JWT of these claims (RFC 7519)."""
        signing_input = _HEADER + b"." + encode_segment(msgspec.json.encode(claims))
        signature = _EDDSA.sign(signing_input, self._key)
        return (signing_input + b"." + encode_segment(signature)).decode()
