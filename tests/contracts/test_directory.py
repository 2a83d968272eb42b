"""What the cached directory promises: never older than the last committed change.

Run on SQLite and PostgreSQL, with the same store opened twice as two nodes.
"""

import asyncio
from dataclasses import replace

import pytest

from ostiary.core.model import (
    AccessPolicy,
    ConnectionSettings,
    Consent,
    Domain,
    Effect,
    Permission,
    Resource,
)
from ostiary.flows.facts import (
    StoredKey,
)
from ostiary.flows.manage.changes import (
    Drop,
    Kind,
    PutClient,
    PutConsent,
    PutKey,
    PutListed,
    PutTenant,
    Write,
)
from ostiary.stores import directory as module
from ostiary.stores.database import Database, Row
from ostiary.stores.directory import CachedDirectory
from ostiary.stores.estate import StoredEstate
from ostiary.stores.statement import Statement
from tests.flows.fakes import HeardDatabase
from tests.flows.values import (
    CONFIDENTIAL,
    DIRECTORY,
    ELSEWHERE,
    NOON,
    PUBLIC,
    READ_ALICE,
    TENANT,
    client,
    confidential,
    event,
    tenant,
)

TASKS = Resource("api://tasks", "7a1d0000-0000-4000-8000-000000000000")
BLOCK = AccessPolicy("policy", "block", Effect.BLOCK)
SETTINGS = ConnectionSettings(DIRECTORY, "auth0")
OTHER = tenant(id=ELSEWHERE, name="fabrikam", domains=(Domain("fabrikam.test"),))
KEY = StoredKey("kid", TENANT, "RS256", "sealed", "certificate", NOON, NOON)


async def write(database: Database, *writes: Write) -> None:
    """Change what is configured."""
    await StoredEstate(database).write(writes, event("applied"))


@pytest.fixture
async def furnished(database: Database) -> Database:
    """Two tenants; the first has one of everything."""
    await write(
        database,
        PutTenant(tenant(aliases=("alias.test",))),
        PutTenant(OTHER),
        PutClient(client()),
        PutClient(confidential(multi_tenant=True)),
        PutListed(TENANT, "b", 1, TASKS),
        PutListed(TENANT, "a", 2, replace(TASKS, identifier="api://later")),
        PutListed(TENANT, DIRECTORY, 0, SETTINGS),
        PutListed(TENANT, "block", 0, BLOCK),
        PutConsent(TENANT, PUBLIC, "", frozenset({READ_ALICE})),
        PutConsent(
            TENANT, PUBLIC, "somebody", frozenset({Permission("", "Mail.Read")})
        ),
        PutKey(KEY),
    )
    return database


async def test_a_registry_holds_all_that_is_configured(furnished: Database) -> None:
    """In the order of the configuration; consents of single users are not in it."""
    registry = await CachedDirectory(furnished).registry(TENANT)
    assert registry is not None
    assert registry.tenant == tenant(aliases=("alias.test",))
    assert set(registry.clients) == {PUBLIC, CONFIDENTIAL}
    assert registry.clients[PUBLIC] == client()
    assert [one.identifier for one in registry.resources] == [
        "api://tasks",
        "api://later",
    ]
    assert registry.connections == (SETTINGS,)
    assert registry.policies == (BLOCK,)
    assert registry.admin_consents == (Consent(PUBLIC, "", frozenset({READ_ALICE})),)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (TENANT, TENANT),
        (TENANT.upper(), TENANT),
        ("contoso.test", TENANT),
        ("Contoso.TEST", TENANT),
        ("alias.test", TENANT),
        ("fabrikam.test", ELSEWHERE),
        ("contoso", None),
        ("", None),
    ],
)
async def test_a_tenant_is_found_by_id_and_domain(
    furnished: Database, name: str, expected: str | None
) -> None:
    """In any case (contract entra §2.1); its mere name is no address."""
    found = CachedDirectory(furnished)
    assert await found.tenant_id(name) == expected
    assert await found.tenant_id(name) == expected


async def test_a_client_is_usable_at_home_or_when_it_is_multi_tenant(
    furnished: Database,
) -> None:
    """A single-tenant client of another tenant is nobody here (promise 6)."""
    found = CachedDirectory(furnished)
    assert await found.find_client(PUBLIC, TENANT) == client()
    assert await found.find_client(PUBLIC, ELSEWHERE) is None
    multi = confidential(multi_tenant=True)
    assert await found.find_client(CONFIDENTIAL, ELSEWHERE) == multi
    assert await found.find_client(PUBLIC) == client()
    assert await found.find_client("unknown", TENANT) is None


async def test_a_client_id_of_two_foreign_tenants_lets_in_nobody(
    furnished: Database,
) -> None:
    """Nobody could say which application is meant, so a third tenant knows neither."""
    third = replace(OTHER, id="33333333-3333-4333-8333-333333333333", name="third")
    third = replace(third, domains=(Domain("third.test"),))
    impostor = confidential(tenant_id=third.id, multi_tenant=True, name="impostor")
    await write(furnished, PutTenant(third), PutClient(impostor))
    found = CachedDirectory(furnished)
    assert await found.find_client(CONFIDENTIAL, ELSEWHERE) is None
    assert await found.find_client(CONFIDENTIAL, third.id) == impostor
    own = await found.find_client(CONFIDENTIAL, TENANT)
    assert own == confidential(multi_tenant=True)


async def test_a_tenants_own_client_comes_before_a_foreign_one(
    furnished: Database,
) -> None:
    """Ids are the tenant's own: its registration holds, whatever another says."""
    own = confidential(tenant_id=ELSEWHERE, name="ours")
    await write(furnished, PutClient(own))
    assert await CachedDirectory(furnished).find_client(CONFIDENTIAL, ELSEWHERE) == own


async def test_what_is_known_is_not_read_again(furnished: Database) -> None:
    """Only the stamp is: one small read for each look-up of a name."""
    heard = HeardDatabase(furnished)
    found = CachedDirectory(heard)
    for _ in range(2):
        heard.heard.clear()
        await found.tenant_id("contoso.test")
        await found.registry(TENANT)
        await found.find_client(PUBLIC, TENANT)
        await found.signing_keys(TENANT)
    assert heard.heard == [module.STAMP]


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        (PutClient(client(enabled=False)), "client"),
        (Drop(TENANT, Kind.CLIENT, PUBLIC), "client"),
        (PutTenant(tenant(password_grant=False)), "tenant"),
        (PutTenant(tenant(domains=(Domain("new.test"),))), "name"),
        (PutKey(replace(KEY, published_until=NOON)), "keys"),
        (Drop(TENANT, Kind.TENANT, TENANT), "name"),
        (Drop(TENANT, Kind.POLICY, "block"), "tenant"),
        (PutClient(confidential(multi_tenant=False)), "foreign"),
    ],
)
async def test_a_change_on_one_node_is_seen_by_the_next_look_up_on_another(
    furnished: Database, neighbour: Database, change: Write, seen: str
) -> None:
    """Disabled means refused on the very next request, on every node (promise 5)."""
    found = CachedDirectory(furnished)
    before = await _look(found, seen)
    assert before == await _look(found, seen)
    await write(neighbour, change)
    after = await _look(found, seen)
    assert after != before
    assert after == await _look(CachedDirectory(neighbour), seen)


async def _look(found: CachedDirectory, seen: str) -> object:
    """What a request learns, which starts by naming its tenant."""
    name = "fabrikam.test" if seen == "foreign" else "contoso.test"
    tenant_id = await found.tenant_id(name)
    if tenant_id is None or seen == "name":
        return tenant_id
    if seen == "client":
        return await found.find_client(PUBLIC, tenant_id)
    if seen == "foreign":
        return await found.find_client(CONFIDENTIAL, tenant_id)
    if seen == "keys":
        return await found.signing_keys(tenant_id)
    return await found.registry(tenant_id)


@pytest.mark.parametrize("name", ["\0", "contoso.test\0", "\ud800.test"])
async def test_a_name_that_no_store_keeps_is_nobodys(
    furnished: Database, name: str
) -> None:
    """A host that somebody made up is no defect of ours (security promise 14)."""
    assert await CachedDirectory(furnished).tenant_id(name) is None


async def test_unknown_names_are_not_remembered(furnished: Database) -> None:
    """Strangers cannot fill the memory with names of nobody."""
    found = CachedDirectory(furnished)
    for number in range(20):
        assert await found.tenant_id(f"{number}.test") is None
        assert await found.find_client(f"{number}", TENANT) is None
    kept = [getattr(found, name) for name in ("_names", "_foreign", "_tenants")]
    assert [len(one) for one in kept] == [0, 0, 1]


class SlowDatabase(HeardDatabase):
    """Holds back the answer to one statement, read already, until told to go on."""

    def __init__(self, database: Database, held: Statement) -> None:
        super().__init__(database)
        self.held: Statement | None = held
        self.reached, self.go_on = asyncio.Event(), asyncio.Event()

    async def fetch(self, statement: Statement, /, **parameters: object) -> list[Row]:
        """Read at once, answer when told to."""
        rows = await super().fetch(statement, **parameters)
        if statement is self.held:
            self.held = None
            self.reached.set()
            await self.go_on.wait()
        return rows


@pytest.mark.parametrize(
    ("statement", "seen", "change"),
    [
        (module._BY_NAME, "name", PutTenant(tenant(domains=(Domain("new.test"),)))),
        (module._CLIENT_ANYWHERE, "foreign", PutClient(confidential())),
        (module._CLIENTS, "client", PutClient(client(enabled=False))),
    ],
)
async def test_a_slow_look_up_does_not_bring_back_what_was_changed_meanwhile(
    furnished: Database, statement: Statement, seen: str, change: Write
) -> None:
    """What was read before a change is not kept after another request saw it."""
    slow = SlowDatabase(furnished, statement)
    found = CachedDirectory(slow)
    async with asyncio.timeout(10):
        begun = asyncio.create_task(_look(found, seen))
        await slow.reached.wait()
        await write(furnished, change)
        now = await _look(found, seen)
        slow.go_on.set()
        await begun
        assert await _look(found, seen) == now
    assert now == await _look(CachedDirectory(furnished), seen)
