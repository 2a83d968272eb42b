"""The refresh token grant: chains, reuse, binding.

What ends a session is in `test_refresh_ends.py`; races of the store, in
tests/contracts.
"""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from ostiary.core.errors import Reason
from ostiary.core.model import (
    Domain,
    Permission,
    RefreshRules,
)
from ostiary.core.request import ScopeRequest, TenantRef
from ostiary.flows.digests import sha256_hex
from ostiary.flows.facts import StoreUnavailable, Unsigned
from ostiary.flows.manage.changes import (
    PutClient,
    PutConsent,
    PutListed,
    PutTenant,
)
from tests.flows import values
from tests.flows.sessions import PROVEN, begin, token_of
from tests.flows.values import (
    ALICE,
    DAY,
    ELSEWHERE,
    LENIENT,
    PUBLIC,
    REUSABLE,
    TENANT,
)
from tests.flows.world import OFFLINE, World, granted, refused


async def rules(world: World, rules: RefreshRules) -> None:
    """Change how the tenant rotates."""
    await world.write(PutTenant(values.tenant(refresh_tokens=rules)))


async def test_a_chain_goes_on_in_one_session(world: World) -> None:
    """Each answer brings a new token; user, methods and session stay."""
    first = granted(await world.sign_in(scope=OFFLINE))
    token, seen = token_of(first), {first.refresh_token}
    for _ in range(5):
        world.clock.at += 80 * DAY
        outcome = granted(await world.renew(token))
        token = token_of(outcome)
        seen.add(token)
        assert outcome.grant.session_id == first.grant.session_id
        assert outcome.grant.subject == first.grant.subject
    assert len(seen) == 6
    outcomes = [(r.outcome, r.user_id, r.grant_type) for r in await world.records()]
    assert outcomes[1:] == [("granted", ALICE, "refresh_token")] * 5


async def test_a_token_expires_after_its_idle_time(world: World) -> None:
    """700082 ninety days after it was issued, not a second earlier."""
    token = await begin(world)
    world.clock.at += 90 * DAY - 1
    token = token_of(granted(await world.renew(token)))
    world.clock.at += 90 * DAY
    assert refused(await world.renew(token)).reason is Reason.REFRESH_EXPIRED


async def test_replaying_a_used_token_ends_the_family(world: World) -> None:
    """The replay and the honest successor are both refused (promise 5, REF-02)."""
    stolen = await begin(world)
    successor = token_of(granted(await world.renew(stolen)))
    await world.records()
    assert refused(await world.renew(stolen)).reason is Reason.REFRESH_REUSED
    assert refused(await world.renew(successor)).reason is Reason.REFRESH_REVOKED
    records = [(r.outcome, r.reason, r.code) for r in await world.records()]
    assert records == [
        ("refused", "refresh_reused", "AADSTS50173"),
        ("refused", "refresh_revoked", "AADSTS50173"),
    ]


async def test_a_lost_answer_may_be_asked_for_again(world: World) -> None:
    """Within the leeway, until somebody used the successor (interface §3)."""
    await rules(world, LENIENT)
    token = await begin(world)
    granted(await world.renew(token))
    world.clock.at += 29
    successor = token_of(granted(await world.renew(token)))
    granted(await world.renew(successor))
    assert refused(await world.renew(token)).reason is Reason.REFRESH_REUSED


async def test_reuse_may_be_allowed(world: World) -> None:
    """Entra's own habit, where the tenant chose it (contract entra §3.7)."""
    await rules(world, REUSABLE)
    token = await begin(world)
    for _ in range(3):
        granted(await world.renew(token))


async def test_the_loser_of_a_race_is_refused_with_one_record(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another request used the token while this one was being signed (promise 10)."""
    token = await begin(world)
    sign = world.ports.signer.sign

    async def slowly(tenant_id: str, due: Sequence[Unsigned]) -> tuple[str, ...]:
        monkeypatch.undo()
        granted(await world.renew(token))
        await world.records()
        return await sign(tenant_id, due)

    monkeypatch.setattr(world.ports.signer, "sign", slowly)
    assert refused(await world.renew(token)).reason is Reason.REFRESH_REUSED
    records = [(r.outcome, r.reason, r.code) for r in await world.records()]
    assert records == [("refused", "refresh_reused", "AADSTS50173")]


async def test_nothing_is_used_up_when_the_store_is_away(world: World) -> None:
    """No answer, and the old token is still good afterwards (promise 13)."""
    token = await begin(world)
    world.database.writes = False
    with pytest.raises(StoreUnavailable):
        await world.renew(token)
    world.database.writes = True
    granted(await world.renew(token))


async def test_a_token_is_bound_to_its_client(world: World) -> None:
    """Another client's is refused and stays good (REF-07)."""
    token = await begin(world)
    told = refused(await world.renew(token, client=PROVEN))
    assert told.reason is Reason.REFRESH_FOREIGN
    granted(await world.renew(token))


async def test_a_token_is_bound_to_its_tenant(world: World) -> None:
    """In another tenant nobody knows it, and it stays good (promise 6)."""
    other = values.tenant(id=ELSEWHERE, name="other", domains=(Domain("other.test"),))
    await world.write(PutTenant(other), PutClient(values.client(tenant_id=ELSEWHERE)))
    token = await begin(world)
    told = refused(await world.renew(token, tenant=TenantRef(ELSEWHERE)))
    assert told.reason is Reason.REFRESH_UNKNOWN
    granted(await world.renew(token))


@pytest.mark.parametrize("token", ["unknown", "", "\0", "\ud800", "x" * 100_000])
async def test_an_unknown_token_is_refused(world: World, token: str) -> None:
    """Whatever it is made of."""
    assert refused(await world.renew(token)).reason is Reason.REFRESH_UNKNOWN


async def test_another_resource_may_be_asked_for_if_it_was_consented(
    world: World,
) -> None:
    """A session is bound to user and client, not to a resource (contract §3.7)."""
    tasks = Permission("api://tasks", "Tasks.Read")
    resource = values.TASKS
    await world.write(
        PutListed(TENANT, "tasks", 0, resource),
        PutClient(values.client(permissions=(values.READ_ALICE, tasks))),
    )
    token = await begin(world)
    scope = ScopeRequest("api://tasks", ("Tasks.Read",))
    told = refused(await world.renew(token, scope=scope))
    assert told.reason is Reason.CONSENT_REQUIRED
    await world.write(PutConsent(TENANT, PUBLIC, ALICE, frozenset({tasks})))
    outcome = granted(await world.renew(token, scope=scope))
    assert outcome.grant.access.resource == resource
    assert outcome.grant.access.scopes == ("Tasks.Read",)
    assert outcome.id_token is None
    last = granted(await world.renew(token_of(outcome)))
    assert last.grant.access.scopes == ("User.Read",)
    assert last.id_token is not None


async def test_without_a_scope_the_first_grants_words_hold(world: World) -> None:
    """They are the session's, not the last request's (contract entra §3.7)."""
    token = await begin(world)
    narrow = replace(OFFLINE, openid=frozenset())
    second = granted(await world.renew(token, scope=narrow))
    assert second.id_token is None
    third = granted(await world.renew(token_of(second)))
    assert third.id_token is not None


async def test_what_is_kept_is_not_the_token(world: World) -> None:
    """Its hash is (promise 9)."""
    token = await begin(world)
    stored = await world.tokens.find_refresh(sha256_hex(token))
    assert stored is not None
    assert token not in repr(stored)
