"""Grant `mfa_otp`: a sign-in goes on with a code of an authenticator application.

Contract auth0 §3.2; the code itself is judged in `flows.proving`.
"""

from ostiary.core.model import Client
from ostiary.flows.attempt import Attempt, Found
from ostiary.flows.facts import Registry
from ostiary.flows.pending import found_before, resume
from ostiary.flows.proving import prove_computed, proven


async def mfa_otp(attempt: Attempt, registry: Registry, client: Client) -> Found:
    """The user of the sign-in that waited, with the second factor, or Refused."""
    pending, account = await resume(attempt, registry, client)
    found = found_before(registry, client, pending, account)
    factors = await attempt.ports.factors.of_user(registry.tenant.id, account.user.id)
    code = attempt.request.mfa_code or ""
    return proven(found, await prove_computed(attempt, factors, code))
