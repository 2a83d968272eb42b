"""What ends a session that goes on by refresh tokens, and on which very next request.

Chains and reuse are in `test_refresh.py`.
"""

import pytest

from ostiary.core.errors import Reason
from ostiary.core.model import (
    AccessPolicy,
    Effect,
)
from ostiary.core.request import ClientCredential
from ostiary.flows.manage.changes import (
    Drop,
    DropConsent,
    Kind,
    PutClient,
    PutConsent,
    PutListed,
    PutUser,
    Write,
)
from tests.flows import values
from tests.flows.sessions import ALONE, CREDENTIALS, begin, token_of
from tests.flows.values import (
    ALICE,
    NOON,
    PUBLIC,
    TENANT,
)
from tests.flows.world import World, granted, refused


@pytest.mark.parametrize("client", CREDENTIALS)
async def test_a_reset_by_an_administrator_ends_every_session(
    world: World, client: ClientCredential
) -> None:
    """Of public and confidential clients alike (contract entra §3.7)."""
    token = await begin(world, client)
    put = PutUser(values.user(), NOON + 1, "new hash", end_sessions=True)
    await world.write(put)
    world.clock.at += 2
    told = refused(await world.renew(token, client=client))
    assert told.reason is Reason.REFRESH_REVOKED


@pytest.mark.parametrize("client", CREDENTIALS)
async def test_a_users_own_change_ends_password_sessions_of_public_clients(
    world: World, client: ClientCredential
) -> None:
    """Those of confidential clients go on (contract entra §3.7)."""
    token = await begin(world, client)
    await world.write(PutUser(values.user(), NOON + 1, "new hash"))
    world.clock.at += 2
    outcome = await world.renew(token, client=client)
    if client is ALONE:
        assert refused(outcome).reason is Reason.REFRESH_REVOKED
    else:
        granted(outcome)
    again = await begin(world, client)
    granted(await world.renew(again, client=client))


@pytest.mark.parametrize("times", [1, 2])
async def test_a_renewed_session_is_as_old_as_its_password(
    world: World, times: int
) -> None:
    """Renewing does not carry a session over a later password change."""
    token = await begin(world)
    for _ in range(times):
        world.clock.at += 10
        token = token_of(granted(await world.renew(token)))
    await world.write(PutUser(values.user(), NOON + 5, "new hash"))
    assert refused(await world.renew(token)).reason is Reason.REFRESH_REVOKED


ENDINGS: dict[str, tuple[Write, Reason]] = {
    "disabled user": (PutUser(values.user(enabled=False), NOON), Reason.USER_DISABLED),
    "removed user": (Drop(TENANT, Kind.USER, ALICE), Reason.REFRESH_REVOKED),
    "disabled client": (
        PutClient(values.client(enabled=False)),
        Reason.CLIENT_DISABLED,
    ),
    "removed client": (Drop(TENANT, Kind.CLIENT, PUBLIC), Reason.CLIENT_UNKNOWN),
    "grant taken away": (
        PutClient(values.client(grant_types=frozenset({"password"}))),
        Reason.GRANT_NOT_ALLOWED,
    ),
    "blocked": (
        PutListed(TENANT, "block", 0, AccessPolicy("p", "block", Effect.BLOCK)),
        Reason.POLICY_BLOCKED,
    ),
    "second factor": (
        PutUser(values.user(mfa_required=True), NOON, mfa_secret="sealed"),
        Reason.MFA_REQUIRED,
    ),
    "assignment": (
        PutClient(values.client(assignment_required=True)),
        Reason.USER_NOT_ASSIGNED,
    ),
    "consent taken back": (DropConsent(TENANT, PUBLIC, ""), Reason.CONSENT_REQUIRED),
}


@pytest.mark.parametrize("ending", ENDINGS)
async def test_what_would_refuse_a_sign_in_refuses_a_renewal(
    world: World, ending: str
) -> None:
    """On the very next request (promise 5), with the true reason on record."""
    write, reason = ENDINGS[ending]
    token = await begin(world)
    await world.write(write)
    assert refused(await world.renew(token)).reason is reason
    [record] = await world.records()
    assert record.reason == reason.value


async def test_a_refused_renewal_does_not_use_the_token_up(world: World) -> None:
    """Once the obstacle is gone the session goes on."""
    token = await begin(world)
    await world.write(DropConsent(TENANT, PUBLIC, ""))
    refused(await world.renew(token))
    consent = PutConsent(TENANT, PUBLIC, "", frozenset({values.READ_ALICE}))
    await world.write(consent)
    granted(await world.renew(token))
