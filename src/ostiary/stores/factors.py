"""Second factors of users: port `Factors` over the store.

Seeds lie here sealed, recovery codes as digests; a declared seed lies with its user.
"""

import hashlib
from collections.abc import Sequence
from typing import Final

from ostiary.core.errors import Reason
from ostiary.core.factors import Factor, FactorKind, FactorState, FactorUse
from ostiary.flows.facts import AuditEvent
from ostiary.stores import audit
from ostiary.stores.database import Database, Row, Script
from ostiary.stores.statement import Statement

OF_USER: Final = Statement(
    """
    SELECT id, kind, channel, name, secret, active, created_at FROM authenticators
    WHERE tenant_id = :tenant_id AND user_id = :user_id
    UNION ALL
    SELECT '' AS id, 'otp', '', '', mfa_secret, 1, 0 FROM users
    WHERE tenant_id = :tenant_id AND id = :user_id AND mfa_secret <> ''
    """
)
IS_COMPLETED: Final = Statement("SELECT 1 AS found FROM claimed_once WHERE id = :id")
_FORGET_BEGUN: Final = Statement(
    "DELETE FROM authenticators WHERE tenant_id = :tenant_id AND user_id = :user_id "
    "AND active <> 1"
)
_ADD: Final = Statement(
    """
    INSERT INTO authenticators (id, tenant_id, user_id, kind, channel, name, secret,
                                active, created_at)
    VALUES (:id, :tenant_id, :user_id, :kind, :channel, :name, :secret, :active,
            :created_at)
    """
)
_REMOVE: Final = Statement(
    "DELETE FROM authenticators WHERE id = :id AND tenant_id = :tenant_id "
    "AND user_id = :user_id"
)
_REMOVE_DECLARED: Final = Statement(
    "UPDATE users SET mfa_secret = '' WHERE id = :user_id AND tenant_id = :tenant_id"
)
_COMPLETE: Final = Statement(
    "UPDATE authenticators SET active = 1 WHERE id = :id AND tenant_id = :tenant_id "
    "AND user_id = :user_id RETURNING id"
)
_COMPLETE_RECOVERY: Final = Statement(
    "UPDATE authenticators SET active = 1 WHERE tenant_id = :tenant_id "
    "AND user_id = :user_id AND kind = 'recovery-code' AND active <> 1"
)
_RENEW: Final = Statement(
    "UPDATE authenticators SET secret = :new WHERE id = :id "
    "AND tenant_id = :tenant_id AND user_id = :user_id AND secret = :old RETURNING id"
)


class FactorStore:
    """Port `Factors` over the store."""

    def __init__(self, database: Database) -> None:
        """Keep factors in `database`."""
        self._database = database

    async def of_user(self, tenant_id: str, user_id: str) -> Sequence[Factor]:
        """All of a user's factors, the declared one first, then the oldest."""
        rows = await self._database.fetch(OF_USER, tenant_id=tenant_id, user_id=user_id)
        found = [_factor(row, user_id) for row in rows]
        return sorted(found, key=lambda each: (each.created_at, each.id))

    async def is_completed(self, key: str) -> bool:
        """Whether the sign-in of that key has got its tokens already."""
        return bool(await self._database.fetch(IS_COMPLETED, id=key))

    async def begin(
        self,
        tenant_id: str,
        user_id: str,
        factors: Sequence[Factor],
        event: AuditEvent,
    ) -> None:
        """Write an enrolment that is to be completed, in place of any other such."""
        whose = {"tenant_id": tenant_id, "user_id": user_id}

        def script() -> Script[None]:
            yield _FORGET_BEGUN, whose
            for factor in factors:
                yield _ADD, {**whose, **_row(factor)}
            yield audit.INSERT, audit.row_of(event)

        await self._database.transact(script)

    async def remove(
        self,
        tenant_id: str,
        user_id: str,
        factors: Sequence[Factor],
        event: AuditEvent,
    ) -> None:
        """Forget these factors."""
        whose = {"tenant_id": tenant_id, "user_id": user_id}

        def script() -> Script[None]:
            for factor in factors:
                if factor.declared:
                    yield _REMOVE_DECLARED, whose
                else:
                    yield _REMOVE, {**whose, "id": factor.id}
            yield audit.INSERT, audit.row_of(event)

        await self._database.transact(script)


def use_factor(tenant_id: str, use: FactorUse) -> Script[Reason | None]:
    """What a right code changes; why it is refused when another use came before it.

    Part of the transaction that issues tokens.
    """
    where = {"id": use.factor_id, "tenant_id": tenant_id, "user_id": use.user_id}
    if use.completes:
        if not (yield _COMPLETE, where):
            return use.reason
        whose = {"tenant_id": tenant_id, "user_id": use.user_id}
        yield _COMPLETE_RECOVERY, whose
        yield _FORGET_BEGUN, whose
    if use.digests is not None:
        old, new = use.digests
        if not (yield _RENEW, {**where, "old": old, "new": new}):
            return use.reason
    return None


def _factor(row: Row, user_id: str) -> Factor:
    declared = not row["id"]
    return Factor(
        id=_declared_id(user_id) if declared else row["id"],
        kind=FactorKind(row["kind"]),
        state=FactorState(row["active"]),
        channel=row["channel"],
        name=row["name"],
        secret=row["secret"],
        created_at=row["created_at"],
        declared=declared,
    )


def _declared_id(user_id: str) -> str:
    """The id of a factor that has no row of its own; always the same."""
    return hashlib.sha256(f"declared factor\n{user_id}".encode()).hexdigest()[:32]


def _row(factor: Factor) -> dict[str, object]:
    return {
        "id": factor.id,
        "kind": factor.kind.value,
        "channel": factor.channel,
        "name": factor.name,
        "secret": factor.secret,
        "active": int(factor.state),
        "created_at": factor.created_at,
    }
