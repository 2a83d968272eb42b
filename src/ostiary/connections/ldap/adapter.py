"""A directory behind LDAP, as the guard of a connection asks it: port `Upstream`.

Who somebody is, is searched with an account of ours; their password is tried by a bind
of their own, on connections apart.
"""

import asyncio
import logging
import secrets
from typing import Final

import ldap
from ldap.controls.ppolicy import PasswordPolicyControl

from ostiary.connections.ldap import names
from ostiary.connections.ldap.entries import Entry, id_of
from ostiary.connections.ldap.examining import examine
from ostiary.connections.ldap.groups import groups_of
from ostiary.connections.ldap.kinds import Kind, read_kind, read_root
from ostiary.connections.ldap.link import Handle, Link
from ostiary.connections.ldap.options import settings_of
from ostiary.connections.ldap.pool import Pool
from ostiary.connections.ldap.profiles import ATTRIBUTES, profile_of
from ostiary.connections.ldap.searching import (
    LinkSearches,
    PooledSearches,
    find,
    read,
)
from ostiary.connections.ldap.servers import Servers
from ostiary.connections.ldap.verdicts import check_kind, refusal_of, warning_of
from ostiary.connections.ldap.welcome import Welcome
from ostiary.connections.upstream import Away, Registered, Remark
from ostiary.core.accounts import fold
from ostiary.core.errors import Reason
from ostiary.core.passwords import DirectoryLimit
from ostiary.flows.facts import Candidate, Profile, Rejected, Verified

KIND_SECONDS: Final = 300.0
"""How long what a server said of itself is believed."""
MOST_FOUND: Final = 2
"""Whether there is more than one is all that matters."""
_SOUGHT: Final = (
    "objectGUID",
    "entryUUID",
    "uid",
    "userPrincipalName",
    "msDS-ResultantPSO",
    "pwdPolicySubentry",
)

logger = logging.getLogger(__name__)


class LdapDirectory:
    """One connection's directory. Links are opened when they are first needed."""

    def __init__(
        self, registered: Registered, outgoing_networks: tuple[str, ...]
    ) -> None:
        """Read the options; raises ValueError."""
        self._settings = settings_of(registered)
        self._servers = Servers(self._settings, outgoing_networks)
        self._welcome = Welcome(self._settings)
        self._searching = Pool(self._enter, self._broke)
        self._binding = Pool(self._servers.open, self._broke)
        self._searches = PooledSearches(self._searching)
        self._kind: tuple[Kind, float] | None = None
        self._reading = asyncio.Lock()

    async def find(self, username: str) -> Candidate:
        """Whom it means by a name, with how their directory locks them.

        Everybody costs one search; two people of one name are nobody. Raises Away.
        """
        key = names.nobodys_key(username)
        if not names.is_askable(username):
            return Candidate(key, limit=self._settings.lockout or DirectoryLimit())
        kind = await self._known()
        # As anybody: or the number of tries until a lock would tell who exists.
        nobody = Candidate(key, limit=self._settings.lockout or kind.limit_of(None))
        name = names.own_name(username, kind.domains)
        entry = None if name is None else await self._person(name, kind)
        external_id = None if entry is None else self._external_id(entry)
        if entry is None or external_id is None:
            return nobody
        policy = entry.text("msDS-ResultantPSO") or entry.text("pwdPolicySubentry")
        limit = self._settings.lockout or kind.limit_of(policy)
        return Candidate(f"id:{external_id}", external_id, entry.dn, limit)

    async def verify(
        self, candidate: Candidate, username: str, password: str
    ) -> Verified | Rejected:
        """Check a password by one bind, as nobody for nobody. Raises Away."""
        if not password or "\0" in password:
            return Rejected()
        try:
            password.encode()
        except UnicodeEncodeError:  # no text that anybody could have chosen
            return Rejected()
        dn = candidate.place or f"CN={secrets.token_hex(8)},{self._settings.base_dn}"
        refusal = await self._bind(dn, password)
        if candidate.external_id is None:
            if refusal is None:
                raise Away(Reason.DIRECTORY_LIED, "it lets nobody in")
            return Rejected()
        if refusal is not None:
            return refusal
        return Verified(profile=await self._profile(candidate))

    async def look_up(self, username: str) -> Profile | None:
        """What is known of somebody. Raises Away."""
        candidate = await self.find(username)
        if candidate.external_id is None:
            return None
        return await self._profile(candidate)

    async def probe(self) -> None:
        """Whether a server lets us in and says what it is. Raises Away."""
        link = await self._servers.open()
        try:
            await read_root(LinkSearches(link))
        except Away as away:
            if away.reason is not Reason.DIRECTORY_MISCONFIGURED:
                raise  # a server that wants us to bind first is there
        finally:
            link.abort()

    async def examine(self) -> tuple[Remark, ...]:
        """See `examining`; costs one bind of our own account."""
        return await examine(self._settings, self._servers)

    async def close(self) -> None:
        """Let go of every link and its thread."""
        self._searching.close()
        self._binding.close()

    async def _known(self) -> Kind:
        """What the directory is; read again every five minutes."""
        now = asyncio.get_running_loop().time
        if self._kind is None or now() - self._kind[1] > KIND_SECONDS:
            async with self._reading:
                if self._kind is None or now() - self._kind[1] > KIND_SECONDS:
                    read = await read_kind(self._searches, self._settings.base_dn)
                    self._kind = read, now()
        return self._kind[0]

    async def _person(self, name: str, kind: Kind) -> Entry | None:
        """The one entry of a name; of two, the one whose UPN it is."""
        custom = self._settings.user_filter
        text = names.user_filter(name, custom=custom, domain=kind.domain)
        found = await find(
            self._searches, self._settings.base_dn, text, self._sought(), MOST_FOUND
        )
        if len(found) > 1:
            upn = fold(name)
            found = [e for e in found if fold(e.text("userPrincipalName") or "") == upn]
        return found[0] if len(found) == 1 else None

    def _sought(self) -> tuple[str, ...]:
        chosen = self._settings.id_attribute
        return _SOUGHT if chosen is None else (*_SOUGHT, chosen)

    def _external_id(self, entry: Entry) -> str | None:
        """`connection|id` (contract auth0 §4.2)."""
        own = id_of(entry, self._settings.id_attribute)
        if own is None:
            logger.error("connection %s: an entry has no id", self._settings.name)
            return None
        return f"{self._settings.name}|{own}"

    async def _bind(self, dn: str, password: str) -> Rejected | None:
        """One bind; None: it was accepted. Never sent twice."""

        def work(handle: Handle) -> list[object]:
            number = handle.simple_bind(dn, password, [PasswordPolicyControl()])
            kind, _, _, controls, *_ = handle.result4(number)
            check_kind(kind, ldap.RES_BIND)
            return list(controls)

        try:
            return warning_of(await self._binding.ask(work, twice=False))
        except ldap.LDAPError as error:
            return refusal_of(error)

    async def _profile(self, candidate: Candidate) -> Profile:
        """What their entry says of somebody, if it is still theirs."""
        kind = await self._known()
        attributes = (*self._sought(), *ATTRIBUTES)
        entry = await read(self._searches, candidate.place, attributes)
        external_id = None if entry is None else self._external_id(entry)
        if entry is None or external_id != candidate.external_id:
            raise Away(Reason.DIRECTORY_LIED, "an entry changed hands")
        custom = self._settings.group_filter
        groups = await groups_of(self._searches, kind, entry, custom)
        return profile_of(
            entry,
            candidate.external_id or "",
            domain=kind.domain,
            email_verified=self._settings.email_verified,
            groups=groups,
        )

    async def _enter(self) -> Link:
        return await self._servers.open(self._welcome.greet)

    def _broke(self, link: Link) -> None:
        self._servers.failed(link.address)
