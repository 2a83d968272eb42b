"""Rows that nobody will ask for again, and when they go.

What they were is in the audit log, which is never swept.
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

from ostiary.core.limits import LONGEST_DRAIN
from ostiary.core.passwords import FORGOTTEN_AFTER, PLACE_REMEMBERED
from ostiary.flows.ports import StoreUnavailable
from ostiary.stores.database import Database, Script
from ostiary.stores.statement import Statement

EVERY: Final = 600
"""Seconds between two sweeps of one process."""
KEPT_EXPIRED: Final = 30 * 86400
"""Seconds for which an expired session can still say that it expired."""

_SWEEPS: Final = (
    Statement(
        "DELETE FROM refresh_tokens WHERE session_id IN "
        "(SELECT id FROM sessions WHERE expires_at < :long_ago)"
    ),
    Statement("DELETE FROM sessions WHERE expires_at < :long_ago"),
    Statement("DELETE FROM revoked_tokens WHERE expires_at < :now"),
    Statement("DELETE FROM claimed_once WHERE expires_at < :now"),
    Statement(
        "DELETE FROM authenticators WHERE active <> 1 AND created_at < :forgotten"
    ),
    Statement(
        "DELETE FROM failures WHERE last_at < :forgotten AND locked_until < :now"
    ),
    Statement("DELETE FROM places WHERE seen_at < :unseen"),
    Statement("DELETE FROM source_failures WHERE day < :today"),
    Statement("DELETE FROM one_time_codes WHERE expires_at < :now"),
    Statement("DELETE FROM buckets WHERE updated_at < :drained"),
    Statement("DELETE FROM jobs WHERE expires_at < :now"),
    Statement("DELETE FROM turns WHERE until < :now"),
    Statement("DELETE FROM agent_codes WHERE expires_at < :now"),
    Statement("DELETE FROM agent_links WHERE alive_until < :now"),
    Statement("DELETE FROM agent_questions WHERE expires_at < :now"),
)


async def sweep(database: Database, now: float) -> None:
    """Remove what expired before `now` (epoch seconds), a table at a time."""
    moments = {
        "now": now,
        "long_ago": now - KEPT_EXPIRED,
        "forgotten": now - FORGOTTEN_AFTER,
        "unseen": now - PLACE_REMEMBERED,
        "today": int(now // 86400),
        "drained": now - LONGEST_DRAIN,
    }
    for statement in _SWEEPS:
        named = {k: v for k, v in moments.items() if f":{k}" in statement.sqlite}

        def script(
            statement: Statement = statement, named: dict[str, float] = named
        ) -> Script[None]:
            yield statement, named

        await database.transact(script)


async def keep_sweeping(database: Database, now: Callable[[], float]) -> None:
    """Sweep every ten minutes until cancelled; a store that is away is waited for."""
    while True:
        await asyncio.sleep(EVERY)
        with contextlib.suppress(StoreUnavailable):
            await sweep(database, now())
