"""Delegation: what ends the tokens by which it is asked for.

What the wire says is tested in `tests/wire/auth0/test_delegation.py`.
"""

from dataclasses import replace
from typing import Any

import pytest

from ostiary.core.errors import Reason, Refused
from ostiary.core.model import Client
from ostiary.core.names import DELEGATION, PASSWORD
from ostiary.core.request import Granted, ScopeRequest
from ostiary.dialects.auth0.surface import LEGACY, Surface
from ostiary.dialects.auth0.wire import Auth0Wire
from ostiary.flows.delegation import Delegated, delegate
from ostiary.flows.manage.changes import PutClient, PutTenant, PutUser, Write
from ostiary.flows.token import exchange
from tests.flows import values
from tests.flows.test_id_tokens import ID, ThreePartSigner
from tests.flows.world import World, request

OPTIONS: dict[str, object] = {
    "auth0_domain": "login.test",
    "legacy_resource_owner": True,
}
TENANT = values.tenant(options=OPTIONS)
BORN = values.NOON - values.DAY
OFFLINE = ScopeRequest(openid=frozenset({"openid", "offline_access"}))
LATER = values.NOON + 60


def legacy_client(**fields: Any) -> Client:
    """The client, registered for the old pipeline."""
    grants = frozenset({LEGACY + "ro", LEGACY + "delegation"})
    return values.client(
        grant_types=grants, options={"oidc_conformant": False}, **fields
    )


@pytest.fixture
async def legacy(world: World) -> World:
    """A world of the old pipeline."""
    await world.write(
        PutTenant(TENANT),
        PutClient(legacy_client()),
        PutUser(values.user(external_id=ID), BORN, "hash"),
    )
    world.ports = replace(world.ports, signer=ThreePartSigner(world.clock))
    return world


async def signed_in(world: World) -> Granted:
    """Alice by password, with a refresh token for her phone."""
    wire = Auth0Wire(Surface.RO, TENANT, "password")
    asked = request(
        grant_type=PASSWORD,
        connection=values.DIRECTORY,
        scope=OFFLINE,
        device="phone",
    )
    granted = await exchange(asked, wire, world.ports)
    await world.records()
    return granted


async def ask(world: World, **brought: Any) -> Delegated | Reason:
    """What comes of asking for a token for the same client."""
    asked = request(
        grant_type=DELEGATION,
        username=None,
        password=None,
        scope=ScopeRequest(given=False),
        **brought,
    )
    name = "refresh_token" if "refresh_token" in brought else "id_token"
    wire = Auth0Wire(Surface.DELEGATION, TENANT, name)
    try:
        return await delegate(asked, values.PUBLIC, wire, world.ports)
    except Refused as refused:
        return refused.reason


SINCE: dict[str, tuple[Write, Reason]] = {
    "blocked": (
        PutUser(values.user(external_id=ID, enabled=False), BORN),
        Reason.USER_DISABLED,
    ),
    "password changed": (
        PutUser(values.user(external_id=ID), LATER, "another hash"),
        Reason.REFRESH_REVOKED,
    ),
    "sessions reset": (
        PutUser(values.user(external_id=ID), LATER, end_sessions=True),
        Reason.REFRESH_REVOKED,
    ),
    "second factor": (
        PutUser(values.user(external_id=ID, mfa_required=True), BORN, mfa_secret="x"),
        Reason.MFA_REQUIRED,
    ),
    "grant taken": (PutClient(values.client()), Reason.CLIENT_NOT_SERVED),
    "client off": (PutClient(legacy_client(enabled=False)), Reason.CLIENT_DISABLED),
}


@pytest.mark.parametrize("what", sorted(SINCE))
async def test_what_happened_since_ends_a_refresh_token(
    legacy: World, what: str
) -> None:
    """It was good before, and on the next request it is not (promise 5)."""
    write, why = SINCE[what]
    granted = await signed_in(legacy)
    assert isinstance(await ask(legacy, refresh_token=granted.refresh_token), Delegated)
    await legacy.write(write)
    assert await ask(legacy, refresh_token=granted.refresh_token) is why


@pytest.mark.parametrize("what", sorted(SINCE))
async def test_and_an_id_token(legacy: World, what: str) -> None:
    """The same; who is asked for a second factor now did not bring one then."""
    write, why = SINCE[what]
    of_user = why in (Reason.USER_DISABLED, Reason.REFRESH_REVOKED)
    granted = await signed_in(legacy)
    legacy.clock.at += 1
    assert isinstance(await ask(legacy, assertion=granted.id_token), Delegated)
    await legacy.write(write)
    told = await ask(legacy, assertion=granted.id_token)
    assert told is (Reason.TOKEN_INVALID if of_user else why)


async def test_it_expires_and_never_rotates(legacy: World) -> None:
    """Used over and over, it stays the same and ends when it was always to end."""
    granted = await signed_in(legacy)
    lifetime = TENANT.refresh_tokens.lifetime
    for after in (0, 86400, lifetime - 1):
        legacy.clock.at = values.NOON + after
        told = await ask(legacy, refresh_token=granted.refresh_token)
        assert isinstance(told, Delegated), after
    legacy.clock.at = values.NOON + lifetime
    told = await ask(legacy, refresh_token=granted.refresh_token)
    assert told is Reason.REFRESH_EXPIRED


async def test_without_a_record_there_is_no_token(legacy: World) -> None:
    """What could not be written down did not happen (promise 10)."""
    granted = await signed_in(legacy)
    await ask(legacy, refresh_token=granted.refresh_token)
    [record] = await legacy.records()
    assert (record.outcome, record.grant_type) == ("granted", "delegation")
    assert record.detail["target"] == values.PUBLIC
    legacy.database.writes = False
    with pytest.raises(Exception, match="switched off"):
        await ask(legacy, refresh_token=granted.refresh_token)
