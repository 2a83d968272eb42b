"""Users as Auth0 writes them into files: import array, export, export of hashes.

Each becomes an `ImportedUser`, or an error with Auth0's code; bytes are read in
`users_records`, fields judged in `users_schema`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, BinaryIO, Final, cast

from ostiary.dialects.auth0.users_records import Item, Record, Unreadable, read_records
from ostiary.dialects.auth0.users_schema import FieldError, check_user
from ostiary.flows.manage.importing import (
    ImportedUser,
    Obstacle,
    Problem,
)

DATABASE: Final = "auth0"
"""The strategy of connections that keep passwords."""
PREFIX: Final = f"{DATABASE}|"
"""What stands before the ids of their users."""


@dataclass(frozen=True, slots=True)
class UserError:
    """A user of a file who cannot be taken, and all that is wrong.

    user: as written, without credentials; None where there is none to be seen.
    """

    source: str
    line: int
    errors: tuple[FieldError, ...]
    user: Mapping[str, object] | None = None


def read_users(
    sources: Iterable[tuple[str, BinaryIO]],
) -> Iterator[ImportedUser | UserError]:
    """Every user of the files, each with a name; hashes are joined to users by id.

    Contract auth0 §7, import, export and hash export. Exports of hashes are held in
    memory until the user of each has passed; those of nobody are users themselves.
    """
    files, hashes = [], _Hashes()
    for name, stream in sources:
        items = read_records(stream)
        first = next(items, None)
        if first is None:
            continue
        if _is_hash_export(first):
            hashes.add(name, chain([first], items))
        else:
            files.append((name, chain([first], items)))
    for name, items in files:
        for item in items:
            yield _user(name, hashes.joined(_translated(item)))
    for name, item in hashes.rest():
        yield _user(name, item)


def _is_hash_export(item: Item) -> bool:
    value = item.value if isinstance(item, Record) and item.lined else None
    return isinstance(value, Mapping) and "_id" in value


class _Hashes:
    """Records of hash exports, by the id that they are joined on."""

    def __init__(self) -> None:
        self._by_id: dict[str, tuple[str, Record]] = {}
        self._others: list[tuple[str, Item]] = []

    def add(self, name: str, items: Iterable[Item]) -> None:
        """All records of one such file."""
        for item in items:
            item = _translated(item)
            value = item.value if isinstance(item, Record) else None
            key = value.get("user_id") if isinstance(value, Mapping) else None
            if isinstance(key, str) and isinstance(item, Record):
                key = key.removeprefix(PREFIX)
                if key not in self._by_id:
                    self._by_id[key] = name, item
                    continue
            self._others.append((name, item))

    def joined(self, item: Item) -> Item:
        """The user's record with the hash that was exported for the same id."""
        if not isinstance(item, Record) or not isinstance(item.value, Mapping):
            return item
        user_id = item.value.get("user_id")
        key = user_id.removeprefix(PREFIX) if isinstance(user_id, str) else ""
        if key not in self._by_id:
            return item
        hashed = dict(cast(Any, self._by_id.pop(key)[1].value))
        if "custom_password_hash" in item.value:
            hashed.pop("password_hash", None)
        return replace(item, value={**hashed, **item.value})

    def rest(self) -> Iterator[tuple[str, Item]]:
        """What belongs to no user of another file."""
        yield from self._by_id.values()
        yield from self._others


# --- records as the import writes them ------------------------------------------------

DERIVED: Final = frozenset(
    {
        "blocked_for",
        "connection",
        "created_at",
        "guardian_authenticators",
        "identities",
        "last_ip",
        "last_login",
        "last_password_reset",
        "logins_count",
        "multifactor",
        "multifactor_last_modified",
        "password_set_date",
        "provider",
        "updated_at",
    }
)
"""Fields of an export that tell what happened; they are not brought in."""
_IDENTIFIERS: Final = {
    "email": ("email", "email_verified"),
    "phone_number": ("phone_number", "phone_verified"),
    "username": ("username", ""),
}


def _from_hash_export(value: Mapping[str, object]) -> Mapping[str, object]:
    """A line of the hash export in the words of the import."""
    inner = value.get("_id")
    known = inner.get("$oid") if isinstance(inner, Mapping) else inner
    user_id = value.get("alt_id") or known
    if isinstance(user_id, str):
        user_id = PREFIX + user_id.removeprefix(PREFIX)
    user: dict[str, object] = {
        "user_id": user_id,
        "password_hash": value.get("passwordHash"),
        **{name: value[name] for name in _CARRIED if name in value},
    }
    identifiers = value.get("identifiers")
    for each in identifiers if isinstance(identifiers, list) else ():
        kind = each.get("type") if isinstance(each, Mapping) else None
        field, verified = _IDENTIFIERS.get(str(kind), ("", ""))
        if field and field not in user:
            user[field] = each.get("value")
            if verified and "verified" in each:
                user[verified] = each["verified"]
    return user


_CARRIED: Final = (
    "email",
    "email_verified",
    "username",
    "phone_number",
    "phone_verified",
    "blocked",
    "given_name",
    "family_name",
    "name",
    "nickname",
    "picture",
    "user_metadata",
    "app_metadata",
)


def _translated(item: Item) -> Item:
    """A line of an export in the words of the import; null says nothing there."""
    if not isinstance(item, Record) or not isinstance(item.value, Mapping):
        return item
    value: Mapping[str, object] = item.value
    if item.lined and "_id" in value:
        value = _from_hash_export(value)
    elif item.lined:
        value = {name: each for name, each in value.items() if name not in DERIVED}
    return replace(item, value=_said(value))


def _said(value: Mapping[str, object]) -> dict[str, object]:
    """Null says nothing (contract auth0 §0); metadata may hold nulls."""
    return {
        name: _said(inner)
        if isinstance(inner, Mapping) and not name.endswith("_metadata")
        else inner
        for name, inner in value.items()
        if inner is not None
    }


# --- from a record to a user ----------------------------------------------------------

PROFILE: Final = ("given_name", "family_name", "name", "nickname", "picture")
ATTRIBUTES: Final = ("app_metadata", "user_metadata", "phone_verified")
SHOWN: Final = frozenset({"email", "user_id", "username", *PROFILE})
"""What is told of a user who was not brought in: anything else may be a secret."""


def _user(source: str, item: Item) -> ImportedUser | UserError:
    if isinstance(item, Unreadable):
        return UserError(source, item.line, (FieldError("FORMAT", item.text),))
    if not isinstance(item.value, Mapping):
        wrong = FieldError("INVALID_TYPE", "must be an object")
        return UserError(source, item.line, (wrong,))
    wrong_fields = [*check_user(item.value)]
    user_id = str(item.value.get("user_id", ""))
    if item.lined and "|" in user_id and not user_id.startswith(PREFIX):
        text = "is the id of a user of another kind of connection"
        wrong_fields.append(FieldError("PATTERN", text, "user_id"))
    if not wrong_fields:
        return _imported(source, item.line, item.value)
    shown = {name: inner for name, inner in item.value.items() if name in SHOWN}
    return UserError(source, item.line, tuple(wrong_fields), shown)


def _imported(source: str, line: int, value: Mapping[str, Any]) -> ImportedUser:
    """The user of a record that `check_user` let pass."""
    profile: dict[str, Any] = {
        name: value[name].strip() for name in PROFILE if value.get(name, "").strip()
    }
    if value.get("phone_number"):
        profile["phone_number"] = value["phone_number"]
    if "email_verified" in value:
        profile["email_verified"] = value["email_verified"]
    user_id, factors = value.get("user_id"), value.get("mfa_factors", ())
    return ImportedUser(
        source=source,
        line=line,
        email=value["email"],
        external_id=user_id.removeprefix(PREFIX) if user_id else None,
        login=value.get("username"),
        profile=profile,
        attributes={name: value[name] for name in ATTRIBUTES if name in value},
        enabled=not value.get("blocked", False),
        password_hash=value.get("password_hash") or value.get("custom_password_hash"),
        totp_secret=next(_totp(factors), None),
        codes_to=tuple(_codes_to(factors)),
    )


Factors = Sequence[Mapping[str, Mapping[str, str]]]
CHANNELS: Final = {"phone": "sms", "email": "email"}


def _totp(factors: Factors) -> Iterator[str]:
    for factor in factors:
        if "totp" in factor:
            secret = factor["totp"]["secret"]
            yield secret.replace(" ", "").rstrip("=").upper()


def _codes_to(factors: Factors) -> Iterator[tuple[str, str]]:
    for factor in factors:
        for kind, channel in CHANNELS.items():
            if kind in factor:
                yield channel, factor[kind]["value"]


# --- what the flow found --------------------------------------------------------------

CODES: Final[Mapping[Problem, str]] = {
    Problem.REPEATED: "DUPLICATED_USER",
    Problem.KNOWN: "DUPLICATED_USER",
    Problem.EMAIL_TAKEN: "CONFLICT_EMAIL",
    Problem.LOGIN_TAKEN: "CONFLICT_USERNAME",
    Problem.HASH_UNUSABLE: "PATTERN",
}


def obstacle_error(obstacle: Obstacle) -> UserError:
    """An obstacle in Auth0's words."""
    user = obstacle.user
    path = ""
    if obstacle.problem is Problem.HASH_UNUSABLE:
        text = isinstance(user.password_hash, str)
        path = "password_hash" if text else "custom_password_hash"
    shown: dict[str, object] = {"email": user.email}
    if user.external_id:
        shown["user_id"] = user.external_id
    if user.login:
        shown["username"] = user.login
    error = FieldError(CODES[obstacle.problem], obstacle.text, path)
    return UserError(user.source, user.line, (error,), shown)


def summary(errors: Sequence[FieldError]) -> str:
    """Errors in one line; what came from the file shows no control character."""
    parts = [f"{e.code} {e.path} {e.message}".replace("  ", " ") for e in errors]
    return "; ".join(part if part.isprintable() else ascii(part) for part in parts)
