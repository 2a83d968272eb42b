"""Grant `mfa_recovery_code`: a sign-in goes on with the text that was written down.

Contract auth0 §3.2: the answer holds the next one.
"""

from ostiary.core.model import Client
from ostiary.flows.attempt import Attempt, Found
from ostiary.flows.facts import Registry
from ostiary.flows.pending import found_before, resume
from ostiary.flows.proving import prove_recovery, proven


async def mfa_recovery_code(
    attempt: Attempt, registry: Registry, client: Client
) -> Found:
    """The user of the sign-in that waited, with the second factor, or Refused."""
    pending, account = await resume(attempt, registry, client)
    found = found_before(registry, client, pending, account)
    factors = await attempt.ports.factors.of_user(registry.tenant.id, account.user.id)
    code = attempt.request.mfa_code or ""
    return proven(found, await prove_recovery(attempt, factors, code))
