"""Sessions that go on by refresh tokens: how tests begin one, and by which client."""

import pytest

from ostiary.core.request import ClientCredential, Granted
from tests.flows.values import CONFIDENTIAL, PUBLIC, SECRET
from tests.flows.world import OFFLINE, World, granted

ALONE = ClientCredential(PUBLIC)
PROVEN = ClientCredential(CONFIDENTIAL, SECRET)
CREDENTIALS = [pytest.param(ALONE, id="public"), pytest.param(PROVEN, id="proven")]


async def begin(world: World, client: ClientCredential = ALONE) -> str:
    """The refresh token of a new session."""
    outcome = granted(await world.sign_in(scope=OFFLINE, client=client))
    await world.records()
    return token_of(outcome)


def token_of(outcome: Granted) -> str:
    """The refresh token, which must be there."""
    assert outcome.refresh_token is not None
    return outcome.refresh_token
