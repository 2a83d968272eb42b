"""Refresh tokens as hashes, sessions and revocations.

One conditional write decides who uses a one-time refresh token; issue and audit
record commit together (security promises 5 and 10).
"""

from dataclasses import replace
from typing import Final

import msgspec

from ostiary.core.errors import Reason
from ostiary.core.passwords import FORGOTTEN_AFTER, Place, place_of
from ostiary.core.request import ScopeRequest
from ostiary.core.tokens import REFUSALS, RefreshToken, Use, judge
from ostiary.flows.facts import AuditEvent, GuessKeys, Issue
from ostiary.stores import audit, factors
from ostiary.stores import guess_statements as guesses
from ostiary.stores.database import Database, Row, Script
from ostiary.stores.statement import Statement

FIND: Final = Statement(
    """
    SELECT t.sha256, t.session_id, t.expires_at, t.used_at, s.tenant_id, s.client_id,
           s.user_id, s.amr, s.scope, s.by_password, s.started_at, s.revoked_at,
           s.family, s.device,
           EXISTS (SELECT 1 FROM refresh_tokens AS next WHERE next.parent = t.sha256
                   AND next.used_at IS NOT NULL) AS successor_used
    FROM refresh_tokens AS t JOIN sessions AS s ON s.id = t.session_id
    WHERE t.sha256 = :sha256
    """
)
SPEND: Final = Statement(
    """
    UPDATE refresh_tokens SET used_at = :now
    WHERE sha256 = :sha256 AND used_at IS NULL AND EXISTS
          (SELECT 1 FROM sessions WHERE id = session_id AND revoked_at IS NULL)
    RETURNING sha256
    """
)
_START: Final = Statement(
    """
    INSERT INTO sessions (id, tenant_id, client_id, user_id, amr, scope, by_password,
                          family, device, started_at, expires_at)
    VALUES (:id, :tenant_id, :client_id, :user_id, :amr, :scope, :by_password,
            :family, :device, :started_at, :expires_at)
    """
)
_PROLONG: Final = Statement(
    "UPDATE sessions SET expires_at = :expires_at WHERE id = :id"
)
_KEEP: Final = Statement(
    "INSERT INTO refresh_tokens (sha256, session_id, parent, expires_at) "
    "VALUES (:sha256, :session_id, :parent, :expires_at)"
)
REVOKE_SESSION: Final = Statement(
    "UPDATE sessions SET revoked_at = :now WHERE id = :id AND revoked_at IS NULL"
)
_REVOKE_TOKEN: Final = Statement(
    "INSERT INTO revoked_tokens (id, expires_at) VALUES (:id, :expires_at) "
    "ON CONFLICT (id) DO NOTHING"
)
IS_REVOKED: Final = Statement(
    "SELECT 1 AS dead FROM revoked_tokens WHERE id = :token_id UNION ALL "
    "SELECT 1 FROM sessions WHERE id = :session_id AND revoked_at IS NOT NULL"
)
_CLAIM: Final = Statement(
    "INSERT INTO claimed_once (id, expires_at) VALUES (:id, :expires_at) "
    "ON CONFLICT (id) DO NOTHING RETURNING id"
)
REHASH: Final = Statement(
    "UPDATE users SET password_hash = :new "
    "WHERE id = :id AND COALESCE(password_hash, '') = :old"
)


class TokenStore:
    """Port `Tokens` over the store."""

    def __init__(self, database: Database) -> None:
        """Keep tokens in `database`."""
        self._database = database

    async def find_refresh(self, sha256: str) -> RefreshToken | None:
        """The stored refresh token of that hash, of whatever tenant."""
        rows = await self._database.fetch(FIND, sha256=sha256)
        return _token(rows[0]) if rows else None

    async def issue(self, issue: Issue) -> Reason | None:
        """Write an issue; None when it happened, or why it must be refused."""

        def script() -> Script[Reason | None]:
            refusal = yield from _use_up(issue)
            if refusal is not None:
                return refusal
            if issue.refresh is not None:
                yield from _keep(issue, issue.refresh)
            if issue.guess is not None:
                yield from _forgive(issue.event.tenant_id, issue.guess, issue.now)
            if issue.new_hash is not None:
                old, new = issue.new_hash
                yield REHASH, {"id": issue.event.user_id, "old": old, "new": new}
            yield audit.INSERT, audit.row_of(issue.event)
            return None

        return await self._database.transact(script)

    async def revoke_session(self, session_id: str, event: AuditEvent) -> None:
        """End a session: every refresh and access token of it is dead at once."""

        def script() -> Script[None]:
            yield REVOKE_SESSION, {"id": session_id, "now": event.at}
            yield audit.INSERT, audit.row_of(event)

        await self._database.transact(script)

    async def revoke_token(
        self, token_id: str, expires_at: float, event: AuditEvent
    ) -> None:
        """End one access token."""

        def script() -> Script[None]:
            yield _REVOKE_TOKEN, {"id": token_id, "expires_at": expires_at}
            yield audit.INSERT, audit.row_of(event)

        await self._database.transact(script)

    async def is_revoked(self, token_id: str, session_id: str) -> bool:
        """Whether an access token, or the session it belongs to, was ended."""
        return bool(
            await self._database.fetch(
                IS_REVOKED, token_id=token_id, session_id=session_id
            )
        )

    async def claim_once(self, key: str, expires_at: float) -> bool:
        """Whether `key` was never claimed before; remembered until `expires_at`."""

        def script() -> Script[bool]:
            rows = yield _CLAIM, {"id": key, "expires_at": expires_at}
            return bool(rows)

        return await self._database.transact(script)


def _use_up(issue: Issue) -> Script[Reason | None]:
    """Use up all that was presented, or find out why that is too late."""
    if issue.spent is not None:
        refusal = yield from _spend(issue, issue.spent)
        if refusal is not None:
            return refusal
    for once in issue.once:
        if not (yield _CLAIM, {"id": once.key, "expires_at": once.expires_at}):
            return (yield from _refuse(issue, once.reason))
    if issue.factor is not None:
        tenant_id = issue.event.tenant_id
        refusal = yield from factors.use_factor(tenant_id, issue.factor)
        if refusal is not None:
            return (yield from _refuse(issue, refusal))
    return None


def _spend(issue: Issue, spent: RefreshToken) -> Script[Reason | None]:
    """Use up the presented token, or find out why that is too late."""
    won = yield SPEND, {"sha256": spent.sha256, "now": issue.now}
    if won:
        return None
    rows = yield FIND, {"sha256": spent.sha256}
    use = judge(_token(rows[0]), issue.rules, issue.now) if rows else Use.REVOKED
    if use is Use.GOOD:
        return None
    if use is Use.REUSED:
        yield REVOKE_SESSION, {"id": spent.session_id, "now": issue.now}
    return (yield from _refuse(issue, REFUSALS[use]))


def _refuse(issue: Issue, reason: Reason) -> Script[Reason]:
    """Write the refusal down where the issue would have been."""
    code = issue.codes.get(reason, "")
    event = replace(issue.event, outcome="refused", reason=reason.value, code=code)
    yield audit.INSERT, audit.row_of(event)
    return reason


def _keep(issue: Issue, token: RefreshToken) -> Script[None]:
    if issue.spent is None:
        yield (
            _START,
            {
                "id": token.session_id,
                "tenant_id": token.tenant_id,
                "client_id": token.client_id,
                "user_id": token.user_id,
                "amr": " ".join(token.amr),
                "scope": msgspec.json.encode(token.scope).decode(),
                "by_password": int(token.by_password),
                "family": token.family,
                "device": token.device,
                "started_at": token.issued_at,
                "expires_at": token.expires_at,
            },
        )
    else:
        yield _PROLONG, {"id": token.session_id, "expires_at": token.expires_at}
    yield (
        _KEEP,
        {
            "sha256": token.sha256,
            "session_id": token.session_id,
            "parent": issue.spent.sha256 if issue.spent else None,
            "expires_at": token.expires_at,
        },
    )


def _forgive(tenant_id: str, guess: GuessKeys, now: float) -> Script[None]:
    """A right password resets the counter of its place and makes the place known."""
    where = {"tenant_id": tenant_id, "account": guess.account}
    seen = yield guesses.PLACE, {**where, "source": guess.source}
    place = place_of(seen[0]["seen_at"] if seen else None, now)
    yield guesses.RESET, {**where, "place": place.value}
    if place is Place.UNKNOWN:  # known from now on, its locks get no shorter by that
        yield guesses.CARRY, {**where, "since": now - FORGOTTEN_AFTER}
    yield guesses.REMEMBER, {**where, "source": guess.source, "now": now}


def _token(row: Row) -> RefreshToken:
    return RefreshToken(
        sha256=row["sha256"],
        session_id=row["session_id"],
        tenant_id=row["tenant_id"],
        client_id=row["client_id"],
        user_id=row["user_id"],
        amr=tuple(row["amr"].split()),
        scope=msgspec.json.decode(row["scope"], type=ScopeRequest),
        issued_at=row["started_at"],
        expires_at=row["expires_at"],
        by_password=bool(row["by_password"]),
        family=row["family"],
        device=row["device"],
        used_at=row["used_at"],
        revoked=row["revoked_at"] is not None,
        successor_used=bool(row["successor_used"]),
    )
