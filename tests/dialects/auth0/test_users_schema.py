"""What may stand in a user of the import file: contract auth0 §7, field by field."""

from typing import Any

import pytest

from ostiary.dialects.auth0.users_schema import FIELDS, FieldError, check_user
from tests.connections.vectors import ARGON2, BCRYPT, ELSEWHERE, OURS, custom

CONTRACT_FIELDS = {
    "email",
    "email_verified",
    "user_id",
    "username",
    "given_name",
    "family_name",
    "name",
    "nickname",
    "picture",
    "phone_number",
    "phone_verified",
    "blocked",
    "app_metadata",
    "user_metadata",
    "password_hash",
    "custom_password_hash",
    "mfa_factors",
}
CODES = {
    "ANY_OF_MISSING",
    "ARRAY_LENGTH_LONG",
    "ARRAY_LENGTH_SHORT",
    "CONFLICT",
    "CONFLICT_EMAIL",
    "CONFLICT_USERNAME",
    "CONNECTION_NOT_FOUND",
    "DUPLICATED_USER",
    "ENUM_MISMATCH",
    "FORMAT",
    "INVALID_TYPE",
    "MAX_LENGTH",
    "MAXIMUM",
    "MFA_FACTORS_FAILED",
    "MIN_LENGTH",
    "MINIMUM",
    "NOT_PASSED",
    "OBJECT_REQUIRED",
    "PATTERN",
}
"""Contract auth0 §7, codes of a job's errors."""
TOTP = {"totp": {"secret": "JBSWY3DPEHPK3PXP"}}
PHONE = {"phone": {"value": "+49301234"}}


def user(**fields: Any) -> dict[str, Any]:
    """A user with a mail address."""
    return {"email": "bob@example.test", **fields}


def wrong(value: object) -> list[tuple[str, str]]:
    """Codes and paths of all that is wrong."""
    return [(each.code, each.path) for each in check_user(value)]


def test_the_fields_are_those_of_the_contract() -> None:
    """No more and no fewer."""
    assert set(FIELDS) == CONTRACT_FIELDS


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"email_verified": True, "blocked": False, "phone_verified": True},
        {"user_id": "5f7c8ec7c33c6c004bbafe82", "username": "bob"},
        {"given_name": "Bob", "family_name": "", "name": "Bob B", "nickname": "b"},
        {"picture": "https://example.test/b.png", "phone_number": "+12125550001"},
        {"app_metadata": {"roles": ["admin"]}, "user_metadata": {"a": {"b": None}}},
        {"password_hash": BCRYPT},
        {"mfa_factors": [TOTP, PHONE, {"email": {"value": "b@example.test"}}]},
        {"mfa_factors": [PHONE] * 10},
    ],
)
def test_what_the_contract_allows_passes(fields: dict[str, Any]) -> None:
    """Each field with a value of its rule."""
    assert wrong(user(**fields)) == []


MAPPINGS = [each for each in OURS.values() if isinstance(each, dict)]
MAPPINGS += [each for _, each in ELSEWHERE.values() if isinstance(each, dict)]


@pytest.mark.parametrize("declared", MAPPINGS, ids=lambda each: str(each["algorithm"]))
def test_every_vector_passes(declared: dict[str, Any]) -> None:
    """All hashes of contract auth0 §7 have the shape that it describes."""
    assert wrong(user(custom_password_hash=declared)) == []


HASH = "custom_password_hash"
WRONG: list[tuple[object, str, str]] = [
    ([], "INVALID_TYPE", ""),
    ({}, "OBJECT_REQUIRED", "email"),
    (user(email=1), "INVALID_TYPE", "email"),
    (user(email=""), "MIN_LENGTH", "email"),
    (user(email="bob"), "FORMAT", "email"),
    (user(email="b o@example.test"), "FORMAT", "email"),
    (user(email="b" * 65 + "@example.test"), "FORMAT", "email"),
    (user(email="b\0@example.test"), "PATTERN", "email"),
    (user(email_verified="true"), "INVALID_TYPE", "email_verified"),
    (user(user_id=""), "MIN_LENGTH", "user_id"),
    (user(user_id="x" * 256), "MAX_LENGTH", "user_id"),
    (user(username="a\nb"), "PATTERN", "username"),
    (user(name=["a"]), "INVALID_TYPE", "name"),
    (user(picture="javascript:x"), "FORMAT", "picture"),
    (user(phone_number="030 1234"), "PATTERN", "phone_number"),
    (user(phone_number="+" + "1" * 16), "MAX_LENGTH", "phone_number"),
    (user(blocked=1), "INVALID_TYPE", "blocked"),
    (user(app_metadata=[]), "INVALID_TYPE", "app_metadata"),
    (user(age=3), "NOT_PASSED", "age"),
    (user(password_hash="{SSHA}x"), "PATTERN", "password_hash"),
    (user(mfa_factors={}), "INVALID_TYPE", "mfa_factors"),
    (user(mfa_factors=[]), "ARRAY_LENGTH_SHORT", "mfa_factors"),
    (user(mfa_factors=[PHONE] * 11), "ARRAY_LENGTH_LONG", "mfa_factors"),
    (user(mfa_factors=[{}]), "ANY_OF_MISSING", "mfa_factors[0]"),
    (user(mfa_factors=[{**TOTP, **PHONE}]), "NOT_PASSED", "mfa_factors[0]"),
    (user(mfa_factors=[TOTP, TOTP]), "MFA_FACTORS_FAILED", "mfa_factors"),
    (
        user(mfa_factors=[{"totp": {"secret": "1234567890123456"}}]),
        "PATTERN",
        "mfa_factors[0].totp.secret",
    ),
    (
        user(mfa_factors=[PHONE, {"phone": {"value": "0"}}]),
        "MIN_LENGTH",
        "mfa_factors[1].phone.value",
    ),
    (
        user(password_hash=BCRYPT, custom_password_hash=custom("md5", "00" * 16)),
        "NOT_PASSED",
        HASH,
    ),
    (user(custom_password_hash="x"), "INVALID_TYPE", HASH),
    (
        user(custom_password_hash=custom("md6", "00")),
        "ENUM_MISMATCH",
        f"{HASH}.algorithm",
    ),
    (
        user(custom_password_hash={"algorithm": "md5"}),
        "OBJECT_REQUIRED",
        f"{HASH}.hash",
    ),
    (
        user(custom_password_hash=custom("md5", "00", "utf16")),
        "ENUM_MISMATCH",
        f"{HASH}.hash.encoding",
    ),
    (
        user(custom_password_hash=custom("md5", "x", "utf8")),
        "ENUM_MISMATCH",
        f"{HASH}.hash.encoding",
    ),
    (
        user(custom_password_hash=custom("argon2", ARGON2, "base64")),
        "ENUM_MISMATCH",
        f"{HASH}.hash.encoding",
    ),
    (
        user(
            custom_password_hash=custom("argon2", ARGON2, "utf8", salt={"value": "s"})
        ),
        "NOT_PASSED",
        f"{HASH}.salt",
    ),
    (
        user(
            custom_password_hash=custom("md5", "00", salt={"value": "s", "position": 1})
        ),
        "ENUM_MISMATCH",
        f"{HASH}.salt.position",
    ),
    (
        user(custom_password_hash=custom("hmac", "00", hash_digest="md5")),
        "OBJECT_REQUIRED",
        f"{HASH}.hash.key",
    ),
    (
        user(custom_password_hash=custom("scrypt", "00")),
        "OBJECT_REQUIRED",
        f"{HASH}.keylen",
    ),
    (
        user(custom_password_hash=custom("scrypt", "00", keylen=0)),
        "MINIMUM",
        f"{HASH}.keylen",
    ),
    (
        user(custom_password_hash=custom("scrypt", "00", keylen=True)),
        "INVALID_TYPE",
        f"{HASH}.keylen",
    ),
    (
        user(custom_password_hash=custom("md5", "00", rounds=2)),
        "NOT_PASSED",
        f"{HASH}.rounds",
    ),
]


@pytest.mark.parametrize(("value", "code", "path"), WRONG)
def test_what_it_forbids_is_told(value: object, code: str, path: str) -> None:
    """One error, with the code of its kind and the place; never the value."""
    errors = check_user(value)
    assert [(each.code, each.path) for each in errors] == [(code, path)]
    assert errors[0].code in CODES
    assert errors[0].message


def test_everything_wrong_is_told_at_once() -> None:
    """Nobody mends a file of thousands error by error."""
    assert sorted(wrong({"blocked": "no", "x": 1})) == [
        ("INVALID_TYPE", "blocked"),
        ("NOT_PASSED", "x"),
        ("OBJECT_REQUIRED", "email"),
    ]


def test_metadata_is_not_bottomless() -> None:
    """32 levels may be; what a token could never carry is refused."""

    def deep(levels: int) -> object:
        value: object = "end"
        for number in range(levels):
            value = [value] if number % 2 else {"a": value}
        return value

    assert wrong(user(user_metadata=deep(31))) == []
    assert wrong(user(user_metadata=deep(33))) == [("MAXIMUM", "user_metadata")]
    assert isinstance(check_user({})[0], FieldError)
