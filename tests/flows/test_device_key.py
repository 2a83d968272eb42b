"""The grant of device keys, with the contract's own vector and a clock held still.

Contract auth0 §2; what the wire says is tested in `tests/wire/auth0`.
"""

from dataclasses import replace
from typing import Any

import pytest

from ostiary.core.devices import DeviceKey
from ostiary.core.errors import Reason, Refused
from ostiary.core.names import DEVICE_KEY
from ostiary.core.request import Granted, ScopeRequest
from ostiary.dialects.auth0.surface import JWT_BEARER, LEGACY, Surface
from ostiary.dialects.auth0.wire import Auth0Wire
from ostiary.flows.manage.changes import PutClient, PutTenant, PutUser
from ostiary.flows.token import exchange
from tests.flows import values
from tests.flows.world import World, request
from tests.keys.phones import FINGERPRINT, ISSUED, TOKEN, VECTOR, Phone

ID = "5f7c8ec7c33c6c004bbafe82"
OPTIONS: dict[str, object] = {
    "auth0_domain": "login.test",
    "legacy_resource_owner": True,
    "device_keys": {"enabled": True, "minimum_bits": 1024},
}


async def put_user(world: World, **fields: Any) -> None:
    """Alice under the vector's id."""
    known = values.user(external_id=ID, **fields)
    await world.write(PutUser(known, ISSUED - values.DAY, "hash"))


async def put_tenant(world: World, **options: object) -> None:
    """The tenant of the vector."""
    await world.write(PutTenant(values.tenant(options={**OPTIONS, **options})))


async def put_key(world: World, pem: str, **fields: Any) -> None:
    """A key of Alice."""
    read = world.ports.device_signatures.read_key(pem)
    assert read is not None
    known = DeviceKey(
        id="phone",
        tenant_id=values.TENANT,
        user_id=values.ALICE,
        client_id="",
        device_name="Bob's iPhone",
        device_id="",
        public_key=read.pem,
        fingerprint=read.fingerprint,
        created_at=ISSUED - 60,
    )
    key = replace(known, **fields)
    await world.ports.devices.add(key, 9, values.event("changed"))
    await world.records()


@pytest.fixture
async def phone(world: World) -> World:
    """A world ten seconds after the vector was signed, with its key kept for Alice."""
    await put_tenant(world)
    client = values.client(
        grant_types=frozenset({LEGACY + "ro/jwt-bearer"}),
        options={"oidc_conformant": False},
    )
    await world.write(PutClient(client))
    await put_user(world)
    world.clock.at = ISSUED + 10.0
    await put_key(world, VECTOR)
    return world


async def ask(world: World, token: str = TOKEN, **fields: Any) -> Granted | Refused:
    """What comes of a device's token."""
    asked = request(
        grant_type=DEVICE_KEY,
        username=None,
        password=None,
        assertion=token,
        connection=values.DIRECTORY,
        device="BobsiPhone",
        scope=ScopeRequest(openid=frozenset({"openid"})),
        **fields,
    )
    tenant = values.tenant(options=OPTIONS)
    try:
        wire = Auth0Wire(Surface.RO, tenant, JWT_BEARER)
        return await exchange(asked, wire, world.ports)
    except Refused as refused:
        return refused


async def reason(world: World, token: str = TOKEN, **fields: Any) -> Reason | None:
    """Why it was refused; None when it was not."""
    told = await ask(world, token, **fields)
    return told.reason if isinstance(told, Refused) else None


async def test_the_vector_signs_alice_in(phone: World) -> None:
    """By a key that she has shown to have (RFC 8176), not by a password."""
    granted = await ask(phone)
    assert isinstance(granted, Granted)
    subject = granted.grant.subject
    assert subject is not None
    assert (subject.user.id, subject.amr) == (values.ALICE, ("pop",))
    assert granted.grant.connection is not None
    [record] = await phone.records()
    assert (record.outcome, record.username) == ("granted", "alice@contoso.test")


@pytest.mark.parametrize(
    ("after", "why"),
    [(-61.0, "not yet valid"), (-60.0, None), (89.0, None), (90.0, "expired")],
)
async def test_its_thirty_seconds_have_a_leeway_of_sixty(
    phone: World, after: float, why: str | None
) -> None:
    """Counted from `iat` backwards and from `exp` onwards."""
    await put_key(phone, VECTOR, created_at=ISSUED - 1000.0)
    phone.clock.at = ISSUED + after
    assert await reason(phone) is (Reason.DEVICE_ASSERTION if why else None)
    [record] = await phone.records()
    assert record.detail.get("cause") == why


async def test_it_works_once(phone: World) -> None:
    """Also for a second use at the same moment; the log says why (DEV-02)."""
    assert await reason(phone) is None
    await phone.records()
    assert await reason(phone) is Reason.DEVICE_ASSERTION
    [record] = await phone.records()
    assert (record.outcome, record.reason) == ("refused", "device_assertion")
    assert record.code == "invalid_grant"


async def test_a_refusal_after_the_proof_uses_nothing_up(phone: World) -> None:
    """A user who must bring a second factor sends the same request again (§1.6)."""
    must = values.user(external_id=ID, mfa_required=True)
    await phone.write(PutUser(must, ISSUED - values.DAY, mfa_secret="sealed"))
    for _ in range(2):
        assert await reason(phone) is Reason.MFA_REQUIRED
    await put_user(phone)
    assert await reason(phone) is None
    assert await reason(phone) is Reason.DEVICE_ASSERTION


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"enabled": False}, Reason.USER_DISABLED),
        ({"password_state": "must-change"}, Reason.PASSWORD_MUST_CHANGE),
        ({"password_state": "leaked"}, Reason.PASSWORD_LEAKED),
    ],
)
async def test_account_facts_are_judged_as_with_passwords(
    phone: World, fields: dict[str, Any], why: Reason
) -> None:
    """After the proof, and never before it."""
    await put_user(phone, **fields)
    assert await reason(phone) is why
    assert await reason(phone, TOKEN[:-4] + "AAAA") is Reason.DEVICE_ASSERTION


@pytest.mark.parametrize(
    "fields",
    [
        {"client_id": "another"},
        {"user_id": "bbbbbbbb-0000-4000-8000-000000000001"},
        {"tenant_id": values.ELSEWHERE},
        {"fingerprint": FINGERPRINT[:-2] + "00"},
        {"public_key": Phone.new().pem},
    ],
)
async def test_only_the_users_own_key_proves(
    phone: World, fields: dict[str, Any]
) -> None:
    """Not that of another client, user or tenant, nor one that is only named alike."""
    [kept] = await phone.ports.devices.keys(values.TENANT, values.ALICE)
    await phone.ports.devices.remove([kept], values.event("changed"))
    await put_key(phone, VECTOR, **fields)
    assert await reason(phone) is Reason.DEVICE_ASSERTION


async def test_a_reset_of_sessions_ends_keys_of_before(phone: World) -> None:
    """An administrator who signs a user out everywhere means their devices too."""
    reset = PutUser(values.user(external_id=ID), ISSUED - 30, None, end_sessions=True)
    await phone.write(reset)
    assert await reason(phone) is Reason.DEVICE_ASSERTION
    await put_key(phone, VECTOR, id="again", created_at=ISSUED - 20.0)
    assert await reason(phone) is None


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"device_keys": {"enabled": False}}, Reason.GRANT_NOT_ALLOWED),
        ({"device_keys": None}, Reason.GRANT_NOT_ALLOWED),
        ({"device_keys": {"enabled": True}}, Reason.DEVICE_ASSERTION),
    ],
)
async def test_the_tenant_decides(
    phone: World, options: dict[str, object], why: Reason
) -> None:
    """Off unless switched on; keys of 1024 bits prove nothing unless allowed."""
    await put_tenant(phone, **options)
    asked = request(
        grant_type=DEVICE_KEY,
        assertion=TOKEN,
        connection=values.DIRECTORY,
        scope=ScopeRequest(given=False),
    )
    tenant = values.tenant(options={**OPTIONS, **options})
    wire = Auth0Wire(Surface.RO, tenant, JWT_BEARER)
    with pytest.raises(Refused) as refused:
        await exchange(asked, wire, phone.ports)
    assert refused.value.reason is why


async def test_failures_lock_as_those_of_passwords_do(phone: World) -> None:
    """Ten different tokens that prove nothing; the right one is not looked at then."""
    stranger = Phone.new()
    for number in range(10):
        forged = stranger.token(f"auth0|{ID}", ISSUED, sub=FINGERPRINT, n=number)
        assert await reason(phone, forged) is Reason.DEVICE_ASSERTION
    assert await reason(phone) is Reason.ACCOUNT_LOCKED
    open_to_both = values.client(grant_types=values.EVERY_GRANT)
    await phone.write(PutClient(open_to_both))
    told = await phone.sign_in()
    assert isinstance(told, Refused)
    assert told.reason is Reason.ACCOUNT_LOCKED


async def test_names_of_nobody_lock_the_same_way(phone: World) -> None:
    """Users who do not exist are no exception (promise 3)."""
    ghost = Phone.new()
    for number in range(10):
        token = ghost.token("auth0|ghost", ISSUED, nonce=number)
        assert await reason(phone, token) is Reason.DEVICE_ASSERTION
    token = ghost.token("auth0|ghost", ISSUED, nonce=10)
    assert await reason(phone, token) is Reason.ACCOUNT_LOCKED


async def test_what_cannot_be_read_is_no_guess(phone: World) -> None:
    """Malformed requests do not count (contract §5)."""
    for number in range(30):
        assert await reason(phone, f"x.{number}.y") is Reason.DEVICE_ASSERTION
    assert await reason(phone) is None


@pytest.mark.parametrize("user", ["auth0|ghost", f"auth0|{ID}", "sms|1", ""])
async def test_the_store_is_asked_the_same_for_anybody(phone: World, user: str) -> None:
    """Whether the user or the key exists changes no step (promise 2)."""
    stranger = Phone.new()
    await reason(phone, stranger.token("auth0|first", ISSUED))
    asked = []
    for claims in ({"iss": "auth0|nobody"}, {"iss": user}, {"sub": FINGERPRINT}):
        phone.database.heard.clear()
        await reason(phone, stranger.token(f"auth0|{ID}", ISSUED, **claims))
        asked.append([*phone.database.heard])
    assert asked[0] == asked[1] == asked[2]
