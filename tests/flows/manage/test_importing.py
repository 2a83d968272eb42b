"""Bringing people in: who is new, who is known, who is in the way."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from ostiary.connections.hashes import verify_password
from ostiary.connections.threaded import ThreadedHashes
from ostiary.core.accounts import external_id
from ostiary.core.factors import FactorKind
from ostiary.core.model import ConnectionSettings, PasswordState, User
from ostiary.flows.manage.administration import Administration
from ostiary.flows.manage.changes import (
    PutListed,
    PutTenant,
    PutUser,
    Write,
)
from ostiary.flows.manage.importing import (
    ImportedUser,
    Intake,
    Problem,
    carry_out,
    plan_import,
)
from ostiary.stores.audit import AuditLog
from ostiary.stores.database import Database
from ostiary.stores.estate import StoredEstate
from ostiary.stores.factors import FactorStore
from ostiary.stores.sqlite import open_memory
from tests.connections.vectors import BCRYPT, PASSWORD, SSHA
from tests.flows import values
from tests.flows.fakes import StillClock
from tests.flows.values import DIRECTORY, TENANT


class OpenVault:
    """Port `Vault` that shows what it was given."""

    def seal(self, text: str, context: str) -> str:
        """Not sealed at all."""
        return f"sealed({context}:{text})"


class Office:
    """Administration over a store with one tenant, and how people come in there."""

    def __init__(self, database: Database) -> None:
        """Over this store."""
        self.database = database
        self.estate = StoredEstate(database)
        self.log = AuditLog(database)
        self.progress: list[int] = []
        nothing = cast(Any, None)
        self.admin = Administration(
            estate=self.estate,
            vault=cast(Any, OpenVault()),
            hashes=ThreadedHashes(),
            clock=StillClock(),
            journal=nothing,
            locks=nothing,
            jobs=nothing,
            entrance=nothing,
            default_resources=(),
            door="command line",
            who="tester",
        )

    async def furnish(self, *more: Write) -> None:
        """The tenant, its connection and Alice."""
        settings = ConnectionSettings(DIRECTORY, "auth0")
        writes = (
            PutTenant(values.tenant()),
            PutListed(TENANT, DIRECTORY, 0, settings),
            PutUser(values.user(), values.NOON),
        )
        await self.estate.write([*writes, *more], values.event("applied"))

    async def plan(self, *users: ImportedUser, upsert: bool = False) -> Intake:
        """What bringing these in would do."""
        return await plan_import(
            self.admin,
            values.tenant(),
            DIRECTORY,
            users,
            upsert=upsert,
            progress=self.progress.append,
        )

    async def take(self, *users: ImportedUser, upsert: bool = False) -> Intake:
        """Bring them in."""
        intake = await self.plan(*users, upsert=upsert)
        await carry_out(self.admin, values.tenant(), intake)
        return intake

    async def people(self) -> Mapping[str, User]:
        """Everybody but Alice, by mail address."""
        users = await self.estate.users(TENANT)
        known = [each.user for each in users if each.user.id != values.ALICE]
        return {str(user.email): user for user in known}


@pytest.fixture
async def office(template: Path) -> AsyncIterator[Office]:
    """The usual tenant with Alice in it."""
    database = await open_memory(template)
    made = Office(database)
    await made.furnish()
    yield made
    await database.close()


def person(name: str = "bob", **more: Any) -> ImportedUser:
    """Somebody of a file."""
    known: dict[str, Any] = {
        "source": "users.json",
        "line": 1,
        "email": f"{name}@example.test",
        "external_id": f"id-of-{name}",
    }
    return ImportedUser(**{**known, **more})


async def test_a_new_person_comes_with_all_they_had(office: Office) -> None:
    """Id, names, profile, metadata, hash and second factor (contract auth0 §7)."""
    bob = person(
        login="Bobby",
        profile={"given_name": "Bob", "email_verified": True, "phone_number": "+49"},
        attributes={"user_metadata": {"color": "blue"}, "phone_verified": True},
        password_hash=BCRYPT,
        totp_secret="JBSWY3DPEHPK3PXP",
        codes_to=(("sms", "+49301234"),),
    )
    intake = await office.take(bob)

    assert (intake.inserted, intake.updated, intake.obstacles) == (1, 0, [])
    (stored,) = await office.estate.find_users(TENANT, "bobby")
    user = stored.user
    assert (user.external_id, user.username, user.login, user.email) == (
        "id-of-bob",
        "bob@example.test",
        "Bobby",
        "bob@example.test",
    )
    assert (user.given_name, user.email_verified, user.enabled) == ("Bob", True, True)
    assert user.attributes == bob.attributes
    assert verify_password(PASSWORD, str(stored.password_hash))
    assert stored.mfa_secret == f"sealed(mfa:{user.id}:JBSWY3DPEHPK3PXP)"
    assert user.mfa_enrolled
    first, second = await FactorStore(office.database).of_user(TENANT, user.id)
    assert (first.kind, first.secret) == (FactorKind.OTP, stored.mfa_secret)
    assert (second.kind, second.channel, second.name, second.active) == (
        FactorKind.OOB,
        "sms",
        "+49301234",
        True,
    )


async def test_one_record_tells_of_all(office: Office) -> None:
    """However many came, the log has one line with the numbers (promise 10)."""
    await office.take(*(person(f"p{number}") for number in range(250)))

    (event,) = [each for _, each in (await office.log.tail(10))[1:]]
    assert event.reason == "user.import"
    assert event.detail == {"by": "tester", "inserted": "250", "updated": "0"}
    assert office.progress == [100, 200, 250]
    assert len(await office.people()) == 250


async def test_nobody_new_leaves_no_record(office: Office) -> None:
    """Nothing written, nothing said."""
    await office.take()

    assert len(await office.log.tail(10)) == 1


async def test_without_a_hash_there_is_no_password(office: Office) -> None:
    """And a blocked person stays blocked."""
    await office.take(person(enabled=False))

    user = (await office.people())["bob@example.test"]
    assert user.password_state is PasswordState.NONE
    assert not user.enabled


@pytest.mark.parametrize("upsert", [False, True])
async def test_twice_in_the_file_is_an_error(office: Office, upsert: bool) -> None:
    """Whichever name or id comes back, in any case (contract auth0 §7)."""
    intake = await office.plan(
        person("bob", login="bobby"),
        person("other", external_id="id-of-bob"),
        person("BOB", external_id="x1"),
        person("third", external_id="x2", login="BOBBY"),
        person("bobby", external_id="x3", email="bobby"),
        upsert=upsert,
    )

    assert intake.inserted == 1
    assert {each.problem for each in intake.obstacles} == {Problem.REPEATED}
    assert len(intake.obstacles) == 4


async def test_without_upsert_the_known_are_in_the_way(office: Office) -> None:
    """By id, by mail address or by user name; each said as what it is."""
    await office.take(person("bob", login="bobby"))
    intake = await office.plan(
        person("new", external_id="id-of-bob"),
        person("Bob", external_id="another"),
        person("carol", login="bobby"),
        person("dan", external_id=None, email="BOB@example.test", login="d"),
        person("alice", external_id=None, email="alice@contoso.test"),
    )

    assert [each.problem for each in intake.obstacles[:3]] == [
        Problem.KNOWN,
        Problem.EMAIL_TAKEN,
        Problem.LOGIN_TAKEN,
    ]
    assert intake.obstacles[-1].problem is Problem.EMAIL_TAKEN
    assert (intake.inserted, intake.writes) == (0, [])


async def test_upsert_replaces_profile_and_metadata_only(office: Office) -> None:
    """Never a password, an id, a name or a block (contract auth0 §7)."""
    before = person(
        login="bobby",
        profile={"given_name": "Bob", "nickname": "b"},
        attributes={"user_metadata": {"a": 1, "b": 2}, "app_metadata": {"c": 3}},
        password_hash=BCRYPT,
    )
    await office.take(before)
    (first,) = await office.estate.find_users(TENANT, "bobby")
    changed = person(
        email="BOB@example.test",
        login="robert",
        profile={"given_name": "Robert"},
        attributes={"user_metadata": {"a": 9}},
        enabled=False,
        password_hash=SSHA,
        totp_secret="JBSWY3DPEHPK3PXP",
    )
    intake = await office.take(changed, upsert=True)

    assert (intake.inserted, intake.updated) == (0, 1)
    (second,) = await office.estate.find_users(TENANT, first.user.id)
    user = second.user
    assert second.password_hash == first.password_hash
    assert (user.id, user.external_id) == (first.user.id, "id-of-bob")
    assert (user.username, user.login, user.enabled) == (
        "bob@example.test",
        "bobby",
        True,
    )
    assert (user.given_name, user.nickname) == ("Robert", "b")
    assert user.attributes == {"user_metadata": {"a": 9}, "app_metadata": {"c": 3}}
    assert not user.mfa_enrolled
    assert second.mfa_secret == ""


async def test_upsert_without_an_id_goes_by_mail_address(office: Office) -> None:
    """The user name alone is not enough to be somebody."""
    await office.take(person("bob", login="bobby"))
    one = person(external_id=None, profile={"name": "Bob"})
    two = person("carol", external_id=None, login="bobby")
    intake = await office.take(one, two, upsert=True)

    assert intake.updated == 1
    assert [each.problem for each in intake.obstacles] == [Problem.LOGIN_TAKEN]
    assert (await office.people())["bob@example.test"].name == "Bob"


async def test_upsert_never_gives_somebody_another_id(office: Office) -> None:
    """A known address under a new id is somebody else's (ids stay for ever)."""
    await office.take(person("bob"), person("carol"))
    intake = await office.plan(
        person("bob", external_id="another"),
        person("carol", external_id="id-of-bob", email="dan@example.test"),
        person("eve", external_id="id-of-carol", email="bob@example.test"),
        upsert=True,
    )

    problems = {each.user.external_id: each.problem for each in intake.obstacles}
    assert problems["another"] is Problem.EMAIL_TAKEN
    assert problems["id-of-carol"] is Problem.REPEATED  # bob's address, once more
    assert intake.updated == 1


async def test_one_person_under_two_names_is_changed_once(office: Office) -> None:
    """By id in one line and by mail address in another: the second is refused."""
    await office.take(person("bob"))
    intake = await office.plan(
        person("new", external_id="id-of-bob"),
        person("bob", external_id=None),
        upsert=True,
    )

    assert intake.updated == 1
    assert [each.problem for each in intake.obstacles] == [Problem.REPEATED]


async def test_a_derived_id_is_an_id_as_well(office: Office) -> None:
    """Whoever came without one is found again by what was exported of them."""
    await office.take(person("bob", external_id=None))
    bob = (await office.people())["bob@example.test"]
    intake = await office.take(
        person("bob", external_id=external_id(bob), profile={"name": "B"}), upsert=True
    )

    assert (intake.inserted, intake.updated) == (0, 1)
    assert (await office.people())["bob@example.test"].external_id is None


async def test_an_id_of_another_connection_is_taken(office: Office) -> None:
    """Two people of a tenant would have one id; names may be alike."""
    other = ConnectionSettings("second", "auth0")
    await office.furnish(
        PutListed(TENANT, "second", 1, other),
        PutUser(
            values.user(
                id="b" * 36,
                connection="second",
                username="bob@example.test",
                email="bob@example.test",
                external_id="taken",
            ),
            0.0,
        ),
    )
    intake = await office.take(
        person("bob", external_id="free"),
        person("carol", external_id="taken"),
        upsert=True,
    )

    assert intake.inserted == 1
    assert [each.problem for each in intake.obstacles] == [Problem.KNOWN]


async def test_an_address_of_two_people_is_nobody(office: Office) -> None:
    """Which of them is meant cannot be told."""
    both = {"email": "both@example.test", "external_id": None}
    names = enumerate(("one@b.c", "two@b.c"))
    await office.furnish(
        *(
            PutUser(values.user(id=f"{n}" * 36, username=name, **both), 0.0)
            for n, name in names
        )
    )
    intake = await office.plan(person("both", external_id=None), upsert=True)

    assert [each.problem for each in intake.obstacles] == [Problem.EMAIL_TAKEN]
    assert intake.writes == []


@pytest.mark.parametrize("upsert", [False, True])
async def test_a_hash_that_is_no_use_is_told(office: Office, upsert: bool) -> None:
    """With the reason, and never with the hash."""
    await office.take(person("known"))
    bad = "$2b$31$" + BCRYPT[7:]
    intake = await office.plan(
        person("bob", password_hash=bad),
        person("known", password_hash={"algorithm": "md5"}),
        upsert=upsert,
    )

    assert [each.problem for each in intake.obstacles] == [Problem.HASH_UNUSABLE] * 2
    assert "cost 31" in intake.obstacles[0].text
    assert bad not in intake.obstacles[0].text
    assert bad not in repr(intake)


async def test_planning_writes_nothing(office: Office) -> None:
    """Until it is carried out, nobody is there."""
    await office.plan(person("bob"))

    assert await office.people() == {}
