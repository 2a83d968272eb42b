"""Users: added, changed, reset and removed by administrators.

What users do for themselves, sign-in first of all, is told elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ostiary.core.accounts import fold
from ostiary.core.model import PasswordState, Tenant, User
from ostiary.core.passwords import LONGEST_PASSWORD
from ostiary.flows.manage.administration import Administration
from ostiary.flows.manage.changes import Drop, Kind, PutUser, Write
from ostiary.flows.manage.declaration import StoredUser
from ostiary.flows.manage.locks import unlock_user
from ostiary.flows.manage.ports import ConflictError, Invalid, Missing
from ostiary.flows.manage.references import follow_name


@dataclass(frozen=True, slots=True)
class UserChange:
    """What an administrator wants of a user.

    password: a reset, which ends every session. must_change: it is good for nothing
    but being changed.
    """

    fields: Mapping[str, Any] = field(default_factory=dict)
    password: str | None = field(default=None, repr=False)
    must_change: bool = False
    end_sessions: bool = False
    unlock: bool = False


async def find_user(
    admin: Administration, tenant: Tenant, name: str, connection: str | None = None
) -> StoredUser:
    """The user of that id, user name or short name. Raises Missing or Invalid."""
    found = [
        each
        for each in await admin.estate.find_users(tenant.id, name)
        if connection in (None, each.user.connection)
    ]
    if len(found) > 1:
        where = ", ".join(each.user.connection for each in found)
        raise Invalid(f"{name} is in several connections, say which one: {where}")
    if not found:
        raise Missing(f"no such user in {tenant.name}: {name}")
    return found[0]


async def add_user(
    admin: Administration, tenant: Tenant, user: User, password: str | None = None
) -> User:
    """Add a user, with a password or without one.

    An empty connection is the tenant's own directory; without a password there the
    account is passwordless.
    """
    user = replace(user, connection=user.connection or tenant.default_directory)
    if await admin.estate.holder(user.id) is not None:
        raise ConflictError(f"{user.id} is or was somebody's id: ids are never reused")
    await _check(admin, tenant, user)
    if password is None and user.connection == tenant.default_directory:
        user = replace(user, password_state=PasswordState.NONE)
    hashed = await _hashed(admin, tenant, password)
    event = admin.event("user.add", tenant.id, user_id=user.id, username=user.username)
    await admin.write(event, PutUser(user, admin.clock.now(), hashed))
    return user


async def change_user(
    admin: Administration, tenant: Tenant, before: StoredUser, change: UserChange
) -> tuple[User, tuple[str, ...]]:
    """Change a user; returns it with the names of what really changed.

    A reset of the password ends every session (contract entra §3.7).
    """
    user = _with(before.user, change)
    await _check(admin, tenant, user)
    hashed = await _hashed(admin, tenant, change.password)
    differing = [
        name
        for name in User.__dataclass_fields__
        if getattr(user, name) != getattr(before.user, name)
    ]
    ends = change.end_sessions or hashed is not None
    done = (*differing, *["password"] * (hashed is not None), *["sessions"] * ends)
    ids = {"user_id": user.id, "username": user.username}
    if done:
        put = PutUser(user, admin.clock.now(), hashed, end_sessions=ends)
        event = admin.event("user.change", tenant.id, fields=", ".join(done), **ids)
        await admin.write(event, put, *await _follow(admin, before.user, user))
    if change.unlock:
        await unlock_user(admin, tenant, user)
        done = (*done, "locks")
    return user, done


def _with(user: User, change: UserChange) -> User:
    user = replace(user, **change.fields)
    if change.must_change:
        return replace(user, password_state=PasswordState.MUST_CHANGE)
    if change.password is not None:
        return replace(user, password_state=PasswordState.OK)
    return user


async def _follow(admin: Administration, before: User, after: User) -> list[Write]:
    if before.username == after.username:
        return []
    return await follow_name(
        admin.estate, after.tenant_id, before.username, after.username
    )


async def remove_user(admin: Administration, tenant: Tenant, user: User) -> None:
    """Remove a user with sessions and consents; the id never comes back."""
    event = admin.event(
        "user.remove", tenant.id, user_id=user.id, username=user.username
    )
    follow = await follow_name(admin.estate, tenant.id, user.username, None)
    await admin.write(event, Drop(tenant.id, Kind.USER, user.id), *follow)


async def _hashed(
    admin: Administration, tenant: Tenant, password: str | None
) -> str | None:
    if password is None:
        return None
    if (
        not password
        or len(password.encode("utf-8", "surrogatepass")) > LONGEST_PASSWORD
    ):
        raise Invalid(f"a password has 1 to {LONGEST_PASSWORD} bytes")
    return await admin.hashes.make(password, tenant.password_hash)


async def _check(admin: Administration, tenant: Tenant, user: User) -> None:
    """Names lead to this user only, and what the user names exists."""
    if user.connection not in await admin.estate.connections(tenant.id):
        raise Invalid(f"no such connection: {user.connection}")
    for name in {fold(each) for each in (user.username, user.login) if each}:
        for other in await admin.estate.find_users(tenant.id, name):
            same = other.user.connection == user.connection
            if same and other.user.id not in (user.id, name):
                raise ConflictError(f"{name} is the name of another user")
    for client_id in user.assigned_to:
        if not await admin.estate.find_clients(client_id):
            raise Invalid(f"no such application: {client_id}")
