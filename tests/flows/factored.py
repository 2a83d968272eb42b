"""Users with second factors, and the wires on which they bring them.

No test lives here; what can be asked is at the end.
"""

from dataclasses import dataclass, replace
from typing import Final

from ostiary.core.errors import Refused
from ostiary.core.factors import Factor, FactorKind, recovery_digest
from ostiary.core.model import ConnectionSettings, Tenant
from ostiary.core.names import MFA_CHALLENGE, MFA_ENROLMENT, MFA_OTP
from ostiary.core.policy import Policy, SecondFactor
from ostiary.core.request import ClientCredential, Granted, ScopeRequest
from ostiary.dialects.entra.authority import V2
from ostiary.dialects.entra.wire import EntraWire
from ostiary.flows import enrolment
from ostiary.flows.challenge import Challenge, Wish, challenge
from ostiary.flows.enrolment import Begun
from ostiary.flows.manage.changes import PutClient, PutFactor, PutListed, PutUser
from ostiary.flows.token import exchange
from tests.flows import values
from tests.flows.values import ALICE, NOON, TENANT
from tests.flows.world import MASTER, SITE, World, refused, request
from tests.services.authenticator import SEED, totp

CONTEXT: Final = f"mfa:{ALICE}"
PAPER: Final = "ABCDEFGHIJKLMNOPQRSTUVWX"
NUMBER: Final = "+15551234567"
PHONE: Final = Factor(
    "phone", FactorKind.OOB, channel="sms", name=NUMBER, created_at=NOON
)
RECOVERY: Final = Factor(
    "paper", FactorKind.RECOVERY, secret=recovery_digest(PAPER), created_at=NOON
)
GRANTS: Final = frozenset(
    {*values.EVERY_GRANT, "mfa_otp", "mfa_oob", "mfa_recovery_code"}
)


@dataclass(frozen=True, slots=True)
class FactorWire(EntraWire):
    """A wire like the usual one, but for how it wants a second factor brought."""

    way: SecondFactor = SecondFactor.LATER

    def policy(self, tenant: Tenant) -> Policy:
        """The usual one, with that way."""
        return replace(EntraWire.policy(self, tenant), second_factor=self.way)


LATER: Final = FactorWire(V2, SITE)
REPEATED: Final = FactorWire(V2, SITE, SecondFactor.REPEATED)


async def furnish(world: World, *factors: Factor, seed: bool = True) -> None:
    """Alice must bring a second factor: the declared seed, and `factors`."""
    secret = MASTER.seal(SEED.encode(), CONTEXT) if seed else None
    gateway = ConnectionSettings("sms", "sms", options={"webhook": "http://gateway"})
    await world.write(
        PutUser(values.user(mfa_required=True), NOON - 1, mfa_secret=secret),
        PutClient(values.client(grant_types=GRANTS)),
        PutListed(TENANT, "sms", 1, gateway),
        *(PutFactor(TENANT, ALICE, each) for each in factors),
    )


async def ask(
    world: World, wire: FactorWire | None = None, **fields: object
) -> Granted | Refused:
    """What comes of a request; by default Alice's right password, the code later."""
    try:
        return await exchange(request(**fields), wire or LATER, world.ports)
    except Refused as told:
        return told


async def begin(world: World, **fields: object) -> str:
    """The ticket of a sign-in whose password was right."""
    return str(refused(await ask(world, None, **fields)).facts["pending"])


async def bring(
    world: World, ticket: str, code: str | None, grant: str = MFA_OTP, **fields: object
) -> Granted | Refused:
    """Go on with a sign-in by a code."""
    known: dict[str, object] = {
        "grant_type": grant,
        "username": None,
        "password": None,
        "scope": ScopeRequest(given=False),
        "mfa_token": ticket,
        "mfa_code": code,
    }
    return await ask(world, None, **{**known, **fields})


def code_now(world: World, *, steps: int = 0) -> str:
    """The code that Alice's application shows, `steps` later."""
    return totp(SEED, world.clock.at, steps=steps)


async def ask_challenge(
    world: World,
    ticket: str,
    wish: Wish | None = None,
    client: ClientCredential | None = None,
) -> Challenge | Refused:
    """What comes of asking which factor to bring."""
    asked = request(
        grant_type=MFA_CHALLENGE,
        client=client or ClientCredential(values.PUBLIC),
        scope=ScopeRequest(given=False),
        mfa_token=ticket,
    )
    try:
        return await challenge(asked, wish or Wish(), LATER, world.ports)
    except Refused as told:
        return told


async def challenged(world: World, ticket: str) -> str:
    """The `oob_code` of a code that was sent."""
    made = await ask_challenge(world, ticket, Wish(("oob",)))
    assert isinstance(made, Challenge), made
    assert made.oob_code is not None
    return made.oob_code


async def enrol(world: World, ticket: str) -> Begun | Refused:
    """What comes of beginning with an authenticator application."""
    asked = request(
        grant_type=MFA_ENROLMENT, client=ClientCredential(""), mfa_token=ticket
    )
    try:
        return await enrolment.begin_computed(asked, LATER, world.ports)
    except Refused as told:
        return told


async def enrol_phone(world: World, ticket: str) -> Begun | Refused:
    """What comes of beginning with a telephone."""
    asked = request(
        grant_type=MFA_ENROLMENT, client=ClientCredential(""), mfa_token=ticket
    )
    try:
        return await enrolment.begin_sent(asked, "sms", NUMBER, LATER, world.ports)
    except Refused as told:
        return told


async def remove(world: World, ticket: str, factor_id: str) -> Refused | None:
    """What comes of removing a factor."""
    asked = request(
        grant_type=MFA_ENROLMENT, client=ClientCredential(""), mfa_token=ticket
    )
    try:
        await enrolment.remove_factor(asked, factor_id, LATER, world.ports)
    except Refused as told:
        return told
    return None
