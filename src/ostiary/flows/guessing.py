"""Guessing, bounded: what stands before every credential, and what a wrong one costs.

One gate for passwords, codes and device keys alike; the numbers are judged in
`core.passwords` and `core.limits`.
"""

import math
from typing import Final

from ostiary.core import passwords
from ostiary.core.errors import Reason, Refused
from ostiary.core.limits import Allowance, Bucket, LimitKey, check_allowed
from ostiary.core.model import Tenant
from ostiary.flows.attempt import Attempt
from ostiary.flows.facts import GuessKeys, GuessState
from ostiary.flows.lock_notices import tell_of_lock

REPEATS: Final = Bucket("repeats", 20, 6.0)
"""Wrong passwords of one user from one address, the same one again included: twenty
at once, then ten a minute (contract auth0 §5)."""


async def check_open(attempt: Attempt, tenant: Tenant, guess: GuessKeys) -> GuessState:
    """Refuse while the account is locked or the source has failed too often.

    Also while one more wrong password could lock it in its directory.

    Asked again after the credential was checked: of guesses made side by side only as
    many may learn their result as of guesses made one by one.
    """
    now = attempt.ports.clock.now()
    state = await attempt.ports.guesses.state(tenant.id, guess, now)
    if passwords.is_source_blocked(state.source_failures_today, tenant.lockout):
        raise Refused(Reason.SOURCE_BLOCKED, retry_after=3600)
    wait = state.failures.locked_until - now
    if guess.directory is not None and wait <= 0:
        wait = passwords.open_again_in(state.asked, guess.directory, now)
    if wait > 0:
        raise Refused(Reason.ACCOUNT_LOCKED, retry_after=math.ceil(wait))
    return state


async def check_repeats(
    attempt: Attempt, tenant: Tenant, guess: GuessKeys, *, failed: bool = False
) -> None:
    """Bound what lockout does not: the same wrong password, over and over.

    Looked at before a password is, counted when one `failed`: right ones are free.
    """
    if attempt.policy is None or not attempt.policy.repeats_bounded:
        return
    limits, now = attempt.ports.limits, attempt.ports.clock.now()
    source = attempt.request.trace.source
    key = LimitKey(tenant.id, guess.account, source, account=True)
    ask = limits.take if failed else limits.peek
    allowance: Allowance = await ask(key, REPEATS, now)
    check_allowed(allowance, Reason.TOO_MANY_LOGINS)


async def count_wrong(
    attempt: Attempt, tenant: Tenant, guess: GuessKeys, reason: Reason
) -> Refused:
    """Count the failure and write it down, in one transaction; what to refuse with.

    It counts towards the lock before anything else is bounded: of guesses made side by
    side none goes uncounted.
    """
    ports = attempt.ports
    told = await ports.guesses.record_failure(
        tenant,
        guess,
        ports.clock.now(),
        attempt.refusal(reason),
        attempt.refusal(Reason.ACCOUNT_LOCKED),
    )
    attempt.recorded = True
    tell_of_lock(attempt, tenant, guess)
    if not told:
        return Refused(Reason.ACCOUNT_LOCKED)
    await check_repeats(attempt, tenant, guess, failed=True)
    return Refused(reason)


def to_forgive(
    attempt: Attempt, guess: GuessKeys, state: GuessState
) -> GuessKeys | None:
    """The counters that a good sign-in resets, if there is anything to mend there."""
    due = attempt.started - state.seen_at > passwords.PLACE_NOTED_EVERY
    return guess if due or state.failures.count > 0 else None
