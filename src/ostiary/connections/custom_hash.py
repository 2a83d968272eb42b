"""Hashes that come as a mapping, `custom_password_hash`, kept as one stored text.

What has a text form of its own is kept in that; its readers are in `foreign_hashes`.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from ostiary.connections.custom_mapping import (
    CustomHash,
    Hash,
    Octets,
    Salt,
    octets_of,
)
from ostiary.connections.digests import DIGESTS, digest_of, hmac_of
from ostiary.connections.foreign_hashes import (
    BCRYPT,
    read_argon2,
    read_bcrypt,
    read_ldap,
    read_pbkdf2,
)
from ostiary.connections.hash_form import (
    MOST_MEMORY,
    Reader,
    StoredHash,
    UnknownHash,
    UnusableHash,
    refusal_of_length,
    to_base64,
)

CUSTOM: Final = "$custom$"
"""What begins the text of a mapping; JSON follows."""
MOST_PASSES: Final = 4
"""Scrypt: how often the most memory may be gone through."""
MOST_BLOCKS: Final = 1 << 20
"""Scrypt: most of blockSize × parallelization, 128 bytes each beside the memory."""
SCRYPT_SECONDS: Final = 3e-9
"""What a byte of scrypt's memory takes on one ordinary core."""


def custom_text(mapping: Mapping[str, object]) -> str:
    """The text to store for a mapping; raises UnusableHash.

    Every octet string is in base64 there, so that the text is printable ASCII.
    """
    try:
        custom = msgspec.convert(mapping, CustomHash)
    except msgspec.ValidationError as error:
        raise UnusableHash(f"is no such mapping: {error}") from None
    except UnicodeError:
        raise UnusableHash("is no such mapping: it holds a surrogate") from None
    try:
        refusal = _read(custom).refusal
        text = _stored_form(custom)
    except UnknownHash as error:
        raise UnusableHash(str(error)) from None
    if refusal:
        raise UnusableHash(refusal)
    return text


def read_custom(text: str) -> StoredHash:
    """What `custom_text` made."""
    try:
        custom = msgspec.json.decode(text.removeprefix(CUSTOM), type=CustomHash)
    except (msgspec.DecodeError, RecursionError):
        raise UnknownHash("is a damaged mapping") from None
    return _read(custom)


def _stored_form(custom: CustomHash) -> str:
    value = octets_of(custom.hash)
    plain = custom.password.encoding == "utf8" and custom.salt is None
    if custom.algorithm in TEXTS and plain:
        return value.decode("ascii")
    key, salt = custom.hash.key, custom.salt
    stored = msgspec.structs.replace(
        custom,
        hash=Hash(
            to_base64(value),
            "base64",
            custom.hash.digest,
            Octets(to_base64(octets_of(key)), "base64") if key else None,
        ),
        salt=Salt(to_base64(octets_of(salt)), "base64", salt.position)
        if salt
        else None,
    )
    return CUSTOM + msgspec.json.encode(stored).decode()


# --- how the password becomes octets --------------------------------------------------

CODECS: Final = {
    # Where the names come from, ascii and binary are other words for Latin 1.
    "ascii": "latin-1",
    "binary": "latin-1",
    "latin1": "latin-1",
    "ucs2": "utf-16-le",
    "utf16le": "utf-16-le",
}


@dataclass(frozen=True, slots=True)
class _Recoded:
    """A check of other octets than those of UTF-8.

    A password that cannot be written so is wrong, and is found wrong no sooner.
    """

    matches: Callable[[bytes], bool]
    codec: str

    def __call__(self, password: bytes) -> bool:
        text = password.decode("utf-8", "surrogatepass")
        try:
            written = text.encode(self.codec, _ERRORS.get(self.codec, "strict"))
        except UnicodeEncodeError:
            self.matches(password)
            return False
        return self.matches(written)


_ERRORS: Final = {"utf-16-le": "surrogatepass"}


# --- the algorithms -------------------------------------------------------------------

TEXTS: Final[Mapping[str, Reader]] = {
    "argon2": read_argon2,
    "bcrypt": read_bcrypt,
    "ldap": read_ldap,
    "pbkdf2": read_pbkdf2,
}
"""Algorithms whose hash is a text that names its own salt and cost."""


def _read(custom: CustomHash) -> StoredHash:
    form = _form_of(custom)
    codec = CODECS.get(custom.password.encoding)
    if codec is None:
        return form
    recoded = _Recoded(form.matches, codec)
    return StoredHash(recoded, form.seconds, form.refusal)


def _form_of(custom: CustomHash) -> StoredHash:
    if custom.algorithm in TEXTS:
        return _text(custom)
    if custom.algorithm == "scrypt":
        return _scrypt(custom)
    if custom.algorithm == "hmac":
        return _hmac(custom)
    return _digest(custom)


def _text(custom: CustomHash) -> StoredHash:
    """The octets of a text form; only bcrypt lets a salt stand beside it."""
    try:
        text = octets_of(custom.hash).decode("ascii")
    except UnicodeDecodeError:
        raise UnknownHash("is not in ASCII") from None
    if not text.isprintable():
        raise UnknownHash("is not in ASCII")
    form = TEXTS[custom.algorithm](text)
    if custom.salt is None:
        return form
    if BCRYPT.fullmatch(text) is None:
        raise UnknownHash(f"is a hash by {custom.algorithm}, which takes no salt")
    salted = _salting(custom)
    return StoredHash(
        lambda password: form.matches(salted(password)), form.seconds, form.refusal
    )


def _salting(custom: CustomHash) -> Callable[[bytes], bytes]:
    """Salt and password in the order in which they were hashed."""
    if custom.salt is None:
        return lambda password: password
    salt = octets_of(custom.salt)
    if custom.salt.position == "prefix":
        return lambda password: salt + password
    return lambda password: password + salt


def _digest(custom: CustomHash) -> StoredHash:
    name, salted = custom.algorithm, _salting(custom)
    digest = _digest_of_length(custom, DIGESTS[name]().digest_size)
    return StoredHash(
        lambda password: hmac.compare_digest(digest_of(name, salted(password)), digest)
    )


def _hmac(custom: CustomHash) -> StoredHash:
    name, key = custom.hash.digest, custom.hash.key
    if name is None or name not in DIGESTS or key is None:
        known = ", ".join(DIGESTS)
        raise UnknownHash(f"is an HMAC and needs hash.key, and hash.digest of {known}")
    secret, salted = octets_of(key), _salting(custom)
    digest = _digest_of_length(custom, DIGESTS[name]().digest_size)
    return StoredHash(
        lambda password: hmac.compare_digest(
            hmac_of(name, secret, salted(password)), digest
        )
    )


def _scrypt(custom: CustomHash) -> StoredHash:
    """RFC 7914; the salt is scrypt's own, so its position says nothing."""
    if custom.keylen is None:
        raise UnknownHash("is a hash by scrypt and needs keylen")
    n, r, p = custom.cost, custom.block_size, custom.parallelization
    if n < 2 or n & (n - 1) or r < 1 or p < 1:
        raise UnknownHash("is a hash by scrypt whose cost is no power of two")
    salt = octets_of(custom.salt) if custom.salt else b""
    digest = _digest_of_length(custom, custom.keylen)
    memory = 128 * n * r

    def matches(password: bytes) -> bool:
        most = memory + 128 * r * (p + 4) + 1024
        try:
            made = hashlib.scrypt(
                password, salt=salt, n=n, r=r, p=p, maxmem=most, dklen=len(digest)
            )
        except (ValueError, OverflowError) as error:
            raise UnknownHash("is a hash by scrypt that cannot be computed") from error
        return hmac.compare_digest(made, digest)

    return StoredHash(matches, memory * p * SCRYPT_SECONDS, _scrypt_refusal(n, r, p))


def _scrypt_refusal(n: int, r: int, p: int) -> str:
    # OpenSSL adds that n < 2^(128 r / 8), RFC 7914 §2.
    if 128 * n * r > MOST_MEMORY or n.bit_length() - 1 >= 16 * r:
        most = MOST_MEMORY // 128
        return f"is a hash by scrypt of {n} × {r}; allowed: cost × blockSize of {most}"
    if 128 * n * r * p > MOST_PASSES * MOST_MEMORY or r * p > MOST_BLOCKS:
        return f"is a hash by scrypt of parallelization {p}; allowed: 512 MiB in all"
    return ""


def _digest_of_length(custom: CustomHash, length: int) -> bytes:
    if custom.hash.encoding == "utf8":
        raise UnknownHash("is in utf8; allowed: base64 and hex")
    digest = octets_of(custom.hash)
    if len(digest) != length:
        raise UnknownHash(f"is a hash of {len(digest)} bytes; allowed: {length}")
    if refusal := refusal_of_length(digest):
        raise UnknownHash(refusal)
    return digest
