"""Delegation: an id_token for a client of the tenant, by what an earlier one left.

The same phases as `token`; no access token is issued, and nothing rotates.
"""

from dataclasses import dataclass, field, replace
from typing import Final

from ostiary.core.clients import check_grant_allowed
from ostiary.core.errors import Reason, Refused
from ostiary.core.limits import Bucket, LimitKey, check_allowed
from ostiary.core.model import Client
from ostiary.core.request import Access, Grant, ScopeRequest, Subject, TokenRequest
from ostiary.flows.attempt import Attempt, Found
from ostiary.flows.facts import Issue, Registry
from ostiary.flows.grants.refresh_token import refresh_token
from ostiary.flows.id_tokens import identify
from ostiary.flows.ports import Ports, Wire
from ostiary.flows.token import authenticate, decide_access, find_client, find_tenant

DELEGATIONS: Final = Bucket("delegation", 10, 6.0)
"""Ten at once and ten a minute for each user at each address (contract auth0 §5)."""


@dataclass(frozen=True, slots=True)
class Delegated:
    """The answer: a grant for the target, and the id_token made of it."""

    grant: Grant
    id_token: str = field(repr=False)


async def delegate(
    request: TokenRequest, target: str, wire: Wire, ports: Ports
) -> Delegated:
    """An id_token for `target`, or Refused with what the caller may learn.

    The request brings a refresh token, or an id_token as its assertion; without a scope
    it asks for what that had. Every attempt leaves one audit record, committed before
    the answer (contract auth0 §6).
    """
    async with Attempt(request, wire, ports, ports.clock.now()) as attempt:
        return await _delegate(attempt, target)


async def _delegate(attempt: Attempt, target: str) -> Delegated:
    request, ports = attempt.request, attempt.ports
    # Another target, other words: nothing of the earlier grant is narrowed or widened.
    attempt.request = replace(request, scope=ScopeRequest(given=False))
    registry = await find_tenant(attempt)
    client = await find_client(attempt)
    names = attempt.wire.grant_names(client, request.grant_type)
    attempt.authentication = await authenticate(attempt, client)
    if registry is None:
        raise Refused(Reason.TENANT_ALIAS_REFUSED, alias=request.tenant.value)
    check_grant_allowed(registry.tenant, client, request.grant_type, names)
    if request.fault is not None:
        raise request.fault
    meant = _target(attempt, registry, client, target)
    found = await _who(attempt, registry, client)
    subject = found.subject
    if subject is None:
        raise Refused(Reason.TOKEN_INVALID)
    key = LimitKey(registry.tenant.id, subject.user.id, request.trace.source)
    check_allowed(await ports.limits.take(key, DELEGATIONS, attempt.started))
    if request.scope.given:
        found = replace(found, scope=request.scope)
    access = await decide_access(attempt, registry, meant, found)
    attempt.asks(access.resource, access.request)
    attempt.asked["target"] = meant.client_id
    return await _issue(attempt, registry, client, meant, found, access)


def _target(
    attempt: Attempt, registry: Registry, client: Client, target: str
) -> Client:
    """The client that the token is for: this one, or another that lets itself be meant.

    It does by holding the grant itself. Raises Refused(PARAMETER_INVALID).
    """
    if target == client.client_id:
        return client
    meant = registry.clients.get(target)
    try:
        if meant is not None and meant.enabled:
            names = attempt.wire.grant_names(meant, attempt.request.grant_type)
            grant_type = attempt.request.grant_type
            check_grant_allowed(registry.tenant, meant, grant_type, names)
            return meant
    except Refused:
        pass
    why = "names no application that takes delegated tokens"
    raise Refused(Reason.PARAMETER_INVALID, name="target", why=why)


async def _who(attempt: Attempt, registry: Registry, client: Client) -> Found:
    """The user of an earlier sign-in at this very client."""
    if attempt.request.refresh_token is not None:
        return replace(await refresh_token(attempt, registry, client), spent=None)
    text = attempt.request.assertion or ""
    known = await identify(registry, text, attempt.wire, attempt.ports)
    user = known.account.user
    attempt.username, attempt.user_id = user.username, user.id
    if known.client.client_id != client.client_id:
        raise Refused(Reason.TOKEN_INVALID)
    return Found(
        subject=Subject(
            user,
            known.token.amr,
            known.token.issued_at,
            known.account.created_at,
            known.account.updated_at,
        ),
        connection=known.connection,
        scope=ScopeRequest(openid=known.token.words),
    )


async def _issue(
    attempt: Attempt,
    registry: Registry,
    client: Client,
    meant: Client,
    found: Found,
    access: Access,
) -> Delegated:
    """Sign, then write it down: answered only after the commit."""
    ports, clock = attempt.ports, attempt.ports.clock
    grant = Grant(
        tenant=registry.tenant,
        client=meant,
        authentication=attempt.authentication,
        access=access,
        subject=found.subject,
        session_id=clock.short_id(),
        token_id=clock.short_id(),
        trace=attempt.request.trace,
        issued_at=clock.now(),
        lifetime=0,
        connection=found.connection,
        asked_by=client.client_id,
    )
    due = [attempt.wire.id_token(grant)]
    signed = await ports.signer.sign(registry.tenant.id, due)
    event = attempt.event("granted")
    await ports.tokens.issue(Issue(event, grant.issued_at, attempt.rules))
    return Delegated(grant, signed[0])
