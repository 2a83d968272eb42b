"""Accounts made or brought up to date at a sign-in, for connections that know people.

Whether the person may sign in was decided before.
"""

import uuid
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from ostiary.core.accounts import fold
from ostiary.core.model import User
from ostiary.flows.facts import Profile
from ostiary.stores.database import Row, Script
from ostiary.stores.estate_writes import PUT_USER, user_row
from ostiary.stores.statement import Statement

_WHERE: Final = (
    "SELECT id, document FROM users WHERE tenant_id = :tenant_id "
    "AND connection = :connection "
)
_BY_NAME: Final = Statement(_WHERE + "AND name_folded = :key", lock=True)
_BY_EXTERNAL_ID: Final = Statement(_WHERE + "AND external_id = :key", lock=True)
_BY_LOGIN: Final = Statement(_WHERE + "AND login_folded = :key", lock=True)
_RESERVE: Final = Statement(
    """
    INSERT INTO users (id, tenant_id, connection, name_folded, document, external_id,
                       password_source, mfa_secret, password_changed_at,
                       sessions_valid_from, created_at, updated_at)
    VALUES (:id, :tenant_id, :connection, :name_folded, :document, :external_id,
            '', '', 0, 0, :now, :now)
    ON CONFLICT DO NOTHING RETURNING id
    """
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody whom a connection let in at `now`, and its further names for them."""

    tenant_id: str
    connection: str
    profile: Profile
    further: tuple[str, ...]
    now: float

    @property
    def names(self) -> tuple[str, ...]:
        """Folded names that are theirs: the connection says so."""
        return tuple(dict.fromkeys(map(fold, (self.profile.username, *self.further))))


def provision(arrival: Arrival) -> Script[str]:
    """Write what a connection tells of a person; returns the account's id.

    Two first sign-ins side by side make one account: the second finds the first's. A
    name that went over to somebody else leaves its former holder's account, which
    keeps its id.
    """
    before = yield from _find(arrival)
    if before is None:
        before = yield from _make(arrival)
    user = _known(before, arrival)
    if user.login != before.login and not (yield from _is_free(user)):
        user = replace(user, login=before.login)
    if fold(user.username) != fold(before.username) and not (
        yield from _free_name(arrival, user)
    ):
        user = replace(user, username=before.username)
    if user != before:
        yield PUT_USER, user_row(user, arrival.now)
    return user.id


def _make(arrival: Arrival) -> Script[User]:
    """A new account, or the one that somebody made in the same moment."""
    user = _new(arrival)
    yield from _free_name(arrival, user)
    row = user_row(user, arrival.now)
    made = yield _RESERVE, {name: row[name] for name in _RESERVED}
    found = None if made else (yield from _find(arrival))
    return found or user


def _free_name(arrival: Arrival, user: User) -> Script[bool]:
    """Whoever had the name before keeps their account, under one nobody types.

    False: the name is one that an administrator gave to somebody who never came. It
    stays theirs, with what was decided of them.
    """
    for holder in (yield from _named(arrival, fold(user.username))):
        if holder.id != user.id and _is(holder, arrival):
            return False
        if holder.id != user.id:
            left = replace(holder, username=f"{holder.username}#{holder.id}")
            yield PUT_USER, user_row(left, arrival.now)
    return True


_RESERVED: Final = (
    "id",
    "tenant_id",
    "connection",
    "name_folded",
    "document",
    "external_id",
    "now",
)


def _is_free(user: User) -> Script[bool]:
    """Whether nobody else of the connection has that short name."""
    where = {"tenant_id": user.tenant_id, "connection": user.connection}
    rows = yield _BY_LOGIN, {**where, "key": fold(user.login or "")}
    return all(row["id"] == user.id for row in rows)


def _find(arrival: Arrival) -> Script[User | None]:
    """By the connection's id; else an account that nobody came to yet, by name."""
    where = {"tenant_id": arrival.tenant_id, "connection": arrival.connection}
    external_id = arrival.profile.external_id
    if external_id is not None:
        rows = yield _BY_EXTERNAL_ID, {**where, "key": external_id}
        if rows:
            return _user(rows[0])
    for name in arrival.names:
        for user in (yield from _named(arrival, name)):
            if _is(user, arrival):
                return user
    return None


def _named(arrival: Arrival, name: str) -> Script[list[User]]:
    where = {"tenant_id": arrival.tenant_id, "connection": arrival.connection}
    rows = yield _BY_NAME, {**where, "key": name}
    return [_user(row) for row in rows]


def _is(user: User, arrival: Arrival) -> bool:
    """Whether somebody of that name is who arrived: ids decide, where both have one."""
    external_id = arrival.profile.external_id
    return external_id is None or user.external_id in (None, external_id)


def _user(row: Row) -> User:
    return msgspec.json.decode(row["document"], type=User)


def _new(arrival: Arrival) -> User:
    return User(
        str(uuid.uuid4()),
        arrival.tenant_id,
        arrival.connection,
        arrival.profile.username,
        external_id=arrival.profile.external_id,
        provisioned=True,
    )


def _known(user: User, arrival: Arrival) -> User:
    """The user with what the profile says; what it is silent about stays."""
    profile = arrival.profile
    keeps = not user.provisioned or fold(user.username) == fold(profile.username)
    groups = user.directory_groups if profile.groups is None else profile.groups
    email = profile.email or user.email
    # What was verified is an address, not whatever a person writes there later.
    verified = user.email_verified and fold(email or "") == fold(user.email or "")
    return replace(
        user,
        username=user.username if keeps else profile.username,
        external_id=profile.external_id or user.external_id,
        email=email,
        email_verified=profile.email_verified or verified,
        phone_number=profile.phone_number or user.phone_number,
        given_name=profile.given_name or user.given_name,
        family_name=profile.family_name or user.family_name,
        name=profile.name or user.name,
        nickname=profile.nickname or user.nickname,
        login=profile.login if profile.login and user.provisioned else user.login,
        directory_groups=groups,
        attributes={**user.attributes, **profile.attributes},
        vouched=user.vouched or profile.external_id is not None,
    )
