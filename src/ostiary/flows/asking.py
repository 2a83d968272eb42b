"""Asking who checks a password: at once, or in turn where a directory counts guesses.

A directory locks accounts by itself; what it is asked about one of them is asked one
question at a time, and never more than it bears (security promises 3 and 11).
"""

from ostiary.core.errors import UNPROVEN, Refused
from ostiary.core.model import Tenant
from ostiary.core.passwords import was_refused
from ostiary.flows.attempt import Attempt
from ostiary.flows.facts import Claimed, GuessKeys, Rejected, Verified
from ostiary.flows.guessing import check_open, count_wrong
from ostiary.flows.ports import Connection, Verdict


async def ask(
    attempt: Attempt,
    tenant: Tenant,
    connection: Connection,
    claimed: Claimed,
    guess: GuessKeys,
    password: str,
) -> Verdict:
    """What the connection says of a password.

    Raises Refused for a wrong one that is counted by now: where a directory counts
    too, the next question waits until this one is on record.
    """
    if guess.directory is None:
        verdict = await connection.verify(tenant, claimed, password)
        attempt.hears(verdict)
        return verdict

    async def in_turn() -> Verdict:
        state = await check_open(attempt, tenant, guess)
        if was_refused(state.asked, guess.fingerprint, attempt.ports.clock.now()):
            await connection.pretend(claimed.candidate)
            verdict: Verdict = Rejected()
        else:
            verdict = await connection.verify(tenant, claimed, password)
        attempt.hears(verdict)
        if isinstance(verdict, Rejected) and verdict.reason in UNPROVEN:
            raise await count_wrong(attempt, tenant, guess, verdict.reason)
        if isinstance(verdict, Verified) and state.asked.wrong:
            # Within the turn: later, it might forget what was refused since.
            await attempt.ports.guesses.settle(tenant.id, guess)
        return verdict

    turns = attempt.ports.turns
    try:
        shared = await turns.share(guess.account, guess.fingerprint, in_turn)
    except Refused as refused:
        raise Refused(refused.reason, **refused.facts) from None
    attempt.hears(shared)
    return shared
