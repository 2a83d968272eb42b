"""A second factor shown: right, wrong, or one try too many.

What a right code uses up is written with the tokens, so that a sign-in that fails for
another reason costs nobody a code.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ostiary.core import factors as rules
from ostiary.core.codes import CodePlace, CodeVerdict
from ostiary.core.errors import Reason, Refused
from ostiary.core.factors import Factor, FactorKind, FactorUse
from ostiary.core.limits import LimitKey, check_allowed
from ostiary.flows.attempt import Attempt, Found
from ostiary.flows.digests import sha256_hex
from ostiary.flows.facts import Once
from ostiary.flows.manage.credentials import mfa_context

CODE_KNOWN: float = 600.0
"""Seconds for which a used code is remembered: longer than any clock lets it live."""
SENT: str = "second factor"
"""In place of a connection: where codes of second factors are kept."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A right code: the method of RFC 8176, what it uses up and changes."""

    amr: str
    once: tuple[Once, ...] = ()
    factor: FactorUse | None = None
    recovery_code: str | None = field(default=None, repr=False)


def proven(found: Found, proof: Proof) -> Found:
    """The sign-in with its second factor."""
    subject = found.subject
    if subject is not None:
        amr = dict.fromkeys((*subject.amr, proof.amr, "mfa"))
        subject = replace(subject, amr=tuple(amr))
    return replace(
        found,
        subject=subject,
        once=(*proof.once, *found.once),
        factor=proof.factor,
        recovery_code=proof.recovery_code,
    )


def place_of(tenant_id: str, factor: Factor) -> CodePlace:
    """Where a code that is sent to this factor is kept."""
    return CodePlace(tenant_id, SENT, factor.id)


async def check_guesses(attempt: Attempt) -> None:
    """Refuse while the user's codes were guessed too often.

    Asked before a code is looked at and again after a right one: of guesses made side
    by side only as many may learn their result as of guesses made one by one.
    """
    limits, now = attempt.ports.limits, attempt.ports.clock.now()
    allowance = await limits.peek(_whose(attempt), rules.CODES, now)
    check_allowed(allowance, Reason.MFA_TOO_OFTEN)


async def _wrong(attempt: Attempt, reason: Reason) -> Refused:
    """Count a wrong code; what to refuse with."""
    limits, now = attempt.ports.limits, attempt.ports.clock.now()
    allowance = await limits.take(_whose(attempt), rules.CODES, now)
    check_allowed(allowance, Reason.MFA_TOO_OFTEN)
    return Refused(reason)


def _whose(attempt: Attempt) -> LimitKey:
    tenant_id = attempt.registry.tenant.id if attempt.registry else ""
    return LimitKey(tenant_id, attempt.user_id)


async def prove_computed(attempt: Attempt, known: Sequence[Factor], code: str) -> Proof:
    """A code of an authenticator application (RFC 6238); each works once.

    Raises Refused(MFA_CODE_WRONG or MFA_TOO_OFTEN).
    """
    await check_guesses(attempt)
    user_id, now = attempt.user_id, attempt.ports.clock.now()
    seeds, context = attempt.ports.seeds, mfa_context(user_id)
    for factor in rules.usable(known, FactorKind.OTP):
        step = seeds.step_of(factor.secret, context, code, now)
        if step is not None:
            await check_guesses(attempt)
            key = sha256_hex(f"computed code\n{user_id}\n{factor.id}\n{step}")
            once = Once(key, now + CODE_KNOWN, Reason.MFA_CODE_WRONG)
            return Proof("otp", (once,), _completed(attempt, factor))
    raise await _wrong(attempt, Reason.MFA_CODE_WRONG)


async def prove_sent(attempt: Attempt, factor: Factor, code: str) -> Proof:
    """A code that was sent to this factor; the newest one, a single time.

    Raises Refused(MFA_SENT_CODE_WRONG, MFA_SENT_CODE_DEAD or MFA_TOO_OFTEN).
    """
    await check_guesses(attempt)
    ports = attempt.ports
    tenant_id = attempt.registry.tenant.id if attempt.registry else ""
    place, now = place_of(tenant_id, factor), ports.clock.now()
    verdict = await ports.codes.judge(place, code, now, spend=True)
    if verdict is CodeVerdict.EXHAUSTED:
        raise await _wrong(attempt, Reason.MFA_SENT_CODE_DEAD)
    if verdict is not CodeVerdict.RIGHT:
        raise await _wrong(attempt, Reason.MFA_SENT_CODE_WRONG)
    await check_guesses(attempt)
    amr = "sms" if factor.channel == "sms" else "otp"
    return Proof(amr, factor=_completed(attempt, factor))


async def prove_recovery(attempt: Attempt, known: Sequence[Factor], code: str) -> Proof:
    """The recovery code; it is replaced by a new one (contract auth0 §3.2).

    Raises Refused(MFA_RECOVERY_WRONG or MFA_TOO_OFTEN).
    """
    await check_guesses(attempt)
    old, reason = rules.recovery_digest(code), Reason.MFA_RECOVERY_WRONG
    for factor in rules.usable(known, FactorKind.RECOVERY):
        if factor.active and hmac.compare_digest(factor.secret, old):
            await check_guesses(attempt)
            text = rules.recovery_code(attempt.ports.clock.token())
            digests = (old, rules.recovery_digest(text))
            use = FactorUse(attempt.user_id, factor.id, reason, digests=digests)
            return Proof("otp", factor=use, recovery_code=text)
    raise await _wrong(attempt, reason)


def _completed(attempt: Attempt, factor: Factor) -> FactorUse | None:
    """The first right code of a factor completes its enrolment."""
    if factor.active:
        return None
    wrong = {FactorKind.OOB: Reason.MFA_SENT_CODE_WRONG}
    reason = wrong.get(factor.kind, Reason.MFA_CODE_WRONG)
    return FactorUse(attempt.user_id, factor.id, reason, completes=True)
