"""Grant `mfa_oob`: a sign-in goes on with a code that was sent out.

Contract auth0 §3.2; which challenge the code answers is told by `oob_code`.
"""

from ostiary.core.model import Client
from ostiary.flows.attempt import Attempt, Found
from ostiary.flows.facts import Registry
from ostiary.flows.oob_codes import find_challenged
from ostiary.flows.pending import found_before, resume
from ostiary.flows.proving import prove_sent, proven


async def mfa_oob(attempt: Attempt, registry: Registry, client: Client) -> Found:
    """The user of the sign-in that waited, with the second factor, or Refused."""
    pending, account = await resume(attempt, registry, client)
    found = found_before(registry, client, pending, account)
    factors = await attempt.ports.factors.of_user(registry.tenant.id, account.user.id)
    factor = find_challenged(attempt, registry, pending, factors)
    code = attempt.request.mfa_code or ""
    return proven(found, await prove_sent(attempt, factor, code))
