"""Hashes that other systems made and wrote as one text: bcrypt, PHC strings, RFC 2307.

Each reader answers what `hashes` needs; mappings are read in `custom_hash`.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Final

import bcrypt
from argon2.exceptions import VerificationError, VerifyMismatchError
from argon2.low_level import Type, verify_secret

from ostiary.connections.digests import digest_of
from ostiary.connections.hash_form import (
    MOST_MEMORY,
    StoredHash,
    UnknownHash,
    from_base64,
    refusal_of_length,
)

ARGON2: Final = re.compile(
    r"\$argon2(?P<type>id|i|d)(\$v=(?P<v>[0-9]{1,3}))?"
    r"\$m=(?P<m>[0-9]{1,10}),t=(?P<t>[0-9]{1,10}),p=(?P<p>[0-9]{1,8})"
    r"\$(?P<salt>[A-Za-z0-9+/]+)\$(?P<digest>[A-Za-z0-9+/]+)"
)
BCRYPT: Final = re.compile(r"\$2[aby]\$(?P<cost>[0-9]{2})\$[./A-Za-z0-9]{53}")
PBKDF2: Final = re.compile(
    r"\$pbkdf2-(?P<name>[a-z0-9]+)"
    r"(\$i=(?P<i>[0-9]{1,10})(,l=(?P<l>[0-9]{1,10}))?)?"
    r"\$(?P<salt>[A-Za-z0-9+/]*)\$(?P<digest>[A-Za-z0-9+/]+)"
)

# What one unit of work takes, measured on one ordinary core; only the order counts.
ARGON2_SECONDS: Final = 0.8e-6
BCRYPT_SECONDS: Final = 50e-6
PBKDF2_SECONDS: Final = 0.3e-6

MOST_PASSES: Final = 4
"""Argon2: how often the most memory may be gone through, or less of it more often."""
MOST_LANES: Final = 64
MOST_COST: Final = 14
MOST_ITERATIONS: Final = 2_000_000

BCRYPT_OCTETS: Final = 72
"""The format looks at no more of a password."""
_BCRYPT_DIGITS: Final = (
    "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
)
_ARGON2_TYPES: Final = {"i": Type.I, "d": Type.D, "id": Type.ID}


def read_argon2(text: str) -> StoredHash:
    """A PHC string of argon2i, argon2d or argon2id (RFC 9106; contract auth0 §7)."""
    parts = ARGON2.fullmatch(text)
    if parts is None:
        raise UnknownHash("is not an argon2 hash in PHC form")
    kind = _ARGON2_TYPES[parts["type"]]

    def matches(password: bytes) -> bool:
        try:
            return verify_secret(text.encode(), password, kind)
        except VerifyMismatchError:
            return False
        except VerificationError as error:
            raise UnknownHash(str(error)) from error

    work = int(parts["m"]) * int(parts["t"])
    return StoredHash(matches, work * ARGON2_SECONDS, _argon2_refusal(parts))


def _argon2_refusal(parts: re.Match[str]) -> str:
    memory, passes, lanes = (int(parts[name]) for name in "mtp")
    salt, digest = from_base64(parts["salt"]), from_base64(parts["digest"])
    if parts["v"] not in (None, "16", "19"):
        return f"is of argon2 version {parts['v']}; allowed: 16 and 19"
    if not 1 <= lanes <= MOST_LANES or memory < 8 * lanes:
        return f"is an argon2 hash of p={lanes}; allowed: 1 to {MOST_LANES}, and m ≥ 8p"
    if 1024 * memory > MOST_MEMORY:
        return f"is an argon2 hash of m={memory}; allowed: {MOST_MEMORY // 1024} KiB"
    if passes < 1 or 1024 * memory * passes > MOST_PASSES * MOST_MEMORY:
        most = MOST_PASSES * MOST_MEMORY // 1024
        return f"is an argon2 hash of m={memory}, t={passes}; allowed: m × t of {most}"
    if len(salt) < 8:  # RFC 9106 §3.1
        return "is an argon2 hash with a salt of less than 8 bytes"
    return refusal_of_length(digest)


def read_bcrypt(text: str) -> StoredHash:
    """`$2a$`, `$2b$` or `$2y$` with cost, salt and digest (contract auth0 §7)."""
    parts = BCRYPT.fullmatch(text)
    if parts is None:
        raise UnknownHash("is not a bcrypt hash")
    cost = int(parts["cost"])
    if not 4 <= cost <= 31:
        raise UnknownHash("is a bcrypt hash of an impossible cost")
    # The salt's last digit has four bits too many, which not everybody leaves zero.
    last = _BCRYPT_DIGITS[_BCRYPT_DIGITS.index(text[28]) & 0x30]
    setting = (text[:28] + last).encode()

    def matches(password: bytes) -> bool:
        made = bcrypt.hashpw(password[:BCRYPT_OCTETS], setting)
        return hmac.compare_digest(made[29:], text[29:].encode())

    refusal = f"is a bcrypt hash of cost {cost}; allowed: 4 to {MOST_COST}"
    return StoredHash(
        matches, 2**cost * BCRYPT_SECONDS, refusal if cost > MOST_COST else ""
    )


PBKDF2_BYTES: Final[Mapping[str, int]] = {
    "md5": 16,
    "sha1": 20,
    "sha224": 28,
    "sha256": 32,
    "sha384": 48,
    "sha512": 64,
}
"""Digest → its bytes; each begun block of that length costs all iterations again."""


def read_pbkdf2(text: str) -> StoredHash:
    """`$pbkdf2-<digest>$i=<n>,l=<len>$<salt>$<hash>`; without i and l 100000 and 64."""
    parts = PBKDF2.fullmatch(text)
    if parts is None or parts["name"] not in PBKDF2_BYTES:
        known = ", ".join(PBKDF2_BYTES)
        raise UnknownHash(f"is not a pbkdf2 hash in PHC form, with one of {known}")
    iterations, name = int(parts["i"] or 100_000), parts["name"]
    salt, digest = from_base64(parts["salt"]), from_base64(parts["digest"])
    length = parts["l"] or (len(digest) if parts["i"] else 64)
    if len(digest) != int(length) or iterations < 1:
        raise UnknownHash("is a pbkdf2 hash whose i or l is not that of the hash")

    def matches(password: bytes) -> bool:
        made = hashlib.pbkdf2_hmac(name, password, salt, iterations, len(digest))
        return hmac.compare_digest(made, digest)

    work = iterations * -(-len(digest) // PBKDF2_BYTES[name])
    refusal = refusal_of_length(digest)
    if work > MOST_ITERATIONS:
        refusal = f"is a pbkdf2 hash of i={iterations}; allowed: {MOST_ITERATIONS}"
    return StoredHash(matches, work * PBKDF2_SECONDS, refusal)


SCHEMES: Final[Mapping[str, tuple[str, int, bool]]] = {
    "{MD5}": ("md5", 16, False),
    "{SMD5}": ("md5", 16, True),
    "{SHA}": ("sha1", 20, False),
    "{SHA256}": ("sha256", 32, False),
    "{SHA512}": ("sha512", 64, False),
    "{SSHA}": ("sha1", 20, True),
    "{SSHA256}": ("sha256", 32, True),
    "{SSHA512}": ("sha512", 64, True),
}
"""Scheme of a directory's userPassword → digest, its bytes, whether a salt follows."""


def read_ldap(text: str) -> StoredHash:
    """`{SCHEME}` and base64 of the digest, with the salt behind it (RFC 2307 §5.3)."""
    scheme, _, rest = text.partition("}")
    known = SCHEMES.get(scheme.upper() + "}")
    if known is None:
        raise UnknownHash("is of none of the schemes " + " ".join(SCHEMES))
    name, length, salted = known
    value = from_base64(rest)
    digest, salt = value[:length], value[length:]
    if len(digest) < length or bool(salt) > salted:
        raise UnknownHash("is not as long as a hash of its scheme")
    return StoredHash(
        lambda password: hmac.compare_digest(digest_of(name, password + salt), digest)
    )
