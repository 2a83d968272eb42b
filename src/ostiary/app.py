"""The composition root: the only module that names concrete classes.

Opens what a configuration asks for and hands it to the flows as `Ports`.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path

from ostiary.agency import Agency, switchboard_of
from ostiary.agents.socket import AgentSocket
from ostiary.clock import SystemClock
from ostiary.configuration.entrance import ConnectionEntrance
from ostiary.connections import Means, TenantConnections
from ostiary.connections.agent_relay import RelayingSwitchboard
from ostiary.connections.courier import MessageCourier
from ostiary.connections.federation import PinnedFederation
from ostiary.connections.hashes import prepare_allocator
from ostiary.connections.kept import KeptConnections
from ostiary.connections.lane import HashLane
from ostiary.connections.laned import LanedHashes
from ostiary.connections.threaded import ThreadedHashes
from ostiary.dialects import DEFAULT_RESOURCES, DIALECTS, PAGES
from ostiary.dialects.site import Site
from ostiary.flows.manage.administration import Administration
from ostiary.flows.ports import Ports
from ostiary.keys.client_assertions import RegisteredCertificates
from ostiary.keys.device_keys import DeviceKeyReader
from ostiary.keys.envelopes import SealedEnvelopes
from ostiary.keys.local_ca import LocalTls, ensure_local_ca
from ostiary.keys.ring import KeyRing
from ostiary.keys.sealing import MasterKey
from ostiary.keys.totp import SealedSeeds
from ostiary.keys.vault import KeyVault
from ostiary.settings import Server
from ostiary.stores import open_database
from ostiary.stores.audit import AuditLog
from ostiary.stores.codes import CodeStore
from ostiary.stores.database import Database
from ostiary.stores.devices import DeviceStore
from ostiary.stores.directory import CachedDirectory
from ostiary.stores.estate import StoredEstate
from ostiary.stores.factors import FactorStore
from ostiary.stores.guesses import GuessCounters
from ostiary.stores.jobs import JobStore
from ostiary.stores.limits import StoredLimits
from ostiary.stores.migrations import migrate
from ostiary.stores.origin import check_origin
from ostiary.stores.people import UserStore
from ostiary.stores.sweeping import keep_sweeping
from ostiary.stores.tokens import TokenStore
from ostiary.stores.turns import StoredTurns
from ostiary.stores.watched import WatchedDatabase
from ostiary.web import Front


@dataclass(frozen=True, slots=True)
class House:
    """What every use of an instance needs: store, master key, clock."""

    server: Server
    database: Database
    master: MasterKey
    clock: SystemClock

    @property
    def estate(self) -> StoredEstate:
        """All that is configured, for administration."""
        return StoredEstate(self.database)

    @property
    def audit(self) -> AuditLog:
        """The sign-in log."""
        return AuditLog(self.database)

    @property
    def hashes(self) -> ThreadedHashes:
        """Password hashes outside of sign-in."""
        return ThreadedHashes()

    @property
    def vault(self) -> KeyVault:
        """Secrets on their way into the store."""
        return KeyVault(self.master, self.clock.now)

    @property
    def guesses(self) -> GuessCounters:
        """Counters of wrong passwords."""
        return GuessCounters(
            self.database,
            self.master.derive("guesses"),
            exempt_loopback=self.server.mode == "development",
        )

    @property
    def networks(self) -> tuple[str, ...]:
        """Where what tenants' administrators enter may lead beside the internet."""
        return tuple(str(each) for each in self.server.outgoing_networks)

    @property
    def turns(self) -> StoredTurns:
        """Turns at accounts of directories."""
        server = self.server
        alone = server.workers == 1 and self.database.dialect == "sqlite"
        return StoredTurns(self.database, alone=alone)

    @property
    def switchboard(self) -> RelayingSwitchboard:
        """Agents that are connected to the processes of this instance."""
        return switchboard_of(self.server, self.database, self.master)

    def open_agency(self) -> Agency:
        """The door for agents."""
        server, database, master = self.server, self.database, self.master
        ports = (self.limits, self.audit, self.clock)
        return Agency.open(server, database, master, *ports)

    @property
    def limits(self) -> StoredLimits:
        """Buckets that bound how often something is done."""
        return StoredLimits(
            self.database,
            self.master.derive("limits"),
            exempt_loopback=self.server.mode == "development",
        )

    def administration(self, door: str, who: str) -> Administration:
        """What administrators act with; `door` and `who` go to the audit log."""
        return Administration(
            estate=self.estate,
            vault=self.vault,
            hashes=self.hashes,
            clock=self.clock,
            journal=self.audit,
            locks=self.guesses,
            jobs=JobStore(self.database),
            entrance=ConnectionEntrance(self.server),
            default_resources=DEFAULT_RESOURCES,
            door=door,
            who=who,
        )


Watch = Callable[[Ports, HashLane], Ports]


@dataclass(frozen=True, slots=True)
class Serving:
    """An instance ready to answer."""

    house: House
    ports: Ports
    fronts: tuple[Front, ...]
    lane: HashLane
    socket: AgentSocket


def database_url(server: Server) -> str:
    """The store's URL: the one configured, or a file in the data folder."""
    if server.database == "sqlite":
        return f"sqlite:///{server.data_dir / 'ostiary.sqlite'}"
    return str(server.database)


def prepare(server: Server) -> None:
    """Make the data folder, and bring the store's schema up to date."""
    server.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    migrate(database_url(server))


def local_tls(server: Server, hosts: tuple[str, ...]) -> LocalTls:
    """A certificate of a local CA, for development (interface §2, tls)."""
    return ensure_local_ca(server.data_dir, hosts)


def key_path(server: Server) -> Path:
    """Where the master key lies unless the configuration brings it."""
    return server.data_dir / "master.key"


@contextlib.asynccontextmanager
async def open_house(server: Server) -> AsyncIterator[House]:
    """Open the store of an instance that `prepare` made ready.

    Raises MisplacedStore for a store made for another mode or without its key.
    """
    database = WatchedDatabase(await open_database(database_url(server)))
    try:
        estate = StoredEstate(database)
        await check_origin(database, server.mode)
        master = _master_key(server, fresh=not await estate.tenant_ids())
        yield House(server, database, master, SystemClock())
    finally:
        await database.close()


def _master_key(server: Server, *, fresh: bool) -> MasterKey:
    if server.master_key is not None:
        return MasterKey.from_text(server.master_key.reveal())
    path = key_path(server)
    if fresh and not path.exists():
        with contextlib.suppress(FileExistsError):
            return MasterKey.create(path)
    return MasterKey.load(path)


@contextlib.asynccontextmanager
async def open_serving(
    server: Server, watch: Watch | None = None
) -> AsyncIterator[Serving]:
    """Everything that answers requests, inside a running event loop.

    `watch` may put ports of its own before ours, to count what passes.
    """
    async with open_house(server) as house:
        directory = CachedDirectory(house.database)
        await _prepare_memory(house.estate)
        lane = HashLane(server.hash_threads)
        courier = MessageCourier(house.vault.open, house.networks)
        ring = KeyRing(directory.signing_keys, house.master, house.clock.now, threads=2)
        kept = KeptConnections()
        codes = CodeStore(house.database, house.master.derive("one-time codes"))
        agency = house.open_agency()
        vault = house.vault
        means = Means(
            lane, codes, house.clock, kept, vault.open, house.networks, agency.board
        )
        ports = _ports(house, means, courier, ring, directory)
        if watch is not None:
            ports = watch(ports, lane)
        site = Site(server.base_url, house.master.derive("pairwise"))

        def desk(door: str, who: str) -> Administration:
            return replace(house.administration(door, who), hashes=LanedHashes(lane))

        dialects = (make(site, ports, desk) for make in DIALECTS.values())
        fronts = (agency.front, *dialects)
        sweeping = asyncio.create_task(keep_sweeping(house.database, house.clock.now))
        try:
            yield Serving(house, ports, fronts, lane, agency.socket)
        finally:
            sweeping.cancel()
            await courier.close()
            await kept.close()
            await agency.close()
            lane.close()
            ring.close()


def _ports(
    house: House,
    means: Means,
    courier: MessageCourier,
    ring: KeyRing,
    directory: CachedDirectory,
) -> Ports:
    """What flows need of the world, over one store."""
    return Ports(
        directory=directory,
        people=UserStore(house.database),
        connections=TenantConnections(means),
        federation=PinnedFederation(),
        guesses=house.guesses,
        turns=house.turns,
        limits=house.limits,
        factors=FactorStore(house.database),
        seeds=SealedSeeds(house.master),
        envelopes=SealedEnvelopes(house.master),
        tokens=TokenStore(house.database),
        audit=house.audit,
        assertions=RegisteredCertificates(),
        devices=DeviceStore(house.database),
        device_signatures=DeviceKeyReader(),
        signer=ring,
        codes=means.codes,
        courier=courier,
        pages=PAGES,
        clock=house.clock,
    )


async def _prepare_memory(estate: StoredEstate) -> None:
    """Large hashes want another allocator setting (performance.md, lesson 9)."""
    largest = 0
    for tenant_id in await estate.tenant_ids():
        tenant = await estate.tenant(tenant_id)
        if tenant is not None:
            largest = max(largest, tenant.password_hash.memory_kib)
    prepare_allocator(largest)
