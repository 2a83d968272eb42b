"""Imported hashes: every vector, every limit, and no crash whatever is declared."""

import base64
import hashlib
from contextlib import suppress
from typing import Any

import bcrypt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ostiary.connections.hash_form import UnknownHash, UnusableHash
from ostiary.connections.hashes import (
    FORMATS,
    HashParameters,
    hash_password,
    is_quicker,
    needs_rehash,
    parse_imported,
    verify_password,
)
from tests.connections.test_whirlpool import hmac_by_hand
from tests.connections.vectors import (
    ARGON2,
    BCRYPT,
    ELSEWHERE,
    OURS,
    PASSWORD,
    PBKDF2,
    SHA256,
    SSHA,
    Declared,
    custom,
)

CHEAP = HashParameters(memory_kib=8, iterations=1)
any_text = st.text(st.characters(exclude_categories=()), max_size=60)


def opens(password: str, declared: Declared) -> bool:
    """Whether the password is right once the hash is imported."""
    return verify_password(password, parse_imported(declared))


@pytest.mark.parametrize("name", OURS)
def test_every_vector_is_verified(name: str) -> None:
    """Contract auth0 §7, "ours": the password is right and its neighbours are not."""
    stored = parse_imported(OURS[name])
    assert verify_password(PASSWORD, stored) is True
    assert verify_password(PASSWORD.lower(), stored) is False
    assert verify_password(PASSWORD + " ", stored) is False
    assert verify_password("", stored) is False


@pytest.mark.parametrize("name", ELSEWHERE)
def test_every_documented_vector_is_verified(name: str) -> None:
    """Contract auth0 §7, "documented", and the RFCs of the algorithms."""
    password, declared = ELSEWHERE[name]
    assert opens(password, declared) is True
    assert opens(password + "x", declared) is False


@pytest.mark.parametrize("declared", OURS.values(), ids=OURS)
def test_what_is_stored_is_printable_and_read_again(declared: Declared) -> None:
    """One line of ASCII, which imports to itself and is replaced after a sign-in."""
    stored = parse_imported(declared)
    assert stored.isascii()
    assert stored.isprintable()
    assert parse_imported(stored) == stored
    ours = stored.startswith("$argon2id$")
    assert needs_rehash(stored, HashParameters(65536, 2)) is not ours


def test_texts_stay_texts() -> None:
    """A mapping that adds nothing to a text is stored as that text."""
    assert parse_imported(OURS["bcrypt"]) == BCRYPT
    assert parse_imported(OURS["argon2"]) == ARGON2
    assert parse_imported(OURS["ssha"]) == SSHA


# --- single forms -------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["hex", "HEX", "base64", "urlsafe", "unpadded"])
def test_every_spelling_of_a_digest(encoding: str) -> None:
    """Hex in any case; base64 also url-safe (contract auth0 §7), padded or not."""
    # The SHA-512 of `Ostiary-Test-1` has both letters that the alphabets differ in.
    plain = str(OURS["sha512"]["hash"]["value"])  # type: ignore[index]
    octets = base64.b64decode(plain)
    spelled = {
        "hex": octets.hex(),
        "HEX": octets.hex().upper(),
        "base64": plain,
        "urlsafe": plain.replace("+", "-").replace("/", "_"),
        "unpadded": plain.rstrip("="),
    }
    written = "hex" if encoding.lower() == "hex" else "base64"
    assert opens(PASSWORD, custom("sha512", spelled[encoding], written)) is True


@pytest.mark.parametrize(
    ("encoding", "octets"),
    [
        ("ascii", b"caf\xe9"),
        ("latin1", b"caf\xe9"),
        ("binary", b"caf\xe9"),
        ("utf8", b"caf\xc3\xa9"),
        ("utf16le", b"c\0a\0f\0\xe9\0"),
        ("ucs2", b"c\0a\0f\0\xe9\0"),
    ],
)
def test_characters_become_octets_as_declared(encoding: str, octets: bytes) -> None:
    """Each `password.encoding`; what it cannot write is wrong, not a crash."""
    digest = hashlib.sha256(octets).hexdigest()
    declared = custom("sha256", digest, password={"encoding": encoding})
    assert opens("caf\u00e9", declared) is True
    assert opens("cafe", declared) is False
    assert opens("caf\u0119", declared) is False
    assert opens("\ud800\U0001f511", declared) is False


def test_a_salt_may_be_octets() -> None:
    """Hex and base64 salts; their octets need not be text of any kind."""
    salt = bytes([0, 127, 128, 255])
    digest = hashlib.md5(salt + b"open").hexdigest()  # noqa: S324
    for value, encoding in (
        (salt.hex(), "hex"),
        (base64.b64encode(salt).decode(), "base64"),
    ):
        declared = custom("md5", digest, salt={"value": value, "encoding": encoding})
        assert opens("open", declared) is True
        assert opens("shut", declared) is False


def test_hmac_with_a_salt_and_whirlpool() -> None:
    """HMAC by hand, RFC 2104, over salt and password."""
    value = hmac_by_hand(b"key", b"saltopen").hex()
    declared = custom(
        "hmac",
        value,
        hash_digest="whirlpool",
        hash_key={"value": "a2V5", "encoding": "base64"},
        salt={"value": "salt"},
    )
    assert opens("open", declared) is True
    assert opens("shut", declared) is False


@pytest.mark.parametrize("prefix", ["$2a$", "$2b$", "$2y$"])
def test_bcrypt_looks_at_72_octets(prefix: str) -> None:
    """The 73rd does not count, and a salt takes its part of them."""
    made = bcrypt.hashpw(b"a" * 72, bcrypt.gensalt(4)).decode()
    text = prefix + made[4:]
    assert opens("a" * 72, text) is True
    assert opens("a" * 4000, text) is True
    assert opens("a" * 71, text) is False
    salted = custom("bcrypt", text, "utf8", salt={"value": "a" * 70})
    assert opens("aa", salted) is True
    assert opens("aa and what nobody looks at", salted) is True
    assert opens("a", salted) is False


def test_bcrypt_with_loose_bits_in_its_salt() -> None:
    """The 22nd digit of a salt counts two bits of six; PHP let people choose all."""
    made = bcrypt.hashpw(b"open", bcrypt.gensalt(4)).decode()
    digits = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    loose = digits[digits.index(made[28]) | 5]
    assert opens("open", made[:28] + loose + made[29:]) is True
    assert opens("shut", made[:28] + loose + made[29:]) is False


@pytest.mark.parametrize(
    ("scheme", "digest", "salted"),
    [
        ("MD5", "md5", False),
        ("SMD5", "md5", True),
        ("SHA", "sha1", False),
        ("SSHA", "sha1", True),
        ("SHA256", "sha256", False),
        ("SSHA256", "sha256", True),
        ("SHA512", "sha512", False),
        ("SSHA512", "sha512", True),
    ],
)
def test_every_scheme_of_directories(scheme: str, digest: str, salted: bool) -> None:
    """RFC 2307 §5.3: the digest of password and salt, then the salt, in base64."""
    salt = b"\0salt\xff" if salted else b""
    value = hashlib.new(digest, b"open" + salt).digest() + salt
    for written in (scheme, scheme.lower()):
        text = f"{{{written}}}{base64.b64encode(value).decode()}"
        assert opens("open", text) is True
        assert opens("open", custom("ldap", text, "utf8")) is True
        assert opens("shut", text) is False


@pytest.mark.parametrize("kind", ["i", "d"])
def test_the_other_kinds_of_argon2(kind: str) -> None:
    """argon2i and argon2d are verified and always replaced (contract auth0 §7)."""
    from argon2.low_level import Type, hash_secret

    made = hash_secret(b"open", b"8 octets", 1, 8, 1, 32, Type[kind.upper()]).decode()
    assert opens("open", made) is True
    assert opens("shut", made) is False
    assert needs_rehash(made, CHEAP) is True


# --- what is refused ----------------------------------------------------------------

LONG_DIGEST = base64.b64encode(bytes(32)).decode().rstrip("=")
REFUSED: dict[str, tuple[Declared, str]] = {
    "nothing": ("", "known format"),
    "a password": ("Ostiary-Test-1", "known format"),
    "crypt": ("{CRYPT}rEK1ecacw.7.c", "known format"),
    "crypt, mapping": (custom("ldap", "{CRYPT}rEK1ecacw.7.c", "utf8"), "schemes"),
    "bcrypt of cost 15": (BCRYPT.replace("$10$", "$15$"), "cost 15; allowed: 4 to 14"),
    "bcrypt of cost 31": (BCRYPT.replace("$10$", "$31$"), "cost 31"),
    "bcrypt of cost 3": (BCRYPT.replace("$10$", "$03$"), "impossible cost"),
    "bcrypt cut": (BCRYPT[:-1], "bcrypt"),
    "pbkdf2 for days": (PBKDF2.replace("10000", "2000001"), "allowed: 2000000"),
    "pbkdf2 of no length": (PBKDF2.replace("l=32", "l=31"), "i or l"),
    "pbkdf2 of a strange digest": (PBKDF2.replace("sha256", "crc32"), "one of md5"),
    "pbkdf2 of two bytes": ("$pbkdf2-sha1$i=1,l=2$c2FsdA$SwA", "2 bytes"),
    "argon2 of 2 GiB": (ARGON2.replace("65536", "2097152"), "allowed: 131072 KiB"),
    "argon2 for ever": (ARGON2.replace("t=2", "t=4000000"), "m × t"),
    "argon2 of many lanes": (ARGON2.replace("p=1", "p=4000"), "p=4000"),
    "argon2 of no pass": (ARGON2.replace("t=2", "t=0"), "t=0"),
    "argon2 of a version to come": (ARGON2.replace("v=19", "v=20"), "version 20"),
    "argon2 with no salt": (ARGON2.replace("h1YdPhqL78akEIWTR7NEsg", "AAAA"), "salt"),
    "md5 too short": (custom("md5", "d56e"), "2 bytes; allowed: 16"),
    "md5 as text": (custom("md5", "d56e", "utf8"), "base64 and hex"),
    "md5 not in hex": (custom("md5", "zz"), "not in hex"),
    "md5 not in base64": (custom("md5", "!!", "base64"), "not in base64"),
    "hmac without a key": (
        custom("hmac", "00" * 32, hash_digest="sha256"),
        "hash.key",
    ),
    "hmac of a strange digest": (
        custom(
            "hmac",
            "00" * 32,
            hash_digest="sha257",
            hash_key={"value": "k", "encoding": "utf8"},
        ),
        "whirlpool",
    ),
    "argon2 with a salt": (
        custom("argon2", ARGON2, "utf8", salt={"value": "s"}),
        "takes no salt",
    ),
    "pbkdf2 with a salt": (
        custom("pbkdf2", PBKDF2, "utf8", salt={"value": "s"}),
        "takes no salt",
    ),
    "a directory's with a salt": (
        custom("ldap", SHA256, "utf8", salt={"value": "s"}),
        "takes no salt",
    ),
    "a directory's as another": (custom("argon2", SHA256, "utf8"), "argon2"),
    "not ASCII": (custom("bcrypt", "\u00e9" * 60, "utf8"), "ASCII"),
    "scrypt without keylen": (custom("scrypt", "00" * 32), "keylen"),
    "scrypt of another keylen": (custom("scrypt", "00" * 32, keylen=64), "64"),
    "scrypt of keylen 1": (custom("scrypt", "00", keylen=1), "1 bytes"),
    "scrypt of no power": (
        custom("scrypt", "00" * 32, keylen=32, cost=4095),
        "power of two",
    ),
    "scrypt of 2 GiB": (
        custom("scrypt", "00" * 32, keylen=32, cost=2**21),
        "cost × blockSize",
    ),
    "scrypt of wide blocks": (
        custom("scrypt", "00" * 32, keylen=32, cost=2, blockSize=2**30),
        "cost × blockSize",
    ),
    "scrypt many times": (
        custom("scrypt", "00" * 32, keylen=32, parallelization=2**20),
        "parallelization",
    ),
    "no hash": ({"algorithm": "md5"}, "hash"),
    "another algorithm": (custom("sha3", "00"), "sha3"),
    "another key": (custom("md5", "00" * 16, rounds=3), "rounds"),
    "no mapping inside": ({"algorithm": "md5", "hash": "x"}, "object"),
    "too long": (custom("md5", "00" * 16, salt={"value": "s" * 9000}), "too long"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_used_is_refused(name: str) -> None:
    """Said in a sentence that does not repeat the hash; nothing is computed."""
    declared, part = REFUSED[name]
    with pytest.raises(UnusableHash) as caught:
        parse_imported(declared)
    told = str(caught.value)
    assert told.startswith("is ")
    assert part in told
    value = declared if isinstance(declared, str) else str(declared.get("hash"))
    assert len(value) < 20 or value not in told


@pytest.mark.parametrize(
    "declared",
    [
        BCRYPT.replace("$10$", "$14$"),
        PBKDF2.replace("10000", "2000000"),
        ARGON2.replace("65536", "131072"),
        custom("scrypt", "00" * 32, keylen=32, cost=2**17),
    ],
    ids=["bcrypt", "pbkdf2", "argon2", "scrypt"],
)
def test_the_dearest_ones_are_taken(declared: Declared) -> None:
    """The limits themselves are allowed."""
    stored = parse_imported(declared)
    assert stored == declared or stored.startswith("$custom$")
    assert is_quicker(stored, HashParameters()) is False


# --- time ---------------------------------------------------------------------------


def test_quick_hashes_are_known_as_such() -> None:
    """Digests are quicker than argon2id of 19 MiB; bcrypt of cost 10 is not."""
    rules = HashParameters()
    quick = {
        name: is_quicker(parse_imported(each), rules) for name, each in OURS.items()
    }
    slow = {
        "bcrypt",
        "bcrypt, text",
        "bcrypt, salt before",
        "argon2",
        "argon2, text",
        "pbkdf2, defaults",
    }
    assert {name for name, is_quick in quick.items() if not is_quick} == slow
    assert is_quicker(hash_password("x", CHEAP), rules) is True
    assert is_quicker(hash_password("x", CHEAP), CHEAP) is False


# --- anything -----------------------------------------------------------------------

PREFIXES = st.sampled_from(["", "$argon2i$v=19$m=8,t=1,p=1$", *FORMATS])


@settings(max_examples=300, deadline=None)
@given(prefix=PREFIXES, rest=any_text, password=any_text)
def test_no_text_crashes(prefix: str, rest: str, password: str) -> None:
    """Whatever stands in a file or a row: refused, or verified as something wrong."""
    with suppress(UnusableHash):
        stored = parse_imported(prefix + rest)
        assert parse_imported(stored) == stored
    with suppress(UnknownHash):
        assert verify_password(password, prefix + rest) is False


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | any_text | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3)
    ),
    max_leaves=6,
)
parts = st.fixed_dictionaries(
    {"value": any_text | st.just("00" * 16), "encoding": st.just("hex") | any_text},
    optional={
        "digest": st.sampled_from(["md5", "whirlpool", "x"]),
        "key": anything,
        "position": st.sampled_from(["prefix", "suffix"]) | anything,
    },
)
ALGORITHMS = [
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
mappings = st.fixed_dictionaries(
    {"algorithm": st.sampled_from(ALGORITHMS) | any_text, "hash": parts | anything},
    optional={
        "salt": parts | anything,
        "password": st.just({"encoding": "ucs2"}) | anything,
        "keylen": st.integers() | anything,
        "cost": st.sampled_from([2, 4, 1 << 70]) | anything,
        "blockSize": st.integers(1, 4) | anything,
        "parallelization": st.integers(1, 4) | anything,
    },
)


@settings(max_examples=300, deadline=None)
@given(declared=mappings | st.dictionaries(any_text, anything), password=any_text)
def test_no_mapping_crashes(declared: dict[str, Any], password: str) -> None:
    """A mapping is refused, or what is stored for it can be verified."""
    with suppress(UnusableHash):
        stored = parse_imported(declared)
        assert stored.isascii()
        assert stored.isprintable()
        assert verify_password(password, stored) in (False, True)
