"""The mapping `custom_password_hash`: its keys, and the octets written in it.

What its hash says of a password is told in `custom_hash`.
"""

from typing import Literal

from msgspec import Struct, field

from ostiary.connections.hash_form import UnknownHash, from_base64, octets

Encoding = Literal["base64", "hex", "utf8"]


class Octets(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Octets, written as `encoding` says."""

    value: str
    encoding: Encoding = "utf8"


class Hash(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The hash itself, and what an HMAC needs beside it."""

    value: str
    encoding: Encoding
    digest: str | None = None
    key: Octets | None = None


class Salt(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Octets that were hashed before or behind the password."""

    value: str
    encoding: Encoding = "utf8"
    position: Literal["prefix", "suffix"] = "prefix"


class Characters(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How the password became octets."""

    encoding: Literal["ascii", "utf8", "utf16le", "ucs2", "latin1", "binary"] = "utf8"


class CustomHash(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The mapping as it is written (contract auth0 §7)."""

    algorithm: Literal[
        "argon2",
        "bcrypt",
        "hmac",
        "ldap",
        "md4",
        "md5",
        "sha1",
        "sha256",
        "sha512",
        "pbkdf2",
        "scrypt",
    ]
    hash: Hash
    salt: Salt | None = None
    password: Characters = Characters()
    keylen: int | None = None
    cost: int = 16384
    block_size: int = field(name="blockSize", default=8)
    parallelization: int = 1


def octets_of(written: Octets | Hash | Salt) -> bytes:
    """The octets that are written there; raises UnknownHash."""
    if written.encoding == "utf8":
        return octets(written.value)
    if written.encoding == "base64":
        return from_base64(written.value)
    try:
        return bytes.fromhex(written.value)
    except ValueError:
        raise UnknownHash("is not in hex") from None
