"""Directories that never stop: what is taken of it is bounded, in bytes and in time.

The server under test and its client are one process here, so memory is that of both.
"""

import itertools
import resource
import time
from collections.abc import Callable, Iterable, Iterator

import pytest

from ostiary.connections import guarded
from ostiary.connections.ldap.groups import MOST_GROUPS
from ostiary.connections.ldap.relay import MOST_BYTES
from ostiary.core.errors import Reason
from ostiary.flows.facts import Rejected, Unreachable, Verified
from tests.connections.ldap.faulty import Verdict, asking
from tests.connections.ldap.lies import (
    is_bind,
    is_for_groups,
    is_for_name,
    numbered,
)
from tests.services import ldap_messages as ldap
from tests.services.faulty_directory import (
    JDOE,
    PASSWORD,
    FaultyDirectory,
    Manner,
    Twist,
    faulty_directory,
    jdoe,
)

KIB, MIB = 1024, 1024 * 1024
HELD_BY_SOCKETS = 24 * MIB
"""What the two ends and the machine between them may hold beside what is taken."""
MOST_GROWN = 192 * MIB
GENEROUS = 20.0
"""Seconds; what is asserted is that it ends, not how quick a busy machine is."""

Which = Callable[[ldap.Request], bool]


@pytest.fixture
def directory() -> Iterator[FaultyDirectory]:
    """A directory of this test's own."""
    with faulty_directory() as server:
        yield server


def flooding(which: Which, operations: Callable[[], Iterable[bytes]]) -> Twist:
    """Some questions are answered by a flood."""

    def twist(request: ldap.Request, honest: list[bytes]) -> Iterable[bytes]:
        return numbered(request, operations()) if which(request) else honest

    return twist


def endless() -> Iterator[bytes]:
    """Somebody else, and somebody else, and somebody else …"""
    for number in itertools.count():
        yield ldap.entry(f"uid=p{number},{JDOE}", {"description": [b"x" * 64 * KIB]})


def many_groups(count: int = 100_000) -> Iterator[bytes]:
    """So many at once, whatever the size of a page."""
    groups = (
        ldap.entry(f"cn=g{n},dc=faulty,dc=test", {"cn": [f"g{n}".encode()]})
        for n in range(count)
    )
    yield from groups
    yield ldap.result(ldap.SEARCH_DONE, ldap.SUCCESS)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KIB


FLOODS: dict[str, Twist] = {
    "endless entries": flooding(is_for_name, endless),
    "endless groups": flooding(is_for_groups, endless),
    "endless references": flooding(
        is_for_name,
        lambda: itertools.repeat(ldap.reference(f"ldap://{'x' * 32 * KIB}/")),
    ),
    "an endless answer to a bind": flooding(
        is_bind, lambda: itertools.repeat(ldap.entry(JDOE, {"x": [b"x" * 64 * KIB]}))
    ),
}


@pytest.mark.parametrize("flood", FLOODS)
async def test_what_never_ends_is_cut_off(
    directory: FaultyDirectory, flood: str
) -> None:
    """No verdict, no sign-in, and not much more read than what is taken."""
    directory.twist, before, began = FLOODS[flood], _peak(), time.monotonic()
    async with asking(directory) as asked:
        verdict = await asked.check()
    assert isinstance(verdict, Unreachable)
    assert verdict.reason is Reason.DIRECTORY_LIED
    assert directory.said < MOST_BYTES + HELD_BY_SOCKETS
    assert _peak() - before < MOST_GROWN
    assert time.monotonic() - began < GENEROUS


async def test_one_attribute_may_not_be_everything(directory: FaultyDirectory) -> None:
    """Fifty megabytes in one value: announced, and never taken whole."""
    size = 50 * MIB
    real = ldap.message(2, ldap.entry(JDOE, {"jpegPhoto": [b""]}))
    pieces = size // (64 * KIB)

    def twist(request: ldap.Request, honest: list[bytes]) -> Iterable[bytes]:
        if not is_for_name(request):
            return honest
        length = len(real) + size
        head = b"\x30\x84" + length.to_bytes(4, "big") + b"\x02\x01"
        head += (
            bytes([request.message_id]) + b"\x64\x84" + (length - 9).to_bytes(4, "big")
        )
        return itertools.chain([head], itertools.repeat(b"x" * 64 * KIB, pieces))

    directory.twist, before = twist, _peak()
    async with asking(directory) as asked:
        verdict = await asked.check()
    assert isinstance(verdict, Unreachable)
    assert directory.said < MOST_BYTES + HELD_BY_SOCKETS
    assert _peak() - before < MOST_GROWN


@pytest.mark.parametrize("name", ["people", "groups"])
async def test_what_is_small_on_the_wire_is_bounded_in_memory(
    directory: FaultyDirectory, name: str
) -> None:
    """A million entries of eleven bytes, each of which would become objects here."""

    def twist(request: ldap.Request, honest: list[bytes]) -> Iterable[bytes]:
        if not (is_for_name if name == "people" else is_for_groups)(request):
            return honest
        empty = ldap.message(request.message_id, ldap.entry("", {}))
        return [empty * 100_000] * 10

    directory.twist, before = twist, _peak()
    async with asking(directory) as asked:
        verdict = await asked.check()
    assert isinstance(verdict, Unreachable)
    assert verdict.reason is Reason.DIRECTORY_LIED
    assert _peak() - before < MOST_GROWN


async def test_a_hundred_thousand_groups_are_too_many(
    directory: FaultyDirectory,
) -> None:
    """All at once, whatever page was asked for: nobody signs in with some of them."""
    directory.twist, before = flooding(is_for_groups, many_groups), _peak()
    async with asking(directory) as asked:
        verdict = await asked.check()
    assert isinstance(verdict, Unreachable)
    assert _peak() - before < MOST_GROWN


async def test_of_some_thousand_groups_a_thousand_count(
    directory: FaultyDirectory,
) -> None:
    """Who is in more than that gets a token that can still be carried."""
    directory.twist = flooding(is_for_groups, lambda: many_groups(5000))
    async with asking(directory) as asked:
        verdict = await asked.check()
    assert isinstance(verdict, Verified)
    assert verdict.profile is not None
    assert verdict.profile.groups is not None
    assert len(verdict.profile.groups) == MOST_GROUPS


async def test_a_long_profile_is_shortened(directory: FaultyDirectory) -> None:
    """A value of a megabyte, a thousand values and bytes that are no text."""
    directory.entries[JDOE] = jdoe(
        displayName=[b"x" * MIB],
        title=[b"Captain %d" % n for n in range(1000)],
        department=[b"\xff\xfe\x00"],
        sn=[b"D\xc3\xb6"],
    )
    async with asking(directory) as asked:
        verdict = await asked.check()
    assert isinstance(verdict, Verified)
    assert verdict.profile is not None
    attributes = verdict.profile.attributes
    assert len(str(attributes)) < 100 * KIB
    assert "department" not in attributes
    assert (verdict.profile.name, verdict.profile.family_name) == ("J. Doe", "Dö")


# --- slow ---------------------------------------------------------------------------


def _verdicts(verdict: Verdict) -> Reason | None:
    return None if isinstance(verdict, Verified) else verdict.reason


@pytest.mark.parametrize("manner", [Manner.SILENT, Manner.DRIPPING])
async def test_what_does_not_come_in_time_does_not_come(
    directory: FaultyDirectory, manner: Manner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the right password nor a wrong one has a verdict; afterwards both do."""
    monkeypatch.setattr(guarded, "SECONDS", 1.0)
    directory.manner = manner
    async with asking(directory) as asked:
        for password in (PASSWORD, "Wrong-Passw0rd!"):
            began = time.monotonic()
            verdict = await asked.check(password)
            assert _verdicts(verdict) is Reason.DIRECTORY_TIMEOUT
            assert time.monotonic() - began < GENEROUS
        directory.behave()
        monkeypatch.setattr(guarded, "SECONDS", 6.5)
        assert _verdicts(await asked.check()) is None
        assert await asked.check("Wrong-Passw0rd!") == Rejected()


@pytest.mark.parametrize("dying", [is_bind, is_for_name, is_for_groups])
async def test_what_ends_in_the_middle_is_no_answer(
    directory: FaultyDirectory, dying: Which
) -> None:
    """A bind that may have been counted is not sent again; a search is."""

    def twist(request: ldap.Request, honest: list[bytes]) -> Iterable[bytes]:
        directory.manner = Manner.DYING if dying(request) else Manner.HONEST
        return honest

    directory.twist = twist
    async with asking(directory) as asked:
        verdict = await asked.check()
    assert _verdicts(verdict) is Reason.DIRECTORY_UNREACHABLE
    assert len(directory.binds) == (0 if dying is is_for_name else 1)


async def test_a_link_that_broke_unseen_costs_nobody_a_sign_in(
    directory: FaultyDirectory,
) -> None:
    """The directory restarts between two sign-ins: the second finds fresh links."""
    async with asking(directory) as asked:
        assert _verdicts(await asked.check()) is None
        directory.go()
        directory.come_back()
        assert _verdicts(await asked.check()) is None
    assert [password for _, password in directory.binds] == [PASSWORD] * 2
