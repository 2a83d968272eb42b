"""What the store of devices promises, on SQLite and PostgreSQL."""

from dataclasses import replace

import pytest

from ostiary.core.devices import DeviceKey, DeviceSession
from ostiary.flows.manage.changes import Drop, Kind, PutClient, PutTenant, PutUser
from ostiary.stores.audit import AuditLog
from ostiary.stores.database import Database
from ostiary.stores.devices import DeviceStore
from ostiary.stores.estate import StoredEstate
from ostiary.stores.statement import Statement
from ostiary.stores.tokens import TokenStore
from tests.flows.values import (
    ALICE,
    DAY,
    ELSEWHERE,
    NOON,
    PUBLIC,
    TENANT,
    client,
    event,
    issue,
    refresh,
    tenant,
    user,
)

BOB = "bbbbbbbb-0000-4000-8000-000000000001"
PRINT = "70:72:1A:60:50:2A:42:C1:25:A3:B4:1E:BD:E4:0F:A7"
PHONE = DeviceKey(
    id="phone",
    tenant_id=TENANT,
    user_id=ALICE,
    client_id=PUBLIC,
    device_name="Alice's phone",
    device_id="A-1",
    public_key="pem of the phone",
    fingerprint=PRINT,
    created_at=NOON,
)
ADDED = event("changed", reason="device.add")


@pytest.fixture
def devices(database: Database) -> DeviceStore:
    """Port `Devices` over the database."""
    return DeviceStore(database)


async def ids(devices: DeviceStore, user_id: str = ALICE) -> list[str]:
    """The ids of a user's keys, in their order."""
    return [key.id for key in await devices.keys(TENANT, user_id)]


async def test_a_key_is_found_as_it_was_kept(devices: DeviceStore) -> None:
    """By its fingerprint among those of its user, by its id in its tenant."""
    await devices.add(PHONE, 9, ADDED)
    assert await devices.keys(TENANT, ALICE) == [PHONE]
    assert await devices.keys_by_fingerprint(TENANT, ALICE, PRINT) == [PHONE]
    assert await devices.find_key(TENANT, "phone") == PHONE


async def test_nobody_else_has_it(devices: DeviceStore) -> None:
    """Another tenant, user, fingerprint or id finds nothing (promise 6)."""
    await devices.add(PHONE, 9, ADDED)
    assert await devices.keys(ELSEWHERE, ALICE) == []
    assert await devices.keys_by_fingerprint(ELSEWHERE, ALICE, PRINT) == []
    assert await devices.keys_by_fingerprint(TENANT, BOB, PRINT) == []
    assert await devices.keys_by_fingerprint(TENANT, "", PRINT) == []
    assert await devices.keys_by_fingerprint(TENANT, ALICE, "") == []
    assert await devices.find_key(ELSEWHERE, "phone") is None


async def test_the_same_key_again_takes_its_own_place(devices: DeviceStore) -> None:
    """At the same client, under whatever name; at another client it stands beside."""
    await devices.add(PHONE, 9, ADDED)
    again = replace(PHONE, id="again", device_name="new name", created_at=NOON + 1)
    await devices.add(again, 9, ADDED)
    assert await devices.keys(TENANT, ALICE) == [again]
    await devices.add(replace(again, id="other", client_id="other"), 9, ADDED)
    assert await ids(devices) == ["again", "other"]


async def test_of_too_many_the_oldest_go(devices: DeviceStore) -> None:
    """Of the same user alone."""
    await devices.add(replace(PHONE, id="bobs", user_id=BOB), 3, ADDED)
    for number in range(5):
        key = replace(
            PHONE,
            id=f"k{number}",
            public_key=f"pem {number}",
            created_at=NOON + number,
        )
        await devices.add(key, 3, ADDED)
    assert await ids(devices) == ["k2", "k3", "k4"]
    assert await ids(devices, BOB) == ["bobs"]


async def test_changes_are_on_record(devices: DeviceStore, database: Database) -> None:
    """One line for each act, in its transaction (promise 10)."""
    await devices.add(PHONE, 9, ADDED)
    await devices.remove([PHONE], event("changed", reason="device.remove"))
    assert await ids(devices) == []
    told = [each.reason for _, each in await AuditLog(database).tail(9)]
    assert told == ["device.add", "device.remove"]


async def test_sessions_are_listed_while_they_live(
    devices: DeviceStore, database: Database
) -> None:
    """Of their user, with family and device; not when ended or expired."""
    tokens = TokenStore(database)
    first = refresh("one", session_id="s1", device="phone", family="old")
    await tokens.issue(issue(first))
    second = refresh("two", session_id="s2", expires_at=NOON + 2 * DAY)
    await tokens.issue(issue(second))
    await tokens.issue(issue(refresh("three", session_id="s3", user_id=BOB)))
    phone = DeviceSession("s1", ALICE, PUBLIC, "phone", "old")
    other = DeviceSession("s2", ALICE, PUBLIC, "", "")
    assert await devices.sessions(TENANT, ALICE, NOON) == [phone, other]
    assert await devices.find_session(TENANT, "s1", NOON) == phone
    assert await devices.find_session(ELSEWHERE, "s1", NOON) is None
    assert await devices.sessions(TENANT, ALICE, NOON + 3 * DAY) == [phone]
    await tokens.revoke_session("s1", event("revoked"))
    assert await devices.sessions(TENANT, ALICE, NOON) == [other]
    assert await devices.find_session(TENANT, "s1", NOON) is None


@pytest.mark.parametrize(
    ("drop", "left"),
    [
        (Drop(TENANT, Kind.USER, ALICE), {"b"}),
        (Drop(TENANT, Kind.CLIENT, PUBLIC), {"b"}),
        (Drop(TENANT, Kind.TENANT, TENANT), {"b"}),
    ],
)
async def test_keys_go_with_what_they_belong_to(
    devices: DeviceStore, database: Database, drop: Drop, left: set[str]
) -> None:
    """A user, a client or a tenant that is removed; nobody else's."""
    estate = StoredEstate(database)
    await estate.write(
        [PutTenant(tenant()), PutClient(client()), PutUser(user(), NOON)],
        event("applied"),
    )
    await devices.add(replace(PHONE, id="a"), 9, ADDED)
    elsewhere = replace(PHONE, id="b", tenant_id=ELSEWHERE, user_id=BOB)
    await devices.add(elsewhere, 9, ADDED)
    await estate.write([drop], event("applied"))
    rows = await database.fetch(Statement("SELECT id FROM device_keys"))
    assert {row["id"] for row in rows} == left
