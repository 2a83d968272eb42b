"""Password hashes: made, checked, judged for renewal; one table of stored formats.

No threads and no queue (`lane`), no accounts, no lockout; every call here blocks.
"""

import ctypes
import secrets
import sys
from collections.abc import Mapping
from functools import cache
from typing import Final

from argon2 import Parameters, extract_parameters
from argon2.exceptions import InvalidHashError
from argon2.low_level import ARGON2_VERSION, Type, hash_secret

from ostiary.connections.custom_hash import CUSTOM, custom_text, read_custom
from ostiary.connections.foreign_hashes import (
    ARGON2_SECONDS,
    SCHEMES,
    read_argon2,
    read_bcrypt,
    read_ldap,
    read_pbkdf2,
)
from ostiary.connections.hash_form import (
    Reader,
    UnknownHash,
    UnusableHash,
    octets,
    to_base64,
)
from ostiary.core.model import HashRules

HashParameters = HashRules

OURS = "$argon2id$"
SALT_BYTES = 16  # RFC 9106 §3.1 recommends 128 bits,
DIGEST_BYTES = 32  # and §4 a 256-bit tag.


FORMATS: Mapping[str, Reader] = {
    OURS: read_argon2,
    "$argon2i$": read_argon2,
    "$argon2d$": read_argon2,
    "$2a$": read_bcrypt,
    "$2b$": read_bcrypt,
    "$2y$": read_bcrypt,
    "$pbkdf2-": read_pbkdf2,
    CUSTOM: read_custom,
    **dict.fromkeys(SCHEMES, read_ldap),
}
"""Prefix of the stored text → what reads such a text."""
LONGEST_HASH: Final = 8192
"""Characters of a stored text that is brought in."""


def hash_password(password: str, parameters: HashParameters) -> str:
    """Make a PHC argon2id string with a fresh salt.

    The password counts as its UTF-8 octets, untrimmed and not normalised, so that
    no two different passwords are alike.
    """
    return hash_secret(
        octets(password),
        secrets.token_bytes(SALT_BYTES),
        parameters.iterations,
        parameters.memory_kib,
        parameters.parallelism,
        DIGEST_BYTES,
        Type.ID,
    ).decode("ascii")


def verify_password(password: str, stored: str) -> bool:
    """Tell whether `password` is the one behind `stored`; raise UnknownHash."""
    return FORMATS[_prefix_of(stored)](stored).matches(octets(password))


def parse_imported(declared: str | Mapping[str, object]) -> str:
    """The text to store for a hash that another system made (contract auth0 §7).

    A text of one of FORMATS, or a `custom_password_hash` mapping. Raises UnusableHash
    for what could never be verified, or would cost more than an instance can afford.
    """
    text = declared if isinstance(declared, str) else custom_text(declared)
    scheme, end, rest = text.partition("}")
    if scheme[:1] == "{":  # Directories write it in any case (RFC 2307 §5.3).
        text = scheme.upper() + end + rest
    if len(text) > LONGEST_HASH:
        raise UnusableHash(f"is too long; allowed: {LONGEST_HASH} characters")
    try:
        refusal = FORMATS[_prefix_of(text)](text).refusal
    except UnknownHash as error:
        raise UnusableHash(str(error)) from None
    if refusal:
        raise UnusableHash(refusal)
    return text


def is_quicker(stored: str, parameters: HashParameters) -> bool:
    """Tell whether checking against `stored` takes less than half as long as ours.

    Then a hash of ours has to be checked as well, to take about as long as for anybody
    (security promise 2). Raises UnknownHash.
    """
    ours = parameters.memory_kib * parameters.iterations * ARGON2_SECONDS
    return FORMATS[_prefix_of(stored)](stored).seconds < ours / 2


def needs_rehash(stored: str, parameters: HashParameters) -> bool:
    """Tell whether `stored` is not what `hash_password` makes today.

    True for every foreign format: it is replaced after the first good sign-in
    (contract auth0 §7). Raises UnknownHash.
    """
    prefix = _prefix_of(stored)
    FORMATS[prefix](stored)
    if prefix != OURS:
        return True
    try:
        return extract_parameters(stored) != _argon2_parameters(parameters)
    except InvalidHashError as error:
        raise UnknownHash(str(error)) from error


@cache
def dummy_hash(parameters: HashParameters) -> str:
    """Give the hash to check against when there is none (security promise 2).

    Its digest is random, not computed: no password leads to it, asking for it costs
    nothing, and checking against it costs what a real hash of these parameters does.
    """
    costs = f"m={parameters.memory_kib},t={parameters.iterations}"
    return (
        f"{OURS}v={ARGON2_VERSION}${costs},p={parameters.parallelism}"
        f"${_random_base64(SALT_BYTES)}${_random_base64(DIGEST_BYTES)}"
    )


# mallopt(3) and <malloc.h>.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
MMAP_ALWAYS_FROM_KIB = 32 * 1024
INT_MAX = 2**31 - 1


def prepare_allocator(memory_kib: int) -> bool:
    """Let glibc keep the memory of large hashes between two of them.

    Above 32 MiB glibc maps fresh pages for each hash and gives them back after it.
    Call once, with the largest memory in use and before the lane's threads start: a
    thread's own arena holds at most 64 MiB, so they must share the main one. Measured
    on two cores, hashes per second before → after: 46 MiB, t=1: 42 → 79; 64 MiB,
    t=1: 31 → 50; 64 MiB, t=2: 20 → 26; 64 MiB, t=3, p=4: 14 → 16; at 19 MiB no
    difference, so nothing is changed there. Returns whether anything was.
    """
    if memory_kib <= MMAP_ALWAYS_FROM_KIB or sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    one_hash = (memory_kib + 64) * 1024
    settings = {
        M_MMAP_THRESHOLD: one_hash,
        M_TRIM_THRESHOLD: 2 * one_hash,
        M_ARENA_MAX: 1,
    }
    return all(mallopt(key, min(size, INT_MAX)) for key, size in settings.items())


def _prefix_of(stored: str) -> str:
    for prefix in FORMATS:
        if stored.startswith(prefix):
            # Nothing outside printable ASCII belongs in a stored hash.
            if stored.isascii() and stored.isprintable():
                return prefix
            break
    raise UnknownHash(f"is of no known format; allowed: {' '.join(FORMATS)}")


def _argon2_parameters(parameters: HashParameters) -> Parameters:
    return Parameters(
        type=Type.ID,
        version=ARGON2_VERSION,
        salt_len=SALT_BYTES,
        hash_len=DIGEST_BYTES,
        time_cost=parameters.iterations,
        memory_cost=parameters.memory_kib,
        parallelism=parameters.parallelism,
    )


def _random_base64(length: int) -> str:
    return to_base64(secrets.token_bytes(length)).rstrip("=")
