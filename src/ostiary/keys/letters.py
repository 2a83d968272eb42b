"""Secrets between the processes of one instance: port `Letters`.

Only the addressee's memory can open a letter, and only who holds the master key can
write one; how letters get there is told elsewhere.
"""

import base64
import binascii
import secrets
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey,
    X25519PublicKey,
)
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12


@dataclass(frozen=True, slots=True)
class SealedLetter:
    """Port `Sealed`: a letter, and the key of its answer."""

    text: str
    id: str
    key: bytes = field(repr=False)

    def open_answer(self, text: str) -> str | None:
        """The answer; None: it is not the addressee's."""
        return _decrypted(self.key, text, f"answer:{self.id}")


@dataclass(frozen=True, slots=True)
class OpenedLetter:
    """Port `Opened`: what was asked, and the key of its answer."""

    text: str = field(repr=False)
    id: str
    key: bytes = field(repr=False)

    def answer(self, text: str) -> str:
        """Encrypt an answer to who asked."""
        return _encrypted(self.key, text, f"answer:{self.id}")


class ProcessLetters:
    """Port `Letters` of one process, by X25519, HKDF-SHA256 and ChaCha20-Poly1305.

    shared: a secret of all processes, so that whoever can only write to the store can
    neither ask nor listen. RFC 7748, RFC 5869, RFC 8439.
    """

    def __init__(self, shared: bytes) -> None:
        """Make a key pair for this process."""
        self._shared = shared
        self._key = X25519PrivateKey.generate()
        self.address = _raw(self._key.public_key())

    def seal(self, text: str, address: str, letter_id: str) -> SealedLetter | None:
        """A letter to the process of that address; None: that is no address."""
        once = X25519PrivateKey.generate()
        sender = _raw(once.public_key())
        try:
            secret = once.exchange(X25519PublicKey.from_public_bytes(_bytes(address)))
        except ValueError:  # also for a point that would make the secret known
            return None
        answer_key = secrets.token_bytes(KEY_BYTES)
        inner = base64.b64encode(answer_key).decode() + text
        key = self._derived(secret, sender, address)
        sealed = f"{sender}.{_encrypted(key, inner, f'letter:{letter_id}')}"
        return SealedLetter(sealed, letter_id, answer_key)

    def open(self, text: str, letter_id: str) -> OpenedLetter | None:
        """A letter to this process; None: it is not, or not from our instance."""
        sender, _, sealed = text.partition(".")
        try:
            other = X25519PublicKey.from_public_bytes(_bytes(sender))
            secret = self._key.exchange(other)
        except ValueError:
            return None
        key = self._derived(secret, sender, self.address)
        inner = _decrypted(key, sealed, f"letter:{letter_id}")
        if inner is None:
            return None
        digits = 4 * -(-KEY_BYTES // 3)
        answer_key = base64.b64decode(inner[:digits])
        return OpenedLetter(inner[digits:], letter_id, answer_key)

    def _derived(self, secret: bytes, sender: str, address: str) -> bytes:
        info = f"ostiary:letter:{sender}:{address}".encode()
        return HKDF(SHA256(), KEY_BYTES, salt=self._shared, info=info).derive(secret)


def _encrypted(key: bytes, text: str, context: str) -> str:
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = ChaCha20Poly1305(key).encrypt(nonce, text.encode(), context.encode())
    return base64.b64encode(nonce + sealed).decode()


def _decrypted(key: bytes, text: str, context: str) -> str | None:
    try:
        raw = _bytes(text)
        nonce, sealed = raw[:NONCE_BYTES], raw[NONCE_BYTES:]
        return ChaCha20Poly1305(key).decrypt(nonce, sealed, context.encode()).decode()
    except (InvalidTag, ValueError):
        return None


def _raw(key: X25519PublicKey) -> str:
    return base64.b64encode(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def _bytes(text: str) -> bytes:
    """Raises ValueError for what is no base64."""
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError("not base64") from None
