"""Somebody for whom a connection vouched gets the account that is theirs.

Whether they may sign in was decided before; how accounts are kept is the store's
business.
"""

from collections.abc import Iterator
from dataclasses import replace

from ostiary.core.accounts import fold, full_name
from ostiary.core.model import Tenant
from ostiary.flows.attempt import Attempt
from ostiary.flows.facts import Account, Candidate, Profile
from ostiary.flows.ports import Connection


async def provision(
    attempt: Attempt,
    tenant: Tenant,
    connection: Connection,
    profile: Profile,
    known: Account | None,
) -> Account:
    """The account of a person, made or brought up to date; `known`: found before."""
    people = attempt.ports.people
    names = [attempt.request.username or profile.username, profile.username]
    full = full_name(profile.username, profile.email, connection.name, tenant)
    profile = replace(profile, username=full)
    if known is None and profile.external_id is not None:
        names += [
            name
            for name in dict.fromkeys(_further(tenant, connection, profile, names[0]))
            if await _is_theirs(attempt, tenant, connection, profile, name)
        ]
    account = await people.provision(
        tenant.id, connection.name, profile, names, attempt.started
    )
    attempt.username, attempt.user_id = account.user.username, account.user.id
    return account


def _further(
    tenant: Tenant, connection: Connection, profile: Profile, typed: str
) -> Iterator[str]:
    """Names under which an administrator may have listed this person."""
    if profile.email:
        yield profile.email
    locals_ = (
        name.rpartition("\\")[2].partition("@")[0] for name in (typed, profile.username)
    )
    for local in dict.fromkeys(locals_):
        for domain in tenant.domains:
            if domain.connection == connection.name:
                yield f"{local}@{domain.name}"


async def _is_theirs(
    attempt: Attempt,
    tenant: Tenant,
    connection: Connection,
    profile: Profile,
    name: str,
) -> bool:
    """Whether somebody was listed by that name to whom nobody came yet, and the
    connection means this person by it: what was decided of them must hold whatever
    name they type first.
    """
    people = attempt.ports.people
    listed = await people.find_by_username(tenant.id, connection.name, fold(name))
    if listed is None or listed.user.external_id is not None:
        return False
    meant = await connection.find(name)
    return isinstance(meant, Candidate) and meant.external_id == profile.external_id
