"""What may stand in a user of the import file, and the code for what may not.

Contract auth0 §7; whether it is a new one, and what becomes of it, is told elsewhere.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

DEEPEST: Final = 32
"""Levels of lists and mappings inside metadata."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing that is wrong: Auth0's code, a sentence, and where in the user."""

    code: str
    message: str
    path: str = ""


Rule = Callable[[object, str], Iterator[FieldError]]
"""Yields what is wrong with the value at a path."""
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def _text(
    longest: int, *, least: int = 0, like: str = "", code: str = "PATTERN"
) -> Rule:
    pattern = re.compile(like) if like else None

    def check(value: object, path: str) -> Iterator[FieldError]:
        if not isinstance(value, str):
            yield FieldError("INVALID_TYPE", "must be a string", path)
        elif len(value) < least:
            yield FieldError("MIN_LENGTH", "must not be empty", path)
        elif len(value) > longest:
            text = f"must have at most {longest} characters"
            yield FieldError("MAX_LENGTH", text, path)
        elif _UNPRINTABLE.search(value):
            yield FieldError("PATTERN", "must be printable text of one line", path)
        elif pattern and value and not pattern.fullmatch(value):
            yield FieldError(code, "is not of the form that is needed", path)

    return check


def _boolean(value: object, path: str) -> Iterator[FieldError]:
    if not isinstance(value, bool):
        yield FieldError("INVALID_TYPE", "must be true or false", path)


def _integer(value: object, path: str) -> Iterator[FieldError]:
    if not isinstance(value, int) or isinstance(value, bool):
        yield FieldError("INVALID_TYPE", "must be an integer", path)
    elif value < 1:
        yield FieldError("MINIMUM", "must be at least 1", path)


def _word(*words: str) -> Rule:
    def check(value: object, path: str) -> Iterator[FieldError]:
        if value not in words:
            text = f"must be one of {', '.join(words)}"
            yield FieldError("ENUM_MISMATCH", text, path)

    return check


def _metadata(value: object, path: str) -> Iterator[FieldError]:
    if not isinstance(value, Mapping):
        yield FieldError("INVALID_TYPE", "must be an object", path)
        return
    level: list[object] = [value]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _within(outer)]
    if level:
        text = f"must have at most {DEEPEST} levels"
        yield FieldError("MAXIMUM", text, path)


def _within(value: object) -> Sequence[object]:
    if isinstance(value, Mapping):
        return list(value.values())
    return value if isinstance(value, list) else ()


@dataclass(frozen=True, slots=True)
class _Record:
    """An object with these fields and no other; some of them are needed."""

    fields: Mapping[str, Rule]
    needed: tuple[str, ...] = ()

    def __call__(self, value: object, path: str) -> Iterator[FieldError]:
        if not isinstance(value, Mapping):
            yield FieldError("INVALID_TYPE", "must be an object", path)
            return
        start = f"{path}." if path else ""
        for name in self.needed:
            if name not in value:
                text = f"is needed: {name}"
                yield FieldError("OBJECT_REQUIRED", text, start + name)
        for name, inner in value.items():
            rule = self.fields.get(name)
            if rule is None:
                text = "is not a field of users that are imported"
                yield FieldError("NOT_PASSED", text, start + name)
            else:
                yield from rule(inner, start + name)


# --- second factors -------------------------------------------------------------------

PHONE: Final = r"\+[0-9]{1,15}"
MAIL: Final = r"[^\s@]{1,64}@[^\s@]{1,256}"
_BASE32: Final = r"[A-Za-z2-7 ]{16,}=*"
_FACTOR: Final = _Record(
    {
        "totp": _Record({"secret": _text(256, like=_BASE32)}, ("secret",)),
        "phone": _Record({"value": _text(16, least=2, like=PHONE)}, ("value",)),
        "email": _Record(
            {"value": _text(321, least=3, like=MAIL, code="FORMAT")}, ("value",)
        ),
    }
)


def _factors(value: object, path: str) -> Iterator[FieldError]:
    if not isinstance(value, list):
        yield FieldError("INVALID_TYPE", "must be an array", path)
        return
    if not value:
        yield FieldError("ARRAY_LENGTH_SHORT", "must have a factor", path)
    if len(value) > 10:
        yield FieldError("ARRAY_LENGTH_LONG", "must have at most 10 factors", path)
    for number, factor in enumerate(value[:10]):
        place = f"{path}[{number}]"
        yield from _FACTOR(factor, place)
        if isinstance(factor, Mapping) and len(factor) != 1:
            text = "must have one of totp, phone and email"
            code = "NOT_PASSED" if factor else "ANY_OF_MISSING"
            yield FieldError(code, text, place)
    if sum(isinstance(each, Mapping) and "totp" in each for each in value) > 1:
        yield FieldError("MFA_FACTORS_FAILED", "must have one totp at most", path)


# --- password hashes ------------------------------------------------------------------

_LONGEST_HASH: Final = 8192
_ENCODING: Final = _word("base64", "hex", "utf8")
_DIGESTS: Final = (
    "md4",
    "md5",
    "ripemd160",
    "sha1",
    "sha224",
    "sha256",
    "sha384",
    "sha512",
    "whirlpool",
)


def _octets(value: object, path: str) -> Iterator[FieldError]:
    """Written octets; in UTF-8 any character may be one."""
    if not isinstance(value, str):
        yield FieldError("INVALID_TYPE", "must be a string", path)
    elif len(value) > _LONGEST_HASH:
        yield FieldError("MAX_LENGTH", "is too long", path)


_KEY: Final = _Record({"value": _octets, "encoding": _ENCODING}, ("value",))
_HASH: Final = _Record(
    {"value": _octets, "encoding": _ENCODING, "digest": _word(*_DIGESTS), "key": _KEY},
    ("value", "encoding"),
)
_SALT: Final = _Record(
    {
        "value": _octets,
        "encoding": _ENCODING,
        "position": _word("prefix", "suffix"),
    },
    ("value",),
)
_CHARACTERS: Final = _Record(
    {"encoding": _word("ascii", "utf8", "utf16le", "ucs2", "latin1", "binary")}
)
_TEXTS: Final = ("argon2", "bcrypt", "ldap", "pbkdf2")
"""Algorithms whose hash is a text of its own."""
_CUSTOM: Final = _Record(
    {
        "algorithm": _word(
            *_TEXTS, "hmac", "md4", "md5", "sha1", "sha256", "sha512", "scrypt"
        ),
        "hash": _HASH,
        "salt": _SALT,
        "password": _CHARACTERS,
        "keylen": _integer,
        "cost": _integer,
        "blockSize": _integer,
        "parallelization": _integer,
    },
    ("algorithm", "hash"),
)


def _custom(value: object, path: str) -> Iterator[FieldError]:
    """Shape first, then what each algorithm needs and forbids."""
    wrong = list(_CUSTOM(value, path))
    yield from wrong
    if wrong or not isinstance(value, Mapping):
        return
    algorithm, inner = value["algorithm"], value["hash"]
    if algorithm in _TEXTS and inner["encoding"] != "utf8":
        yield FieldError("ENUM_MISMATCH", "must be utf8", f"{path}.hash.encoding")
    if algorithm not in _TEXTS and inner["encoding"] == "utf8":
        text = "must be base64 or hex"
        yield FieldError("ENUM_MISMATCH", text, f"{path}.hash.encoding")
    if algorithm in _TEXTS and algorithm != "bcrypt" and "salt" in value:
        text = f"is forbidden: the hash of {algorithm} has its salt in it"
        yield FieldError("NOT_PASSED", text, f"{path}.salt")
    for name in ("digest", "key") if algorithm == "hmac" else ():
        if name not in inner:
            text = f"is needed: {name}"
            yield FieldError("OBJECT_REQUIRED", text, f"{path}.hash.{name}")
    if algorithm == "scrypt" and "keylen" not in value:
        yield FieldError("OBJECT_REQUIRED", "is needed: keylen", f"{path}.keylen")


# --- the user -------------------------------------------------------------------------

_NAME: Final = _text(300)
_BCRYPT: Final = r"\$2[aby]\$[0-9]{2}\$[./A-Za-z0-9]{53}"
FIELDS: Final[Mapping[str, Rule]] = {
    "email": _text(321, like=MAIL, least=1, code="FORMAT"),
    "email_verified": _boolean,
    "user_id": _text(255, least=1),
    "username": _text(128, least=1),
    "given_name": _NAME,
    "family_name": _NAME,
    "name": _NAME,
    "nickname": _NAME,
    "picture": _text(2048, like=r"https?://\S+", code="FORMAT"),
    "phone_number": _text(16, like=PHONE),
    "phone_verified": _boolean,
    "blocked": _boolean,
    "app_metadata": _metadata,
    "user_metadata": _metadata,
    "password_hash": _text(60, like=_BCRYPT, least=1),
    "custom_password_hash": _custom,
    "mfa_factors": _factors,
}
"""Field → its rule. Names and addresses may be empty, which says nothing."""
_USER: Final = _Record(FIELDS, ("email",))


def check_user(value: object) -> Sequence[FieldError]:
    """Everything that is wrong with one user of the file; nothing: it may be taken."""
    wrong = list(_USER(value, ""))
    hashes = {"password_hash", "custom_password_hash"}
    if isinstance(value, Mapping) and hashes <= {*value}:
        text = "must not stand beside password_hash"
        wrong.append(FieldError("NOT_PASSED", text, "custom_password_hash"))
    return wrong
