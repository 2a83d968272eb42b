"""What sign-in reads of people and their consents, on SQLite and PostgreSQL.

Who writes them is administration, tested elsewhere.
"""

import pytest

from ostiary.core.accounts import fold
from ostiary.core.model import Consent, Permission
from ostiary.flows.facts import Account
from ostiary.flows.manage.changes import (
    Drop,
    DropConsent,
    Kind,
    PutConsent,
    PutUser,
    Write,
)
from ostiary.stores.database import Database
from ostiary.stores.estate import StoredEstate
from ostiary.stores.people import UserStore
from tests.flows.values import (
    ALICE,
    CONFIDENTIAL,
    DIRECTORY,
    ELSEWHERE,
    NOON,
    PUBLIC,
    TENANT,
    event,
    user,
)

READ, WRITE = Permission("", "User.Read"), Permission("api://tasks", "Tasks.Write")


async def write(database: Database, *writes: Write) -> None:
    """Change what is stored."""
    await StoredEstate(database).write(writes, event("applied"))


@pytest.fixture
async def people(database: Database) -> UserStore:
    """Alice at one tenant, with a hash and a time of her last reset."""
    put = PutUser(user(groups=("staff",)), NOON, "a hash", end_sessions=True)
    await write(database, put)
    return UserStore(database)


async def test_a_user_is_found_by_folded_name_and_by_id(people: UserStore) -> None:
    """With everything that sign-in needs, and equal both ways."""
    account = await people.find_by_username(TENANT, DIRECTORY, "alice@contoso.test")
    known = user(groups=("staff",))
    assert account == Account(known, "a hash", NOON, NOON, NOON, NOON)
    assert await people.find(TENANT, ALICE) == account


@pytest.mark.parametrize(
    ("tenant_id", "connection", "name"),
    [
        (ELSEWHERE, DIRECTORY, "alice@contoso.test"),
        (TENANT, "corp-ad", "alice@contoso.test"),
        (TENANT, DIRECTORY, "alice@contoso.test "),
        (TENANT, DIRECTORY, "alice%"),
        (TENANT, DIRECTORY, "alice@contoso.test\0"),
        (TENANT, DIRECTORY, "alice\ud800@contoso.test"),
    ],
)
async def test_nobody_else_is_found(
    people: UserStore, tenant_id: str, connection: str, name: str
) -> None:
    """Not of another tenant or connection, not by a name that is merely like it."""
    assert await people.find_by_username(tenant_id, connection, name) is None


async def test_an_id_is_found_in_its_own_tenant_only(people: UserStore) -> None:
    """Tenants are walls (promise 6)."""
    assert await people.find(ELSEWHERE, ALICE) is None
    assert await people.find(TENANT, "unknown") is None


async def test_elsewhere_means_another_tenant(people: UserStore) -> None:
    """A name of this tenant is not elsewhere, one that no store can hold is nowhere."""
    assert await people.find_elsewhere(ELSEWHERE, "alice@contoso.test")
    assert not await people.find_elsewhere(TENANT, "alice@contoso.test")
    assert not await people.find_elsewhere(ELSEWHERE, "bob@contoso.test")
    assert not await people.find_elsewhere(ELSEWHERE, "\0")


@pytest.mark.parametrize("name", ["Ä@contoso.test", "STRASSE", "İ@contoso.test"])
async def test_a_name_in_any_alphabet_is_found_without_case(
    people: UserStore, database: Database, name: str
) -> None:
    """Folding is done before the store, so both databases agree on it."""
    other = user(id="bbbbbbbb-0000-4000-8000-000000000002", username=name)
    await write(database, PutUser(other, NOON))
    for spelled in (name, name.lower(), name.upper()):
        found = await people.find_by_username(TENANT, DIRECTORY, fold(spelled))
        assert found is not None
        assert found.user.id == other.id


async def test_consents_are_the_users_own_and_everybodys(
    people: UserStore, database: Database
) -> None:
    """Of this client and tenant; another user's and another client's are not there."""
    await write(
        database,
        PutConsent(TENANT, PUBLIC, "", frozenset({READ})),
        PutConsent(TENANT, PUBLIC, ALICE, frozenset({WRITE})),
        PutConsent(TENANT, PUBLIC, "somebody", frozenset({WRITE})),
        PutConsent(TENANT, CONFIDENTIAL, ALICE, frozenset({WRITE})),
        PutConsent(ELSEWHERE, PUBLIC, ALICE, frozenset({WRITE})),
    )
    found = await people.consents(TENANT, PUBLIC, ALICE)
    assert sorted(found, key=lambda consent: consent.user_id) == [
        Consent(PUBLIC, "", frozenset({READ})),
        Consent(PUBLIC, ALICE, frozenset({WRITE})),
    ]


async def test_consent_that_was_taken_back_is_gone_at_once(
    people: UserStore, database: Database
) -> None:
    """People are never cached: the next read knows (promise 5)."""
    both = frozenset({READ, WRITE})
    await write(database, PutConsent(TENANT, PUBLIC, ALICE, both))
    await write(database, DropConsent(TENANT, PUBLIC, ALICE, frozenset({WRITE})))
    [left] = await people.consents(TENANT, PUBLIC, ALICE)
    assert left.permissions == {READ}
    await write(database, DropConsent(TENANT, PUBLIC, ALICE))
    assert await people.consents(TENANT, PUBLIC, ALICE) == []


async def test_changes_of_a_user_are_seen_at_once(
    people: UserStore, database: Database, neighbour: Database
) -> None:
    """Disabled on one node, then removed: the other reads it that way."""
    await write(neighbour, PutUser(user(enabled=False), NOON + 1))
    account = await people.find(TENANT, ALICE)
    assert account is not None
    assert not account.user.enabled
    assert account.password_hash == "a hash"
    assert account.password_changed_at == NOON
    await write(neighbour, Drop(TENANT, Kind.USER, ALICE))
    assert await people.find(TENANT, ALICE) is None
