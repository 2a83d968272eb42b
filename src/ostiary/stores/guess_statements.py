"""What is asked and written of wrong passwords: the statements of `guesses`.

What the numbers mean is arithmetic in `core.passwords`.
"""

from typing import Final

from ostiary.stores.statement import Statement

STATE: Final = Statement(
    """
    SELECT places.seen_at, source_failures.count AS today, failures.place,
           failures.count, failures.recent, failures.last_at, failures.locks,
           failures.locked_until
    FROM (SELECT 1 AS one) AS guess
    LEFT JOIN places ON places.tenant_id = :tenant_id
         AND places.account = :account AND places.source = :source
    LEFT JOIN source_failures ON source_failures.tenant_id = :tenant_id
         AND source_failures.source = :source AND source_failures.day = :day
    LEFT JOIN failures ON failures.tenant_id = :tenant_id
         AND failures.account = :account
    """
)
PLACE: Final = Statement(
    "SELECT seen_at FROM places WHERE tenant_id = :tenant_id "
    "AND account = :account AND source = :source"
)
ENSURE: Final = Statement(
    """
    INSERT INTO failures (tenant_id, account, place, count, recent, last_at, locks,
                          locked_until)
    VALUES (:tenant_id, :account, :place, 0, '', 0, 0, 0)
    ON CONFLICT (tenant_id, account, place) DO NOTHING
    """
)
LOCK: Final = Statement(
    "SELECT count, recent, last_at, locks, locked_until FROM failures "
    "WHERE tenant_id = :tenant_id AND account = :account AND place = :place",
    lock=True,
)
COUNT: Final = Statement(
    """
    UPDATE failures SET count = :count, recent = :recent, last_at = :last_at,
                        locks = :locks, locked_until = :locked_until
    WHERE tenant_id = :tenant_id AND account = :account AND place = :place
    """
)
COUNT_SOURCE: Final = Statement(
    """
    INSERT INTO source_failures (tenant_id, source, day, count)
    VALUES (:tenant_id, :source, :day, 1)
    ON CONFLICT (tenant_id, source, day)
    DO UPDATE SET count = source_failures.count + 1
    RETURNING count
    """
)
FORGET: Final = Statement(
    "DELETE FROM failures WHERE tenant_id = :tenant_id AND account = :account"
)
LOCKS: Final = Statement(
    "SELECT locked_until FROM failures "
    "WHERE tenant_id = :tenant_id AND account = :account"
)
TODAY: Final = Statement(
    "SELECT count FROM source_failures "
    "WHERE tenant_id = :tenant_id AND source = :source AND day = :day"
)
FORGIVE: Final = Statement(
    "DELETE FROM source_failures WHERE tenant_id = :tenant_id AND source = :source"
)
RESET: Final = Statement(
    """
    UPDATE failures SET count = 0, recent = '', locked_until = 0
    WHERE tenant_id = :tenant_id AND account = :account AND place = :place
    """
)
SETTLE: Final = Statement(
    "UPDATE failures SET count = 0 WHERE tenant_id = :tenant_id "
    "AND account = :account AND place = 'directory'"
)
"""A right password makes a directory forget the wrong ones."""
CARRY: Final = Statement(
    """
    INSERT INTO failures (tenant_id, account, place, count, recent, last_at, locks,
                          locked_until)
    SELECT tenant_id, account, 'known', 0, '', last_at, locks, 0 FROM failures
    WHERE tenant_id = :tenant_id AND account = :account AND place = 'unknown'
          AND locks > 0 AND last_at >= :since
    ON CONFLICT (tenant_id, account, place) DO UPDATE
    SET locks = excluded.locks,
        last_at = CASE WHEN failures.last_at > excluded.last_at
                       THEN failures.last_at ELSE excluded.last_at END
    WHERE failures.locks < excluded.locks
    """
)
REMEMBER: Final = Statement(
    """
    INSERT INTO places (tenant_id, account, source, seen_at)
    VALUES (:tenant_id, :account, :source, :now)
    ON CONFLICT (tenant_id, account, source) DO UPDATE SET seen_at = :now
    """
)
