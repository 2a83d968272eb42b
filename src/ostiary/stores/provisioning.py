"""Accounts made or brought up to date at a sign-in, for connections that know people.

Whether the person may sign in was decided before.
"""

import uuid
from dataclasses import replace
from typing import Final

import msgspec

from ostiary.core.accounts import fold
from ostiary.core.model import User
from ostiary.flows.facts import Profile
from ostiary.stores.database import Script
from ostiary.stores.estate_writes import PUT_USER, user_row
from ostiary.stores.statement import Statement

_WHERE: Final = (
    "SELECT document FROM users WHERE tenant_id = :tenant_id "
    "AND connection = :connection "
)
_BY_NAME: Final = Statement(_WHERE + "AND name_folded = :key", lock=True)
_BY_EXTERNAL_ID: Final = Statement(_WHERE + "AND external_id = :key", lock=True)
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


def provision(
    tenant_id: str, connection: str, profile: Profile, now: float
) -> Script[str]:
    """Write what `profile` tells; returns the account's id.

    Two first sign-ins side by side make one account: the second finds the first's.
    """
    user = _known(User(str(uuid.uuid4()), tenant_id, connection, ""), profile)
    row = user_row(user, now)
    made = yield _RESERVE, {name: row[name] for name in _RESERVED}
    if not made:
        statement = _BY_EXTERNAL_ID if profile.external_id else _BY_NAME
        where = {"tenant_id": tenant_id, "connection": connection}
        key = profile.external_id or fold(profile.username)
        rows = yield statement, {**where, "key": key}
        before = msgspec.json.decode(rows[0]["document"], type=User)
        user = _known(before, profile)
        if user == before:
            return user.id
    yield PUT_USER, user_row(user, now)
    return user.id


_RESERVED: Final = (
    "id",
    "tenant_id",
    "connection",
    "name_folded",
    "document",
    "external_id",
    "now",
)


def _known(user: User, profile: Profile) -> User:
    """The user with what the profile says; what it is silent about stays."""
    return replace(
        user,
        username=profile.username,
        external_id=profile.external_id or user.external_id,
        email=profile.email or user.email,
        email_verified=profile.email_verified or user.email_verified,
        phone_number=profile.phone_number or user.phone_number,
        given_name=profile.given_name or user.given_name,
        family_name=profile.family_name or user.family_name,
        name=profile.name or user.name,
        nickname=profile.nickname or user.nickname,
        groups=profile.groups or user.groups,
        attributes={**user.attributes, **profile.attributes},
    )
