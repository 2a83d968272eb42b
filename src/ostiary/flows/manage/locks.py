"""Locks that guessing brought about, as administrators see and end them.

When an account locks is arithmetic in `core.passwords`.
"""

from ostiary.core.accounts import fold
from ostiary.core.model import Tenant, User
from ostiary.core.passwords import accounts_of, is_source_blocked, nobodys_account
from ostiary.flows.manage.administration import Administration


async def find_people(admin: Administration, tenant: Tenant, name: str) -> list[User]:
    """Everybody of the tenant whom this name, of any kind, may lead to."""
    found: dict[str, User] = {}
    for connection in await admin.estate.connections(tenant.id):
        people = await admin.estate.find_people(
            tenant.id, connection, [fold(name.strip())], []
        )
        found |= {user.id: user for user in people}
    return list(found.values())


async def locked_people(
    admin: Administration, tenant: Tenant, name: str
) -> list[User | None]:
    """Whom of this name nobody can sign in as now; None stands for nobody's name."""
    now = admin.clock.now()
    people = await find_people(admin, tenant, name)
    locked: list[User | None] = []
    for user in people:
        ends = [
            await admin.locks.locked_until(tenant.id, each)
            for each in accounts_of(user)
        ]
        if max(ends) > now:
            locked.append(user)
    for account in [] if people else await _nobody(admin, tenant, name):
        if await admin.locks.locked_until(tenant.id, account) > now:
            return [None]
    return locked


async def _nobody(admin: Administration, tenant: Tenant, name: str) -> list[str]:
    """Where guesses at a name of nobody may have been counted."""
    connections = await admin.estate.connections(tenant.id)
    folded = fold(name.strip())
    return [nobodys_account(connection, folded) for connection in connections]


async def unlock_name(admin: Administration, tenant: Tenant, name: str) -> None:
    """Forget the wrong passwords for a name, whoever may have it, even nobody."""
    for user in await find_people(admin, tenant, name):
        await unlock_user(admin, tenant, user)
    event = admin.event("user.unlock", tenant.id)
    first, *also = await _nobody(admin, tenant, name)
    await admin.locks.unlock(tenant.id, first, event, also=also)


async def unlock_user(admin: Administration, tenant: Tenant, user: User) -> None:
    """Forget a user's wrong passwords."""
    ids = {"user_id": user.id, "username": user.username}
    event = admin.event("user.unlock", tenant.id, **ids)
    first, *also = accounts_of(user)
    await admin.locks.unlock(tenant.id, first, event, also=also)


async def is_blocked(admin: Administration, tenant: Tenant, source: str) -> bool:
    """Whether an address has failed too often today (security promise 3)."""
    now = admin.clock.now()
    failures = await admin.locks.source_failures(tenant.id, source, now)
    return is_source_blocked(failures, tenant.lockout)


async def unblock_source(admin: Administration, tenant: Tenant, source: str) -> None:
    """Forget the wrong passwords from an address."""
    event = admin.event("source.unlock", tenant.id, source=source)
    await admin.locks.forgive_source(tenant.id, source, event)
