"""Looking many people up at once, and their further factors, on both databases."""

from typing import Any

import pytest

from ostiary.core.factors import Factor, FactorKind
from ostiary.core.model import ConnectionSettings, User
from ostiary.flows.manage.changes import (
    Drop,
    Kind,
    PutFactor,
    PutListed,
    PutUser,
    Write,
)
from ostiary.stores.database import Database
from ostiary.stores.estate import StoredEstate
from ostiary.stores.estate_people import BATCH
from ostiary.stores.statement import Statement
from tests.flows.values import DIRECTORY, ELSEWHERE, NOON, TENANT, event

FACTORS = Statement("SELECT user_id, channel, name FROM authenticators ORDER BY id")


def person(number: int, **more: Any) -> User:
    """A user with every kind of name."""
    known: dict[str, Any] = {
        "id": f"{number:08}-0000-0000-0000-000000000000",
        "tenant_id": TENANT,
        "connection": DIRECTORY,
        "username": f"U{number}@contoso.test",
        "login": f"Short{number}",
        "email": f"Mail{number}@contoso.test",
        "external_id": f"x{number}",
    }
    return User(**{**known, **more})


@pytest.fixture
async def estate(database: Database) -> StoredEstate:
    """Five people, one of another connection and one of another tenant."""
    estate = StoredEstate(database)
    writes: list[Write] = [
        PutListed(tenant, name, 0, ConnectionSettings(name, "auth0"))
        for tenant in (TENANT, ELSEWHERE)
        for name in (DIRECTORY, "second")
    ]
    writes += [PutUser(person(number), NOON) for number in range(3)]
    writes.append(PutUser(person(3, connection="second"), NOON))
    writes.append(PutUser(person(4, tenant_id=ELSEWHERE), NOON))
    await estate.write(writes, event("applied"))
    return estate


async def found(
    estate: StoredEstate, names: list[str], external_ids: list[str]
) -> set[str]:
    """The external ids of whom the look-up finds."""
    people = await estate.find_people(TENANT, DIRECTORY, names, external_ids)
    return {str(each.external_id) for each in people}


async def test_every_kind_of_name_leads_to_its_user(estate: StoredEstate) -> None:
    """User name, short name and mail address, folded; nothing that is merely alike."""
    assert await found(estate, ["u0@contoso.test"], []) == {"x0"}
    assert await found(estate, ["short1", "mail2@contoso.test"], []) == {"x1", "x2"}
    assert await found(estate, ["short", "", "%", "U0@contoso.test"], []) == set()
    assert await found(estate, [], []) == set()


async def test_names_end_at_the_connection_and_ids_at_the_tenant(
    estate: StoredEstate,
) -> None:
    """An id must not mean two people of a tenant; names may (promise 6)."""
    assert await found(estate, ["short3", "short4"], []) == set()
    assert await found(estate, [], ["x3", "x4"]) == {"x3"}


async def test_more_than_a_batch_is_asked_for(estate: StoredEstate) -> None:
    """What stands behind the first hundred is found as well."""
    strangers = [f"nobody{number}" for number in range(2 * BATCH + 1)]
    assert await found(estate, [*strangers, "short2"], [*strangers, "x1"]) == {
        "x1",
        "x2",
    }


async def test_factors_come_and_go_with_their_user(
    estate: StoredEstate, database: Database
) -> None:
    """Written in the same transaction, removed with the user."""
    user_id = person(0).id
    factor = Factor("f", FactorKind.OOB, channel="sms", name="+49301234")
    put = PutFactor(TENANT, user_id, factor)
    await estate.write([put], event("applied"))
    (row,) = await database.fetch(FACTORS)
    assert (row["user_id"], row["channel"], row["name"]) == (
        user_id,
        "sms",
        "+49301234",
    )
    await estate.write([Drop(TENANT, Kind.USER, user_id)], event("applied"))
    assert await database.fetch(FACTORS) == []
