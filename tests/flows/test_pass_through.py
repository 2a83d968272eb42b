"""Pass-through domains: their passwords are checked by a connection of any strategy.

Contract entra §2.5, §8 and case 30; the upstream is made up, everything else is ours.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from ostiary import connections
from ostiary.connections import UPSTREAMS, Means, TenantConnections
from ostiary.connections.kept import KeptConnections
from ostiary.connections.lane import HashLane
from ostiary.connections.upstream import Away
from ostiary.core.errors import Reason, Refused
from ostiary.core.model import Authentication, ConnectionSettings, Domain
from ostiary.core.passwords import DirectoryLimit
from ostiary.core.request import TenantRef
from ostiary.dialects.entra.authority import ADFS_SURFACE, V1, V2, Surface
from ostiary.flows.facts import Candidate, Rejected, Verified
from ostiary.flows.manage.changes import PutClient, PutListed, PutTenant
from ostiary.stores.statement import Statement
from tests.connections.claims import no_secrets
from tests.connections.upstreams import JDOE as PROFILE
from tests.connections.upstreams import RIGHT, ToldUpstream
from tests.flows import values
from tests.flows.world import World, granted, refused, request

JDOE = "jdoe@corp.test"
COUNTERS = (
    Statement("SELECT account, count, locks FROM failures ORDER BY account"),
    Statement("SELECT source, count FROM source_failures ORDER BY source"),
)
EVERYWHERE = pytest.mark.parametrize(
    "surface", [V2, V1, ADFS_SURFACE], ids=["v2", "v1", "adfs"]
)


class Corp(ToldUpstream):
    """Knows J. Doe by their full name."""

    async def find(self, username: str) -> Candidate:
        """J. Doe, or nobody."""
        await self._act()
        known = "corp|1" if username.lower() == JDOE else None
        return Candidate(username.lower(), known, limit=DirectoryLimit())


@pytest.fixture
def upstream(monkeypatch: pytest.MonkeyPatch) -> Corp:
    """What every strategy makes."""
    made = Corp()
    monkeypatch.setattr(connections, "make_upstream", lambda *_: made)
    return made


@pytest.fixture(params=sorted(UPSTREAMS))
async def corp(
    request: pytest.FixtureRequest, world: World, upstream: Corp
) -> AsyncIterator[World]:
    """A world whose domain corp.test is passed through to that strategy."""
    lane, kept = HashLane(threads=1), KeptConnections()
    means = Means(lane, world.codes, world.clock, kept, no_secrets)
    world.ports = replace(world.ports, connections=TenantConnections(means))
    await put_domain(world, Authentication.PASS_THROUGH)
    settings = ConnectionSettings("corp", request.param)
    await world.write(PutListed(values.TENANT, "corp", 1, settings))
    yield world
    await kept.close()
    lane.close()


async def put_domain(world: World, authentication: Authentication) -> None:
    """The tenant with corp.test, and a client that may come to `organizations`."""
    domain = Domain("corp.test", authentication, "corp")
    tenant = values.tenant(domains=(Domain("contoso.test"), domain))
    client = values.client(multi_tenant=True)
    await world.write(PutTenant(tenant), PutClient(client))


async def sign_in(
    world: World, password: str = RIGHT, surface: Surface = V2, **fields: Any
) -> Any:
    """What comes of J. Doe's password."""
    known = {"username": JDOE, "password": password}
    return await world.ask(request(**{**known, **fields}), surface)


async def counters(world: World) -> list[Any]:
    """Every counter of wrong passwords."""
    return [list(await world.database.fetch(each)) for each in COUNTERS]


@EVERYWHERE
async def test_the_connection_decides(
    corp: World, upstream: Corp, surface: Surface
) -> None:
    """Right and wrong are what it says; an account is made of what it tells."""
    outcome = granted(await sign_in(corp, surface=surface))
    wrong = refused(await sign_in(corp, "no", surface))

    assert outcome.grant.subject is not None
    user = outcome.grant.subject.user
    assert (user.username, user.connection, user.external_id) == (
        JDOE,
        "corp",
        "corp|1",
    )
    assert outcome.grant.subject.amr == ("pwd",)
    assert wrong.reason is Reason.PASSWORD_WRONG
    assert upstream.asked == [RIGHT, "no"]


async def test_organizations_finds_the_domain(corp: World, upstream: Corp) -> None:
    """The user's own tenant, by the domain of the name; then the same connection."""
    home = TenantRef("organizations", True, True, frozenset({"password"}))

    outcome = granted(await sign_in(corp, tenant=home))

    assert outcome.grant.tenant.id == values.TENANT
    assert upstream.asked == [RIGHT]


@EVERYWHERE
@pytest.mark.parametrize(
    "reason",
    [
        Reason.DIRECTORY_UNREACHABLE,
        Reason.DIRECTORY_TIMEOUT,
        Reason.DIRECTORY_MISCONFIGURED,
        Reason.DIRECTORY_BUSY,
        Reason.DIRECTORY_LIED,
    ],
)
async def test_nobody_could_tell_is_no_wrong_password(
    corp: World, upstream: Corp, surface: Surface, reason: Reason
) -> None:
    """Told with the time after which to come again; no counter moves (promise 11)."""
    upstream.failure = Away(reason, "made up", 7)
    before = await counters(corp)

    outcome = refused(await sign_in(corp, surface=surface))

    told = corp.wire.code(outcome.reason)
    assert told in ("AADSTS80001", "AADSTS80002")
    assert outcome.facts["retry_after"] == 7
    assert await counters(corp) == before
    [record] = await corp.records()
    assert (record.outcome, record.reason) == ("refused", reason.value)
    upstream.failure = None
    granted(await sign_in(corp, surface=surface))


async def test_a_connection_that_is_off_asks_nobody(
    corp: World, upstream: Corp
) -> None:
    """Neither it nor the database of the same people."""
    before = await counters(corp)
    off = ConnectionSettings("corp", "ad", enabled=False)
    await corp.write(PutListed(values.TENANT, "corp", 1, off))

    outcome = refused(await sign_in(corp))

    assert corp.wire.code(outcome.reason).startswith("AADSTS8000")
    assert upstream.asked == []
    assert await counters(corp) == before


@pytest.mark.parametrize("password", [RIGHT, "no"])
async def test_a_federated_domain_is_never_asked(
    corp: World, upstream: Corp, password: str
) -> None:
    """The same connection, but the domain is federated: wrong, whatever it is (§8)."""
    await put_domain(corp, Authentication.FEDERATED)

    outcome = await sign_in(corp, password)

    assert isinstance(outcome, Refused)
    assert outcome.reason is Reason.PASSWORD_WRONG
    assert upstream.asked == []
    [record] = await corp.records()
    assert record.reason == "user_federated"


async def test_a_lock_holds_for_every_name_of_the_same_person(
    corp: World, upstream: Corp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Providers tell whom a name means with the password alone (promise 3)."""

    async def find(username: str) -> Candidate:
        return Candidate(username.lower(), None, limit=DirectoryLimit())

    async def verify(
        candidate: Candidate, username: str, password: str
    ) -> Verified | Rejected:
        return Verified(profile=PROFILE) if password == RIGHT else Rejected()

    monkeypatch.setattr(upstream, "find", find)
    monkeypatch.setattr(upstream, "verify", verify)
    other = "j.doe@corp.test"
    first = granted(await sign_in(corp)).grant.subject
    second = granted(await sign_in(corp, username=other)).grant.subject
    assert first is not None
    assert second is not None
    assert first.user == second.user
    away = values.trace("203.0.113.9")
    for number in range(5):
        await sign_in(corp, f"guess {number}", trace=away)
    for name in (JDOE, other):
        told = refused(await sign_in(corp, username=name, trace=away))
        assert told.reason is Reason.ACCOUNT_LOCKED
        assert told.facts["retry_after"] == 60
