"""Twenty at once, from two separate connections to one store: who wins is decided.

One after the other is in `test_tokens.py`.
"""

import asyncio
from collections import Counter

import pytest

from ostiary.core.errors import Reason
from ostiary.core.model import RefreshRules
from ostiary.flows.ports import StoreUnavailable
from ostiary.stores.audit import INSERT, AuditLog
from ostiary.stores.database import ConstraintViolated, Database
from ostiary.stores.tokens import TokenStore
from tests.flows.values import (
    DAY,
    NOON,
    REUSABLE,
    STRICT,
    event,
    issue,
    refresh,
)

MANY, SECONDS = 20, 30
FIRST = refresh("first")


async def race(
    stores: list[TokenStore], rules: RefreshRules, *, apart: float = 0.0
) -> list[Reason | None]:
    """What twenty uses of one token get, over all stores in turn.

    apart: seconds by which each node's clock is behind the one before.
    """
    uses = (
        stores[number % len(stores)].issue(
            issue(
                refresh(f"new {number}"),
                FIRST,
                rules=rules,
                now=NOON + 10 - number * apart,
            )
        )
        for number in range(MANY)
    )
    return list(await asyncio.wait_for(asyncio.gather(*uses), SECONDS))


@pytest.mark.parametrize("apart", [0.0, 0.001, -0.001])
async def test_one_of_twenty_parallel_uses_wins(
    database: Database, neighbour: Database, apart: float
) -> None:
    """Exactly one success, the family dead, a record for each (REF-03, promise 5).

    Whatever the clocks of those who ask say.
    """
    stores = [TokenStore(database), TokenStore(neighbour)]
    await stores[0].issue(issue(FIRST))
    told = await race(stores, STRICT, apart=apart)
    assert told.count(None) == 1
    assert Counter(told)[Reason.REFRESH_REUSED] >= 1
    assert set(told) <= {None, Reason.REFRESH_REUSED, Reason.REFRESH_REVOKED}
    winner = await stores[1].find_refresh(refresh(f"new {told.index(None)}").sha256)
    assert winner is not None
    assert winner.revoked
    records = [e.outcome for _, e in await AuditLog(database).tail(100)]
    assert Counter(records) == {"granted": 2, "refused": MANY - 1}


async def test_all_of_twenty_parallel_uses_win_where_reuse_is_allowed(
    database: Database, neighbour: Database
) -> None:
    """Clients that race are Entra's own habit; every answer holds a living token."""
    stores = [TokenStore(database), TokenStore(neighbour)]
    await stores[0].issue(issue(FIRST, rules=REUSABLE))
    assert await race(stores, REUSABLE) == [None] * MANY
    for number in range(MANY):
        token = await stores[0].find_refresh(refresh(f"new {number}").sha256)
        assert token is not None
        assert not token.revoked


async def test_a_revocation_holds_on_the_other_node_at_once(
    database: Database, neighbour: Database
) -> None:
    """The very next use elsewhere is refused (promise 5)."""
    here, there = TokenStore(database), TokenStore(neighbour)
    await here.issue(issue(FIRST))
    await here.revoke_session("session", event("revoked"))
    assert await there.is_revoked("any", "session")
    told = await there.issue(issue(refresh("second"), FIRST, now=NOON + DAY))
    assert told is Reason.REFRESH_REVOKED


async def test_one_of_twenty_parallel_claims_wins(
    database: Database, neighbour: Database
) -> None:
    """A client assertion that works once works once (CLI-06)."""
    stores = [TokenStore(database), TokenStore(neighbour)]
    claims = (stores[n % 2].claim_once("assertion", NOON + 60) for n in range(MANY))
    told = await asyncio.wait_for(asyncio.gather(*claims), SECONDS)
    assert told.count(True) == 1


async def test_nothing_is_kept_of_an_issue_whose_record_cannot_be_written(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Token, rotation and record commit together or not at all (promise 10)."""
    tokens = TokenStore(database)
    await tokens.issue(issue(FIRST))
    unwritable = {**_row(), "outcome": None}
    monkeypatch.setattr("ostiary.stores.audit.row_of", lambda event: unwritable)
    with pytest.raises((ConstraintViolated, StoreUnavailable)):
        await tokens.issue(issue(refresh("second"), FIRST))
    assert await tokens.find_refresh(refresh("second").sha256) is None
    stored = await tokens.find_refresh(FIRST.sha256)
    assert stored is not None
    assert stored.used_at is None


def _row() -> dict[str, object]:
    """A row of the log as it should be."""
    names = INSERT.sqlite.partition("(")[2].partition(")")[0].split(", ")
    return {name: NOON if name == "at" else "" for name in names}
