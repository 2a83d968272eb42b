"""The connection over stored hashes: foreign ones open it, cost as much, and go."""

from collections.abc import Iterator

import pytest

from ostiary.connections import database
from ostiary.connections.database import DatabaseConnection
from ostiary.connections.hashes import dummy_hash, parse_imported, verify_password
from ostiary.connections.lane import HashLane
from ostiary.core.model import HashRules, Tenant, User
from ostiary.flows.facts import Account, Rejected, Verified
from tests.connections.claims import claimed
from tests.connections.vectors import BCRYPT, OURS, PASSWORD, SSHA

RULES = HashRules(memory_kib=64, iterations=1)
DEAR = HashRules()


@pytest.fixture
def lane() -> Iterator[HashLane]:
    """A lane of one thread."""
    lane = HashLane(threads=1)
    yield lane
    lane.close()


def account(stored: str | None) -> Account:
    """Alice, with that hash."""
    user = User("a-guid", "a-tenant", "people", "alice@contoso.test")
    return Account(user, stored)


async def check(
    lane: HashLane, stored: str | None, password: str, rules: HashRules = RULES
) -> object:
    """What the connection answers."""
    tenant = Tenant("a-tenant", "contoso", password_hash=rules)
    connection = DatabaseConnection("people", lane)
    return await connection.verify(tenant, claimed("alice", account(stored)), password)


@pytest.mark.parametrize("name", OURS)
async def test_a_foreign_hash_is_replaced_by_ours(lane: HashLane, name: str) -> None:
    """The first good sign-in brings a hash of the tenant's rules; the next none."""
    first = await check(lane, parse_imported(OURS[name]), PASSWORD)

    assert isinstance(first, Verified)
    assert first.new_hash is not None
    assert first.new_hash.startswith("$argon2id$v=19$m=64,t=1,p=1$")
    assert verify_password(PASSWORD, first.new_hash) is True
    assert await check(lane, first.new_hash, PASSWORD) == Verified(None)


@pytest.mark.parametrize("name", OURS)
async def test_a_wrong_password_replaces_nothing(lane: HashLane, name: str) -> None:
    """Rejected, whatever the hash."""
    stored = parse_imported(OURS[name])

    assert await check(lane, stored, PASSWORD + "!") == Rejected()


@pytest.mark.parametrize(
    ("stored", "dummies"), [(SSHA, 1), (None, 1), (BCRYPT, 0)], ids=str
)
async def test_a_quick_hash_costs_what_nobody_costs(
    lane: HashLane,
    monkeypatch: pytest.MonkeyPatch,
    stored: str | None,
    dummies: int,
) -> None:
    """Security promise 2: a wrong password at a digest pays for argon2id as well."""
    checked: list[str] = []

    def counting(password: str, against: str) -> bool:
        checked.append(against)
        return False

    monkeypatch.setattr(database, "verify_password", counting)

    assert await check(lane, stored, "wrong", DEAR) == Rejected()
    assert checked.count(dummy_hash(DEAR)) == dummies
    assert checked.count(stored or "") == (stored is not None)
