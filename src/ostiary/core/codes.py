"""One-time codes: how long one is good, how often it may be tried, what a try means.

Pure arithmetic; where codes are kept and how they travel is told elsewhere.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ostiary.core.connections import Channel
from ostiary.core.errors import Reason, Refused

CODE_DIGITS: Final = 6
CODE_SECONDS: Final = 180
"""Seconds for which a code is good (contract auth0 §6, `/passwordless/start`)."""
MOST_TRIES: Final = 3
"""Wrong tries that kill a code (contract auth0 §6; promise 4 allows five)."""


class CodeVerdict(StrEnum):
    """What became of a try."""

    RIGHT = "right"
    WRONG = "wrong"
    EXHAUSTED = "exhausted"
    """There is a code, but it was tried too often: nothing opens it any longer."""


@dataclass(frozen=True, slots=True)
class CodePlace:
    """Where a code belongs: only the newest one of a place is good.

    name: whom it was sent to, folded.
    """

    tenant_id: str
    connection: str
    name: str


@dataclass(frozen=True, slots=True)
class StoredCode:
    """The newest code of a place, as a keyed digest; `expires_at` in epoch seconds."""

    digest: str
    tries: int
    expires_at: float


def code_text(number: int) -> str:
    """A code as people read it: six digits, zeros in front."""
    return f"{number:0{CODE_DIGITS}d}"


def judge_code(stored: StoredCode | None, digest: str, now: float) -> CodeVerdict:
    """What a try with a code of that digest means (contract auth0 §3.4, §6).

    A code that expired is nobody's, so that every try is just wrong.
    """
    if stored is None or stored.expires_at <= now:
        return CodeVerdict.WRONG
    if stored.tries >= MOST_TRIES:
        return CodeVerdict.EXHAUSTED
    right = hmac.compare_digest(stored.digest, digest)
    return CodeVerdict.RIGHT if right else CodeVerdict.WRONG


_REASONS: Final[Mapping[CodeVerdict, Reason]] = {
    CodeVerdict.WRONG: Reason.CODE_WRONG,
    CodeVerdict.EXHAUSTED: Reason.CODE_EXHAUSTED,
}
_CALLED: Final[Mapping[Channel, str]] = {
    Channel.EMAIL: "email",
    Channel.SMS: "phone number",
}


def refused_code(verdict: CodeVerdict, channel: Channel) -> Refused:
    """The refusal of a code that was not right (contract auth0 §3.4)."""
    return Refused(_REASONS[verdict], what=_CALLED[channel])
