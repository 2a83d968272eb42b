"""Sign-up: somebody makes an account of their own, where the tenant allows it.

What administrators add is told in `manage.users`; what a password must be, in `core`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ostiary.core.accounts import fold
from ostiary.core.errors import Reason, Refused
from ostiary.core.limits import Bucket, LimitKey, check_allowed
from ostiary.core.model import Client, Tenant, User
from ostiary.core.password_policy import check_new_password
from ostiary.core.request import TokenRequest
from ostiary.flows.attempt import Attempt
from ostiary.flows.connection import check_named
from ostiary.flows.facts import AuditEvent, Registry
from ostiary.flows.manage.administration import Administration
from ostiary.flows.manage.changes import PutUser
from ostiary.flows.manage.ports import ConflictError
from ostiary.flows.ports import Ports, Wire
from ostiary.flows.token import find_client, find_tenant

SIGNUPS: Final = Bucket("sign-up", 50, 1.2)
"""Fifty at once for each source address, one back every 1200 ms (auth0 §5)."""


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Who signs up, as they tell it; `email` is folded, `login` a short name."""

    email: str
    password: str = field(repr=False)
    login: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    name: str | None = None
    nickname: str | None = None
    picture: str | None = None
    attributes: Mapping[str, object] = field(default_factory=dict)

    @property
    def called(self) -> list[str]:
        """What they are called: a password must not hold it."""
        names = self.login, self.given_name, self.family_name, self.name, self.nickname
        return [self.email, *(name for name in names if name)]


async def sign_up(
    request: TokenRequest,
    person: NewPerson,
    wire: Wire,
    ports: Ports,
    admin: Administration,
) -> User:
    """The new user, written down with the record of it.

    Raises Refused; SIGNUP_TAKEN says that somebody is there already, as every sign-up
    must (contract auth0 §6).
    """
    async with Attempt(request, wire, ports, ports.clock.now()) as attempt:
        registry = await find_tenant(attempt)
        client = await find_client(attempt)
        if registry is None or client.tenant_id != registry.tenant.id:
            raise Refused(Reason.CLIENT_UNKNOWN, client_id=client.client_id)
        return await _sign_up(attempt, registry, client, person, admin)


async def _sign_up(
    attempt: Attempt,
    registry: Registry,
    client: Client,
    person: NewPerson,
    admin: Administration,
) -> User:
    tenant = registry.tenant
    connection = find_database(attempt, registry, client)
    await _check_rate(attempt, tenant)
    _check_password(attempt, person)
    await _check_free(admin, tenant, connection, person)
    hashed = await admin.hashes.make(person.password, tenant.password_hash)
    user = User(
        id=attempt.ports.clock.guid(),
        tenant_id=tenant.id,
        connection=connection,
        username=person.email,
        login=person.login,
        email=person.email,
        given_name=person.given_name,
        family_name=person.family_name,
        name=person.name,
        nickname=person.nickname,
        picture=person.picture,
        signed_up=True,
        attributes=person.attributes,
    )
    attempt.user_id, attempt.username = user.id, user.username
    await _write(admin, user, hashed, attempt.event("changed", "user.signup"))
    return user


def find_database(attempt: Attempt, registry: Registry, client: Client) -> str:
    """The name of the connection that keeps its passwords here and is meant.

    Raises Refused(CONNECTION_UNKNOWN, CONNECTION_DISABLED or CONNECTION_PASSIVE).
    """
    settings = check_named(registry, client, attempt.request.connection)
    connection = attempt.ports.connections.named(registry.tenant, settings)
    if connection is None or connection.provisions:
        raise Refused(Reason.CONNECTION_PASSIVE, connection=settings.name)
    return settings.name


async def _check_rate(attempt: Attempt, tenant: Tenant) -> None:
    ports, source = attempt.ports, attempt.request.trace.source
    key = LimitKey(tenant.id, source=source)
    allowance = await ports.limits.take(key, SIGNUPS, ports.clock.now())
    check_allowed(allowance, Reason.SOURCE_BLOCKED)


def _check_password(attempt: Attempt, person: NewPerson) -> None:
    if attempt.policy is None:
        raise Refused(Reason.TENANT_UNKNOWN)
    check_new_password(person.password, person.called, attempt.policy.leaks)


async def _check_free(
    admin: Administration, tenant: Tenant, connection: str, person: NewPerson
) -> None:
    """Nobody of the connection is called so, by any kind of name."""
    names = [person.email, *([fold(person.login)] if person.login else [])]
    if await admin.estate.find_people(tenant.id, connection, names, []):
        raise Refused(Reason.SIGNUP_TAKEN)


async def _write(
    admin: Administration, user: User, hashed: str, event: AuditEvent
) -> None:
    """One of two at once with the same name is too late: the store decides."""
    put = PutUser(user, admin.clock.now(), hashed)
    try:
        await admin.write(event, put)
    except ConflictError:
        raise Refused(Reason.SIGNUP_TAKEN) from None
