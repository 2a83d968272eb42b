"""Every name and id that leads to a user, and accounts made at a sign-in.

The same tests run on SQLite and PostgreSQL.
"""

import asyncio
from dataclasses import replace

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
    made = await people.provision(TENANT, "corp", profile, [profile.username], NOON)
    again = await people.provision(
        TENANT, "corp", profile, [profile.username], NOON + 60
    )
    assert made.user.username == "eve@corp.test"
    assert (made.user.connection, made.created_at) == ("corp", NOON)
    assert again == made


async def test_an_account_follows_the_profile(people: UserStore) -> None:
    """A renamed person stays the same; what is not told stays too."""
    first = Profile("eve@corp.test", external_id="corp|77", given_name="Eve")
    renamed = Profile("eve.adams@corp.test", external_id="corp|77")
    made = await people.provision(TENANT, "corp", first, [first.username], NOON)
    later = await people.provision(
        TENANT, "corp", renamed, [renamed.username], NOON + 60
    )
    assert later.user.id == made.user.id
    assert (later.user.username, later.user.given_name) == (renamed.username, "Eve")
    assert (later.created_at, later.updated_at) == (NOON, NOON + 60)


async def test_first_sign_ins_side_by_side_make_one_account(
    people: UserStore,
) -> None:
    """Of ten at once each gets the same account."""
    profile = Profile("+15551234567", phone_number="+15551234567")
    made = await asyncio.gather(
        *(
            people.provision(TENANT, "sms", profile, [profile.username], NOON)
            for _ in range(10)
        )
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


LISTED = user(id=BOB, connection="corp", username="bob@contoso.test", groups=("vip",))
BOBBY = Profile("bobby@corp.test", external_id="corp|5", groups=("staff",))


async def test_a_listed_account_is_found_by_the_name_that_was_typed(
    people: UserStore, database: Database
) -> None:
    """The connection says whose it is; the account keeps its own name and groups."""
    await write(database, PutUser(LISTED, NOON))
    made = await people.provision(TENANT, "corp", BOBBY, ["BOB@contoso.test"], NOON)
    again = await people.provision(TENANT, "corp", BOBBY, ["bobby"], NOON)
    assert made == again
    assert (made.user.id, made.user.username) == (BOB, "bob@contoso.test")
    assert (made.user.external_id, made.user.vouched) == ("corp|5", True)
    assert made.user.all_groups == ("vip", "staff")


async def test_groups_end_in_the_directory(people: UserStore) -> None:
    """What it tells replaces what it told; a silent connection changes nothing."""
    first = await people.provision(TENANT, "corp", BOBBY, ["bobby"], NOON)
    silent = Profile(BOBBY.username, external_id="corp|5")
    same = await people.provision(TENANT, "corp", silent, ["bobby"], NOON)
    none = Profile(BOBBY.username, external_id="corp|5", groups=())
    later = await people.provision(TENANT, "corp", none, ["bobby"], NOON)
    told = [each.user.all_groups for each in (first, same, later)]
    assert told == [("staff",), ("staff",), ()]


async def test_a_name_that_went_to_somebody_else_takes_no_account_with_it(
    people: UserStore,
) -> None:
    """Ids decide: the newcomer gets an account of their own, the other keeps theirs."""
    former = await people.provision(TENANT, "corp", BOBBY, ["bobby"], NOON)
    other = Profile(BOBBY.username, external_id="corp|6")
    newcomer = await people.provision(TENANT, "corp", other, ["bobby"], NOON + 1)
    assert newcomer.user.id != former.user.id
    assert newcomer.user.username == former.user.username
    left = await people.find(TENANT, former.user.id)
    assert left is not None
    assert left.user.username == f"{BOBBY.username}#{former.user.id}"
    back = Profile("bob.jones@corp.test", external_id="corp|5")
    moved = await people.provision(TENANT, "corp", back, ["bob.jones"], NOON + 2)
    assert (moved.user.id, moved.user.username) == (former.user.id, back.username)


async def test_first_sign_ins_of_one_person_by_two_names_make_one_account(
    people: UserStore,
) -> None:
    """Ten at once, under names that change in the same moment."""
    profiles = [
        Profile(f"bob{n % 2}@corp.test", external_id="corp|5") for n in range(10)
    ]
    made = await asyncio.gather(
        *(people.provision(TENANT, "corp", each, ["bob"], NOON) for each in profiles)
    )
    assert len({account.user.id for account in made}) == 1


async def test_a_name_that_is_listed_is_not_taken_by_renaming(
    people: UserStore, database: Database
) -> None:
    """Somebody who never came keeps the name, and what was decided of them."""
    listed = user(id=BOB, username="bob@corp.test", connection="corp", enabled=False)
    await write(database, PutUser(listed, NOON))
    before = Profile("eve@corp.test", external_id="corp|77")
    renamed = Profile("bob@corp.test", external_id="corp|77")
    made = await people.provision(TENANT, "corp", before, [before.username], NOON)
    later = await people.provision(
        TENANT, "corp", renamed, [renamed.username], NOON + 1
    )
    assert (later.user.id, later.user.username) == (made.user.id, "eve@corp.test")
    held = await people.find_by_username(TENANT, "corp", "bob@corp.test")
    assert held is not None
    assert held.user == listed


async def test_an_address_is_verified_and_not_what_takes_its_place(
    people: UserStore, database: Database
) -> None:
    """People may write their own entry: a new address is nobody's word but theirs."""
    listed = user(
        id=BOB,
        username="bob@corp.test",
        connection="corp",
        email="bob@corp.test",
        email_verified=True,
    )
    await write(database, PutUser(listed, NOON))
    same = Profile("bob@corp.test", external_id="corp|7", email="Bob@corp.test")
    other = Profile("bob@corp.test", external_id="corp|7", email="ceo@else.test")
    kept = await people.provision(TENANT, "corp", same, [same.username], NOON)
    changed = await people.provision(TENANT, "corp", other, [other.username], NOON + 1)
    assert kept.user.email_verified
    assert (changed.user.email, changed.user.email_verified) == ("ceo@else.test", False)


async def test_one_name_of_several_people_at_once_makes_an_account_for_each(
    people: UserStore,
) -> None:
    """A directory may say so while a name goes over; nobody gets another's account."""
    profiles = [Profile("bob@corp.test", external_id=f"corp|{n}") for n in range(2)]
    made = await asyncio.gather(
        *(people.provision(TENANT, "corp", each, ["bob"], NOON) for each in profiles)
    )
    assert [each.user.external_id for each in made] == ["corp|0", "corp|1"]
    assert len({each.user.id for each in made}) == 2


async def test_a_short_name_comes_along_if_it_is_free(
    people: UserStore, database: Database
) -> None:
    """Beside the full one; one that somebody else has stays with them."""
    taken = replace(LISTED, id=ALICE, login="bob", username="alice@contoso.test")
    await write(database, PutUser(taken, NOON))
    for short, login in (("bob", None), ("bobby", "bobby"), ("rob", "rob")):
        profile = replace(BOBBY, login=short)
        made = await people.provision(TENANT, "corp", profile, (), NOON)
        assert (made.user.username, made.user.login) == (BOBBY.username, login)
    found = await people.find_by_any_name(TENANT, "corp", "rob")
    assert found is not None
    assert found.user.id == made.user.id
