"""What a world is made of beside its repositories: made up, and still.

No test lives here. Time moves only when a test says so; the connection answers what
it is told to; the database can be listened to and switched off.
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from ostiary.core.model import ConnectionSettings, Domain, Tenant
from ostiary.flows.facts import (
    Candidate,
    Claimed,
    Registry,
    Rejected,
    StoreUnavailable,
    Unreachable,
    Unsigned,
    Verified,
)
from ostiary.stores.database import Database, Row, Script
from ostiary.stores.statement import Statement
from tests.flows import values

T = TypeVar("T")

RIGHT: Final = "correct horse battery staple"
WRONG: Final = "Tr0ub4dor&3"


class StillClock:
    """Port `Clock`: moves when told to, and counts instead of drawing."""

    def __init__(self) -> None:
        self.at = values.NOON
        self._drawn = 0

    def now(self) -> float:
        """The moment that the test set."""
        return self.at

    def token(self) -> str:
        """The next token."""
        return f"token-{self._draw()}"

    def guid(self) -> str:
        """The next GUID."""
        return f"00000000-0000-4000-8000-{self._draw():012x}"

    def short_id(self) -> str:
        """The next short id."""
        return f"{self._draw():022d}"

    def between(self, low: int, high: int) -> int:
        """The lower end."""
        return low

    def _draw(self) -> int:
        self._drawn += 1
        return self._drawn


Answer = Verified | Rejected | Unreachable | Exception


@dataclass
class ToldConnection:
    """Port `Connection`: RIGHT is right for every account, unless `answer` says so."""

    name: str = values.DIRECTORY
    provisions: bool = False
    answer: Answer | None = None
    asked: list[tuple[str | None, str, str]] = field(default_factory=list)
    candidate: Candidate | Unreachable | None = None
    pretended: int = 0

    async def find(self, username: str) -> Candidate | Unreachable:
        """Whom the test means."""
        return self.candidate or Candidate(username.casefold())

    async def pretend(self, candidate: Candidate) -> None:
        """Take no time."""
        self.pretended += 1

    async def verify(
        self, tenant: Tenant, claimed: Claimed, password: str
    ) -> Verified | Rejected | Unreachable:
        """What the test wants to hear."""
        account, username = claimed.account, claimed.username
        self.asked.append((account.user.id if account else None, username, password))
        if isinstance(self.answer, Exception):
            raise self.answer
        if self.answer is not None:
            return self.answer
        return Verified() if account and password == RIGHT else Rejected()


@dataclass
class OneConnection:
    """Port `Connections`: every domain's passwords are checked in one place."""

    connection: ToldConnection

    def for_domain(self, registry: Registry, domain: Domain | None) -> ToldConnection:
        """The one connection."""
        return self.connection

    def named(self, tenant: Tenant, settings: ConnectionSettings) -> ToldConnection:
        """The same."""
        return self.connection


@dataclass
class OpenSigner:
    """Port `Signer` without keys: a token is its tenant and its claims, readable."""

    clock: StillClock

    async def sign(self, tenant_id: str, tokens: Sequence[Unsigned]) -> tuple[str, ...]:
        """The claims, in base64url."""
        signed = [{"by": tenant_id, "claims": dict(token.claims)} for token in tokens]
        return tuple(
            base64.urlsafe_b64encode(json.dumps(one).encode()).decode()
            for one in signed
        )

    async def verify(self, tenant_id: str, token: str) -> Mapping[str, object] | None:
        """The claims, if the tenant signed them and they still live."""
        try:
            signed = json.loads(base64.urlsafe_b64decode(token))
        except (ValueError, binascii.Error):
            return None
        claims: dict[str, object] = signed["claims"]
        alive = float(str(claims["exp"])) > self.clock.at
        return claims if signed["by"] == tenant_id and alive else None

    async def jwks(self, tenant_id: str, issuer: str) -> list[dict[str, object]]:
        """No keys."""
        return []


class NoAssertions:
    """Port `Assertions`: nobody proves anything by certificate here."""

    def read(self, client: object, assertion: str, now: float) -> Mapping[str, object]:
        """Never asked."""
        raise NotImplementedError


class HeardDatabase:
    """A database that notes every statement, and can refuse to write.

    heard: the statement of each read, and of each step of a transaction.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.heard: list[Statement] = []
        self.writes = True
        self.dialect = database.dialect

    async def fetch(self, statement: Statement, /, **parameters: object) -> list[Row]:
        """Note it and read."""
        self.heard.append(statement)
        return await self._database.fetch(statement, **parameters)

    async def transact(self, make_script: Callable[[], Script[T]]) -> T:
        """Note every statement and write; StoreUnavailable when switched off."""
        if not self.writes:
            raise StoreUnavailable("switched off by the test")
        return await self._database.transact(lambda: self._listen(make_script()))

    def _listen(self, script: Script[T]) -> Script[T]:
        rows: list[Row] | None = None
        while True:
            try:
                step = next(script) if rows is None else script.send(rows)
            except StopIteration as stop:
                result: T = stop.value
                return result
            self.heard.append(step[0])
            rows = yield step

    async def close(self) -> None:
        """Close the real one."""
        await self._database.close()
