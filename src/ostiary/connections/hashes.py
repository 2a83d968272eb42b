"""Password hashes: made, checked, judged for renewal; one table of stored formats.

No threads and no queue (`lane`), no accounts, no lockout; every call here blocks.
"""

import base64
import ctypes
import secrets
import sys
from collections.abc import Callable, Mapping
from functools import cache

from argon2 import Parameters, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from argon2.low_level import ARGON2_VERSION, Type, hash_secret, verify_secret

from ostiary.core.model import HashRules

HashParameters = HashRules

OURS = "$argon2id$"
SALT_BYTES = 16  # RFC 9106 §3.1 recommends 128 bits,
DIGEST_BYTES = 32  # and §4 a 256-bit tag.


class UnknownHash(Exception):
    """A stored hash has no known format, or is damaged; its text is never told."""


def verify_argon2id(password: str, stored: str) -> bool:
    """Check against a PHC argon2id string (RFC 9106; contracts/auth0.md §7)."""
    try:
        return verify_secret(stored.encode(), _octets(password), Type.ID)
    except VerifyMismatchError:
        return False
    except VerificationError as error:
        raise UnknownHash(str(error)) from error


FORMATS: Mapping[str, Callable[[str, str], bool]] = {
    OURS: verify_argon2id,
}
"""Prefix of the stored string → what checks a password against such a string."""


def hash_password(password: str, parameters: HashParameters) -> str:
    """Make a PHC argon2id string with a fresh salt.

    The password counts as its UTF-8 octets, untrimmed and not normalised, so that
    no two different passwords are alike.
    """
    return hash_secret(
        _octets(password),
        secrets.token_bytes(SALT_BYTES),
        parameters.iterations,
        parameters.memory_kib,
        parameters.parallelism,
        DIGEST_BYTES,
        Type.ID,
    ).decode("ascii")


def verify_password(password: str, stored: str) -> bool:
    """Tell whether `password` is the one behind `stored`; raise UnknownHash."""
    return FORMATS[_prefix_of(stored)](password, stored)


def needs_rehash(stored: str, parameters: HashParameters) -> bool:
    """Tell whether `stored` is not what `hash_password` makes today.

    True for every foreign format: it is replaced after the first good sign-in
    (contracts/auth0.md §7). Raises UnknownHash.
    """
    if _prefix_of(stored) != OURS:
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


def _octets(password: str) -> bytes:
    # JSON can carry lone surrogates; they are octets like others, not a crash.
    return password.encode("utf-8", "surrogatepass")


def _prefix_of(stored: str) -> str:
    for prefix in FORMATS:
        if stored.startswith(prefix):
            # Nothing outside printable ASCII belongs in a stored hash.
            if stored.isascii() and stored.isprintable():
                return prefix
            break
    raise UnknownHash("no known format")


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


def _random_base64(octets: int) -> str:
    return base64.b64encode(secrets.token_bytes(octets)).decode("ascii").rstrip("=")
