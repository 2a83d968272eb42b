"""Every name and id that leads to a user, and accounts made at a sign-in.

The same tests run on SQLite and PostgreSQL.
"""

import asyncio

import pytest

from ostiary.core.accounts import external_id
from ostiary.flows.facts import Profile
from ostiary.flows.manage.changes import Drop, Kind, PutUser, Write
from ostiary.flows.manage.ports import ConflictError
from ostiary.stores.database import Database
from ostiary.stores.estate import StoredEstate
from ostiary.stores.people import UserStore
from tests.flows.values import ALICE, DIRECTORY, ELSEWHERE, NOON, TENANT, event, user

BOB = "bbbbbbbb-0000-4000-8000-000000000002"
ALIAS = user(login="Ali", email="Alice@Mail.test", external_id="5f7c8ec7c33c6c004b")


async def write(database: Database, *writes: Write) -> None:
    """Change what is stored."""
    await StoredEstate(database).write(writes, event("applied"))


@pytest.fixture
async def people(database: Database) -> UserStore:
    """Alice, with every kind of name."""
    await write(database, PutUser(ALIAS, NOON))
    return UserStore(database)


@pytest.mark.parametrize("name", ["alice@contoso.test", "ali", "alice@mail.test"])
async def test_any_folded_name_leads_to_the_user(people: UserStore, name: str) -> None:
    """User name, short name and mail address, in this connection alone."""
    found = await people.find_by_any_name(TENANT, DIRECTORY, name)
    assert found is not None
    assert found.user == ALIAS
    assert await people.find_by_any_name(TENANT, "other", name) is None
    assert await people.find_by_any_name(ELSEWHERE, DIRECTORY, name) is None


async def test_a_mail_address_of_two_users_names_neither(
    people: UserStore, database: Database
) -> None:
    """Nobody could say who is meant; their own names still do."""
    other = user(id=BOB, username="bob@contoso.test", email="alice@mail.test")
    await write(database, PutUser(other, NOON))
    assert await people.find_by_any_name(TENANT, DIRECTORY, "alice@mail.test") is None
    found = await people.find_by_any_name(TENANT, DIRECTORY, "bob@contoso.test")
    assert found is not None
    assert found.user.id == BOB


async def test_a_short_name_is_given_once(
    people: UserStore, database: Database
) -> None:
    """Without case, in one connection; two users may exchange theirs."""
    other = user(id=BOB, username="bob@contoso.test", login="ALI")
    with pytest.raises(ConflictError):
        await write(database, PutUser(other, NOON))
    bob = user(id=BOB, username="bob@contoso.test", login="bob")
    await write(database, PutUser(bob, NOON))
    swapped = user(login="bob"), user(id=BOB, username="bob@contoso.test", login="ali")
    await write(database, *(PutUser(each, NOON) for each in swapped))
    found = await people.find_by_any_name(TENANT, DIRECTORY, "ali")
    assert found is not None
    assert found.user.id == BOB


async def test_the_external_id_leads_to_the_user(
    people: UserStore, database: Database
) -> None:
    """The one that was given, or the one that is derived."""
    plain = user(id=BOB, username="bob@contoso.test")
    await write(database, PutUser(plain, NOON))
    for each in (ALIAS, plain):
        of = external_id(each)
        found = await people.find_by_external_id(TENANT, DIRECTORY, of)
        assert found is not None
        assert found.user.id == each.id
    assert await people.find_by_external_id(TENANT, DIRECTORY, "\0") is None
    assert await people.find_by_external_id(ELSEWHERE, DIRECTORY, of) is None


async def test_a_first_sign_in_makes_an_account(people: UserStore) -> None:
    """With what the connection told, under an id that stays."""
    profile = Profile("eve@corp.test", external_id="corp|77", email="eve@corp.test")
    made = await people.provision(TENANT, "corp", profile, NOON)
    again = await people.provision(TENANT, "corp", profile, NOON + 60)
    assert made.user.username == "eve@corp.test"
    assert (made.user.connection, made.created_at) == ("corp", NOON)
    assert again == made


async def test_an_account_follows_the_profile(people: UserStore) -> None:
    """A renamed person stays the same; what is not told stays too."""
    first = Profile("eve@corp.test", external_id="corp|77", given_name="Eve")
    renamed = Profile("eve.adams@corp.test", external_id="corp|77")
    made = await people.provision(TENANT, "corp", first, NOON)
    later = await people.provision(TENANT, "corp", renamed, NOON + 60)
    assert later.user.id == made.user.id
    assert (later.user.username, later.user.given_name) == (renamed.username, "Eve")
    assert (later.created_at, later.updated_at) == (NOON, NOON + 60)


async def test_first_sign_ins_side_by_side_make_one_account(
    people: UserStore,
) -> None:
    """Of ten at once each gets the same account."""
    profile = Profile("+15551234567", phone_number="+15551234567")
    made = await asyncio.gather(
        *(people.provision(TENANT, "sms", profile, NOON) for _ in range(10))
    )
    assert len({account.user.id for account in made}) == 1
    assert made[0].user.id != ALICE


async def test_a_change_based_on_what_is_gone_is_a_conflict(
    people: UserStore, database: Database
) -> None:
    """Whoever disabled or removed the user meanwhile has the last word (promise 6)."""
    later = user(enabled=False)
    await write(database, PutUser(later, NOON + 1))
    with pytest.raises(ConflictError):
        await write(database, PutUser(ALIAS, NOON + 2, "hash", based_on=NOON))
    account = await people.find(TENANT, ALICE)
    assert account is not None
    assert not account.user.enabled
    assert account.password_hash is None
    await write(database, PutUser(later, NOON + 3, "hash", based_on=NOON + 1))
    await write(database, Drop(TENANT, Kind.USER, ALICE))
    with pytest.raises(ConflictError):
        await write(database, PutUser(later, NOON + 4, based_on=NOON + 3))
    assert await people.find(TENANT, ALICE) is None
