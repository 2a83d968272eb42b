"""Grant `client_credentials` (RFC 6749 §4.4): the client itself, no user.

Its proof is the client authentication that every grant shares.
"""

from ostiary.core.model import Client
from ostiary.flows.attempt import Attempt, Found
from ostiary.flows.facts import Registry


async def client_credentials(
    attempt: Attempt, registry: Registry, client: Client
) -> Found:
    """Nobody but the client, which is authenticated by now."""
    return Found()
