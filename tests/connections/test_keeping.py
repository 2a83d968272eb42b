"""Hashes kept of what a directory accepted, and connections kept between requests.

Directories are made up.
"""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from ostiary.connections.guarded import GuardedConnection
from ostiary.connections.hashes import parse_imported, verify_password
from ostiary.connections.keeping import KeepingConnection
from ostiary.connections.kept import KeptConnections
from ostiary.connections.lane import HashLane
from ostiary.connections.upstream import Away
from ostiary.core.model import ConnectionSettings, HashRules, Tenant, User
from ostiary.flows.facts import Account, Claimed, Rejected, Unreachable, Verified
from tests.connections.upstreams import JDOE, RIGHT, ToldUpstream
from tests.connections.vectors import OURS

CHEAP = HashRules(memory_kib=64, iterations=1)
CONTOSO = Tenant("a-tenant", "contoso", password_hash=CHEAP)
SETTINGS = ConnectionSettings("corp", "ad", options={"urls": ["ldaps://dc1"]})


@pytest.fixture
def upstream() -> ToldUpstream:
    """It answers at once."""
    return ToldUpstream()


@pytest.fixture
async def keeping(upstream: ToldUpstream) -> AsyncIterator[KeepingConnection]:
    """It keeps hashes of what the upstream accepts."""
    lane, guarded = HashLane(threads=1), GuardedConnection("corp", upstream)
    yield KeepingConnection(guarded, lane)
    await guarded.close()
    lane.close()


async def check(
    keeping: KeepingConnection, password: str, kept: str | None = None
) -> Verified | Rejected | Unreachable:
    """What becomes of a password of J. Doe, of whom that hash is kept."""
    candidate = await keeping.find("jdoe")
    assert not isinstance(candidate, Unreachable)
    user = User("a-guid", CONTOSO.id, "corp", "jdoe@corp.test")
    claimed = Claimed("jdoe", candidate, Account(user, kept))
    return await keeping.verify(CONTOSO, claimed, password)


async def test_a_right_password_brings_a_hash_once(keeping: KeepingConnection) -> None:
    """Of the tenant's rules; the next sign-in brings none."""
    first = await check(keeping, RIGHT)
    assert isinstance(first, Verified)
    assert first.profile == JDOE
    assert first.new_hash is not None
    assert first.new_hash.startswith("$argon2id$v=19$m=64,t=1,p=1$")
    assert verify_password(RIGHT, first.new_hash)
    assert await check(keeping, RIGHT, first.new_hash) == Verified(profile=JDOE)


@pytest.mark.parametrize("name", OURS)
async def test_an_older_password_or_hash_is_replaced(
    keeping: KeepingConnection, name: str
) -> None:
    """The directory knows which one is right now."""
    verdict = await check(keeping, RIGHT, parse_imported(OURS[name]))
    assert isinstance(verdict, Verified)
    assert verdict.new_hash is not None
    assert verify_password(RIGHT, verdict.new_hash)


async def test_nothing_is_kept_of_anything_else(
    keeping: KeepingConnection, upstream: ToldUpstream
) -> None:
    """Neither of a wrong password nor while the directory is away."""
    assert await check(keeping, "wrong") == Rejected()
    candidate = await keeping.find("jdoe")
    upstream.failure = Away()
    assert not isinstance(candidate, Unreachable)
    told = await keeping.verify(CONTOSO, Claimed("jdoe", candidate), RIGHT)
    assert told == Unreachable()


async def test_a_connection_is_made_once_and_anew_when_it_changed() -> None:
    """The one before is closed, and all at the end."""
    kept, made = KeptConnections(), [ToldUpstream() for _ in range(3)]
    waiting = iter(made)

    def make() -> GuardedConnection:
        return GuardedConnection("corp", next(waiting))

    first = kept.get(CONTOSO, SETTINGS, make)
    assert kept.get(CONTOSO, SETTINGS, make) is first
    other = Tenant("another", "fabrikam")
    assert kept.get(other, SETTINGS, make) is not first
    changed = replace(SETTINGS, options={"urls": ["ldaps://dc2"]})
    assert kept.get(CONTOSO, changed, make) is not first
    await kept.close()
    assert [each.closed for each in made] == [True] * 3
