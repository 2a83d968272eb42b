"""Replies with anything changed in them: never an exception, a hang or a wrong yes.

An honest directory's messages are taken apart by hypothesis; whether they still say yes
is judged by their bytes, not by what reads them.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ostiary.connections import guarded
from ostiary.flows.facts import Rejected, Unreachable, Verified
from tests.connections.ldap.faulty import Verdict, asking
from tests.connections.ldap.lies import is_bind, is_for_groups, is_for_name
from tests.services import ldap_messages as ldap
from tests.services.faulty_directory import (
    JDOE,
    PASSWORD,
    FaultyDirectory,
    Twist,
    faulty_directory,
)

SECONDS = 0.5
"""In which an answer is due here."""
GENEROUS = 20.0
EXAMPLES = 120

MARKS = (b"\x00", b"\x30\x80", b"\xff" * 4, b"\x84\x7f\xff\xff\xff", b"\x0a\x01\x00")
"""Bytes that mean something in BER: ends, endless lengths, a success."""


@dataclass(frozen=True)
class Change:
    """One thing that is done to a message: at `at` (a share of it), `how`."""

    how: str
    at: float
    what: bytes

    def applied(self, said: bytes) -> bytes:
        """The message with it."""
        at = int(self.at * len(said))
        before, behind = said[:at], said[at:]
        if self.how == "flip" and behind:
            return before + bytes([behind[0] ^ (1 << self.what[0] % 8)]) + behind[1:]
        if self.how == "replace":
            return before + self.what + behind[len(self.what) :]
        if self.how == "insert":
            return before + self.what + behind
        if self.how == "cut":
            return before + behind[len(self.what) :]
        if self.how == "twice":
            return said + said
        return before  # truncated


CHANGES = st.builds(
    Change,
    st.sampled_from(("flip", "flip", "replace", "insert", "cut", "twice", "truncate")),
    st.floats(0, 1, exclude_max=True),
    st.one_of(st.binary(min_size=1, max_size=6), st.sampled_from(MARKS)),
)
CLOSES = st.sampled_from((True,) * 9 + (False,))
"""Whether the connection ends with it; waiting for more takes all the time there is."""
PLACES: Mapping[str, Callable[[ldap.Request], bool]] = {
    "bind": is_bind,
    "name": is_for_name,
    "groups": is_for_groups,
    "root": lambda request: request.is_for_root,
}


@dataclass
class Mutation:
    """Changes what is said at one place, and keeps what was said to binds."""

    place: str
    changes: list[Change]
    closes: bool
    said_to_binds: bytes = b""

    def twist(self, request: ldap.Request, honest: list[bytes]) -> Iterable[bytes]:
        """See `Twist`."""
        said, here = b"".join(honest), PLACES[self.place](request)
        for change in self.changes if here else ():
            said = change.applied(said)
        if is_bind(request):
            self.said_to_binds += said
        yield said
        if here and self.closes:
            raise EOFError


@pytest.fixture(scope="module")
def directory() -> Iterator[FaultyDirectory]:
    """One directory for all examples."""
    with faulty_directory() as server:
        yield server


def says_yes(said: bytes) -> bool:
    """Whether anywhere in what was said there is a bind response that begins with 0.

    Like libldap it takes any tag for that of a result code.
    """
    return any(
        _is_zero(said[at + 1 :])
        for at, octet in enumerate(said)
        if octet == ldap.BIND_RESPONSE
    )


def _is_zero(behind: bytes) -> bool:
    """Whether behind a tag there are a length and another element, which is zero."""
    width = behind[0] & 0x7F if behind[:1] >= b"\x80" else 0
    code = behind[1 + width :]
    return len(code) > 1 and not any(code[2 : 2 + (code[1] & 0x7F)])


def ask(directory: FaultyDirectory, twist: Twist, password: str) -> Verdict:
    """One sign-in, by an event loop and links of its own."""

    async def once() -> Verdict:
        async with asking(directory) as asked:
            return await asked.check(password)

    directory.behave()
    directory.twist = twist
    return asyncio.run(once())


@settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    place=st.sampled_from(sorted(PLACES)),
    changes=st.lists(CHANGES, min_size=1, max_size=3),
    password=st.sampled_from((PASSWORD, "Wrong-Passw0rd!")),
    closes=CLOSES,
)
def test_a_changed_reply_is_an_answer_or_none(
    directory: FaultyDirectory,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    place: str,
    changes: list[Change],
    password: str,
    closes: bool,
) -> None:
    """Only a success that arrived as one lets somebody in; no defect is met."""
    monkeypatch.setattr(guarded, "SECONDS", SECONDS)
    caplog.set_level(logging.ERROR)
    caplog.clear()
    mutation, began = Mutation(place, changes, closes), time.monotonic()
    verdict = ask(directory, mutation.twist, password)
    assert isinstance(verdict, Verified | Rejected | Unreachable)
    if isinstance(verdict, Verified):
        assert says_yes(mutation.said_to_binds)
        assert password == PASSWORD or place == "bind"
    assert time.monotonic() - began < GENEROUS
    told = "connection corp-ad failed"
    assert [each for each in caplog.messages if each.startswith(told)] == []


@settings(
    max_examples=EXAMPLES // 2,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    noise=st.binary(max_size=200),
    place=st.sampled_from(sorted(PLACES)),
    closes=CLOSES,
)
def test_noise_is_no_answer(
    directory: FaultyDirectory,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    noise: bytes,
    place: str,
    closes: bool,
) -> None:
    """Bytes without any sense where an answer should be: nobody could tell."""
    monkeypatch.setattr(guarded, "SECONDS", SECONDS)
    caplog.set_level(logging.ERROR)
    caplog.clear()

    def twist(request: ldap.Request, honest: list[bytes]) -> Iterable[bytes]:
        here = PLACES[place](request)
        yield from [noise] if here else honest
        if here and closes:
            raise EOFError

    verdict = ask(directory, twist, PASSWORD)
    assert isinstance(verdict, Unreachable | Rejected)
    told = "connection corp-ad failed"
    assert [each for each in caplog.messages if each.startswith(told)] == []


@settings(
    max_examples=EXAMPLES // 2,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    text=st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60),
    code=st.integers(0, 0xFFFF),
)
def test_a_sub_code_counts_only_as_active_directory_writes_it(
    directory: FaultyDirectory,
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    code: int,
) -> None:
    """Text around numbers: what is not its sentence is a wrong password, as 49 says."""
    monkeypatch.setattr(guarded, "SECONDS", 6.5)
    diagnostic = f"{text} data {code:x} {text}"

    def twist(request: ldap.Request, honest: list[bytes]) -> Iterable[bytes]:
        if not is_bind(request):
            return honest
        refusal = ldap.result(ldap.BIND_RESPONSE, ldap.INVALID_CREDENTIALS, diagnostic)
        return [ldap.message(request.message_id, refusal)]

    assert ask(directory, twist, PASSWORD) == Rejected()
    assert (JDOE, PASSWORD) in directory.binds
