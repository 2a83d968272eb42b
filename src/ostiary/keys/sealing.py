"""The master key: seals what must be read again, derives secrets that need no store.

Hashing of passwords and of tokens is not sealing and lives elsewhere.
"""

import base64
import re
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ostiary.keys.keyfile import KeyFileError, create_private, read_private

__all__ = ["KeyFileError", "MasterKey", "SealError"]

KEY_BYTES = 32
NONCE_BYTES = 12
VERSION = "v1"


class SealError(Exception):
    """A sealed text cannot be opened: damaged, of another context, or its key gone."""


class MasterKey:
    """One or more 32-byte keys: the first seals, all open, the last derives.

    To rotate, put a new key in front. The old one stays last, because derived values
    (pairwise subjects, for one) must not change with it.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Take raw keys of 32 bytes, newest first; raises KeyFileError otherwise."""
        if not keys:
            raise KeyFileError("no master key in it")
        for position, key in enumerate(keys, start=1):
            if len(key) != KEY_BYTES:
                raise KeyFileError(f"master key {position} is not {KEY_BYTES} bytes")
        self._ciphers = {_key_id(key): AESGCM(_subkey(key, "seal")) for key in keys}
        self._sealing_id = _key_id(keys[0])
        self._oldest = keys[-1]

    def __repr__(self) -> str:
        """Name the keys without giving them away."""
        return f"MasterKey({', '.join(self._ciphers)})"

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read base64url keys, parted by commas or white space, newest first.

        Raises KeyFileError, which never repeats the text.
        """
        words = [word for word in re.split(r"[,\s]+", text) if word]
        try:
            return cls([_decode(word) for word in words])
        except ValueError:
            raise KeyFileError("a master key in it is not base64url") from None

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a key file, one key a line; it is never made here.

        Raises KeyFileError when it is missing, malformed or open to others.
        """
        content = read_private(path)
        try:
            return cls.from_text(content.decode("ascii", errors="replace"))
        except KeyFileError as error:
            raise KeyFileError(f"{path}: {error}") from None

    @classmethod
    def create(cls, path: Path) -> Self:
        """Make a key file of mode 0600 with one random key.

        Raises FileExistsError when the name is taken, OSError when it cannot be made.
        """
        key = secrets.token_bytes(KEY_BYTES)
        create_private(path, _encode(key).encode() + b"\n")
        return cls([key])

    def seal(self, plaintext: bytes, context: str) -> str:
        """Encrypt under the first key: `v1.<key id>.<base64url>`.

        `context` says what the text is (`signing-key:<kid>`); it opens as nothing else.
        AES-256-GCM, NIST SP 800-38D.
        """
        nonce = secrets.token_bytes(NONCE_BYTES)
        cipher = self._ciphers[self._sealing_id]
        sealed = nonce + cipher.encrypt(nonce, plaintext, context.encode())
        return f"{VERSION}.{self._sealing_id}.{_encode(sealed)}"

    def open(self, sealed: str, context: str) -> bytes:
        """Decrypt what any of the keys sealed for `context`; raises SealError."""
        version, key_id, content = _split(sealed)
        if version != VERSION:
            raise SealError("sealed in a form this release does not know")
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise SealError("sealed under a master key that is not here")
        try:
            raw = _decode(content)
            nonce, encrypted = raw[:NONCE_BYTES], raw[NONCE_BYTES:]
            return cipher.decrypt(nonce, encrypted, context.encode())
        except (InvalidTag, ValueError):
            raise SealError("damaged, or sealed for another context") from None

    def derive(self, purpose: str) -> bytes:
        """32 bytes that are always the same for one purpose; HKDF-SHA256, RFC 5869."""
        return _subkey(self._oldest, f"derive:{purpose}")


def _subkey(key: bytes, purpose: str) -> bytes:
    info = f"ostiary:{purpose}".encode()
    return HKDF(SHA256(), length=KEY_BYTES, salt=None, info=info).derive(key)


def _key_id(key: bytes) -> str:
    return _encode(_subkey(key, "id")[:6])


def _split(sealed: str) -> tuple[str, str, str]:
    try:
        version, key_id, content = sealed.split(".")
    except ValueError:
        raise SealError("not a sealed text") from None
    return version, key_id, content


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    padded = text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)
    return base64.b64decode(padded, altchars=b"-_", validate=True)
