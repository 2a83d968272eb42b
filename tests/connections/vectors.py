"""Imported password hashes whose password is known (contract auth0 §7).

Computed independently of this code, or printed in the documentation and the RFCs.
"""

from collections.abc import Mapping
from typing import Any, Final

PASSWORD: Final = "Ostiary-Test-1"
Declared = str | Mapping[str, Any]


def custom(
    algorithm: str, value: str, encoding: str = "hex", **more: Any
) -> dict[str, Any]:
    """A `custom_password_hash`; `hash_…` arguments stand in its `hash`."""
    inner = {key[5:]: more.pop(key) for key in list(more) if key.startswith("hash_")}
    written = {"value": value, "encoding": encoding, **inner}
    return {"algorithm": algorithm, "hash": written, **more}


PBKDF2: Final = (
    "$pbkdf2-sha256$i=10000,l=32$MDEyMzQ1Njc4OWFiY2RlZg"
    "$Jg5LS2uUEsEyyFq9Dilq8V+dR2je/t65EFySa1VTwWY"
)
PBKDF2_DEFAULTS: Final = (
    "$pbkdf2-sha512$MDEyMzQ1Njc4OWFiY2RlZg$0UGjnseT5gJg1dqW3tN78u8ygJEJbc/QHDBQplIw3k5k"
    "h4L/9OtG4vg/72Gz+osmVePx5zI6cFjd8Cu35lPZ2A"
)
BCRYPT: Final = "$2b$10$YJBSNZ6OleK5nfCbI4G2J.xOUGz2/DlTxQCPxLvjJaB7RlVw4t/Ia"
ARGON2: Final = (
    "$argon2id$v=19$m=65536,t=2,p=1$h1YdPhqL78akEIWTR7NEsg"
    "$RWwQZNZITzo9AwJCLtUh+AdYamcjLzWxj+ryKvxiXy8"
)
SSHA: Final = "{SSHA}ik2J35tHn08/hVKqoDsencYgE69zYWx0c2FsdA=="
SMD5: Final = "{SMD5}X+uPLF4MvXlTVOUvKB0ZOHNhbHRzYWx0"
SHA256: Final = "{SHA256}85lPMinLvK/QrqkJFFYc1xbKkju073Mn+u486ULpdCI="

OURS: Final[Mapping[str, Declared]] = {
    "md5": custom("md5", "d56e00987775dddb750bba5db6b00409"),
    "md5, ucs2": custom(
        "md5", "62605c8780b9e113e8741b741da11569", password={"encoding": "ucs2"}
    ),
    "sha1, salt behind": custom(
        "sha1",
        "e50701d05c9da4076929f8e1cf039cc1ec26537d",
        salt={"value": "pepper", "position": "suffix"},
    ),
    "sha256, salt before": custom(
        "sha256",
        "8927a15b77c6ae105d12357ed5b0a71c1e8537466c4552cc834c95940804cd0b",
        salt={"value": "abc123", "position": "prefix"},
    ),
    "sha512": custom(
        "sha512",
        "sd5Dczs0IFTVMIT5xhzuzGbqNywxOeeYExZExsJtzakmQI40rqPLHegz62WHaCgCgtgGBRVT9jA64Q2d"
        "yoETQA==",
        "base64",
    ),
    "hmac": custom(
        "hmac",
        "CtG739wN7aWjkxdcgQ8+mQdwRpo1x0rS483ZFzM9DWQ=",
        "base64",
        hash_digest="sha256",
        hash_key={"value": "shh", "encoding": "utf8"},
    ),
    "pbkdf2": custom("pbkdf2", PBKDF2, "utf8"),
    "pbkdf2, text": PBKDF2,
    "pbkdf2, defaults": custom("pbkdf2", PBKDF2_DEFAULTS, "utf8"),
    "ssha": custom("ldap", SSHA, "utf8"),
    "ssha, text": SSHA,
    "smd5": custom("ldap", SMD5, "utf8"),
    "sha256 of a directory": custom("ldap", SHA256, "utf8"),
    "scrypt": custom(
        "scrypt",
        "fb72936f23628b7777da67e0be9bcbb160cd5ff5fc60da04aa7355633f710614",
        salt={"value": "abc123"},
        keylen=32,
        cost=4096,
    ),
    "bcrypt": custom("bcrypt", BCRYPT, "utf8"),
    "bcrypt, text": BCRYPT,
    "bcrypt, salt before": custom(
        "bcrypt",
        "$2a$10$kys8XqgUSQZPkk2Swmut4e1W1jqZ.DUcVT6W5bic7zfkKGy9/zODm",
        "utf8",
        salt={"value": "pre", "position": "prefix"},
    ),
    "argon2": custom("argon2", ARGON2, "utf8"),
    "argon2, text": ARGON2,
}
"""Each is a hash of PASSWORD."""

ELSEWHERE: Final[Mapping[str, tuple[str, Declared]]] = {
    "bcrypt": (
        "hello",
        "$2b$10$nFguVi9LsCAcvTZFKQlRKeLVydo8ETv483lkNsSFI/Wl1Rz1Ypo1K",
    ),
    "hmac": (
        "test",
        custom(
            "hmac",
            "cg7f42jH39/2EaAU4wNd4s2lKIk=",
            "base64",
            hash_digest="sha1",
            hash_key={"value": "736868", "encoding": "hex"},
        ),
    ),
    "scrypt": (
        "password",
        custom(
            "scrypt",
            "097f6197e1b41538f723e32aa7a68e8d76227d8e432ce5faa4882a913032db29",
            salt={"value": "abc123"},
            keylen=32,
            cost=4096,
        ),
    ),
    "md4, RFC 1320 A.5": (
        "message digest",
        custom("md4", "d9130a8164549fe818874806e1c7014b"),
    ),
    "scrypt, RFC 7914 §12": (
        "pleaseletmein",
        custom(
            "scrypt",
            "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0f"
            "cf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887",
            salt={"value": "SodiumChloride"},
            keylen=64,
            cost=16384,
            blockSize=8,
            parallelization=1,
        ),
    ),
    "pbkdf2, RFC 6070 §2": (
        "password",
        # DK = 4b007901b765489abead49d926f721d065a429c1
        "$pbkdf2-sha1$i=4096,l=20$c2FsdA$SwB5AbdlSJq+rUnZJvch0GWkKcE",
    ),
    "hmac-md5, RFC 2202 §2": (
        "what do ya want for nothing?",
        custom(
            "hmac",
            "750c783e6ab0b503eaa86e310a5db738",
            hash_digest="md5",
            hash_key={"value": "Jefe", "encoding": "utf8"},
        ),
    ),
    "hmac-sha224, RFC 4231 §4.3": (
        "what do ya want for nothing?",
        custom(
            "hmac",
            "a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44",
            hash_digest="sha224",
            hash_key={"value": "Jefe", "encoding": "utf8"},
        ),
    ),
    "hmac-sha384, RFC 4231 §4.3": (
        "what do ya want for nothing?",
        custom(
            "hmac",
            "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
            "8e2240ca5e69e2c78b3239ecfab21649",
            hash_digest="sha384",
            hash_key={"value": "Jefe", "encoding": "utf8"},
        ),
    ),
    "hmac-sha512, RFC 4231 §4.3": (
        "what do ya want for nothing?",
        custom(
            "hmac",
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
            "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
            hash_digest="sha512",
            hash_key={"value": "Jefe", "encoding": "utf8"},
        ),
    ),
    "hmac-ripemd160, RFC 2286 §2": (
        "what do ya want for nothing?",
        custom(
            "hmac",
            "dda6c0213a485a9e24f4742064a7f033b43c4069",
            hash_digest="ripemd160",
            hash_key={"value": "Jefe", "encoding": "utf8"},
        ),
    ),
}
"""Password and hash, as other documents print them."""
