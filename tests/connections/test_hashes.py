"""Password hashes: the documented vector, renewal, unknown formats, the dummy."""

import platform
import subprocess
import sys
from contextlib import suppress

import argon2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ostiary.connections.hash_form import StoredHash, UnknownHash
from ostiary.connections.hashes import (
    FORMATS,
    HashParameters,
    dummy_hash,
    hash_password,
    needs_rehash,
    prepare_allocator,
    verify_password,
)

CHEAP = HashParameters(memory_kib=8, iterations=1, parallelism=1)

# contracts/auth0.md §7, row argon2; computed there independently of this code.
VECTOR_PASSWORD = "Ostiary-Test-1"
VECTOR = (
    "$argon2id$v=19$m=65536,t=2,p=1$h1YdPhqL78akEIWTR7NEsg"
    "$RWwQZNZITzo9AwJCLtUh+AdYamcjLzWxj+ryKvxiXy8"
)

any_text = st.text(st.characters(exclude_categories=()), max_size=80)


def test_the_documented_vector_is_verified() -> None:
    """contracts/auth0.md §7: this string is the hash of `Ostiary-Test-1`."""
    assert verify_password(VECTOR_PASSWORD, VECTOR) is True


@pytest.mark.parametrize(
    "password",
    ["ostiary-test-1", "Ostiary-Test-1 ", " Ostiary-Test-1", "Ostiary-Test-1\0", ""],
)
def test_neither_case_nor_space_nor_nul_is_forgiven(password: str) -> None:
    """A password counts octet by octet: nothing is trimmed, folded or cut at NUL."""
    assert verify_password(password, VECTOR) is False


def test_unicode_is_not_normalised() -> None:
    """The composed and the decomposed é are different passwords."""
    stored = hash_password("caf\u00e9", CHEAP)
    assert verify_password("caf\u00e9", stored) is True
    assert verify_password("cafe\u0301", stored) is False


def test_the_password_is_its_utf8_octets() -> None:
    """argon2-cffi itself, given the UTF-8 octets, agrees with what we stored."""
    stored = hash_password("pâß wörd 🔑", CHEAP)
    assert argon2.PasswordHasher().verify(stored, "pâß wörd 🔑".encode())


def test_hashes_carry_the_parameters_and_a_fresh_salt() -> None:
    """PHC form with m, t, p as given; salt of 16 and digest of 32 octets (RFC 9106)."""
    parameters = HashParameters(memory_kib=64, iterations=3, parallelism=2)
    first, second = (hash_password("same", parameters) for _ in range(2))
    assert first.startswith("$argon2id$v=19$m=64,t=3,p=2$")
    assert [len(part) for part in first.split("$")[4:]] == [22, 43]
    assert first != second


def test_defaults_are_those_of_the_configuration() -> None:
    """interface.md §2, `password_hash`: 19456 KiB, two iterations, one lane."""
    assert HashParameters() == HashParameters(19456, 2, 1)


@settings(max_examples=100, deadline=None)
@given(password=any_text, other=any_text)
def test_any_password_verifies_and_no_other_does(password: str, other: str) -> None:
    """Lone surrogates, NUL and anything else hash, verify and differ as they should."""
    stored = hash_password(password, CHEAP)
    assert verify_password(password, stored) is True
    assert verify_password(other, stored) is (other == password)


def test_long_passwords_count_to_their_last_octet() -> None:
    """4096 octets hash, and the last one matters."""
    stored = hash_password("a" * 4095 + "b", CHEAP)
    assert verify_password("a" * 4095 + "b", stored) is True
    assert verify_password("a" * 4096, stored) is False


def test_a_hash_of_the_same_parameters_is_kept() -> None:
    """What `hash_password` makes today needs no renewal."""
    assert needs_rehash(hash_password("x", CHEAP), CHEAP) is False


@pytest.mark.parametrize(
    "changed",
    [
        HashParameters(memory_kib=16, iterations=1),
        HashParameters(memory_kib=8, iterations=2),
        HashParameters(memory_kib=16, iterations=1, parallelism=2),
    ],
)
def test_changed_parameters_ask_for_a_new_hash(changed: HashParameters) -> None:
    """Each parameter counts, up or down: the tenant's wish is what is stored."""
    assert needs_rehash(hash_password("x", CHEAP), changed) is True
    assert needs_rehash(hash_password("x", changed), CHEAP) is True


def test_an_old_argon2_version_asks_for_a_new_hash() -> None:
    """v=16 is argon2 1.0 (RFC 9106 is v=19): verified as stored, then renewed."""
    parameters = HashParameters(memory_kib=65536, iterations=2)
    assert needs_rehash(VECTOR, parameters) is False
    assert needs_rehash(VECTOR.replace("v=19", "v=16"), parameters) is True


def test_a_shorter_salt_asks_for_a_new_hash() -> None:
    """An imported hash with a salt of 8 octets is weaker than ours (RFC 9106 §3.1)."""
    imported = argon2.low_level.hash_secret(
        b"x", b"8 octets", 1, 8, 1, 32, argon2.Type.ID
    ).decode()
    assert verify_password("x", imported) is True
    assert needs_rehash(imported, CHEAP) is True


def read_plain(text: str) -> StoredHash:
    """A format in which the password stands as it is."""
    return StoredHash(lambda password: text[7:].encode() == password)


def test_a_foreign_format_is_one_row_and_is_always_renewed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A format joins as one row of FORMATS; ours replaces it (auth0.md §7)."""
    rows = {**FORMATS, "{PLAIN}": read_plain}
    monkeypatch.setattr("ostiary.connections.hashes.FORMATS", rows)
    assert verify_password("open", "{PLAIN}open") is True
    assert verify_password("shut", "{PLAIN}open") is False
    assert needs_rehash("{PLAIN}open", CHEAP) is True


DAMAGED = [
    "$argon2id$",
    VECTOR[:-1] + "!",
    VECTOR[:60],
    VECTOR.replace("m=65536,", ""),
    VECTOR + "\0",
    VECTOR.replace("t=2", "t=²"),
]


@pytest.mark.parametrize(
    "stored", ["", "plain", "$2b$10$x", "{SSHA}x", "$argon2x$", *DAMAGED]
)
def test_unknown_and_damaged_hashes_say_so(stored: str) -> None:
    """They raise UnknownHash, whose text does not repeat what is stored."""
    with pytest.raises(UnknownHash) as caught:
        verify_password("x", stored)
    assert len(stored) < 3 or stored not in str(caught.value)


@pytest.mark.parametrize("stored", ["", "$2b$10$x", "$argon2id$", "$argon2id$v=x"])
def test_renewal_of_what_cannot_be_read_says_so(stored: str) -> None:
    """`needs_rehash` knows the same formats as `verify_password`."""
    with pytest.raises(UnknownHash):
        needs_rehash(stored, CHEAP)


@settings(max_examples=50, deadline=None)
@given(stored=st.text(max_size=60))
def test_no_stored_text_crashes(stored: str) -> None:
    """Whatever a row holds, verifying answers False or UnknownHash."""
    for text in (stored, "$argon2id$" + stored, "$argon2id$v=19$m=8,t=1,p=1$" + stored):
        with suppress(UnknownHash):
            assert verify_password("x", text) is False


@settings(max_examples=50, deadline=None)
@given(password=any_text)
def test_the_dummy_is_never_true(password: str) -> None:
    """No password opens the dummy (security promise 2)."""
    assert verify_password(password, dummy_hash(CHEAP)) is False


@pytest.mark.parametrize(
    "parameters",
    [CHEAP, HashParameters(), HashParameters(memory_kib=64, iterations=3)],
)
def test_the_dummy_costs_what_a_real_hash_costs(parameters: HashParameters) -> None:
    """It has the form, lengths and parameters of a real one, so argon2 works alike."""
    real, dummy = hash_password("x", parameters), dummy_hash(parameters)
    assert argon2.extract_parameters(dummy) == argon2.extract_parameters(real)
    assert len(dummy) == len(real)
    assert needs_rehash(dummy, parameters) is False


def test_there_is_one_dummy_per_parameters() -> None:
    """The same for the same parameters, another for others."""
    assert dummy_hash(CHEAP) == dummy_hash(HashParameters(8, 1, 1))
    assert dummy_hash(CHEAP) != dummy_hash(HashParameters(16, 1, 1))


def test_small_hashes_leave_the_allocator_alone() -> None:
    """Up to 32 MiB glibc does well by itself (measured; performance.md, lesson 9)."""
    assert prepare_allocator(HashParameters().memory_kib) is False
    assert prepare_allocator(32 * 1024) is False


LARGE = """
import resource
from ostiary.connections.hashes import HashParameters, hash_password, prepare_allocator
large = HashParameters(memory_kib=40 * 1024, iterations=1)
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def of_four_hashes():
    hash_password("warm", large)
    before = faults()
    for _ in range(4):
        hash_password("x", large)
    return faults() - before
print(prepare_allocator(large.memory_kib), of_four_hashes())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="mallopt is glibc's")
def test_large_hashes_reuse_their_memory() -> None:
    """Prepared, a hash of 40 MiB no longer faults in each of its 10,240 pages."""
    ended = subprocess.run(
        [sys.executable, "-c", LARGE], capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 0, ended.stderr
    prepared, faults = ended.stdout.split()
    assert prepared == "True"
    assert int(faults) < 4 * 10_240 / 10
