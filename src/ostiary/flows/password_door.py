"""A password shown for something else than tokens: the same gate, the same counters.

What the person may do then is told by the caller (security promise 1).
"""

from ostiary.core.clients import check_grant_allowed
from ostiary.core.errors import Reason, Refused
from ostiary.core.model import Client, User
from ostiary.core.names import PASSWORD
from ostiary.core.request import TokenRequest
from ostiary.flows.attempt import Attempt
from ostiary.flows.facts import Issue, Registry
from ostiary.flows.grants.password import password
from ostiary.flows.ports import Ports, Wire
from ostiary.flows.token import decide_access, find_client, find_tenant


async def prove_by_password(request: TokenRequest, wire: Wire, ports: Ports) -> User:
    """The user whose password this is, allowed to sign in now, or Refused.

    A client may be named; then it must be one that the wire's grant is open to. One
    audit record, as of a sign-in.
    """
    async with Attempt(request, wire, ports, ports.clock.now()) as attempt:
        return await _prove(attempt)


async def _prove(attempt: Attempt) -> User:
    registry = await find_tenant(attempt)
    if registry is None:
        raise Refused(Reason.TENANT_ALIAS_REFUSED, alias=attempt.request.tenant.value)
    client = await _client(attempt, registry)
    if attempt.request.fault is not None:
        raise attempt.request.fault
    found = await password(attempt, registry, client)
    await decide_access(attempt, registry, client, found)
    if found.subject is None:
        raise Refused(Reason.PASSWORD_WRONG)
    event = attempt.event("granted")
    issue = Issue(
        event, event.at, attempt.rules, guess=found.guess, new_hash=found.new_hash
    )
    await attempt.ports.tokens.issue(issue)
    return found.subject.user


async def _client(attempt: Attempt, registry: Registry) -> Client:
    """The client named, or one that stands for none; the tenant's door is open."""
    tenant = registry.tenant
    if not attempt.request.client.client_id:
        if not tenant.password_grant:
            raise Refused(Reason.PASSWORD_GRANT_OFF, grant_type=PASSWORD)
        return Client(tenant.id, "", public=True)
    client = await find_client(attempt)
    names = attempt.wire.grant_names(client, attempt.request.grant_type)
    check_grant_allowed(tenant, client, PASSWORD, names)
    return client
