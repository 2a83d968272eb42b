"""A small world for flows: real repositories, everything else from `fakes`.

No test lives here; requests to ask in it are made at the end.
"""

from typing import Final

from ostiary.connections.federation import PinnedFederation
from ostiary.core.errors import Refused
from ostiary.core.model import ConnectionSettings, Permission
from ostiary.core.names import INTROSPECTION, PASSWORD, REFRESH_TOKEN
from ostiary.core.request import (
    ClientCredential,
    Granted,
    ScopeRequest,
    TenantRef,
    TokenRequest,
)
from ostiary.dialects.entra.authority import V2, Surface
from ostiary.dialects.entra.wire import EntraWire
from ostiary.dialects.site import Site
from ostiary.flows.facts import (
    AuditEvent,
)
from ostiary.flows.manage.changes import (
    PutClient,
    PutConsent,
    PutListed,
    PutTenant,
    PutUser,
    Write,
)
from ostiary.flows.ports import Ports
from ostiary.flows.token import exchange
from ostiary.keys.device_keys import DeviceKeyReader
from ostiary.keys.envelopes import SealedEnvelopes
from ostiary.keys.sealing import MasterKey
from ostiary.keys.totp import SealedSeeds
from ostiary.stores.audit import AuditLog
from ostiary.stores.codes import CodeStore
from ostiary.stores.database import Database
from ostiary.stores.devices import DeviceStore
from ostiary.stores.directory import CachedDirectory
from ostiary.stores.estate import StoredEstate
from ostiary.stores.factors import FactorStore
from ostiary.stores.guesses import GuessCounters
from ostiary.stores.limits import StoredLimits
from ostiary.stores.people import UserStore
from ostiary.stores.tokens import TokenStore
from ostiary.stores.turns import StoredTurns
from tests.flows import values
from tests.flows.couriers import KeptCourier, PlainPages
from tests.flows.fakes import (
    RIGHT,
    HeardDatabase,
    NoAssertions,
    OneConnection,
    OpenSigner,
    StillClock,
    ToldConnection,
)

SITE: Final = Site("https://login.test", b"pairwise")
MASTER: Final = MasterKey([b"m" * 32])
READ: Final = ScopeRequest(names=("User.Read",))
OFFLINE: Final = ScopeRequest(
    names=("User.Read",), openid=frozenset({"openid", "offline_access"})
)


class World:
    """One tenant, its clients and Alice, over a database of either kind."""

    def __init__(self, database: Database, *, guess_key: bytes = b"guesses") -> None:
        self.database = HeardDatabase(database)
        self.clock = StillClock()
        self.connection = ToldConnection()
        self.directory = CachedDirectory(self.database)
        self.estate = StoredEstate(self.database)
        self.log = AuditLog(self.database)
        self.tokens = TokenStore(self.database)
        self.codes = CodeStore(self.database, b"codes")
        self.courier = KeptCourier()
        self.wire = EntraWire(V2, SITE)
        self.ports = Ports(
            directory=self.directory,
            people=UserStore(self.database),
            connections=OneConnection(self.connection),
            federation=PinnedFederation(),
            guesses=GuessCounters(self.database, guess_key),
            turns=StoredTurns(self.database, alone=True),
            limits=StoredLimits(self.database, b"limits"),
            factors=FactorStore(self.database),
            seeds=SealedSeeds(MASTER),
            envelopes=SealedEnvelopes(MASTER),
            tokens=self.tokens,
            audit=self.log,
            assertions=NoAssertions(),
            devices=DeviceStore(self.database),
            device_signatures=DeviceKeyReader(),
            signer=OpenSigner(self.clock),
            codes=self.codes,
            courier=self.courier,
            pages=PlainPages(),
            clock=self.clock,
        )
        self._read = 0

    async def write(self, *writes: Write) -> None:
        """Change what is configured, as an administrator does; no part of the log."""
        await self.estate.write(writes, values.event("applied"))
        await self.records()

    async def furnish(self, *more: Write) -> None:
        """The usual tenant with its clients and Alice, and `more`."""
        granted = values.client().permissions
        settings = ConnectionSettings(values.DIRECTORY, "auth0")
        await self.write(
            PutTenant(values.tenant()),
            PutListed(values.TENANT, values.DIRECTORY, 0, settings),
            PutClient(values.client()),
            PutClient(values.confidential()),
            PutUser(values.user(), values.NOON - values.DAY, "hash"),
            *(
                _consent(name, *granted)
                for name in (values.PUBLIC, values.CONFIDENTIAL)
            ),
        )
        if more:
            await self.write(*more)

    async def records(self) -> list[AuditEvent]:
        """What was written to the sign-in log since the last call."""
        found = await self.log.tail(1000, after=self._read)
        self._read = found[-1][0] if found else self._read
        return [event for _, event in found]

    async def sign_in(
        self, password: str = RIGHT, **fields: object
    ) -> Granted | Refused:
        """What comes of the password grant; `fields` of the request may differ."""
        return await self.ask(request(password=password, **fields))

    async def renew(self, token: str, **fields: object) -> Granted | Refused:
        """What comes of the refresh token grant."""
        known: dict[str, object] = {
            "grant_type": REFRESH_TOKEN,
            "refresh_token": token,
            "username": None,
            "password": None,
            "scope": ScopeRequest(given=False),
        }
        return await self.ask(request(**{**known, **fields}))

    async def ask(
        self, asked: TokenRequest, surface: Surface = V2
    ) -> Granted | Refused:
        """What comes of any request."""
        try:
            return await exchange(asked, EntraWire(surface, SITE), self.ports)
        except Refused as refused:
            return refused


def _consent(client_id: str, *permissions: Permission) -> Write:
    return PutConsent(values.TENANT, client_id, "", frozenset(permissions))


def request(**fields: object) -> TokenRequest:
    """Alice's right password at the public client, from home."""
    known: dict[str, object] = {
        "tenant": TenantRef(values.TENANT),
        "grant_type": PASSWORD,
        "client": ClientCredential(values.PUBLIC),
        "scope": READ,
        "trace": values.trace(),
        "username": "alice@contoso.test",
        "password": RIGHT,
    }
    return TokenRequest(**{**known, **fields})  # type: ignore[arg-type]


def about(client: ClientCredential, **fields: object) -> TokenRequest:
    """A question about a token (RFC 7662, RFC 7009) by `client`."""
    known: dict[str, object] = {
        "grant_type": INTROSPECTION,
        "client": client,
        "username": None,
        "password": None,
        "scope": ScopeRequest(given=False),
    }
    return request(**{**known, **fields})


def granted(outcome: Granted | Refused) -> Granted:
    """The grant, which must have been given."""
    assert isinstance(outcome, Granted), outcome
    return outcome


def refused(outcome: Granted | Refused) -> Refused:
    """The refusal, which must have come."""
    assert isinstance(outcome, Refused), outcome
    return outcome
