"""A directory asked by agents beside it: port `Upstream` over those that are connected.

Agents share the work. What they say is judged here: they may speak for the people of
their own connection, in words that a directory may use, and for nobody else.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from ostiary.connections.agent_links import Crowded, LinkLost, Switchboard, Way
from ostiary.connections.agent_messages import (
    Answers,
    Found,
    Known,
    NoAnswer,
    Person,
    Question,
    Remarks,
    Right,
    Said,
    Wrong,
    asked_of,
    candidate_of,
    profile_of,
)
from ostiary.connections.upstream import SECONDS, Away, Grade, Registered, Remark
from ostiary.core.accounts import fold
from ostiary.core.errors import Reason
from ostiary.core.passwords import DirectoryLimit
from ostiary.flows.facts import Candidate, Profile, Rejected, Verified

T = TypeVar("T")

HEDGE_SECONDS: Final = 2.0
"""After how long without an answer another agent is asked as well; never a password."""
EXAMINE_SECONDS: Final = 15.0
LONGEST_NAME: Final = 1024
"""Characters; a longer name is nobody's."""
SOMEBODY: Final = "id:"
"""How keys of people begin, so that nobody's name can be one of theirs."""
REFUSALS: Final[Mapping[str, Reason]] = {
    reason.value: reason
    for reason in (
        Reason.PASSWORD_WRONG,
        Reason.DIRECTORY_LOCKED,
        Reason.DIRECTORY_PASSWORD_EXPIRED,
        Reason.USER_DISABLED,
        Reason.ACCOUNT_EXPIRED,
        Reason.LOGON_RESTRICTED,
    )
}
ABSENCES: Final[Mapping[str, Reason]] = {
    reason.value: reason
    for reason in (
        Reason.DIRECTORY_UNREACHABLE,
        Reason.DIRECTORY_TIMEOUT,
        Reason.DIRECTORY_MISCONFIGURED,
        Reason.DIRECTORY_BUSY,
        Reason.DIRECTORY_LIED,
    )
}
LOCKED_SECONDS: Final = 60


class RemoteDirectory:
    """The directory of one connection, by whichever agents are connected."""

    def __init__(self, registered: Registered, board: Switchboard) -> None:
        """Ask those on `board`."""
        self._tenant_id, self._name = registered.tenant_id, registered.name
        self._board = board

    async def find(self, username: str) -> Candidate:
        """Whom it means by a name, as typed; nobody is a candidate without id."""
        if not _is_sayable(username):
            plain = username[:LONGEST_NAME].encode("utf-8", "replace").decode()
            return Candidate(fold(plain), limit=DirectoryLimit())
        question = Question(kind="find", seconds=SECONDS, username=username)
        said, _ = await self._ask(question)
        candidate = candidate_of(_as(said, Found).candidate)
        self._check(candidate)
        return candidate

    def _check(self, candidate: Candidate) -> None:
        """Raises Away for somebody of another connection, or who could pass for one."""
        for text in (candidate.key, candidate.place, candidate.external_id or ""):
            _check_text(text)
        id, key = candidate.external_id, candidate.key
        if id is not None:
            self._check_id(id)
        # One counter for each person, and none of them by the name of nobody.
        if key.startswith(SOMEBODY) if id is None else key != SOMEBODY + id:
            raise _lied("a key that is not theirs")

    def _check_id(self, id: str) -> None:
        name, bar, own = id.partition("|")
        if name != self._name or not bar or not own:
            raise _lied("an id of another connection")

    async def verify(
        self, candidate: Candidate, username: str, password: str
    ) -> Verified | Rejected:
        """Check a password; one agent alone is asked once it may have got it."""
        if not (_is_sayable(username) and _is_encodable(password)):
            return Rejected()
        question = Question(
            kind="verify",
            seconds=SECONDS,
            username=username,
            password=password,
            candidate=asked_of(candidate),
        )
        said, agent = await self._ask(question, once=True)
        if isinstance(said, Wrong):
            return replace(_rejected(said), agent=agent)
        profile = self._profile(_as(said, Right).person)
        if (
            candidate.external_id is None
            or profile.external_id != candidate.external_id
        ):
            raise _lied("somebody else's profile")
        return Verified(profile=profile, agent=agent)

    async def look_up(self, username: str) -> Profile | None:
        """What is known of somebody, without their password; None: nothing."""
        if not _is_sayable(username):
            return None
        question = Question(kind="look_up", seconds=SECONDS, username=username)
        person = _as((await self._ask(question))[0], Known).person
        return self._profile(person) if person is not None else None

    def _profile(self, person: Person) -> Profile:
        profile = profile_of(person)
        self._check_id(person.external_id)
        texts = [profile.username, person.external_id, *(profile.groups or ())]
        texts += [profile.email or "", profile.name or "", profile.phone_number or ""]
        texts += [profile.given_name or "", profile.family_name or ""]
        texts += [profile.nickname or "", profile.login or "", *profile.attributes]
        for value in profile.attributes.values():
            texts += [
                str(each) for each in (value if isinstance(value, list) else [value])
            ]
        for text in texts:
            _check_text(text)
        if not profile.username:
            raise _lied("a person without a name")
        return profile

    async def probe(self) -> None:
        """Whether the directory answers some agent."""
        question = Question(kind="probe", seconds=SECONDS)
        _as((await self._ask(question))[0], Answers)

    async def examine(self) -> tuple[Remark, ...]:
        """What one agent found out, and who is connected."""
        question = Question(kind="examine", seconds=EXAMINE_SECONDS)
        said, agent = await self._ask(question)
        lines = _as(said, Remarks).lines
        asked = Remark(Grade.OK, f"asked by the agent {agent}")
        told = (Remark(Grade(line.grade), line.text, line.mend) for line in lines)
        return (asked, *told)

    async def close(self) -> None:
        """Nothing is kept here."""

    # --- choosing ---------------------------------------------------------------------

    async def _ways(self) -> AsyncIterator[Way]:
        """Agents to ask, best first: those connected here, then the others."""
        for way in self._board.local(self._tenant_id, self._name):
            yield way
        for way in await self._board.elsewhere(self._tenant_id, self._name):
            yield way

    async def _ask(self, question: Question, *, once: bool = False) -> tuple[Said, str]:
        """What an agent says, and its name. Raises Away.

        Another one is asked when one gives no answer; with `once` only as long as none
        may have got the question: a password must not be tried twice.
        """
        asking: _Asking = {}
        failure = _Failed(Away(Reason.AGENT_ABSENT, "no agent is connected"))
        patience = None if once else HEDGE_SECONDS
        try:
            async for way in self._ways():
                asking[asyncio.ensure_future(way.ask(question))] = way
                outcome = await _first(asking, patience)
                if isinstance(outcome, tuple):
                    return outcome
                failure = outcome or failure
                if once and failure.asked:
                    break
            outcome = await _first(asking, None)
            if isinstance(outcome, tuple):
                return outcome
            raise (outcome or failure).away
        finally:
            for task in asking:
                task.cancel()


_Asking = dict["asyncio.Future[Said]", Way]


@dataclass(frozen=True, slots=True)
class _Failed:
    """An agent gave no answer; asked: it may have got the question."""

    away: Away
    asked: bool = False


async def _first(
    asking: _Asking, patience: float | None
) -> tuple[Said, str] | _Failed | None:
    """The first answer of those asked, or why the last one of them gave none.

    None: they are silent for longer than `patience` seconds.
    """
    failure: _Failed | None = None
    while asking:
        done, _ = await asyncio.wait(
            asking, timeout=patience, return_when=asyncio.FIRST_COMPLETED
        )
        for task in done:
            way = asking.pop(task)
            said = _result(task)
            if not isinstance(said, _Failed):
                return said, way.agent.name
            way.failed()
            failure = said
        if not done:
            for way in asking.values():
                way.failed()
            return None
    return failure


def _result(task: "asyncio.Future[Said]") -> Said | _Failed:
    try:
        said = task.result()
    except LinkLost as lost:
        away = Away(detail="the agent left while it was asked", retry_after=1)
        return _Failed(away, lost.sent)
    except Crowded:
        return _Failed(Away(Reason.DIRECTORY_BUSY, "the agents are busy", 1))
    if not isinstance(said, NoAnswer):
        return said
    reason = ABSENCES.get(said.reason)
    if reason is None:
        return _Failed(_lied("an unknown reason"), asked=True)
    return _Failed(
        Away(reason, f"agent: {said.detail!r}", said.retry_after), asked=True
    )


def _as(said: Said, kind: type[T]) -> T:
    """What was said, if it answers that kind of question. Raises Away."""
    if not isinstance(said, kind):
        raise _lied("an answer to another question")
    return said


def _rejected(said: Wrong) -> Rejected:
    """A refusal in words that a directory may use. Raises Away."""
    reason = REFUSALS.get(said.reason)
    if reason is None:
        raise _lied("an unknown refusal")
    if reason is not Reason.DIRECTORY_LOCKED:
        return Rejected(reason)
    return Rejected(reason, {"retry_after": said.retry_after or LOCKED_SECONDS})


def _is_sayable(username: str) -> bool:
    """Whether it could be anybody's name."""
    fits = len(username) <= LONGEST_NAME and "\0" not in username
    return fits and _is_encodable(username)


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_text(text: str) -> None:
    """Raises Away for what no store can keep."""
    if "\0" in text:
        raise _lied("a NUL character")


def _lied(what: str) -> Away:
    return Away(Reason.DIRECTORY_LIED, f"the agent told {what}")
