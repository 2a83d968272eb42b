"""Questions of the server, answered from a directory: many at once, each in its time.

What an answer is worth is judged by the server.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec

from ostiary.agents.messages import LARGEST_MESSAGE
from ostiary.connections.agent_messages import (
    Answer,
    Answers,
    Asked,
    Found,
    Kind,
    Known,
    Line,
    NoAnswer,
    Question,
    Remarks,
    Right,
    Said,
    Wrong,
    asked_of,
    candidate_of,
    encode,
    person_of,
)
from ostiary.connections.remote import ABSENCES
from ostiary.connections.upstream import Away, Upstream
from ostiary.core.errors import Reason
from ostiary.flows.facts import Overloaded, Verified

LONGEST_SECONDS: Final = 30.0
"""However long a server would wait."""

logger = logging.getLogger(__name__)


class Answering:
    """Answers questions from `upstream`."""

    def __init__(self, upstream: Upstream) -> None:
        """Ask `upstream`."""
        self.upstream = upstream
        self._ways: Mapping[Kind, Callable[[Question], Awaitable[Said]]] = {
            "find": self._find,
            "verify": self._verify,
            "look_up": self._look_up,
            "probe": self._probe,
            "examine": self._examine,
        }

    async def answer(self, question: Question) -> str:
        """The message that answers a question; raises nothing but CancelledError."""
        try:
            async with asyncio.timeout(min(question.seconds, LONGEST_SECONDS)):
                said = await self._ways[question.kind](question)
        except TimeoutError:
            said = _no_answer(Away(Reason.DIRECTORY_TIMEOUT, "no answer in time"))
        except Away as away:
            logger.warning("no answer: %s", away)
            said = _no_answer(away)
        except Overloaded as full:
            wait = full.retry_after
            said = _no_answer(Away(Reason.DIRECTORY_BUSY, "too much to ask", wait))
        except Exception as defect:
            # Its text may quote what was asked; its kind says enough.
            logger.error("a question failed: %s", type(defect).__name__)
            said = _no_answer(Away(Reason.DIRECTORY_LIED, type(defect).__name__))
        return _fitting(question.id, said)

    async def _find(self, question: Question) -> Said:
        found = await self.upstream.find(question.username)
        return Found(candidate=asked_of(found))

    async def _verify(self, question: Question) -> Said:
        candidate = candidate_of(question.candidate or Asked(key=""))
        name, password = question.username, question.password
        verdict = await self.upstream.verify(candidate, name, password)
        if isinstance(verdict, Verified) and verdict.profile is not None:
            return Right(person=person_of(verdict.profile))
        if isinstance(verdict, Verified):
            raise Away(Reason.DIRECTORY_LIED, "somebody without a profile")
        again: Any = verdict.facts.get("retry_after")
        return Wrong(reason=verdict.reason.value, retry_after=again)

    async def _look_up(self, question: Question) -> Said:
        profile = await self.upstream.look_up(question.username)
        return Known(person=person_of(profile) if profile is not None else None)

    async def _probe(self, question: Question) -> Said:
        await self.upstream.probe()
        return Answers()

    async def _examine(self, question: Question) -> Said:
        remarks = await self.upstream.examine()
        return Remarks(
            lines=[
                Line(grade=remark.grade.value, text=remark.text, mend=remark.mend)
                for remark in remarks
            ]
        )


def _no_answer(away: Away) -> NoAnswer:
    reason = away.reason.value
    known = reason if reason in ABSENCES else Reason.DIRECTORY_UNREACHABLE.value
    detail = away.detail[:200]
    return NoAnswer(reason=known, detail=detail, retry_after=max(1, away.retry_after))


def _fitting(id: str, said: Said) -> str:
    """An answer of a size that is taken: attributes are what one can do without."""
    for each in (said, _without_attributes(said)):
        try:
            text = encode(Answer(id=id, said=each))
        except (msgspec.MsgspecError, UnicodeError, TypeError):
            break
        if len(text.encode()) <= LARGEST_MESSAGE:
            return text
    lied = Away(Reason.DIRECTORY_LIED, "more than can be told")
    return encode(Answer(id=id, said=_no_answer(lied)))


def _without_attributes(said: Said) -> Said:
    if isinstance(said, Right):
        return Right(person=msgspec.structs.replace(said.person, attributes={}))
    if isinstance(said, Known) and said.person is not None:
        return Known(person=msgspec.structs.replace(said.person, attributes={}))
    return said
