"""A stranger cannot tell accounts apart by the work they cause (security promise 2).

Deterministic: the statements that each path sends to the store, in order, and the
hashes that it computes. Measured times are the business of the benchmarks.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import pytest
from argon2 import extract_parameters

from ostiary.connections import Means, TenantConnections
from ostiary.connections import database as connection_module
from ostiary.connections.hashes import hash_password, verify_password
from ostiary.connections.kept import KeptConnections
from ostiary.connections.lane import HashLane
from ostiary.core.errors import Reason
from ostiary.core.model import (
    AccessPolicy,
    Authentication,
    Domain,
    Effect,
    HashRules,
    PasswordState,
)
from ostiary.flows.manage.changes import PutListed, PutTenant, PutUser
from ostiary.stores import audit
from ostiary.stores.statement import Statement
from tests.connections.claims import no_secrets
from tests.contracts.counters import once
from tests.flows import values
from tests.flows.fakes import RIGHT, WRONG
from tests.flows.values import AWAY, NOON, TENANT, trace
from tests.flows.world import World, granted, refused

CHEAP = HashRules(memory_kib=64, iterations=1)
NOBODY, BOB = "nobody@contoso.test", "bob@contoso.test"
BOB_USER = values.user(id="bob", username=BOB)
FORGET = Statement("UPDATE users SET password_hash = NULL")
BLOCK = AccessPolicy("policy", "block", Effect.BLOCK)


@dataclass(frozen=True)
class Path:
    """An account, or none, at which somebody guesses wrong."""

    user: Mapping[str, object] = field(default_factory=dict)
    username: str = "alice@contoso.test"
    hashed: bool = True
    policy: bool = False


PATHS = {
    "well": Path(),
    "nobody": Path(username=NOBODY),
    "nobody without a domain": Path(username="nobody"),
    "nobody of a strange domain": Path(username="alice@strange.test"),
    "a long name": Path(username="a" * 900 + "@contoso.test"),
    "disabled": Path({"enabled": False}),
    "no password": Path({"password_state": PasswordState.NONE}, hashed=False),
    "no password any more": Path({"password_state": PasswordState.NONE}),
    "no hash yet": Path(hashed=False),
    "guest": Path({"guest": True}, hashed=False),
    "expired": Path({"password_state": PasswordState.EXPIRED}),
    "must change": Path({"password_state": PasswordState.MUST_CHANGE}),
    "second factor": Path({"mfa_required": True}),
    "blocked by policy": Path(policy=True),
    "federated": Path(username="alice@federated.test"),
    "nobody of a federated domain": Path(username="nobody@federated.test"),
}
EARLIER: dict[str, tuple[str, ...]] = {
    "first guess": (),
    "second guess": ("another",),
    "same guess again": (WRONG,),
    "while locked": tuple(f"guess {number}" for number in range(10)),
}


@pytest.fixture
def lane() -> Iterator[HashLane]:
    """A lane of one thread."""
    lane = HashLane(1)
    yield lane
    lane.close()


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The parameters of every hash that a password was checked against."""
    seen: list[object] = []

    def noted(password: str, stored: str) -> bool:
        seen.append(extract_parameters(stored))
        return verify_password(password, stored)

    monkeypatch.setattr(connection_module, "verify_password", noted)
    return seen


async def furnish(world: World, lane: HashLane, path: Path) -> None:
    """The tenant, its real connection, and Alice as the path has her."""
    means = Means(lane, world.codes, world.clock, KeptConnections(), no_secrets)
    world.ports = replace(world.ports, connections=TenantConnections(means))
    await world.database.transact(once(FORGET))
    federated = Domain("federated.test", Authentication.FEDERATED)
    domains = (Domain("contoso.test"), federated)
    stored = hash_password(RIGHT, CHEAP) if path.hashed else None
    await world.write(
        PutTenant(values.tenant(domains=domains, password_hash=CHEAP)),
        PutUser(values.user(**path.user), NOON, stored),
    )
    if path.policy:
        await world.write(PutListed(TENANT, "block", 0, BLOCK))
    await world.sign_in(WRONG, username="warm@contoso.test", trace=trace(AWAY))


async def one_guess(
    world: World, hashed: list[object], username: str, earlier: tuple[str, ...]
) -> tuple[list[Statement], list[object], Reason, dict[str, object]]:
    """What one wrong password causes: statements, hashes, and what is told."""
    for password in earlier:
        await world.sign_in(password, username=username)
    world.database.heard.clear()
    hashed.clear()
    told = refused(await world.sign_in(WRONG, username=username))
    return list(world.database.heard), list(hashed), told.reason, told.facts


@pytest.mark.parametrize("guess", EARLIER)
@pytest.mark.parametrize("path", PATHS)
async def test_a_wrong_password_causes_the_same_work_whoever_it_is_for(
    world: World, lane: HashLane, hashed: list[object], path: str, guess: str
) -> None:
    """The same statements in the same order, the same hash, the same answer."""
    there = PATHS[path]
    await furnish(world, lane, there)
    found = await one_guess(world, hashed, there.username, EARLIER[guess])
    await world.write(PutUser(BOB_USER, NOON, hash_password(RIGHT, CHEAP)))
    await world.sign_in(WRONG, username="warm@contoso.test", trace=trace(AWAY))
    assert found == await one_guess(world, hashed, BOB, EARLIER[guess])
    statements, hashes, reason, _ = found
    locked = guess == "while locked"
    assert reason is (Reason.ACCOUNT_LOCKED if locked else Reason.PASSWORD_WRONG)
    assert len(hashes) == (0 if locked else 1)
    assert audit.INSERT in statements


async def test_a_right_password_is_hashed_once_too(
    world: World, lane: HashLane, hashed: list[object]
) -> None:
    """Of a disabled account as of a good one."""
    await furnish(world, lane, PATHS["disabled"])
    hashed.clear()
    assert refused(await world.sign_in()).reason is Reason.USER_DISABLED
    assert len(hashed) == 1
    await world.write(PutUser(values.user(), NOON))
    hashed.clear()
    granted(await world.sign_in())
    assert len(hashed) == 1
