"""People brought in from another service: who is new, who is known, who is in the way.

How their file is read is told by the wire that wrote it; here they are values already.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import islice
from typing import Any, Final

from ostiary.core.accounts import external_id, fold
from ostiary.core.factors import Factor, FactorKind
from ostiary.core.model import PasswordState, Tenant, User
from ostiary.flows.manage.administration import Administration
from ostiary.flows.manage.changes import PutFactor, PutUser, Write
from ostiary.flows.manage.credentials import mfa_context

BATCH: Final = 100
"""People for whom the store is asked at a time."""


@dataclass(frozen=True, slots=True)
class ImportedUser:
    """A person as another service wrote them down, at `line` of `source`.

    profile: what is known of them, by the names of `User`; replaced when they are known
    already. attributes: likewise, each one as a whole. password_hash: by that service;
    text or mapping. totp_secret: in Base32. codes_to: channels by which second factors
    are sent, each with its address.
    """

    source: str
    line: int
    email: str
    external_id: str | None = None
    login: str | None = None
    profile: Mapping[str, Any] = field(default_factory=dict)
    attributes: Mapping[str, object] = field(default_factory=dict)
    enabled: bool = True
    password_hash: str | Mapping[str, object] | None = field(default=None, repr=False)
    totp_secret: str | None = field(default=None, repr=False)
    codes_to: tuple[tuple[str, str], ...] = ()


class Problem(StrEnum):
    """Why somebody is not brought in."""

    REPEATED = "repeated"
    KNOWN = "known"
    EMAIL_TAKEN = "email-taken"
    LOGIN_TAKEN = "login-taken"
    HASH_UNUSABLE = "hash-unusable"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Somebody who is not brought in; `text` says why, and never repeats a hash."""

    user: ImportedUser
    problem: Problem
    text: str


@dataclass(slots=True)
class Intake:
    """What bringing people in would write, and who stays outside."""

    writes: list[Write] = field(default_factory=list)
    inserted: int = 0
    updated: int = 0
    obstacles: list[Obstacle] = field(default_factory=list)


async def plan_import(
    admin: Administration,
    tenant: Tenant,
    connection: str,
    users: Iterable[ImportedUser],
    *,
    upsert: bool = False,
    progress: Callable[[int], None] = lambda done: None,
) -> Intake:
    """Compare people with those whom the connection knows.

    Somebody known is an obstacle, or with `upsert` is brought up to date: profile and
    attributes, never names, ids or credentials (contract auth0 §7). `progress` hears
    how many were looked at so far.
    """
    planner = _Planner(admin, tenant, connection, upsert)
    done = 0
    for batch in _batches(users):
        await planner.look_up(batch)
        for user in batch:
            planner.judge(user)
        done += len(batch)
        progress(done)
    return planner.intake


async def carry_out(
    admin: Administration, tenant: Tenant, intake: Intake, *more: Write
) -> None:
    """Write all of it, and `more`, in one transaction with one record.

    Raises ConflictError when a name was taken in the meantime.
    """
    writes = (*intake.writes, *more)
    if not writes:
        return
    counts = {"inserted": str(intake.inserted), "updated": str(intake.updated)}
    await admin.write(admin.event("user.import", tenant.id, **counts), *writes)


def _batches(users: Iterable[ImportedUser]) -> Iterator[list[ImportedUser]]:
    rest = iter(users)
    while batch := list(islice(rest, BATCH)):
        yield batch


def _names(user: ImportedUser) -> set[str]:
    """Every name that would lead to this person."""
    return {fold(each) for each in (user.email, user.login) if each}


def _names_of(user: User) -> set[str]:
    """Every name that leads to somebody who is known."""
    return {fold(each) for each in (user.email, user.login, user.username) if each}


class _Planner:
    """Judges one person after the other; remembers whom it has seen."""

    def __init__(
        self, admin: Administration, tenant: Tenant, connection: str, upsert: bool
    ) -> None:
        self.intake = Intake()
        self._admin, self._tenant = admin, tenant
        self._connection, self._upsert = connection, upsert
        self._names: set[str] = set()
        self._ids: set[str] = set()
        self._by_name: dict[str, User] = {}
        self._by_id: dict[str, User] = {}
        self._shared: set[str] = set()

    async def look_up(self, batch: Sequence[ImportedUser]) -> None:
        """Fetch everybody whom a name or an id of the batch leads to."""
        names = {name for user in batch for name in _names(user)}
        ids = {user.external_id for user in batch if user.external_id}
        found = await self._admin.estate.find_people(
            self._tenant.id, self._connection, sorted(names), sorted(ids)
        )
        ours = [user for user in found if user.connection == self._connection]
        self._by_id = {external_id(user): user for user in [*found, *ours]}
        self._by_name, self._shared = {}, set()
        for user in ours:
            for name in _names_of(user):
                if self._by_name.setdefault(name, user) is not user:
                    self._shared.add(name)

    def judge(self, user: ImportedUser) -> None:
        """Say what becomes of a person."""
        names, ids = _names(user), {user.external_id or ""} - {""}
        if names & self._names or ids & self._ids:
            self._refuse(user, Problem.REPEATED, "was already provided")
            return
        self._names |= names
        self._ids |= ids
        try:
            stored = self._stored_hash(user)
        except ValueError as unusable:
            self._refuse(user, Problem.HASH_UNUSABLE, str(unusable))
            return
        before = self._known(user)
        if isinstance(before, Problem):
            self._refuse(user, before, _IN_THE_WAY[before])
        elif before is not None:
            self._update(user, before)
        else:
            self._insert(user, stored)

    def _stored_hash(self, user: ImportedUser) -> str | None:
        if user.password_hash is None:
            return None
        return self._admin.hashes.imported(user.password_hash)

    def _known(self, user: ImportedUser) -> User | Problem | None:
        """Whom of those present this person is; a problem if that cannot be told."""
        by_id = self._by_id.get(user.external_id or "")
        by_email = self._by_name.get(fold(user.email))
        if by_id is not None and by_id.connection != self._connection:
            return Problem.KNOWN
        before = by_id if user.external_id else by_email
        if before is not None and not self._upsert:
            return Problem.KNOWN if by_id else Problem.EMAIL_TAKEN
        if not user.external_id and fold(user.email) in self._shared:
            return Problem.EMAIL_TAKEN
        if self._is_taken(user.email, before):
            return Problem.EMAIL_TAKEN
        if user.login and self._is_taken(user.login, before):
            return Problem.LOGIN_TAKEN
        return before

    def _is_taken(self, name: str, before: User | None) -> bool:
        """Whether the name leads to others only."""
        if fold(name) not in self._by_name:
            return False
        return before is None or fold(name) not in _names_of(before)

    def _refuse(self, user: ImportedUser, problem: Problem, text: str) -> None:
        self.intake.obstacles.append(Obstacle(user, problem, text))

    def _update(self, user: ImportedUser, before: User) -> None:
        if before.id in self._ids:
            self._refuse(user, Problem.REPEATED, "was already provided")
            return
        self._ids.add(before.id)
        attributes = {**before.attributes, **user.attributes}
        after = replace(before, **user.profile, attributes=attributes)
        self.intake.updated += 1
        if after != before:
            self.intake.writes.append(PutUser(after, self._admin.clock.now()))

    def _insert(self, user: ImportedUser, stored: str | None) -> None:
        now, guid = self._admin.clock.now(), self._admin.clock.guid()
        state = PasswordState.OK if stored else PasswordState.NONE
        key = user.totp_secret
        person = User(
            id=guid,
            tenant_id=self._tenant.id,
            connection=self._connection,
            username=user.email,
            login=user.login,
            email=user.email,
            external_id=user.external_id,
            enabled=user.enabled,
            password_state=state,
            mfa_enrolled=bool(key or user.codes_to),
            attributes=dict(user.attributes),
            **user.profile,
        )
        secret = self._admin.vault.seal(key, mfa_context(guid)) if key else None
        self.intake.inserted += 1
        self.intake.writes.append(PutUser(person, now, stored, mfa_secret=secret))
        for channel, address in user.codes_to:
            self._enrol(guid, channel, address)

    def _enrol(self, user_id: str, channel: str, address: str) -> None:
        """A second factor that worked elsewhere works here."""
        clock = self._admin.clock
        factor = Factor(
            id=clock.guid(),
            kind=FactorKind.OOB,
            channel=channel,
            name=address,
            created_at=clock.now(),
        )
        self.intake.writes.append(PutFactor(self._tenant.id, user_id, factor))


_IN_THE_WAY: Final = {
    Problem.KNOWN: "exists already",
    Problem.EMAIL_TAKEN: "has the mail address of another user",
    Problem.LOGIN_TAKEN: "has the user name of another user",
}
