"""The strategies `email` and `sms`: a code for a password, and who it proves."""

from dataclasses import dataclass, field

import pytest

from ostiary.connections import STRATEGIES, Means
from ostiary.connections.kept import KeptConnections
from ostiary.connections.lane import HashLane
from ostiary.connections.one_time_code import OneTimeCodeConnection
from ostiary.core.codes import CodePlace, CodeVerdict
from ostiary.core.connections import Channel
from ostiary.core.errors import Reason
from ostiary.core.model import ConnectionSettings, Tenant
from ostiary.flows.facts import Account, AuditEvent, Profile, Rejected, Verified
from tests.connections.claims import claimed, no_secrets
from tests.flows.fakes import StillClock
from tests.flows.values import user

CONTOSO = Tenant("a-tenant", "contoso")


@dataclass
class OneCode:
    """Port `Codes` in which 123456 is right in one place; each try is noted."""

    right: CodePlace
    verdict: CodeVerdict = CodeVerdict.WRONG
    tried: list[tuple[CodePlace, str, bool]] = field(default_factory=list)

    async def keep(
        self, place: CodePlace, code: str, now: float, seconds: int, event: AuditEvent
    ) -> None:
        """Never asked."""
        raise NotImplementedError

    async def judge(
        self, place: CodePlace, code: str, now: float, *, spend: bool
    ) -> CodeVerdict:
        """Right in its place, otherwise as the test says."""
        self.tried.append((place, code, spend))
        right = (place, code) == (self.right, "123456")
        return CodeVerdict.RIGHT if right else self.verdict

    async def is_current(self, place: CodePlace, code: str, now: float) -> bool:
        """Never asked."""
        raise NotImplementedError


def connection(channel: Channel, codes: OneCode) -> OneTimeCodeConnection:
    """The connection `codes` of that channel."""
    return OneTimeCodeConnection("codes", channel, codes, StillClock())


@pytest.mark.parametrize(
    ("channel", "typed", "profile"),
    [
        (
            Channel.EMAIL,
            "Box@Mail.Test",
            Profile("box@mail.test", email="box@mail.test", email_verified=True),
        ),
        (Channel.SMS, "+1555", Profile("+1555", phone_number="+1555")),
    ],
)
async def test_a_right_code_proves_whose_address_it_is(
    channel: Channel, typed: str, profile: Profile
) -> None:
    """The person is made known by it; the method is a one-time password (RFC 8176)."""
    codes = OneCode(CodePlace("a-tenant", "codes", profile.username))
    verdict = await connection(channel, codes).verify(CONTOSO, claimed(typed), "123456")
    assert verdict == Verified(amr=("otp",), profile=profile)
    assert codes.tried == [(codes.right, "123456", True)]


async def test_somebody_known_keeps_their_name() -> None:
    """A configured user may be called otherwise than their address."""
    codes = OneCode(CodePlace("a-tenant", "codes", "box@mail.test"))
    account = Account(user(username="kim"))
    made = connection(Channel.EMAIL, codes)
    verdict = await made.verify(CONTOSO, claimed("box@mail.test", account), "123456")
    assert isinstance(verdict, Verified)
    assert verdict.profile is not None
    assert (verdict.profile.username, verdict.profile.email) == ("kim", "box@mail.test")


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [
        (CodeVerdict.WRONG, Reason.CODE_WRONG),
        (CodeVerdict.EXHAUSTED, Reason.CODE_EXHAUSTED),
    ],
)
@pytest.mark.parametrize("typed", ["box@mail.test", "no address", ""])
async def test_other_codes_are_refused(
    verdict: CodeVerdict, reason: Reason, typed: str
) -> None:
    """A name that is no address is tried too: the same work for everybody."""
    codes = OneCode(CodePlace("a-tenant", "codes", "somebody"), verdict)
    made = connection(Channel.EMAIL, codes)
    told = await made.verify(CONTOSO, claimed(typed), "000000")
    assert told == Rejected(reason, {"what": "email"})
    assert len(codes.tried) == 1


async def test_no_address_is_let_in_by_no_code() -> None:
    """Whatever a store might say of the empty place."""
    codes = OneCode(CodePlace("a-tenant", "codes", ""))
    made = connection(Channel.SMS, codes)
    told = await made.verify(CONTOSO, claimed("not a number"), "123456")
    assert told == Rejected(Reason.CODE_WRONG, {"what": "phone number"})


@pytest.mark.parametrize("strategy", ["email", "sms"])
def test_both_strategies_are_known(strategy: str) -> None:
    """They vouch for people whom nobody knew before."""
    lane = HashLane(threads=1)
    try:
        means = Means(
            lane,
            OneCode(CodePlace("", "", "")),
            StillClock(),
            KeptConnections(),
            no_secrets,
        )
        made = STRATEGIES[strategy](
            CONTOSO, ConnectionSettings("codes", strategy), means
        )
    finally:
        lane.close()
    assert made.name == "codes"
    assert made.provisions
