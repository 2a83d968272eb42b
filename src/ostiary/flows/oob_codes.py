"""Which challenge a code answers that was sent out: the `oob_code` of a client.

The code itself is another one, and is judged in `proving`.
"""

from collections.abc import Sequence
from typing import Final

from ostiary.core.errors import Reason, Refused
from ostiary.core.factors import SENT_SECONDS, Factor, FactorKind, usable
from ostiary.flows.attempt import Attempt
from ostiary.flows.facts import Registry
from ostiary.flows.pending import Pending

USE: Final = "out-of-band"


def challenge_text(
    attempt: Attempt, registry: Registry, factor: Factor, sign_in: str
) -> str:
    """What names a code just sent to `factor`.

    sign_in: the id of the sign-in that it is for; "" for any of that user.
    """
    now = attempt.ports.clock.now()
    facts = {"factor": factor.id, "sign_in": sign_in, "at": now}
    return attempt.ports.envelopes.seal(registry.tenant.id, USE, facts)


def find_challenged(
    attempt: Attempt, registry: Registry, pending: Pending, factors: Sequence[Factor]
) -> Factor:
    """The factor that the code of this request was sent to.

    Of this very sign-in, and not too long ago. Raises Refused(MFA_SENT_CODE_WRONG).
    """
    ports, text = attempt.ports, attempt.request.oob_code or ""
    facts = ports.envelopes.open(registry.tenant.id, USE, text) or {}
    at = facts.get("at")
    fresh = isinstance(at, float) and ports.clock.now() < at + SENT_SECONDS
    if fresh and facts.get("sign_in") in ("", pending.id):
        for factor in usable(factors, FactorKind.OOB):
            if factor.id == facts.get("factor"):
                return factor
    raise Refused(Reason.MFA_SENT_CODE_WRONG)
