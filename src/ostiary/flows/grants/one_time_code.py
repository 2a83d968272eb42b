"""Grant of one-time codes: one in place of a password, where a connection sends them.

Everything else is as with passwords: the same gate, the same counters.
"""

from ostiary.core.connections import check_passwordless
from ostiary.core.model import Client
from ostiary.flows.attempt import Attempt, Found
from ostiary.flows.connection import check_named
from ostiary.flows.facts import Registry
from ostiary.flows.grants.password import password


async def one_time_code(attempt: Attempt, registry: Registry, client: Client) -> Found:
    """The user to whom this code was sent, or Refused."""
    settings = check_named(registry, client, attempt.request.connection)
    check_passwordless(settings)
    return await password(attempt, registry, client)
