"""Directories that lie: nobody gets in by it, and no lie is a wrong password.

Each lie is told to the right password, to a wrong one and about nobody; the guard may
meet nothing that is neither an answer nor an `Away` (security promise 11).
"""

import logging
from collections.abc import Iterator

import pytest

from ostiary.connections import guarded
from ostiary.core.errors import Reason
from ostiary.flows.facts import Verified
from tests.connections.ldap.faulty import Asking, Verdict, asking
from tests.connections.ldap.lies import LIES, NOBODY, SIGNED_IN, WRONG, binding
from tests.services import ldap_messages as ldap
from tests.services.faulty_directory import (
    BASE,
    GUID_TEXT,
    JDOE,
    PASSWORD,
    FaultyDirectory,
    faulty_directory,
    jdoe,
)


def outcome(verdict: Verdict) -> str:
    """One word for what became of it."""
    return SIGNED_IN if isinstance(verdict, Verified) else verdict.reason


@pytest.fixture
def directory() -> Iterator[FaultyDirectory]:
    """A directory of this test's own."""
    with faulty_directory() as server:
        yield server


@pytest.fixture(autouse=True)
def no_defects(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """The guard met nothing that its upstream should have understood."""
    caplog.set_level(logging.INFO)
    yield
    told = "connection corp-ad failed"
    assert [each for each in caplog.messages if each.startswith(told)] == []


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers are due within a second."""
    monkeypatch.setattr(guarded, "SECONDS", 1.0)


async def test_honest_it_lets_in(directory: FaultyDirectory) -> None:
    """What the lies are measured against, with the id of contract auth0 §4.3."""
    async with asking(directory) as asked:
        verdict = await asked.check()
        assert isinstance(verdict, Verified)
        assert verdict.profile is not None
        assert verdict.profile.external_id == f"corp-ad|{GUID_TEXT}"
        assert verdict.profile.groups == ("staff",)
        assert outcome(await asked.check("Wrong-Passw0rd!")) == WRONG
        assert outcome(await asked.check(name="ghost")) == WRONG
    (first, _), (second, _), (third, _) = directory.binds
    assert (first, second) == (JDOE, JDOE)
    assert third.endswith(BASE)


@pytest.mark.parametrize("lie", LIES)
async def test_a_lie_lets_nobody_in(
    directory: FaultyDirectory, lie: str, hurried: None
) -> None:
    """What may become of the right password, of a wrong one, and of nobody's; and the
    truth is heard again afterwards.
    """
    right, wrong, nobody = LIES[lie].outcomes()
    directory.twist = LIES[lie].twist
    async with asking(directory, every=0.1) as asked:
        assert outcome(await asked.check()) in right
        assert outcome(await asked.check("Wrong-Passw0rd!")) in wrong
        assert outcome(await asked.check(name="ghost")) in nobody
        directory.behave()
        assert outcome(await _once_more(asked)) == SIGNED_IN


async def _once_more(asked: Asking) -> Verdict:
    """A link that is only now seen to be broken may cost an answer."""
    for _ in range(3):
        verdict = await asked.check()
        if isinstance(verdict, Verified):
            break
    return verdict


@pytest.mark.parametrize("guid", [b"", b"abc", b"a" * 15, b"a" * 17])
async def test_a_guid_has_sixteen_bytes(
    directory: FaultyDirectory, guid: bytes
) -> None:
    """Whoever has less or more of it is nobody: ids are for ever (contract §4.3)."""
    directory.entries[JDOE] = jdoe(objectGUID=[guid])
    async with asking(directory) as asked:
        assert outcome(await asked.check()) in NOBODY
    assert (JDOE, PASSWORD) not in directory.binds


@pytest.mark.parametrize("password", ["", "\0", "\0x", "x\0"])
@pytest.mark.parametrize("name", ["jdoe", "ghost"])
async def test_no_empty_password_reaches_a_directory_that_takes_it(
    directory: FaultyDirectory, name: str, password: str
) -> None:
    """It would say yes to anybody (RFC 4513 §5.1.2; case LDAP-01)."""
    directory.accepts_all = True
    async with asking(directory) as asked:
        assert outcome(await asked.check(password, name)) == WRONG
    assert directory.binds == []


async def test_who_lets_in_nobody_at_all_is_not_believed(
    directory: FaultyDirectory,
) -> None:
    """A yes to a name that was made up a moment ago is no sign-in."""
    directory.accepts_all = True
    async with asking(directory) as asked:
        assert outcome(await asked.check(name="ghost")) not in (SIGNED_IN, WRONG)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("52e", Reason.PASSWORD_WRONG),
        ("525", Reason.PASSWORD_WRONG),
        ("530", Reason.LOGON_RESTRICTED),
        ("531", Reason.LOGON_RESTRICTED),
        ("532", Reason.DIRECTORY_PASSWORD_EXPIRED),
        ("533", Reason.USER_DISABLED),
        ("534", Reason.USER_DISABLED),
        ("701", Reason.ACCOUNT_EXPIRED),
        ("773", Reason.DIRECTORY_PASSWORD_EXPIRED),
        ("775", Reason.DIRECTORY_LOCKED),
    ],
)
async def test_windows_ends_its_sentence_with_a_zero(
    directory: FaultyDirectory, data: str, reason: Reason
) -> None:
    """Samba does not; the sub-codes of contract auth0 §4.3 are read all the same."""
    sentence = "80090308: LdapErr: DSID-0C09042A, comment: AcceptSecurityContext error"
    directory.twist = binding(
        ldap.INVALID_CREDENTIALS, f"{sentence}, data {data}, v3839\0"
    )
    async with asking(directory) as asked:
        assert outcome(await asked.check()) == reason
