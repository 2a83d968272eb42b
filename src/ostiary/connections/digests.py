"""Digests under which other systems kept passwords, by the names they give them.

Fast ones, broken ones too: good for checking what was brought in, never for ours.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from Cryptodome.Hash import MD4, RIPEMD160

from ostiary.connections.whirlpool import Whirlpool

Constructor = Callable[..., Any]


def _of_hashlib(name: str) -> Constructor:
    return partial(hashlib.new, name, usedforsecurity=False)


DIGESTS: Final[Mapping[str, Constructor]] = {
    # OpenSSL has MD4 and RIPEMD-160 only where its legacy provider is loaded.
    "md4": MD4.new,
    "md5": _of_hashlib("md5"),
    "ripemd160": RIPEMD160.new,
    "sha1": _of_hashlib("sha1"),
    "sha224": _of_hashlib("sha224"),
    "sha256": _of_hashlib("sha256"),
    "sha384": _of_hashlib("sha384"),
    "sha512": _of_hashlib("sha512"),
    "whirlpool": Whirlpool,
}
"""Name → hash object, as `hashlib.new` would make it (contract auth0 §7)."""


def digest_of(name: str, message: bytes) -> bytes:
    """The digest of that name."""
    value: bytes = DIGESTS[name](message).digest()
    return value


def hmac_of(name: str, key: bytes, message: bytes) -> bytes:
    """The HMAC under the digest of that name (RFC 2104)."""
    return hmac.new(key, message, DIGESTS[name]).digest()
