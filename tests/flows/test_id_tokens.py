"""An id_token of ours as proof: for how long it is good, and of whom.

Security promise 5: disabled, reset or changed means refused on the next request.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from ostiary.core.errors import Reason, Refused
from ostiary.core.model import ConnectionSettings
from ostiary.dialects.auth0.surface import Surface
from ostiary.dialects.auth0.wire import Auth0Wire
from ostiary.flows.facts import Unsigned
from ostiary.flows.id_tokens import Identified, identify
from ostiary.flows.manage.changes import (
    Drop,
    Kind,
    PutClient,
    PutListed,
    PutUser,
    Write,
)
from tests.flows import values
from tests.flows.fakes import OpenSigner
from tests.flows.world import World

ID = "5f7c8ec7c33c6c004bbafe82"
SUBJECT = f"auth0|{ID}"
OPTIONS: dict[str, object] = {"auth0_domain": "login.test"}
TENANT = values.tenant(options=OPTIONS)
BORN = values.NOON - values.DAY


class ThreePartSigner(OpenSigner):
    """Signs so that a token has the form of a JWT."""

    async def sign(self, tenant_id: str, tokens: Sequence[Unsigned]) -> tuple[str, ...]:
        """The claims between two dots."""
        signed = await super().sign(tenant_id, tokens)
        return tuple(f"h.{one}.s" for one in signed)

    async def verify(self, tenant_id: str, token: str) -> Mapping[str, object] | None:
        """What stands between them."""
        return await super().verify(tenant_id, token.split(".")[1])


@pytest.fixture
async def told(world: World) -> World:
    """A world whose Alice has an id for this wire."""
    await world.write(PutUser(values.user(external_id=ID), BORN, "hash"))
    signer = ThreePartSigner(world.clock)
    world.ports = replace(world.ports, signer=signer)
    return world


def claims(**changes: Any) -> dict[str, Any]:
    """Claims of an id_token of Alice, made at NOON."""
    said = {
        "iss": "https://login.test/",
        "sub": SUBJECT,
        "aud": values.PUBLIC,
        "iat": int(values.NOON),
        "exp": int(values.NOON) + 36000,
        **changes,
    }
    return {name: value for name, value in said.items() if value is not None}


async def shown(world: World, **changes: Any) -> Identified | Reason:
    """Whom an id_token with these claims names, or why nobody."""
    [token] = await world.ports.signer.sign(TENANT.id, [Unsigned(claims(**changes))])
    tenant_id = await world.directory.tenant_id(TENANT.id)
    registry = await world.directory.registry(str(tenant_id))
    assert registry is not None
    try:
        wire = Auth0Wire(Surface.API, TENANT)
        return await identify(registry, token, wire, world.ports)
    except Refused as refused:
        return refused.reason


async def test_it_names_its_user_and_client(told: World) -> None:
    """With what it says beside, as scopes would ask for it."""
    found = await shown(told, email="alice@contoso.test", amr=["mfa"])
    assert isinstance(found, Identified)
    assert found.account.user.id == values.ALICE
    assert (found.client.client_id, found.connection.name) == (
        values.PUBLIC,
        values.DIRECTORY,
    )
    assert found.token.words == {"openid", "email"}
    assert found.token.amr == ("mfa",)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://elsewhere.test/"},
        {"iss": "https://login.test"},
        {"aud": "nobody"},
        {"aud": [values.PUBLIC]},
        {"aud": None},
        {"sub": "auth0|ghost"},
        {"sub": f"sms|{ID}"},
        {"sub": ID},
        {"sub": "auth0|"},
        {"sub": 5},
        {"iat": None},
        {"exp": int(values.NOON)},
        {"ost": {"u": values.ALICE, "s": "s", "p": True, "t": 0, "l": True}},
    ],
)
async def test_others_name_nobody(told: World, changes: dict[str, Any]) -> None:
    """Another issuer, client, user or kind; one that has expired."""
    assert await shown(told, **changes) is Reason.TOKEN_INVALID


@pytest.mark.parametrize(
    "writes",
    [
        [PutUser(values.user(external_id=ID, enabled=False), BORN)],
        [PutUser(values.user(external_id=ID), values.NOON + 60, "other hash")],
        [PutUser(values.user(external_id=ID), values.NOON + 60, end_sessions=True)],
        [Drop(values.TENANT, Kind.USER, values.ALICE)],
        [PutClient(values.client(enabled=False))],
        [Drop(values.TENANT, Kind.CLIENT, values.PUBLIC)],
    ],
    ids=["blocked", "password", "reset", "removed", "client off", "client removed"],
)
async def test_what_happened_since_ends_it(told: World, writes: list[Write]) -> None:
    """It was good before, and on the next request it is not."""
    assert isinstance(await shown(told), Identified)
    await told.write(*writes)
    assert await shown(told) is Reason.TOKEN_INVALID


async def test_a_password_as_old_as_its_account_was_never_changed(told: World) -> None:
    """Who signs up and signs in within one second has a good token."""
    born = values.NOON + 0.75
    new = values.user(
        id="bbbbbbbb-0000-4000-8000-000000000001",
        username="bob@contoso.test",
        email=None,
        external_id="bob",
    )
    await told.write(PutUser(new, born, "hash"))
    assert isinstance(await shown(told, sub="auth0|bob"), Identified)


async def test_an_id_that_two_people_have_names_neither(told: World) -> None:
    """Two connections of one strategy may tell the same id (contract auth0 §4.2)."""
    second = ConnectionSettings("second", "auth0")
    twin = values.user(
        id="bbbbbbbb-0000-4000-8000-000000000001",
        connection="second",
        username="twin@contoso.test",
        email=None,
        external_id=ID,
    )
    await told.write(PutListed(values.TENANT, "second", 1, second), PutUser(twin, BORN))
    assert await shown(told) is Reason.TOKEN_INVALID
