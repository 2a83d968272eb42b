"""The house of the specs: built once from house.yaml, copied into memory per test.

What a request looks like stands in `house`.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa

from ostiary.app import open_house, prepare
from ostiary.configuration.entrance import ConnectionEntrance
from ostiary.configuration.reading import declare
from ostiary.connections import Means, TenantConnections
from ostiary.connections.courier import MessageCourier
from ostiary.connections.federation import PinnedFederation
from ostiary.connections.kept import KeptConnections
from ostiary.connections.lane import HashLane
from ostiary.connections.threaded import ThreadedHashes
from ostiary.dialects import DEFAULT_RESOURCES, DIALECTS, PAGES
from ostiary.dialects.site import Site
from ostiary.flows.manage.administration import Administration, Desk
from ostiary.flows.manage.apply import apply, management_event
from ostiary.flows.manage.planning import Planner
from ostiary.flows.ports import Ports
from ostiary.keys.client_assertions import RegisteredCertificates
from ostiary.keys.device_keys import DeviceKeyReader
from ostiary.keys.envelopes import SealedEnvelopes
from ostiary.keys.ring import KeyRing
from ostiary.keys.sealing import MasterKey
from ostiary.keys.totp import SealedSeeds
from ostiary.keys.vault import KeyVault
from ostiary.settings import Server, Settings, load
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
from ostiary.stores.people import UserStore
from ostiary.stores.sqlite import SqliteDatabase, open_memory
from ostiary.stores.tokens import TokenStore
from ostiary.stores.turns import StoredTurns
from ostiary.web import WebApp
from tests.keys.forms import bare, certificate_for, compact, pem_of
from tests.specs.house import (
    BASE,
    CONFIDENTIAL,
    EDITIONS,
    START,
    TOKEN,
    Edition,
    HeldClock,
    House,
)

PLANS = Path(__file__).parent / "house.yaml"


@dataclass(frozen=True)
class Built:
    """A finished store on disk with its master key, and a client's private key."""

    store: Path
    master: MasterKey
    client_key: rsa.RSAPrivateKey
    certificate: bytes


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The store that every test starts from; nobody writes to it."""
    folder = tmp_path_factory.mktemp("house")
    key = rsa.generate_private_key(65537, 2048)
    certificate = pem_of(certificate_for(key))
    (folder / "app.pem").write_bytes(certificate)
    shutil.copy(PLANS, folder / "house.yaml")
    settings = load(folder / "house.yaml", {})
    prepare(settings.server)
    master = asyncio.run(furnish(settings))
    return Built(settings.server.data_dir / "ostiary.sqlite", master, key, certificate)


async def furnish(settings: Settings) -> MasterKey:
    """Apply the plans to the store; returns its master key."""
    async with open_house(settings.server) as house:
        vault = KeyVault(house.master, lambda: START)
        planner = Planner(house.estate, vault, house.hashes, START)
        changes = await planner.plan(declare(settings))
        await apply(changes, house.estate, management_event("apply", START, "specs"))
        return house.master


@pytest.fixture(scope="session")
def lane() -> Iterator[HashLane]:
    """Threads for hashing, the same for all houses."""
    lane = HashLane(2)
    yield lane
    lane.close()


def ports_of(
    database: SqliteDatabase, master: MasterKey, clock: HeldClock, lane: HashLane
) -> Ports:
    """The adapters that the product uses, over one database."""
    directory = CachedDirectory(database)
    codes = CodeStore(database, master.derive("one-time codes"))
    unseal = KeyVault(master, clock.now).open
    return Ports(
        directory=directory,
        people=UserStore(database),
        connections=TenantConnections(
            Means(
                lane, codes, clock, KeptConnections(), KeyVault(master, clock.now).open
            )
        ),
        federation=PinnedFederation(),
        guesses=GuessCounters(
            database, master.derive("guesses"), exempt_loopback=False
        ),
        turns=StoredTurns(database, alone=True),
        limits=StoredLimits(database, master.derive("limits")),
        factors=FactorStore(database),
        seeds=SealedSeeds(master),
        envelopes=SealedEnvelopes(master),
        tokens=TokenStore(database),
        audit=AuditLog(database),
        assertions=RegisteredCertificates(),
        devices=DeviceStore(database),
        device_signatures=DeviceKeyReader(),
        signer=KeyRing(directory.signing_keys, master, clock.now, threads=1),
        codes=codes,
        courier=MessageCourier(unseal),
        pages=PAGES,
        clock=clock,
    )


def desk_of(database: Database, master: MasterKey, clock: HeldClock) -> Desk:
    """Where fronts get what administrators act with."""

    def administration(door: str, who: str) -> Administration:
        return Administration(
            estate=StoredEstate(database),
            vault=KeyVault(master, clock.now),
            hashes=ThreadedHashes(),
            clock=clock,
            journal=AuditLog(database),
            locks=GuessCounters(database, b"guesses"),
            jobs=JobStore(database),
            entrance=ConnectionEntrance(Server(mode="development")),
            default_resources=DEFAULT_RESOURCES,
            door=door,
            who=who,
        )

    return administration


@pytest.fixture
async def house(built: Built, lane: HashLane) -> AsyncIterator[House]:
    """A house of one's own, at the same moment for everybody."""
    database = await open_memory(built.store)
    clock = HeldClock()
    ports = ports_of(database, built.master, clock, lane)
    site = Site(BASE, built.master.derive("pairwise"))
    desk = desk_of(database, built.master, clock)
    fronts = [make(site, ports, desk) for make in DIALECTS.values()]
    yield House(WebApp(fronts), ports, database, clock)
    if isinstance(ports.signer, KeyRing):
        ports.signer.close()
    await database.close()


@pytest.fixture(params=EDITIONS, ids=lambda edition: edition.name)
def edition(request: pytest.FixtureRequest) -> Edition:
    """Each edition in turn, for sentences that all of them have."""
    found: Edition = request.param
    return found


@pytest.fixture
def assertion(built: Built) -> str:
    """What the confidential client signs with its certificate (RFC 7523 §3)."""
    certificate = x509.load_pem_x509_certificate(built.certificate)
    thumbprint = bare(certificate.fingerprint(hashes.SHA256()))
    header = {"alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint}
    claims = {
        "iss": CONFIDENTIAL,
        "sub": CONFIDENTIAL,
        "aud": f"{BASE}{TOKEN}",
        "exp": START + 600,
        "jti": "1",
    }
    return compact(built.client_key, header, claims)
