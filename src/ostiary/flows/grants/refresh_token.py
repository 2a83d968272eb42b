"""Grant `refresh_token` (RFC 6749 §6): who is it, told by an earlier sign-in.

The race for a one-time token is decided when the issue is written, not here.
"""

from ostiary.core import accounts
from ostiary.core.errors import Reason, Refused
from ostiary.core.model import Client
from ostiary.core.request import Subject
from ostiary.core.tokens import REFUSALS, Use, is_voided, judge
from ostiary.flows.attempt import Attempt, Found
from ostiary.flows.digests import sha256_hex
from ostiary.flows.facts import Registry


async def refresh_token(attempt: Attempt, registry: Registry, client: Client) -> Found:
    """The user of the session that the refresh token continues, or Refused.

    A token is bound to its client and tenant (security promise 5). Replaying a used
    one ends the whole session.
    """
    ports, request, tenant = attempt.ports, attempt.request, registry.tenant
    digest = sha256_hex(request.refresh_token or "")
    token = await ports.tokens.find_refresh(digest)
    if token is None or token.tenant_id != tenant.id:
        raise Refused(Reason.REFRESH_UNKNOWN)
    attempt.user_id = token.user_id
    if token.client_id != client.client_id:
        raise Refused(Reason.REFRESH_FOREIGN)
    use = judge(token, tenant.refresh_tokens, attempt.started)
    if use is Use.REUSED:
        event = attempt.refusal(Reason.REFRESH_REUSED)
        await ports.tokens.revoke_session(token.session_id, event)
        attempt.recorded = True
    if use is not Use.GOOD:
        raise Refused(REFUSALS[use])
    account = await ports.people.find(tenant.id, token.user_id)
    if account is None:
        raise Refused(Reason.REFRESH_REVOKED)
    attempt.username = account.user.username
    accounts.check_enabled(account.user)
    if is_voided(
        token,
        password_changed_at=account.password_changed_at,
        sessions_valid_from=account.sessions_valid_from,
    ):
        raise Refused(Reason.REFRESH_REVOKED)
    return Found(
        subject=Subject(account.user, token.amr, token.issued_at),
        scope=None if request.scope.given else token.scope,
        spent=token,
        by_password=token.by_password,
    )
