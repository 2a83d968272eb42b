"""One-time codes in the store, on SQLite and PostgreSQL.

What a try means is tested with `core.codes`; how codes travel, over the wire.
"""

import asyncio

import pytest

from ostiary.core.codes import MOST_TRIES, CodePlace, CodeVerdict
from ostiary.flows.manage.changes import Drop, Kind, PutTenant
from ostiary.stores.audit import AuditLog
from ostiary.stores.codes import CodeStore
from ostiary.stores.database import Database
from ostiary.stores.estate import StoredEstate
from ostiary.stores.statement import Statement
from ostiary.stores.sweeping import sweep
from tests.contracts.counters import once
from tests.flows.values import ELSEWHERE, NOON, TENANT, event, tenant

PLACE = CodePlace(TENANT, "email", "alice@contoso.test")
RIGHT, WRONG, EXHAUSTED = CodeVerdict.RIGHT, CodeVerdict.WRONG, CodeVerdict.EXHAUSTED
COLUMNS = ("tenant_id", "connection", "name", "digest")
ROWS = Statement("SELECT tenant_id, connection, name, digest FROM one_time_codes")


@pytest.fixture
async def codes(database: Database) -> CodeStore:
    """A store in which 123456 is good for three minutes from noon."""
    store = CodeStore(database, b"key")
    await store.keep(PLACE, "123456", NOON, 180, event("sent"))
    return store


async def test_the_right_code_works_once(codes: CodeStore) -> None:
    """Then it is nobody's any more."""
    assert await codes.judge(PLACE, "123456", NOON, spend=True) is RIGHT
    assert await codes.judge(PLACE, "123456", NOON, spend=True) is WRONG


async def test_a_look_uses_nothing_up(codes: CodeStore) -> None:
    """As often as one likes."""
    for _ in range(MOST_TRIES + 2):
        assert await codes.judge(PLACE, "123456", NOON, spend=False) is RIGHT
    assert await codes.judge(PLACE, "123456", NOON, spend=True) is RIGHT


async def test_three_wrong_tries_kill_it(codes: CodeStore) -> None:
    """Looks count like uses; a new code begins anew."""
    for number in range(3):
        spend = number % 2 == 0
        assert await codes.judge(PLACE, "000000", NOON, spend=spend) is WRONG
    assert await codes.judge(PLACE, "123456", NOON, spend=True) is EXHAUSTED
    await codes.keep(PLACE, "654321", NOON, 180, event("sent"))
    assert await codes.judge(PLACE, "654321", NOON, spend=True) is RIGHT


async def test_only_the_newest_is_good(codes: CodeStore) -> None:
    """The older one is just wrong from then on."""
    await codes.keep(PLACE, "654321", NOON + 1, 180, event("sent"))
    assert await codes.judge(PLACE, "123456", NOON + 1, spend=True) is WRONG
    assert await codes.judge(PLACE, "654321", NOON + 1, spend=True) is RIGHT


async def test_it_lives_as_long_as_was_said(codes: CodeStore) -> None:
    """Not a second longer; then even its tries are forgotten."""
    assert await codes.judge(PLACE, "123456", NOON + 179.9, spend=False) is RIGHT
    for _ in range(MOST_TRIES):
        await codes.judge(PLACE, "000000", NOON, spend=True)
    assert await codes.judge(PLACE, "123456", NOON + 180, spend=True) is WRONG


@pytest.mark.parametrize(
    "place",
    [
        CodePlace(ELSEWHERE, PLACE.connection, PLACE.name),
        CodePlace(TENANT, "sms", PLACE.name),
        CodePlace(TENANT, PLACE.connection, "bob@contoso.test"),
        CodePlace(TENANT, PLACE.connection, ""),
    ],
)
async def test_it_is_good_in_its_own_place_only(
    codes: CodeStore, place: CodePlace
) -> None:
    """And tries elsewhere do not count here (promise 6)."""
    for _ in range(MOST_TRIES + 1):
        assert await codes.judge(place, "123456", NOON, spend=True) is WRONG
    assert await codes.judge(PLACE, "123456", NOON, spend=True) is RIGHT


async def test_a_row_moved_to_another_place_is_worth_nothing(
    codes: CodeStore, database: Database
) -> None:
    """The digest knows its place: a store that was tampered with helps little."""
    move = Statement("UPDATE one_time_codes SET name = :name")
    await database.transact(once(move, name="bob"))
    bob = CodePlace(TENANT, "email", "bob")
    assert await codes.judge(bob, "123456", NOON, spend=True) is WRONG


async def test_whether_it_is_current_is_asked_without_a_try(codes: CodeStore) -> None:
    """For long texts: neither a wrong one nor the right one changes anything."""
    for _ in range(MOST_TRIES + 2):
        assert not await codes.is_current(PLACE, "other", NOON)
    assert await codes.is_current(PLACE, "123456", NOON)
    assert not await codes.is_current(PLACE, "123456", NOON + 180)
    assert await codes.judge(PLACE, "123456", NOON, spend=True) is RIGHT
    assert not await codes.is_current(PLACE, "123456", NOON)


async def test_of_many_at_once_one_spends(codes: CodeStore, database: Database) -> None:
    """On two nodes together (one transaction decides)."""
    other = CodeStore(database, b"key")
    verdicts = await asyncio.gather(
        *(
            (codes, other)[n % 2].judge(PLACE, "123456", NOON, spend=True)
            for n in range(20)
        )
    )
    assert sorted(verdicts) == [RIGHT] + [WRONG] * 19


async def test_of_many_guesses_at_once_three_count(codes: CodeStore) -> None:
    """Guessing side by side gives no further tries."""
    guesses = [f"{number:06d}" for number in range(20)]
    verdicts = await asyncio.gather(
        *(codes.judge(PLACE, guess, NOON, spend=True) for guess in guesses)
    )
    assert sorted(verdicts) == [EXHAUSTED] * 17 + [WRONG] * 3
    assert await codes.judge(PLACE, "123456", NOON, spend=True) is EXHAUSTED


async def test_no_code_lies_in_the_clear(codes: CodeStore, database: Database) -> None:
    """A million digests are quickly tried, so that they are keyed."""
    [row] = await database.fetch(ROWS)
    assert all("123456" not in str(row[name]) for name in COLUMNS)
    stranger = CodeStore(database, b"another key")
    assert await stranger.judge(PLACE, "123456", NOON, spend=True) is WRONG


async def test_a_code_is_kept_with_its_record(
    codes: CodeStore, database: Database
) -> None:
    """Both or neither (promise 10)."""
    [(_, record)] = await AuditLog(database).tail(10)
    assert record == event("sent")


@pytest.mark.parametrize("code", ["", "\0", "\ud800", "x" * 5000])
async def test_any_text_may_be_tried(codes: CodeStore, code: str) -> None:
    """What nobody could have been sent is just wrong."""
    assert await codes.judge(PLACE, code, NOON, spend=True) is WRONG


async def test_expired_codes_are_swept(codes: CodeStore, database: Database) -> None:
    """Not before they expired."""
    await sweep(database, NOON + 180)
    assert len(await database.fetch(ROWS)) == 1
    await sweep(database, NOON + 181)
    assert await database.fetch(ROWS) == []


async def test_a_removed_tenant_takes_its_codes_along(
    codes: CodeStore, database: Database
) -> None:
    """Another tenant's stay."""
    await codes.keep(CodePlace(ELSEWHERE, "email", "a"), "1", NOON, 9, event("sent"))
    estate = StoredEstate(database)
    await estate.write([PutTenant(tenant())], event("applied"))
    await estate.write([Drop(TENANT, Kind.TENANT, TENANT)], event("applied"))
    assert [row["tenant_id"] for row in await database.fetch(ROWS)] == [ELSEWHERE]
