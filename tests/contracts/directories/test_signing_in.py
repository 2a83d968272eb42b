"""Contract of directories: who is meant by a name, and what a password proves."""

import asyncio
import uuid

import pytest

from ostiary.core.errors import Reason
from ostiary.core.passwords import DirectoryLimit
from ostiary.flows.facts import Profile, Rejected, Unreachable, Verified
from tests.contracts.directories.conftest import Directory
from tests.contracts.directories.kinds import KINDS, NAME

OUTSIDE = [
    "",
    " ",
    "*",
    "al*",
    "alice)(uid=*",
    "*)(objectClass=*",
    "alice)(|(uid=*)(sAMAccountName=*",
    "\\61lice",
    "alice\0",
    "\ud800",
    "x" * 5000,
    "@",
    "\\",
]
"""What means nobody anywhere: patterns, filters, and what no name is."""


async def test_every_form_of_a_name_means_the_same_person(directory: Directory) -> None:
    """UPN, DOMAIN\\user, account name and mail, in any case (contract auth0 §4.3)."""
    found = [await directory.found(name) for name in directory.held.names]
    first = found[0]
    assert first.external_id is not None
    assert {each.key for each in found} == {f"id:{first.external_id}"}
    assert {each.external_id for each in found} == {first.external_id}


@pytest.mark.parametrize("name", OUTSIDE)
async def test_nothing_else_means_anybody(directory: Directory, name: str) -> None:
    """No character of a name is part of a filter (RFC 4515 §3)."""
    found = await directory.found(name)
    assert found.external_id is None
    assert found.place == ""
    assert found.limit in (directory.held.limit, DirectoryLimit())


async def test_strangers_are_nobody(directory: Directory) -> None:
    """Other domains, other suffixes, computers, and names that two people have."""
    for name in directory.held.strangers:
        found = await directory.found(name)
        assert (name, found.external_id) == (name, None)
        told = await directory.sign_in(name, directory.held.password)
        assert told == Rejected()


async def test_spellings_of_a_name_of_nobody_are_counted_as_one(
    directory: Directory,
) -> None:
    """Or nobody could be told from somebody by how often they may be guessed."""
    names = ("nobody", "NoBody", "nobody@corp.example.test", "CORP\\nobody")
    assert {(await directory.found(name)).key for name in names} == {"nobody"}


async def test_a_right_password_brings_a_profile(directory: Directory) -> None:
    """Normalised as contract auth0 §4.3 says, with the id of §4.2."""
    held = directory.held
    verdict = await directory.sign_in(held.names[0], held.password)
    assert isinstance(verdict, Verified)
    profile = verdict.profile
    assert profile is not None
    assert {name: getattr(profile, name) for name in held.told} == held.told
    assert profile.groups == held.groups
    assert profile.email_verified is False
    assert {n: profile.attributes.get(n) for n in held.attributes} == held.attributes
    connection, _, own = str(profile.external_id).partition("|")
    assert connection == NAME
    assert str(uuid.UUID(own)) == own


async def test_a_wrong_password_proves_nothing(directory: Directory) -> None:
    """Of somebody and of nobody alike; then the right one still works."""
    held = directory.held
    for name in ("bob", "nobody"):
        assert await directory.sign_in(name, "wrong") == Rejected()
        assert await directory.sign_in(name, held.password.upper()) == Rejected()
    assert isinstance(await directory.sign_in("bob", held.password), Verified)


async def test_names_dns_and_passwords_may_hold_any_letter(
    directory: Directory,
) -> None:
    """A DN that wants escaping, groups by it, a password beyond ASCII."""
    name, password = directory.held.zoe
    verdict = await directory.sign_in(name, password)
    assert isinstance(verdict, Verified)
    assert verdict.profile is not None
    assert (verdict.profile.given_name, verdict.profile.family_name) == (
        "Zoë",
        "Müller",
    )
    assert set(verdict.profile.groups or ()) >= {"staff", "all-staff", "everybody"}
    assert await directory.sign_in(name, password.encode().decode("latin-1")) == (
        Rejected()
    )


async def test_every_state_of_an_account_is_told(directory: Directory) -> None:
    """By the directory's own codes (contract auth0 §4.3), the password being right."""
    told = {
        name: await directory.sign_in(name, directory.held.password)
        for name in directory.held.states
    }
    reasons = {n: v.reason for n, v in told.items() if isinstance(v, Rejected)}
    assert reasons == directory.held.states
    locked = told["locked"]
    assert isinstance(locked, Rejected)
    assert locked.facts == {"retry_after": 60}


async def test_warnings_keep_nobody_out(directory: Directory) -> None:
    """A password that ends soon, or one on grace, is a right one."""
    for name in directory.held.welcome:
        verdict = await directory.sign_in(name, directory.held.password)
        assert (name, type(verdict)) == (name, Verified)


@pytest.mark.parametrize("password", ["", "\0", "Passw0rd!x\0", "\0Passw0rd!x"])
async def test_an_empty_password_never_reaches_a_directory(
    directory: Directory, password: str
) -> None:
    """Security case LDAP-01: not a byte of it, and it proves nothing."""
    found = await directory.found("alice")
    sent = directory.proxy.sent
    told = await directory.upstream.verify(found, "alice", password)
    assert told == Rejected()
    assert await directory.sign_in("alice", password) == Rejected()
    assert directory.proxy.connections == 1  # none for binds
    assert sent < directory.proxy.sent < sent + 1000  # the name was looked for again


async def test_a_directory_that_counts_is_known_to(directory: Directory) -> None:
    """Its own limit is read from it, so that ours can stay below (promise 3)."""
    assert (await directory.found("bob")).limit == directory.held.limit


async def test_nobody_is_locked_after_as_many_tries_as_anybody(
    directory: Directory,
) -> None:
    """Or a stranger could count whose name it is (promises 2 and 3)."""
    for name in ("nobody", "CORP\\nobody", "al*"):
        assert (await directory.found(name)).limit == directory.held.limit


async def test_the_operator_knows_the_lockout_better(directory: Directory) -> None:
    """Option `lockout` stands before what the directory says."""
    async with directory.by(lockout={"threshold": 10, "seconds": 60}) as upstream:
        assert (await upstream.find("bob")).limit == DirectoryLimit(10, 60)
        assert (await upstream.find("nobody")).limit == DirectoryLimit(10, 60)


async def test_somebody_can_be_looked_up(directory: Directory) -> None:
    """The same profile as at sign-in, without a password."""
    held = directory.held
    verdict = await directory.sign_in("alice", held.password)
    assert isinstance(verdict, Verified)
    assert await directory.upstream.look_up("alice") == verdict.profile
    assert await directory.upstream.look_up("nobody") is None


async def test_a_filter_of_the_operators_own(directory: Directory) -> None:
    """{0} is the name, {1} its part before `@`; groups by {0}, the DN."""
    options = {"user_filter": "(mail={1}@*)", "group_filter": "(cn=oth*)"}
    async with directory.by(**options) as upstream:
        profile = await upstream.look_up("alice@whatever.test")
        assert isinstance(profile, Profile)
        assert profile.name == "Alice Anderson"
        assert profile.groups == ("others",)
        assert (await upstream.find("al*@whatever.test")).external_id is None


async def test_an_id_of_the_operators_own(directory: Directory) -> None:
    """Any attribute with exactly one value; who has none is nobody."""
    async with directory.by(id_attribute="title", email_verified=True) as upstream:
        profile = await upstream.look_up("alice")
        assert profile is not None
        assert profile.external_id == f"{NAME}|Engineer"
        assert profile.email_verified is True
        assert (await upstream.find("bob")).external_id is None


async def test_a_directory_that_says_nothing_is_never_a_wrong_password(
    directory: Directory,
) -> None:
    """Cut off in time, told as it is; afterwards it works again at once."""
    held = directory.held
    assert isinstance(await directory.sign_in("bob", held.password), Verified)
    directory.proxy.hold()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await directory.upstream.find("bob")
    directory.proxy.flow()
    assert isinstance(await directory.sign_in("bob", held.password), Verified)


async def test_connections_that_broke_meanwhile_do_no_harm(
    directory: Directory,
) -> None:
    """A restarted directory costs nobody a sign-in."""
    held = directory.held
    assert isinstance(await directory.sign_in("bob", held.password), Verified)
    directory.proxy.cut()
    await asyncio.sleep(0.1)
    assert isinstance(await directory.sign_in("bob", held.password), Verified)


async def test_sign_ins_at_the_same_time_do_not_mix(directory: Directory) -> None:
    """Forty at once, over at most eight connections for each purpose."""
    held = directory.held
    right = [directory.sign_in("alice", held.password) for _ in range(20)]
    wrong = [directory.sign_in("nobody", held.password) for _ in range(20)]
    verdicts = await asyncio.gather(*right, *wrong)
    assert {type(verdict) for verdict in verdicts[:20]} == {Verified}
    assert verdicts[20:] == [Rejected()] * 20
    assert directory.proxy.connections <= 16


async def test_a_mistake_of_the_operators_is_no_wrong_password(
    directory: Directory,
) -> None:
    """Whoever signs in, it is told as that (security promise 11)."""
    async with directory.by(base_dn="dc=nowhere,dc=test") as upstream:
        connection = type(directory.connection)(NAME, upstream)
        found = await connection.find("alice")
    assert isinstance(found, Unreachable)
    assert found.reason is Reason.DIRECTORY_MISCONFIGURED


def test_every_kind_has_a_server_of_its_own() -> None:
    """The suite is run on both kinds that differ most."""
    assert set(KINDS) == {"openldap", "active_directory"}
