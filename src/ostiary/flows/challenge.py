"""A client asks which second factor its user should bring, and has a code sent.

Contract auth0 §3.5, `/mfa/challenge`; bringing it is a grant of its own.
"""

from dataclasses import dataclass, field

from ostiary.core.errors import Reason, Refused
from ostiary.core.factors import Factor, FactorKind, choose
from ostiary.core.request import TokenRequest
from ostiary.flows.attempt import Attempt
from ostiary.flows.factor_messages import send_code
from ostiary.flows.oob_codes import challenge_text
from ostiary.flows.pending import resume
from ostiary.flows.ports import Ports, Wire
from ostiary.flows.proving import check_guesses
from ostiary.flows.token import authenticate, find_client, find_tenant


@dataclass(frozen=True, slots=True)
class Wish:
    """What a client can handle; what it says nothing about may be anything."""

    kinds: tuple[str, ...] = ()
    channel: str | None = None
    factor_id: str | None = None


@dataclass(frozen=True, slots=True)
class Challenge:
    """The factor to bring; `oob_code` names the code that was sent, if one was."""

    factor: Factor
    oob_code: str | None = field(default=None, repr=False)


async def challenge(
    request: TokenRequest, wish: Wish, wire: Wire, ports: Ports
) -> Challenge:
    """Begin a challenge for the sign-in of `request.mfa_token`, or Refused.

    The client authenticates as for tokens.
    """
    async with Attempt(request, wire, ports, ports.clock.now()) as attempt:
        return await _challenge(attempt, wish)


async def _challenge(attempt: Attempt, wish: Wish) -> Challenge:
    registry = await find_tenant(attempt)
    client = await find_client(attempt)
    if registry is None or client.tenant_id != registry.tenant.id:
        raise Refused(Reason.CLIENT_UNKNOWN, client_id=client.client_id)
    attempt.authentication = await authenticate(attempt, client)
    if attempt.request.fault is not None:
        raise attempt.request.fault
    pending, account = await resume(attempt, registry, client)
    await check_guesses(attempt)
    known = await attempt.ports.factors.of_user(registry.tenant.id, account.user.id)
    factor = choose(known, wish.kinds, channel=wish.channel, id=wish.factor_id)
    if factor.kind is FactorKind.OTP:
        return Challenge(factor)
    await send_code(attempt, registry, factor)
    return Challenge(factor, challenge_text(attempt, registry, factor, pending.id))
