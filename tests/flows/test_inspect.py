"""What becomes of tokens that were issued: introspection and revocation.

RFC 7662 and RFC 7009; tenants are walls here too.
"""

import pytest

from ostiary.core.errors import Reason, Refused
from ostiary.core.model import Domain
from ostiary.core.names import REVOCATION
from ostiary.core.request import ClientCredential, Granted, ScopeRequest, TenantRef
from ostiary.flows import inspect
from ostiary.flows.access_tokens import Inspected
from ostiary.flows.facts import StoreUnavailable
from ostiary.flows.manage.changes import (
    Drop,
    Kind,
    PutClient,
    PutTenant,
    PutUser,
    Write,
)
from tests.flows import values
from tests.flows.values import (
    ALICE,
    CONFIDENTIAL,
    DAY,
    ELSEWHERE,
    NOON,
    PUBLIC,
    SECRET,
    TENANT,
)
from tests.flows.world import OFFLINE, World, about, granted, request

ALONE = ClientCredential(PUBLIC)
PROVEN = ClientCredential(CONFIDENTIAL, SECRET)
THERE = TenantRef(ELSEWHERE)
KINDS = ["access", "refresh"]


async def signed_in(world: World, client: ClientCredential = ALONE) -> Granted:
    """A session with both tokens."""
    outcome = granted(await world.sign_in(scope=OFFLINE, client=client))
    await world.records()
    return outcome


def token(outcome: Granted, kind: str) -> str:
    """One of the two."""
    found = outcome.access_token if kind == "access" else outcome.refresh_token
    assert found is not None
    return found


async def tell(world: World, asked: str, **fields: object) -> Inspected | None:
    """What the confidential client learns of a token."""
    question = about(PROVEN, **fields)
    return await inspect.introspect(question, asked, world.wire, world.ports)


async def end(
    world: World, asked: str, client: ClientCredential = ALONE, **fields: object
) -> None:
    """Revoke a token as `client`."""
    question = about(client, grant_type=REVOCATION, **fields)
    await inspect.revoke(question, asked, world.wire, world.ports)


async def build_elsewhere(world: World) -> None:
    """A second tenant with a client of the same id and secret."""
    await world.write(
        PutTenant(
            values.tenant(id=ELSEWHERE, name="other", domains=(Domain("other.test"),))
        ),
        PutClient(values.confidential(tenant_id=ELSEWHERE)),
        PutClient(values.client(tenant_id=ELSEWHERE)),
    )


@pytest.mark.parametrize("kind", KINDS)
async def test_a_living_token_is_told(world: World, kind: str) -> None:
    """With whose it is (RFC 7662 §2.2); asking leaves it as it was."""
    outcome = await signed_in(world)
    for _ in range(2):
        found = await tell(world, token(outcome, kind))
        assert found is not None
        assert found.user is not None
        assert found.user.id == ALICE
    granted(await world.renew(token(outcome, "refresh")))


@pytest.mark.parametrize(
    ("client", "reason"),
    [
        (ALONE, Reason.CLIENT_CREDENTIAL_MISSING),
        (ClientCredential(CONFIDENTIAL), Reason.CLIENT_CREDENTIAL_MISSING),
        (ClientCredential(CONFIDENTIAL, "no"), Reason.CLIENT_SECRET_WRONG),
        (ClientCredential("unknown", SECRET), Reason.CLIENT_UNKNOWN),
    ],
)
async def test_only_a_proven_client_learns_anything(
    world: World, client: ClientCredential, reason: Reason
) -> None:
    """RFC 7662 §2.1; the refusal is on record, once."""
    outcome = await signed_in(world)
    question = about(client)
    with pytest.raises(Refused) as caught:
        await inspect.introspect(
            question, token(outcome, "access"), world.wire, world.ports
        )
    assert caught.value.reason is reason
    [record] = await world.records()
    assert (record.outcome, record.reason) == ("refused", reason.value)


ENDINGS: dict[str, Write] = {
    "disabled user": PutUser(values.user(enabled=False), NOON),
    "removed user": Drop(TENANT, Kind.USER, ALICE),
    "disabled client": PutClient(values.client(enabled=False)),
    "removed client": Drop(TENANT, Kind.CLIENT, PUBLIC),
    "reset": PutUser(values.user(), NOON + 1, "new hash", end_sessions=True),
    "changed password": PutUser(values.user(), NOON + 1, "new hash"),
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("kind", KINDS)
async def test_what_was_ended_is_inactive_at_once(
    world: World, kind: str, ending: str
) -> None:
    """Disabled, removed or reset: on the very next request (promise 5)."""
    outcome = await signed_in(world)
    await world.write(ENDINGS[ending])
    assert await tell(world, token(outcome, kind)) is None


@pytest.mark.parametrize("kind", KINDS)
async def test_a_users_own_change_spares_confidential_clients(
    world: World, kind: str
) -> None:
    """Only an administrator's reset ends their sessions (contract entra §3.7)."""
    outcome = await signed_in(world, PROVEN)
    await world.write(ENDINGS["changed password"])
    assert await tell(world, token(outcome, kind)) is not None
    await world.write(ENDINGS["reset"])
    assert await tell(world, token(outcome, kind)) is None


async def test_tokens_die_of_age(world: World) -> None:
    """An access token after its hour, a refresh token after ninety days."""
    outcome = await signed_in(world)
    world.clock.at += 3600
    assert await tell(world, token(outcome, "access")) is None
    assert await tell(world, token(outcome, "refresh")) is not None
    world.clock.at = NOON + 90 * DAY
    assert await tell(world, token(outcome, "refresh")) is None


@pytest.mark.parametrize("asked", ["", "nothing", "a.b.c", "\ud800", "x" * 100_000])
async def test_what_is_no_token_is_inactive(world: World, asked: str) -> None:
    """Whatever it is made of; revoking it changes nothing (RFC 7009 §2.2)."""
    assert await tell(world, asked) is None
    await end(world, asked)
    assert await world.records() == []


async def test_an_id_token_is_no_access_token(world: World) -> None:
    """It is signed by us, and still nothing to introspect or revoke."""
    outcome = await signed_in(world)
    assert outcome.id_token is not None
    assert await tell(world, outcome.id_token) is None
    await end(world, outcome.id_token)
    assert await tell(world, token(outcome, "access")) is not None


async def test_revoking_a_refresh_token_ends_the_whole_session(world: World) -> None:
    """Access tokens of it too (RFC 7009 §2.1), with one record."""
    outcome = await signed_in(world)
    await end(world, token(outcome, "refresh"))
    for kind in KINDS:
        assert await tell(world, token(outcome, kind)) is None
    [record] = await world.records()
    assert (record.outcome, record.user_id) == ("revoked", ALICE)


async def test_revoking_an_access_token_ends_only_it(world: World) -> None:
    """The session goes on, and so do other access tokens."""
    outcome = await signed_in(world)
    await end(world, token(outcome, "access"))
    assert await tell(world, token(outcome, "access")) is None
    renewed = granted(await world.renew(token(outcome, "refresh")))
    assert await tell(world, token(renewed, "access")) is not None


async def test_revoking_a_used_refresh_token_ends_the_session(world: World) -> None:
    """Whoever holds an older token of the session may end it as well."""
    outcome = await signed_in(world)
    renewed = granted(await world.renew(token(outcome, "refresh")))
    await end(world, token(outcome, "refresh"))
    assert await tell(world, token(renewed, "refresh")) is None


@pytest.mark.parametrize("kind", KINDS)
async def test_another_clients_token_is_not_revoked(world: World, kind: str) -> None:
    """200 and no effect, no record (REF-11)."""
    outcome = await signed_in(world)
    await end(world, token(outcome, kind), PROVEN)
    assert await tell(world, token(outcome, kind)) is not None
    assert await world.records() == []


@pytest.mark.parametrize("kind", KINDS)
async def test_tenants_are_walls(world: World, kind: str) -> None:
    """Elsewhere the same client learns nothing and ends nothing (TEN-02)."""
    await build_elsewhere(world)
    outcome = await signed_in(world)
    assert await tell(world, token(outcome, kind), tenant=THERE) is None
    await end(world, token(outcome, kind), tenant=THERE)
    assert await tell(world, token(outcome, kind)) is not None


@pytest.mark.parametrize("kind", KINDS)
async def test_a_revocation_that_cannot_be_written_is_no_success(
    world: World, kind: str
) -> None:
    """The caller hears of it, and the token lives on (promise 13)."""
    outcome = await signed_in(world)
    world.database.writes = False
    with pytest.raises(StoreUnavailable):
        await end(world, token(outcome, kind))
    world.database.writes = True
    assert await tell(world, token(outcome, kind)) is not None


async def test_a_clients_own_token_has_no_user(world: World) -> None:
    """Client credentials: living while the client is, whoever else is gone."""
    asked = request(
        grant_type="client_credentials",
        client=PROVEN,
        username=None,
        password=None,
        scope=ScopeRequest(everything=True),
    )
    outcome = granted(await world.ask(asked))
    assert outcome.refresh_token is None
    await world.write(ENDINGS["removed user"])
    found = await tell(world, outcome.access_token)
    assert found is not None
    assert found.user is None
    await world.write(PutClient(values.confidential(enabled=False)))
    with pytest.raises(Refused):
        await tell(world, outcome.access_token)
