"""What Entra ID's refusals of a password mean here, by AADSTS number.

Only what a number says is believed; its texts are nobody's business. Numbers that are
not listed are told as misconfigured: the upstream answers, but nobody could tell
whether the password is right, and a single odd account must not open the breaker for
everybody, as an answer that counts as a lie would.
"""

import re
from collections.abc import Mapping
from typing import Final

from ostiary.connections.upstream import Away
from ostiary.connections.upstream_http import BUSY_SECONDS
from ostiary.core.errors import Reason
from ostiary.flows.facts import Rejected

LOCKED_SECONDS: Final = 60
"""Entra's first lockout (contract entra §8)."""
_NUMBER: Final = re.compile(r"AADSTS([0-9]{4,8})\b")
_BEYOND: Final = 10**8

_WRONG: Final = (
    50126,  # wrong, or nobody of that name
    50034,  # nobody of that name
    50020,  # at home in another tenant
    50056,  # has no password there
    50059,  # the name has no domain
    50064,  # could not be validated
    50128,  # the name's domain is nobody's
    51004,  # nobody of that name
)
_PROVEN: Final[Mapping[Reason, tuple[int, ...]]] = {
    Reason.USER_DISABLED: (50057,),
    Reason.DIRECTORY_PASSWORD_EXPIRED: (50055, 50144),
    Reason.UPSTREAM_MFA_REQUIRED: (50072, 50074, 50076, 50078, 50079, 50158),
    Reason.UPSTREAM_CONSENT_REQUIRED: (65001, 65004),
    Reason.UPSTREAM_POLICY_BLOCKED: (
        *(50097, 50105, 50131),
        *range(53000, 53005),
        *range(530031, 530036),
    ),
    Reason.LOGON_RESTRICTED: (80012,),
}
_BUSY: Final = (50196, 90055)
_BEHIND_IT: Final = range(80000, 80100)
"""Pass-through authentication: the directory behind it gave no answer."""

_VERDICTS: Final[Mapping[int, Rejected]] = {
    **dict.fromkeys(_WRONG, Rejected()),
    **{
        number: Rejected(reason)
        for reason, numbers in _PROVEN.items()
        for number in numbers
    },
    50053: Rejected(Reason.DIRECTORY_LOCKED, {"retry_after": LOCKED_SECONDS}),
}


def verdict_of(told: Mapping[str, object], retry_after: int | None) -> Rejected:
    """What a refusal says of the password; raises Away when that is nothing.

    told: the body. retry_after: seconds, as the answer's header has them.
    """
    numbers = _numbers(told)
    for number in numbers:
        if number in _VERDICTS:
            return _VERDICTS[number]
    for number in numbers:
        if number in _BUSY:
            wait = retry_after or BUSY_SECONDS
            raise Away(Reason.DIRECTORY_BUSY, f"AADSTS{number}", wait)
        if number in _BEHIND_IT:
            raise Away(Reason.DIRECTORY_UNREACHABLE, f"AADSTS{number}")
    detail = f"AADSTS{numbers[0]}" if numbers else "a refusal without a number"
    raise Away(Reason.DIRECTORY_MISCONFIGURED, detail)


def _numbers(told: Mapping[str, object]) -> list[int]:
    """The numbers of a refusal; old ones put a general one before the true one."""
    listed = told.get("error_codes")
    if isinstance(listed, list):
        found = [n for n in listed[:8] if type(n) is int and 0 < n < _BEYOND]
        if found:
            return found
    text = told.get("error_description")
    return [int(n) for n in _NUMBER.findall(text)[:1]] if isinstance(text, str) else []
