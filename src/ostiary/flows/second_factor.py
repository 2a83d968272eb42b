"""Conditional access, and the second factor as each wire wants it brought.

Whether a code is right is told in `proving`; what waits for one, in `pending`.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from ostiary.core import accounts, scopes
from ostiary.core.errors import Reason, Refused
from ostiary.core.factors import Factor, FactorKind, enrolled, usable
from ostiary.core.model import Client
from ostiary.core.policy import Policy, SecondFactor
from ostiary.core.request import ScopeRequest
from ostiary.flows.attempt import Attempt, Found
from ostiary.flows.factor_messages import channels_of, send_code
from ostiary.flows.facts import Registry
from ostiary.flows.pending import seal
from ostiary.flows.proving import Proof, prove_computed, prove_sent, proven

WANTED: Final = frozenset({Reason.MFA_REQUIRED, Reason.MFA_ENROLMENT_REQUIRED})


def check_conditions(
    attempt: Attempt, registry: Registry, client: Client, found: Found
) -> None:
    """Conditional access and the need of a second factor (`core.accounts`)."""
    if found.subject is None or attempt.policy is None:
        return
    user, amr = found.subject.user, found.subject.amr
    source = attempt.request.trace.source
    rule = accounts.matching_policy(registry.policies, user, client, source)
    scope = found.scope or attempt.request.scope
    guarded = _is_guarded(registry, scope, attempt.policy)
    accounts.check_access(user, rule, amr, guarded=guarded)


def _is_guarded(registry: Registry, scope: ScopeRequest, policy: Policy) -> bool:
    """Whether what is asked for changes second factors."""
    if not policy.factors_resource:
        return False
    asked = scopes.find_resource(registry.resources, scope.resource, policy)
    return asked.identifier == policy.factors_resource


async def bring_second_factor(
    attempt: Attempt, registry: Registry, client: Client, found: Found
) -> Found:
    """The sign-in with its second factor, if it needs one and has brought it.

    Raises Refused: for what the wire does in a later request, with a ticket for it.
    """
    try:
        check_conditions(attempt, registry, client, found)
    except Refused as refused:
        way = attempt.policy.second_factor if attempt.policy else SecondFactor.REFUSED
        if refused.reason not in WANTED or way is SecondFactor.REFUSED:
            raise
        factors = await attempt.ports.factors.of_user(
            registry.tenant.id, attempt.user_id
        )
        if way is SecondFactor.REPEATED:
            if refused.reason is not Reason.MFA_REQUIRED:
                raise
            return proven(found, await _repeated(attempt, registry, factors))
        raise _later(attempt, registry, client, found, refused, factors) from None
    return found


async def _repeated(
    attempt: Attempt, registry: Registry, factors: Sequence[Factor]
) -> Proof:
    """The code that came with the password (contract auth0 §1.6).

    Without one it is asked for, and sent to a user who has no other way.
    """
    code = attempt.request.mfa_code
    sent = [each for each in enrolled(factors) if each.kind is FactorKind.OOB]
    computes = bool(usable(factors, FactorKind.OTP))
    if code is None:
        if sent and not computes:
            await send_code(attempt, registry, sent[0])
        raise Refused(Reason.MFA_REQUIRED)
    if sent and not computes:
        return await prove_sent(attempt, sent[0], code)
    return await prove_computed(attempt, factors, code)


def _later(
    attempt: Attempt,
    registry: Registry,
    client: Client,
    found: Found,
    refused: Refused,
    factors: Sequence[Factor],
) -> Refused:
    """The refusal with a ticket, by which the sign-in goes on (contract auth0 §3.5).

    ways: what the user may be asked for, or may enrol when there is nothing yet.
    """
    ways: Iterable[str] = (FactorKind.OTP.value, *channels_of(registry))
    if refused.reason is Reason.MFA_REQUIRED:
        ways = (each.channel or each.kind.value for each in enrolled(factors))
    ticket = seal(attempt, registry, client, found)
    told = {"pending": ticket, "ways": tuple(dict.fromkeys(ways))}
    return Refused(refused.reason, **{**refused.facts, **told})
