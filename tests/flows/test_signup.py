"""Sign-up: who may, how often, what is recorded; the wire's words are tested there."""

import pytest

from ostiary.configuration.entrance import ConnectionEntrance
from ostiary.core.accounts import fold
from ostiary.core.errors import Reason, Refused
from ostiary.core.model import ConnectionSettings, Tenant, User
from ostiary.core.request import ClientCredential
from ostiary.dialects import DEFAULT_RESOURCES
from ostiary.dialects.auth0.surface import Surface
from ostiary.dialects.auth0.wire import Auth0Wire
from ostiary.flows.facts import Overloaded
from ostiary.flows.manage.administration import Administration
from ostiary.flows.manage.changes import PutClient, PutListed, PutTenant, PutUser
from ostiary.flows.signup import NewPerson, sign_up
from ostiary.keys.sealing import MasterKey
from ostiary.keys.vault import KeyVault
from ostiary.settings import Server
from ostiary.stores.guesses import GuessCounters
from ostiary.stores.jobs import JobStore
from tests.flows import values
from tests.flows.values import AWAY, DIRECTORY, NOON, TENANT, trace
from tests.flows.world import World, refused, request

GOOD = "Tr0ub4dor-and-3"


class PlainHashes:
    """Port `Hashes` that says what it was given; `full` raises Overloaded."""

    full = False

    async def make(self, password: str, rules: object) -> str:
        """The password, marked."""
        if self.full:
            raise Overloaded(3)
        return f"hash of {password}"

    async def matches(self, password: str, stored: str) -> bool:
        """Never asked."""
        raise NotImplementedError

    def imported(self, declared: object) -> str:
        """Never asked."""
        raise NotImplementedError


def desk(world: World, *, full: bool = False) -> Administration:
    """What the front acts with."""
    hashes = PlainHashes()
    hashes.full = full
    return Administration(
        estate=world.estate,
        vault=KeyVault(MasterKey([b"v" * 32]), world.clock.now),
        hashes=hashes,
        clock=world.clock,
        journal=world.log,
        locks=GuessCounters(world.database, b"guesses"),
        jobs=JobStore(world.database),
        entrance=ConnectionEntrance(Server(mode="development")),
        default_resources=DEFAULT_RESOURCES,
        door="test",
        who="the user",
    )


async def join(
    world: World, email: str, *, full: bool = False, **fields: object
) -> User | Refused:
    """What comes of a sign-up."""
    known = {"grant_type": "", "username": None, "password": None}
    login = fields.pop("login", None)
    person = NewPerson(fold(email), GOOD, login=str(login) if login else None)
    asked = request(**{**known, "connection": DIRECTORY, **fields})
    wire = Auth0Wire(Surface.RO, Tenant(TENANT, "contoso"))
    try:
        return await sign_up(asked, person, wire, world.ports, desk(world, full=full))
    except Refused as refused:
        return refused


def reason_of(outcome: User | Refused) -> Reason:
    """Why it was refused, as it must have been."""
    assert isinstance(outcome, Refused), outcome
    return outcome.reason


async def test_an_account_is_written_with_its_record(world: World) -> None:
    """One record, which names the client and where it came from (promise 10)."""
    user = await join(world, "New@Mail.Test", login="newbie")
    assert isinstance(user, User)
    assert (user.username, user.login, user.email) == (
        "new@mail.test",
        "newbie",
        "new@mail.test",
    )
    assert user.signed_up
    assert not user.email_verified
    account = await world.ports.people.find(TENANT, user.id)
    assert account is not None
    assert account.password_hash == f"hash of {GOOD}"
    [record] = await world.records()
    assert (record.outcome, record.reason) == ("changed", "user.signup")
    assert (record.user_id, record.client_id) == (user.id, values.PUBLIC)
    assert record.trace == trace()


@pytest.mark.parametrize(
    ("email", "login"),
    [
        ("alice@contoso.test", None),
        ("ALICE@contoso.test", None),
        ("new@mail.test", "alice@contoso.test"),
    ],
)
async def test_every_kind_of_name_is_taken_once(
    world: World, email: str, login: str | None
) -> None:
    """By user name, short name or mail address, in any case."""
    assert reason_of(await join(world, email, login=login)) is Reason.SIGNUP_TAKEN
    [record] = await world.records()
    assert (record.outcome, record.reason) == ("refused", "signup_taken")


async def test_fifty_at_once_from_one_address(world: World) -> None:
    """Then one back every 1200 ms, whoever they are (contract auth0 §5)."""
    for number in range(50):
        assert isinstance(await join(world, f"box{number}@mail.test"), User)
    outcome = await join(world, "more@mail.test")
    # told as the lock that it is: too_many_attempts
    assert reason_of(outcome) is Reason.ACCOUNT_LOCKED
    assert (await world.records())[-1].reason == "source_blocked"
    away = await join(world, "away@mail.test", trace=trace(AWAY))
    assert isinstance(away, User)
    world.clock.at += 1.2
    assert isinstance(await join(world, "more@mail.test"), User)


async def test_a_client_of_another_tenant_signs_nobody_up(world: World) -> None:
    """Even a multi-tenant one (promise 6)."""
    other = values.tenant(id=values.ELSEWHERE, name="other", domains=())
    foreign = values.client(
        tenant_id=values.ELSEWHERE, client_id="foreign", multi_tenant=True
    )
    await world.write(PutTenant(other), PutClient(foreign))
    outcome = await join(world, "n@mail.test", client=ClientCredential("foreign"))
    assert reason_of(outcome) is Reason.CLIENT_UNKNOWN


async def test_a_connection_of_somebody_elses_people_takes_none(world: World) -> None:
    """Accounts are made only where their passwords are kept."""
    settings = ConnectionSettings("sms", "sms")
    await world.write(PutListed(TENANT, "sms", 1, settings))
    world.connection.provisions = True
    outcome = await join(world, "n@mail.test", connection="sms")
    assert reason_of(outcome) is Reason.CONNECTION_PASSIVE


async def test_a_full_lane_is_told_as_such(world: World) -> None:
    """503 with a time to come back, nobody was made."""
    outcome = await join(world, "n@mail.test", full=True)
    assert reason_of(outcome) is Reason.OVERLOADED
    assert isinstance(outcome, Refused)
    assert outcome.facts == {"retry_after": 3}
    people = world.ports.people
    assert await people.find_by_any_name(TENANT, DIRECTORY, "n@mail.test") is None


async def test_a_claimed_name_is_nobodys_where_names_are_trusted(world: World) -> None:
    """A stranger who signs up as a colleague is not let in by their user name.

    The wire of these worlds tells user names as facts; a verified address lets in.
    """
    claimed = values.user(signed_up=True, email_verified=False)
    await world.write(PutUser(claimed, NOON, "hash"))
    told = refused(await world.sign_in())
    assert told.reason is Reason.PASSWORD_WRONG
    assert (await world.records())[-1].reason == "user_unknown"
    verified = values.user(signed_up=True, email_verified=True)
    await world.write(PutUser(verified, NOON, "hash"))
    assert not isinstance(await world.sign_in(), Refused)
