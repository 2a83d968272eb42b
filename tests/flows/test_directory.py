"""The password grant over a directory: asked carefully, told truthfully.

The directory is made up; real ones stand in tests/contracts/directories.
"""

import asyncio
from dataclasses import replace

import pytest

from ostiary.core.errors import Reason
from ostiary.core.model import Authentication, Domain, Tenant
from ostiary.core.passwords import DirectoryLimit
from ostiary.flows.facts import (
    Candidate,
    Claimed,
    Profile,
    Rejected,
    Unreachable,
    Verified,
)
from ostiary.flows.manage.changes import PutTenant, PutUser
from ostiary.stores.guesses import GuessCounters
from ostiary.stores.turns import StoredTurns
from tests.flows import values
from tests.flows.fakes import RIGHT, ToldConnection
from tests.flows.values import AWAY, NOON, trace
from tests.flows.world import World, granted, refused

JDOE = Profile("jdoe@contoso.test", external_id="corp|1", groups=("staff",))
NAMES = ("jdoe@contoso.test", "JDOE@contoso.test", "doe@contoso.test")


class Directory(ToldConnection):
    """Knows J. Doe by several names, and counts what it is asked."""

    def __init__(self, threshold: int = 0) -> None:
        super().__init__(provisions=True)
        self.limit = DirectoryLimit(threshold, 1800)
        self.right = RIGHT
        self.names: tuple[str, ...] = NAMES
        self.profile = JDOE
        self.verdict: Rejected | Unreachable | None = None
        self.checked: list[str] = []
        self.at_once = self.most_at_once = 0

    async def find(self, username: str) -> Candidate | Unreachable:
        """J. Doe, or nobody."""
        if username in self.names:
            return Candidate("id:corp|1", "corp|1", "cn=jdoe", self.limit)
        return Candidate(username.partition("@")[0], limit=self.limit)

    async def verify(
        self, tenant: Tenant, claimed: Claimed, password: str
    ) -> Verified | Rejected | Unreachable:
        """One password is right."""
        self.checked.append(password)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0.01)
        self.at_once -= 1
        if self.verdict is not None:
            return self.verdict
        if claimed.candidate.external_id and password == self.right:
            return Verified(profile=self.profile)
        return Rejected()


@pytest.fixture
async def directory(world: World) -> Directory:
    """The world's connection is a directory that never locks by itself."""
    return use(world, Directory())


def use(world: World, directory: Directory) -> Directory:
    """Put a directory where the world asks."""
    world.connection = directory
    connections = replace(world.ports.connections, connection=directory)  # type: ignore[type-var]
    world.ports = replace(world.ports, connections=connections)
    return directory


async def sign_in(world: World, password: str, name: str = NAMES[0]) -> object:
    """Why it was refused, or nothing."""
    outcome = await world.sign_in(password, username=name)
    return getattr(outcome, "reason", None)


async def test_somebody_new_gets_an_account(world: World, directory: Directory) -> None:
    """Just in time, with an id that stays, and what the directory tells of them."""
    first = granted(await world.sign_in(username=NAMES[0]))
    again = granted(await world.sign_in(username=NAMES[2]))
    assert first.grant.subject is not None
    assert again.grant.subject is not None
    user = first.grant.subject.user
    assert (user.username, user.external_id) == ("jdoe@contoso.test", "corp|1")
    assert user.all_groups == ("staff",)
    assert again.grant.subject.user.id == user.id
    records = await world.records()
    assert [(r.outcome, r.user_id) for r in records] == [("granted", user.id)] * 2


async def test_who_is_listed_keeps_their_account(
    world: World, directory: Directory
) -> None:
    """Flags, groups and consents of the configuration hold (interface §2, users)."""
    listed = values.user(
        id="dddddddd-0000-4000-8000-000000000001",
        username="doe@contoso.test",
        email=None,
        groups=("vip",),
    )
    await world.write(PutUser(listed, NOON))
    outcome = granted(await world.sign_in(username=NAMES[2]))
    assert outcome.grant.subject is not None
    user = outcome.grant.subject.user
    assert (user.id, user.username) == (listed.id, "doe@contoso.test")
    assert user.all_groups == ("vip", "staff")
    await world.write(PutUser(replace(user, enabled=False), NOON))
    assert await sign_in(world, RIGHT) is Reason.USER_DISABLED
    assert await sign_in(world, "wrong") is Reason.PASSWORD_WRONG


@pytest.mark.parametrize("typed", ["CORP\\doe", "jd@contoso.test", NAMES[0]])
async def test_flags_hold_whatever_name_is_typed_first(
    world: World, directory: Directory, typed: str
) -> None:
    """Who is listed by another name that the directory knows is no newcomer.

    A disabled account must not be got around by a first sign-in under a short name.
    """
    names = (*NAMES, "CORP\\doe", "jd@contoso.test", "doe@pta.test")
    directory.names = names
    through = Domain(
        "pta.test", Authentication.PASS_THROUGH, connection=values.DIRECTORY
    )
    domains = (Domain("contoso.test"), through)
    await world.write(PutTenant(values.tenant(domains=domains)))
    listed = values.user(
        id="dddddddd-0000-4000-8000-000000000001",
        username="doe@pta.test",
        email=None,
        enabled=False,
    )
    stranger = values.user(
        id="dddddddd-0000-4000-8000-000000000002",
        username="jdoe@pta.test",
        email=None,
    )
    directory.profile = replace(JDOE, email="doe@pta.test")
    await world.write(PutUser(listed, NOON), PutUser(stranger, NOON))
    assert await sign_in(world, RIGHT, typed) is Reason.USER_DISABLED
    found = await world.ports.people.find(values.TENANT, stranger.id)
    assert found is not None
    assert found.user.external_id is None


async def test_groups_follow_the_directory(world: World, directory: Directory) -> None:
    """Who left a group there has left it here."""
    granted(await world.sign_in(username=NAMES[0]))
    gone = replace(JDOE, groups=())
    directory.verdict = Verified(profile=gone)  # type: ignore[assignment]
    outcome = granted(await world.sign_in(username=NAMES[0]))
    assert outcome.grant.subject is not None
    assert outcome.grant.subject.user.all_groups == ()


@pytest.mark.parametrize("names", [NAMES, ("ghost@contoso.test",) * 3])
async def test_five_wrong_passwords_lock_over_all_names_of_a_person(
    world: World, directory: Directory, names: tuple[str, ...]
) -> None:
    """And names of nobody alike (promise 3); the directory is asked no more."""
    told = [await sign_in(world, f"guess {n}", names[n % 3]) for n in range(6)]
    assert told == [Reason.PASSWORD_WRONG] * 5 + [Reason.ACCOUNT_LOCKED]
    assert len(directory.checked) == 5
    outcome = refused(await world.sign_in(username=names[0]))
    assert outcome.reason is Reason.ACCOUNT_LOCKED
    assert outcome.facts == {"retry_after": 60}
    world.clock.at += 61
    assert await sign_in(world, "again", names[1]) is Reason.PASSWORD_WRONG
    assert await sign_in(world, "again", names[1]) is Reason.ACCOUNT_LOCKED


async def test_a_lock_ends(world: World, directory: Directory) -> None:
    """After a minute the right password is right."""
    for number in range(5):
        await sign_in(world, f"guess {number}")
    assert await sign_in(world, RIGHT) is Reason.ACCOUNT_LOCKED
    world.clock.at += 60
    assert await sign_in(world, RIGHT) is None


@pytest.mark.parametrize(("threshold", "asked"), [(3, 2), (5, 4), (10, 9)])
async def test_the_directory_never_sees_as_many_as_lock_there(
    world: World, threshold: int, asked: int
) -> None:
    """Whatever is tried within its window, the right one finds it open."""
    directory = use(world, Directory(threshold))
    for number in range(40):
        world.clock.at += 40
        source = trace(AWAY if number % 2 else values.HOME)
        await world.sign_in(f"guess {number}", username=NAMES[0], trace=source)
    assert len(set(directory.checked)) == asked
    outcome = refused(await world.sign_in(username=NAMES[0]))
    assert outcome.reason is Reason.ACCOUNT_LOCKED
    world.clock.at += 1800
    assert await sign_in(world, RIGHT) is None


async def test_a_right_password_in_between_starts_anew(world: World) -> None:
    """The directory has forgotten the wrong ones then, and so have we."""
    directory = use(world, Directory(3))
    for number in range(12):
        world.clock.at += 1
        wanted = RIGHT if number % 2 else f"guess {number}"
        told = await sign_in(world, wanted)
        assert told is (None if number % 2 else Reason.PASSWORD_WRONG)
    assert len(directory.checked) == 12


async def test_the_same_wrong_password_is_not_sent_again(
    world: World, directory: Directory
) -> None:
    """For a quarter of an hour (interface §3); it takes as long as if it were."""
    for _ in range(15):
        assert await sign_in(world, "an old one") is Reason.PASSWORD_WRONG
        world.clock.at += 59
    assert directory.checked == ["an old one"]
    assert directory.pretended == 14
    world.clock.at += 900
    assert await sign_in(world, "an old one") is Reason.PASSWORD_WRONG
    assert len(directory.checked) == 2


@pytest.mark.parametrize("password", [RIGHT, "wrong"])
async def test_side_by_side_the_same_is_asked_once(
    world: World, directory: Directory, password: str
) -> None:
    """A hundred right sign-ins of one account are all served (case LOCK-03)."""
    told = await asyncio.gather(*(sign_in(world, password) for _ in range(100)))
    assert set(told) == {None if password == RIGHT else Reason.PASSWORD_WRONG}
    assert directory.checked == [password]
    assert len(await world.records()) == 100


@pytest.mark.parametrize("processes", [1, 2])
async def test_side_by_side_no_more_guesses_get_through(
    world: World, processes: int
) -> None:
    """Twenty different ones at once: as many as one after the other, on every node."""
    directory = use(world, Directory(5))
    nodes = [world.ports]
    for _ in range(processes - 1):
        turns, guesses = (
            StoredTurns(world.database),
            GuessCounters(world.database, b"guesses"),
        )
        nodes.append(replace(world.ports, turns=turns, guesses=guesses))
    nodes[0] = replace(world.ports, turns=StoredTurns(world.database))
    told = []

    async def guess(number: int) -> None:
        world.ports = nodes[number % processes]
        told.append(await sign_in(world, f"guess {number}"))

    await asyncio.gather(*(guess(number) for number in range(20)))
    assert directory.most_at_once == 1
    assert len(directory.checked) == 3
    assert sorted(told).count(Reason.PASSWORD_WRONG) == 3  # type: ignore[type-var]
    assert told.count(Reason.ACCOUNT_LOCKED) == 17


@pytest.mark.parametrize(
    "reason",
    [
        Reason.DIRECTORY_UNREACHABLE,
        Reason.DIRECTORY_TIMEOUT,
        Reason.DIRECTORY_MISCONFIGURED,
        Reason.DIRECTORY_BUSY,
        Reason.DIRECTORY_LIED,
        Reason.AGENT_ABSENT,
    ],
)
async def test_no_answer_is_never_a_failed_guess(
    world: World, directory: Directory, reason: Reason
) -> None:
    """Twenty of them move no counter, and the record tells why (case LDAP-06)."""
    directory.verdict = Unreachable(reason, 7)
    for number in range(20):
        outcome = refused(await world.sign_in(f"guess {number}", username=NAMES[0]))
        assert outcome.reason is (
            reason
            if reason is Reason.DIRECTORY_TIMEOUT
            else Reason.DIRECTORY_UNREACHABLE
        )
        assert outcome.facts["retry_after"] == 7
    assert {record.reason for record in await world.records()} == {reason.value}
    directory.verdict = None
    assert await sign_in(world, RIGHT) is None


@pytest.mark.parametrize(
    "reason",
    [
        Reason.USER_DISABLED,
        Reason.ACCOUNT_EXPIRED,
        Reason.DIRECTORY_PASSWORD_EXPIRED,
        Reason.LOGON_RESTRICTED,
        Reason.UPSTREAM_MFA_REQUIRED,
        Reason.UPSTREAM_CONSENT_REQUIRED,
        Reason.UPSTREAM_POLICY_BLOCKED,
    ],
)
async def test_what_the_directory_says_of_a_right_password_is_told(
    world: World, directory: Directory, reason: Reason
) -> None:
    """It is no guess, however often it is said."""
    directory.verdict = Rejected(reason)
    told = [await sign_in(world, RIGHT) for _ in range(8)]
    assert told == [reason] * 8
    assert {record.reason for record in await world.records()} == {reason.value}


async def test_locked_there_is_locked_here(world: World, directory: Directory) -> None:
    """With a time to come again, and no failure of ours (interface §3)."""
    directory.verdict = Rejected(Reason.DIRECTORY_LOCKED, {"retry_after": 60})
    for _ in range(8):
        outcome = refused(await world.sign_in(username=NAMES[0]))
        assert outcome.reason is Reason.ACCOUNT_LOCKED
        assert outcome.facts["retry_after"] == 60
    directory.verdict = None
    assert await sign_in(world, RIGHT) is None
    reasons = [record.reason for record in await world.records()]
    assert reasons == ["directory_locked"] * 8 + [""]


async def test_a_kept_hash_is_written_with_the_tokens(
    world: World, directory: Directory
) -> None:
    """Trickle migration: the first one, and one in place of an older one."""
    for wanted in ("first hash", "second hash"):
        directory.verdict = Verified(new_hash=wanted, profile=JDOE)  # type: ignore[assignment]
        outcome = granted(await world.sign_in(username=NAMES[0]))
        assert outcome.grant.subject is not None
        found = await world.ports.people.find(
            values.TENANT, outcome.grant.subject.user.id
        )
        assert found is not None
        assert found.password_hash == wanted
