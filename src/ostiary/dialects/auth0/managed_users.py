"""Users, and the locks that guessing brought about, in the management API.

Who may ask is decided in `management`.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from ostiary.core.accounts import fold
from ostiary.core.errors import Reason, Refused
from ostiary.core.model import User
from ostiary.core.request import Subject
from ostiary.dialects.auth0.claims import profile_of
from ostiary.dialects.auth0.managed import Asked
from ostiary.dialects.auth0.responses import NOT_STORED
from ostiary.dialects.auth0.surface import Surface
from ostiary.dialects.auth0.wire import Auth0Wire
from ostiary.flows.facts import Account
from ostiary.flows.id_tokens import find_named
from ostiary.flows.manage import locks
from ostiary.flows.manage.administration import Administration, Desk
from ostiary.flows.ports import Ports
from ostiary.web import HttpResponse, json_response

DOOR = "auth0 management"
NOTHING = HttpResponse(204, NOT_STORED, b"")


def administration(desk: Desk, asked: Asked) -> Administration:
    """What the client acts with; the log names it."""
    return desk(DOOR, asked.client_id)


@dataclass(frozen=True, slots=True)
class ManagedUsers:
    """The endpoints under `users`, `users-by-email`, `user-blocks` and `anomaly`."""

    ports: Ports
    desk: Desk

    async def show(self, asked: Asked) -> HttpResponse:
        """The user of that id. Raises Refused(OBJECT_UNKNOWN)."""
        [account, *_] = await self._of_id(asked)
        return json_response(200, self._rendered(asked, account), NOT_STORED)

    async def by_email(self, asked: Asked) -> HttpResponse:
        """Everybody of a mail address, as an array."""
        email = asked.required("email")
        admin = administration(self.desk, asked)
        people = await locks.find_people(admin, asked.tenant, email)
        accounts = [
            await self.ports.people.find(asked.tenant.id, user.id)
            for user in people
            if user.email and fold(user.email) == fold(email)
        ]
        found = [self._rendered(asked, each) for each in accounts if each is not None]
        return json_response(200, found, NOT_STORED)

    def _rendered(self, asked: Asked, account: Account) -> dict[str, object]:
        user = account.user
        settings = asked.registry.connection(user.connection)
        subject = Subject(user, (), 0.0, account.created_at, account.updated_at)
        profile = profile_of(subject, settings.strategy if settings else "auth0")
        return profile if user.enabled else {**profile, "blocked": True}

    async def _of_id(self, asked: Asked) -> Sequence[Account]:
        wire = Auth0Wire(Surface.MANAGEMENT, asked.tenant)
        found = await find_named(asked.registry, asked.names[0], wire, self.ports)
        if not found:
            raise Refused(Reason.OBJECT_UNKNOWN)
        return [account for account, _ in found]

    async def blocks_of_name(self, asked: Asked) -> HttpResponse:
        """Whether a name is locked, whoever has it (contract auth0 §5)."""
        name, admin = asked.required("identifier"), administration(self.desk, asked)
        return await self._blocks(asked, [name], admin)

    async def blocks_of_user(self, asked: Asked) -> HttpResponse:
        """Whether a user is locked."""
        accounts, admin = await self._of_id(asked), administration(self.desk, asked)
        names = [account.user.username for account in accounts]
        return await self._blocks(asked, names, admin)

    async def _blocks(
        self, asked: Asked, names: Sequence[str], admin: Administration
    ) -> HttpResponse:
        blocked = [
            _block(name, user)
            for name in names
            for user in await locks.locked_people(admin, asked.tenant, name)
        ]
        return json_response(200, {"blocked_for": blocked}, NOT_STORED)

    async def unblock_name(self, asked: Asked) -> HttpResponse:
        """End the lock of a name, even of nobody's (case A59)."""
        name, admin = asked.required("identifier"), administration(self.desk, asked)
        await locks.unlock_name(admin, asked.tenant, name)
        return NOTHING

    async def unblock_user(self, asked: Asked) -> HttpResponse:
        """End the lock of a user. Raises Refused(OBJECT_UNKNOWN)."""
        admin = administration(self.desk, asked)
        for account in await self._of_id(asked):
            await locks.unlock_user(admin, asked.tenant, account.user)
        return NOTHING

    async def show_address(self, asked: Asked) -> HttpResponse:
        """200 for an address that is blocked. Raises Refused(OBJECT_UNKNOWN)."""
        admin, source = administration(self.desk, asked), parse_address(asked.names[0])
        if not await locks.is_blocked(admin, asked.tenant, source):
            raise Refused(Reason.OBJECT_UNKNOWN)
        return json_response(200, {}, NOT_STORED)

    async def unblock_address(self, asked: Asked) -> HttpResponse:
        """Let an address try again."""
        admin, source = administration(self.desk, asked), parse_address(asked.names[0])
        await locks.unblock_source(admin, asked.tenant, source)
        return NOTHING


def parse_address(text: str) -> str:
    """An IP address. Raises Refused(PARAMETER_INVALID)."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        why = "must be an IP address"
        raise Refused(Reason.PARAMETER_INVALID, name="ip", why=why) from None


def _block(name: str, user: User | None) -> dict[str, object]:
    """Locks are of accounts, wherever the guesses came from: no address is told."""
    connection = {"connection": user.connection} if user else {}
    return {"identifier": name, **connection}
