"""What each state of a directory's account is told as, at every door.

Interface's rulings ("Directory states"), contract entra §6.3, contract auth0 §1.5, §3.4
and §4.3; security promises, "Answers used below". No value comes from a run of ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import httpx

from ostiary.core.errors import Reason
from tests.wire.answers import assert_error


@dataclass(frozen=True)
class Told:
    """A refusal: Entra's code (always 400 invalid_grant, but for outages); status and
    error at `/oauth/ro` and at `/oauth/token`; `text`: the whole sentence there.
    """

    code: int
    old: tuple[int, str]
    new: tuple[int, str]
    text: str | None = None

    def check_entra(self, answer: httpx.Response) -> None:
        """At the Entra token endpoint, with all that belongs to an error there."""
        assert_error(answer, 400, "invalid_grant", self.code)

    def check_old(self, answer: httpx.Response) -> None:
        """At `/oauth/ro`."""
        self._check(answer, *self.old)

    def check_new(self, answer: httpx.Response) -> None:
        """At `/oauth/token`."""
        self._check(answer, *self.new)

    def _check(self, answer: httpx.Response, status: int, error: str) -> None:
        body = answer.json()
        assert (answer.status_code, body["error"]) == (status, error), answer.text
        assert body["error_description"]
        if self.text is not None:
            assert body["error_description"] == self.text
        assert ("retry-after" in answer.headers) == (status == 429)


WRONG: Final = Told(
    50126,
    (401, "invalid_user_password"),
    (403, "invalid_grant"),
    "Wrong email or password.",
)
LOCKED: Final = Told(50053, (429, "too_many_attempts"), (429, "too_many_attempts"))
_CHANGE: Final = Told(
    50144, (401, "password_change_required"), (403, "password_change_required")
)
_BLOCKED: Final = Told(
    50057, (401, "unauthorized"), (403, "unauthorized"), "user is blocked"
)
_RESTRICTED: Final = Told(80012, (401, "unauthorized"), (403, "unauthorized"))

TOLD: Final[Mapping[Reason, Told]] = {
    Reason.PASSWORD_WRONG: WRONG,
    Reason.DIRECTORY_LOCKED: LOCKED,
    Reason.DIRECTORY_PASSWORD_EXPIRED: _CHANGE,
    Reason.USER_DISABLED: _BLOCKED,
    Reason.ACCOUNT_EXPIRED: _BLOCKED,
    Reason.LOGON_RESTRICTED: _RESTRICTED,
}


def check_away(
    answer: httpx.Response, code: int | tuple[int, ...] = (80001, 80002)
) -> None:
    """Nobody could tell: 503 and a short Retry-After, in both dialects."""
    body = answer.json()
    assert (answer.status_code, body["error"]) == (503, "temporarily_unavailable"), (
        answer.text
    )
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    if "error_codes" in body:
        assert_error(answer, 503, "temporarily_unavailable", code)
    else:
        assert body["error_description"]
