"""Strategies `email` and `sms`: who can read what was sent there may come in.

A code in place of a password; sending one is told in `flows.passwordless`.
"""

from dataclasses import dataclass

from ostiary.core.accounts import fold
from ostiary.core.addresses import FINDERS
from ostiary.core.codes import CodePlace, CodeVerdict, refused_code
from ostiary.core.connections import Channel
from ostiary.core.model import Tenant
from ostiary.flows.facts import (
    Candidate,
    Claimed,
    Profile,
    Rejected,
    Unreachable,
    Verified,
)
from ostiary.flows.ports import Clock, Codes


@dataclass(frozen=True, slots=True)
class OneTimeCodeConnection:
    """Port `Connection` over codes that were sent out.

    A name that is no address at all is tried like any other: nothing matches it.
    """

    name: str
    channel: Channel
    codes: Codes
    clock: Clock
    provisions: bool = True

    async def find(self, username: str) -> Candidate:
        """Nobody is looked up: whoever reads the code may come."""
        return Candidate(fold(username))

    async def pretend(self, candidate: Candidate) -> None:
        """Nothing to wait for: every code is looked at."""

    async def verify(
        self, tenant: Tenant, claimed: Claimed, password: str
    ) -> Verified | Rejected | Unreachable:
        """Check a code and use it up; a wrong one counts against it."""
        address = FINDERS[self.channel](claimed.username)
        place = CodePlace(tenant.id, self.name, address or "")
        now = self.clock.now()
        verdict = await self.codes.judge(place, password, now, spend=True)
        if verdict is CodeVerdict.RIGHT and address is not None:
            account = claimed.account
            known = account.user.username if account else address
            return Verified(amr=("otp",), profile=self._profile(known, address))
        wrong = CodeVerdict.WRONG if verdict is CodeVerdict.RIGHT else verdict
        refused = refused_code(wrong, self.channel)
        return Rejected(refused.reason, refused.facts)

    def _profile(self, username: str, address: str) -> Profile:
        """What a right code proves: whose mailbox or telephone it is."""
        if self.channel is Channel.EMAIL:
            return Profile(username, email=address, email_verified=True)
        return Profile(username, phone_number=address)
