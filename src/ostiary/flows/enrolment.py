"""Users see to their own second factors: which there are, a new one, one less.

Contract auth0 §3.5. Whoever has one must have shown it before anything changes; a new
one counts from its first right code on (security promise 4). Requests bring their
token as `mfa_token`; their scope is what an access token must allow.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from ostiary.core import factors as rules
from ostiary.core.errors import Reason, Refused
from ostiary.core.factors import BEGINNINGS, MOST, Factor, FactorKind, FactorState
from ostiary.core.limits import LimitKey, check_allowed
from ostiary.core.model import User
from ostiary.core.request import ClientCredential, TokenRequest
from ostiary.flows import pending
from ostiary.flows.access_tokens import inspect_access
from ostiary.flows.attempt import Attempt
from ostiary.flows.factor_messages import channels_of, send_code
from ostiary.flows.facts import Registry
from ostiary.flows.manage.credentials import mfa_context
from ostiary.flows.oob_codes import challenge_text
from ostiary.flows.ports import Ports, Wire
from ostiary.flows.token import find_tenant

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Owner:
    """Who asks, what they have, and whether they have shown a second factor.

    sign_in: the id of the sign-in that waits for one; "" for none.
    """

    user: User
    factors: Sequence[Factor]
    proven: bool
    sign_in: str = ""


@dataclass(frozen=True, slots=True)
class Begun:
    """A new factor; what its user must keep or type, and sees only now.

    seed: as Base32 text. oob_code: names the code that was sent.
    """

    factor: Factor
    user: User
    seed: str | None = field(default=None, repr=False)
    oob_code: str | None = field(default=None, repr=False)
    recovery_code: str | None = field(default=None, repr=False)


async def list_factors(
    request: TokenRequest, wire: Wire, ports: Ports
) -> Sequence[Factor]:
    """The factors of the user whose token the request brings, or Refused."""

    async def act(
        attempt: Attempt, registry: Registry, owner: Owner
    ) -> Sequence[Factor]:
        return owner.factors

    return await _for_owner(request, wire, ports, act)


async def begin_computed(request: TokenRequest, wire: Wire, ports: Ports) -> Begun:
    """A new seed for an authenticator application, or Refused."""

    async def act(attempt: Attempt, registry: Registry, owner: Owner) -> Begun:
        seed = ports.seeds.new(mfa_context(owner.user.id))
        factor = _new(attempt, owner, FactorKind.OTP, secret=seed.sealed)
        begun = await _begin(attempt, registry, owner, factor)
        return replace(begun, seed=seed.text)

    return await _for_owner(request, wire, ports, act)


async def begin_sent(
    request: TokenRequest, channel: str, address: str | None, wire: Wire, ports: Ports
) -> Begun:
    """A telephone or mailbox, with the first code on its way to it, or Refused.

    address: None for the user's own mail address, if that is known to be theirs.
    """

    async def act(attempt: Attempt, registry: Registry, owner: Owner) -> Begun:
        if channel not in channels_of(registry):
            raise Refused(Reason.MFA_CHALLENGE_UNSUPPORTED)
        name = address or (owner.user.email if owner.user.email_verified else None)
        if not name:
            raise Refused(Reason.PARAMETER_MISSING, name="email")
        factor = _new(attempt, owner, FactorKind.OOB, channel=channel, name=name)
        begun = await _begin(attempt, registry, owner, factor)
        await send_code(attempt, registry, factor)
        text = challenge_text(attempt, registry, factor, owner.sign_in)
        return replace(begun, oob_code=text)

    return await _for_owner(request, wire, ports, act)


async def remove_factor(
    request: TokenRequest, factor_id: str, wire: Wire, ports: Ports
) -> None:
    """Forget a factor; with the last one its recovery code goes too, or Refused."""

    async def act(attempt: Attempt, registry: Registry, owner: Owner) -> None:
        doomed = [each for each in owner.factors if each.id == factor_id]
        if not doomed:
            raise Refused(Reason.OBJECT_UNKNOWN)
        if doomed[0].active:
            rules.check_may_change(owner.factors, proven=owner.proven)
        rest = [each for each in owner.factors if each.id != factor_id]
        if not rules.enrolled(rest):
            doomed += [each for each in rest if each.kind is FactorKind.RECOVERY]
        event = attempt.event("factor removed")
        await ports.factors.remove(registry.tenant.id, owner.user.id, doomed, event)

    await _for_owner(request, wire, ports, act)


async def _begin(
    attempt: Attempt, registry: Registry, owner: Owner, factor: Factor
) -> Begun:
    """Write it down, with a recovery code for who has none yet."""
    rules.check_may_change(owner.factors, proven=owner.proven)
    tenant_id, ports, clock = registry.tenant.id, attempt.ports, attempt.ports.clock
    key = LimitKey(tenant_id, owner.user.id)
    allowance = await ports.limits.take(key, BEGINNINGS, clock.now())
    check_allowed(allowance, Reason.MFA_TOO_OFTEN)
    active = [each for each in owner.factors if each.active]
    if len(active) >= MOST:
        raise Refused(Reason.MFA_TOO_OFTEN)
    new, recovery = [factor], None
    if not any(each.kind is FactorKind.RECOVERY for each in active):
        recovery = rules.recovery_code(clock.token())
        digest = rules.recovery_digest(recovery)
        new.append(_new(attempt, owner, FactorKind.RECOVERY, secret=digest))
    event = attempt.event("factor begun")
    await ports.factors.begin(tenant_id, owner.user.id, new, event)
    return Begun(factor, owner.user, recovery_code=recovery)


def _new(
    attempt: Attempt,
    owner: Owner,
    kind: FactorKind,
    *,
    secret: str = "",
    channel: str = "",
    name: str = "",
) -> Factor:
    clock = attempt.ports.clock
    return Factor(
        id=clock.guid(),
        kind=kind,
        state=FactorState.PROMISED if owner.proven else FactorState.BEGUN,
        channel=channel,
        name=name,
        secret=secret,
        created_at=clock.now(),
    )


async def _for_owner(
    request: TokenRequest,
    wire: Wire,
    ports: Ports,
    act: Callable[[Attempt, Registry, Owner], Awaitable[T]],
) -> T:
    """Find out whose token the request brings, and act for them."""
    async with Attempt(request, wire, ports, ports.clock.now()) as attempt:
        registry = await find_tenant(attempt)
        if registry is None:
            raise Refused(Reason.TENANT_UNKNOWN)
        owner = await _owner(attempt, registry)
        if request.fault is not None:
            raise request.fault
        return await act(attempt, registry, owner)


async def _owner(attempt: Attempt, registry: Registry) -> Owner:
    """By the ticket of a sign-in that waits, or by an access token for this."""
    token, ports = attempt.request.mfa_token or "", attempt.ports
    if ports.envelopes.open(registry.tenant.id, pending.USE, token) is not None:
        waiting, account = await pending.open_ticket(ports, registry, token)
        client_id, user = waiting.client_id, account.user
        proven, sign_in = False, waiting.id
        client = registry.clients.get(client_id)
        if client is None or not client.enabled:
            raise Refused(Reason.TOKEN_INVALID)
    else:
        found = await inspect_access(registry, token, attempt.wire, ports)
        audience = attempt.policy.factors_resource if attempt.policy else ""
        if found is None or found.access is None or found.user is None:
            raise Refused(Reason.TOKEN_INVALID)
        if found.access.audience != audience:
            raise Refused(Reason.TOKEN_INVALID)
        lacking = set(attempt.request.scope.names) - set(found.access.scopes)
        if lacking:
            raise Refused(Reason.SCOPE_INSUFFICIENT, scope=min(lacking))
        client_id, user = found.access.client_id, found.user
        proven, sign_in = found.access.second_factor, ""
    attempt.request = replace(attempt.request, client=ClientCredential(client_id))
    attempt.user_id, attempt.username = user.id, user.username
    factors = await ports.factors.of_user(registry.tenant.id, user.id)
    return Owner(user, factors, proven, sign_in)
