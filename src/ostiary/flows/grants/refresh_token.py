"""Grant `refresh_token` (RFC 6749 §6): who is it, told by an earlier sign-in.

The race for a one-time token is decided when the issue is written, not here.
"""

from ostiary.core import accounts
from ostiary.core.errors import Reason, Refused
from ostiary.core.model import Client, Tenant
from ostiary.core.names import REFRESH_TOKEN
from ostiary.core.request import ScopeRequest, Subject
from ostiary.core.scopes import narrowed
from ostiary.core.tokens import REFUSALS, RefreshToken, Use, is_voided, judge
from ostiary.flows.attempt import Attempt, Found
from ostiary.flows.digests import sha256_hex
from ostiary.flows.facts import Registry


async def refresh_token(attempt: Attempt, registry: Registry, client: Client) -> Found:
    """The user of the session that the refresh token continues, or Refused.

    A token is bound to its client and tenant (security promise 5). Replaying a used
    one ends the whole session.
    """
    ports, tenant = attempt.ports, registry.tenant
    token = await find_presented(attempt, tenant, client)
    use = judge(token, attempt.rules, attempt.started)
    if use is Use.REUSED:
        event = attempt.refusal(Reason.REFRESH_REUSED)
        await ports.tokens.revoke_session(token.session_id, event)
        attempt.recorded = True
    if use is not Use.GOOD:
        raise Refused(REFUSALS[use])
    account = await ports.people.find(tenant.id, token.user_id)
    if account is None:
        raise Refused(Reason.REFRESH_USER_GONE)
    attempt.username = account.user.username
    accounts.check_enabled(account.user)
    if is_voided(
        token,
        password_changed_at=account.password_changed_at,
        sessions_valid_from=account.sessions_valid_from,
    ):
        raise Refused(Reason.REFRESH_REVOKED)
    return Found(
        subject=Subject(
            account.user,
            token.amr,
            token.issued_at,
            account.created_at,
            account.updated_at,
        ),
        connection=registry.connection(account.user.connection),
        scope=_scope(attempt, token.scope),
        spent=token,
        by_password=token.by_password,
    )


async def check_kind(attempt: Attempt, tenant: Tenant, client: Client) -> None:
    """Before a grant that is not held is told: a refresh token of this client that is
    of another family of wires is unknown here, and no grant would change that.

    Raises Refused(REFRESH_UNKNOWN) (contract auth0 §1.3).
    """
    request, policy = attempt.request, attempt.policy
    if request.grant_type != REFRESH_TOKEN or not request.refresh_token:
        return
    digest = sha256_hex(request.refresh_token)
    token = await attempt.ports.tokens.find_refresh(digest)
    if token is None or policy is None or token.family == policy.family:
        return
    if (token.tenant_id, token.client_id) == (tenant.id, client.client_id):
        raise Refused(Reason.REFRESH_UNKNOWN)


async def find_presented(
    attempt: Attempt, tenant: Tenant, client: Client
) -> RefreshToken:
    """The stored token that the request brings: this tenant's, this client's, and of
    this family of wires. Raises Refused.
    """
    digest = sha256_hex(attempt.request.refresh_token or "")
    token = await attempt.ports.tokens.find_refresh(digest)
    if token is None or token.tenant_id != tenant.id:
        raise Refused(Reason.REFRESH_UNKNOWN)
    attempt.user_id = token.user_id
    if token.client_id != client.client_id:
        raise Refused(Reason.REFRESH_FOREIGN)
    if attempt.policy is None or token.family != attempt.policy.family:
        raise Refused(Reason.REFRESH_UNKNOWN)
    return token


def _scope(attempt: Attempt, original: ScopeRequest) -> ScopeRequest | None:
    """What to judge: what is asked for now, or what was at the start."""
    asked = attempt.request.scope
    if not asked.given:
        return original
    policy = attempt.policy
    return narrowed(asked, original) if policy and policy.only_asked else None
