"""What the sign-in log keeps, on SQLite and PostgreSQL.

That every attempt is in it is a matter of the flows.
"""

import pytest

from ostiary.core.request import Trace
from ostiary.flows.facts import AuditEvent
from ostiary.stores.audit import LONGEST_TEXT, AuditLog
from ostiary.stores.database import Database
from tests.flows.values import (
    ALICE,
    ELSEWHERE,
    NOON,
    PUBLIC,
    TENANT,
    event,
    trace,
)

TEXTS = (
    "reason",
    "code",
    "client_id",
    "user_id",
    "username",
    "grant_type",
)


@pytest.fixture
def log(database: Database) -> AuditLog:
    """Port `Audit` over the database."""
    return AuditLog(database)


async def kept(log: AuditLog, written: AuditEvent) -> AuditEvent:
    """What is read of a record that was written."""
    await log.record(written)
    [(_, read)] = await log.tail(1)
    return read


async def test_a_record_is_read_as_it_was_written(log: AuditLog) -> None:
    """Every field, the moment to the microsecond."""
    written = AuditEvent(
        at=NOON + 0.123456,
        trace=Trace("t", "c", "192.0.2.7", "MSAL/1.39 “quoted” 'x' %s", "v1 token"),
        outcome="refused",
        reason="password_wrong",
        code="AADSTS50126",
        tenant_id=TENANT,
        client_id=PUBLIC,
        user_id=ALICE,
        username="ålice@contoso.test",
        grant_type="password",
        detail={"client_authentication": "none"},
    )
    assert await kept(log, written) == written


@pytest.mark.parametrize("name", TEXTS)
async def test_long_text_is_cut(log: AuditLog, name: str) -> None:
    """Whatever a caller sent, 256 characters of it are kept (ROPC-21)."""
    read = await kept(log, event(**{name: "x" * 50_000}))
    assert getattr(read, name) == "x" * LONGEST_TEXT
    assert LONGEST_TEXT == 256


async def test_a_long_user_agent_is_cut(log: AuditLog) -> None:
    """50 kB of it do not end in the store (ROPC-21)."""
    long = Trace("t", "c" * 8000, "192.0.2.7", "A" * 50_000, "door")
    read = await kept(log, event(trace=long))
    assert len(read.trace.user_agent) == len(read.trace.correlation_id) == 256


@pytest.mark.parametrize(
    "nasty", ["a\0b", "a\ud800b", "a\nb", "a\r\nb", "a\x1b[2Jb", "a\u202eb", "a\u2028b"]
)
async def test_what_no_store_or_terminal_should_get_is_replaced(
    log: AuditLog, nasty: str
) -> None:
    """No NUL, no surrogate, no line break, no control: one record stays one line."""
    read = await kept(log, event(username=nasty, trace=Trace("t", "c", "", nasty, "")))
    for text in (read.username, read.trace.user_agent):
        assert text.isprintable()
        assert (text[0], text[-1]) == ("a", "b")


async def test_the_tail_is_the_newest_in_order(log: AuditLog) -> None:
    """Oldest first; `after` goes on where the last call stopped."""
    for number in range(5):
        await log.record(event(at=NOON - number, reason=str(number)))
    last = await log.tail(3)
    assert [e.reason for _, e in last] == ["2", "3", "4"]
    numbers = [number for number, _ in last]
    assert numbers == sorted(set(numbers))
    await log.record(event(reason="new"))
    assert [e.reason for _, e in await log.tail(9, after=numbers[-1])] == ["new"]


async def test_the_tail_of_one_tenant_is_its_own(log: AuditLog) -> None:
    """Another tenant's records are not in it (promise 6)."""
    await log.record(event())
    await log.record(event(tenant_id=ELSEWHERE))
    assert [e.tenant_id for _, e in await log.tail(9, tenant_id=ELSEWHERE)] == [
        ELSEWHERE
    ]
    assert len(await log.tail(9)) == 2


async def test_a_record_is_found_by_the_ids_that_the_caller_saw(log: AuditLog) -> None:
    """Trace id or correlation id, in any case, and nothing else."""
    await log.record(event(trace=trace(trace_id="aaaa-1")))
    await log.record(event(trace=trace(trace_id="bbbb-2")))
    assert len(await log.find("AAAA-1")) == 1
    assert len(await log.find("correlation")) == 2
    assert await log.find("aaaa") == []
