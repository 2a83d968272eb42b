"""The token endpoint, told once: every phase that all grants share, in order.

What only one grant does lives in `grants/`; what is decided, in `core`.
"""

from ostiary.core import accounts, clients, scopes
from ostiary.core.clients import (
    check_alias,
    check_credential_presence,
    check_grant_allowed,
    check_home,
    check_one_credential,
    needs_credential,
)
from ostiary.core.errors import Reason, Refused
from ostiary.core.model import RANDOM_LIFETIME, Client, Resource, Tenant
from ostiary.core.names import PASSWORD, REFRESH_TOKEN, SAML_BEARERS
from ostiary.core.policy import Policy
from ostiary.core.request import (
    Access,
    ClientAuthentication,
    Grant,
    Granted,
    ScopeRequest,
    TokenRequest,
)
from ostiary.core.tokens import (
    LONGEST_RANDOM,
    REFUSALS,
    SHORTEST_RANDOM,
    RefreshToken,
)
from ostiary.flows.attempt import Attempt, Found
from ostiary.flows.digests import sha256_hex
from ostiary.flows.facts import Issue, Registry
from ostiary.flows.grants import GRANTS
from ostiary.flows.grants.refresh_token import check_kind
from ostiary.flows.ports import Ports, Wire
from ostiary.flows.second_factor import bring_second_factor, check_conditions


async def exchange(request: TokenRequest, wire: Wire, ports: Ports) -> Granted:
    """Tokens for a request, or Refused with what the caller may learn.

    Every attempt leaves one audit record, committed before the answer (security
    promises 10 and 13). Raises StoreUnavailable when that cannot be.
    """
    async with Attempt(request, wire, ports, ports.clock.now()) as attempt:
        return await _exchange(attempt)


async def _exchange(attempt: Attempt) -> Granted:
    """The order of checks of contract entra §6.2; each phase may refuse."""
    request = attempt.request
    registry = await find_tenant(attempt)
    client = await find_client(attempt)
    names = attempt.wire.grant_names(client, request.grant_type)
    attempt.authentication = await authenticate(attempt, client)
    check_alias(request.tenant, request.grant_type)
    check_home(client, request.tenant)
    if registry is None or attempt.policy is None:
        raise Refused(Reason.TENANT_ALIAS_REFUSED, alias=request.tenant.value)
    if not request.grant_type:
        raise Refused(Reason.PARAMETER_MISSING, name="grant_type")
    step = GRANTS.get(request.grant_type)
    if step is None:
        raise Refused(Reason.GRANT_UNSUPPORTED, grant_type=request.grant_type)
    try:
        check_grant_allowed(registry.tenant, client, request.grant_type, names)
    except Refused:
        await check_kind(attempt, registry.tenant, client)
        raise
    if request.fault is not None:
        raise request.fault
    resource = check_target(registry, client, request.scope, attempt.policy)
    attempt.asks(resource, request.scope)
    found = await step(attempt, registry, client)
    found = await bring_second_factor(attempt, registry, client, found)
    access = await decide_access(attempt, registry, client, found)
    return await issue(attempt, registry, client, found, access)


async def find_tenant(attempt: Attempt) -> Registry | None:
    """The tenant that the request means; None for an alias without one.

    `home` aliases mean the user's own tenant: told by the domain of the user name,
    or by the refresh token (contract entra §2.1).
    """
    ref, ports = attempt.request.tenant, attempt.ports
    if ref.alias and not ref.home:
        return None
    name: str | None = ref.value
    if ref.home:
        name = await _home_tenant(attempt)
        if name is None:
            return None
    tenant_id = await ports.directory.tenant_id(name) if name else None
    registry = await ports.directory.registry(tenant_id) if tenant_id else None
    if registry is None:
        unknown = Reason.DOMAIN_UNKNOWN if ref.home else Reason.TENANT_UNKNOWN
        raise Refused(unknown, tenant=ref.value)
    attempt.enter(registry)
    return registry


async def _home_tenant(attempt: Attempt) -> str | None:
    request = attempt.request
    if request.grant_type == PASSWORD or request.grant_type in SAML_BEARERS:
        name = request.username or ""
        if request.assertion is not None:
            name = await attempt.ports.federation.named_by(request.assertion) or ""
        domain = accounts.domain_of(name)
        if domain is None:
            raise Refused(Reason.TENANT_UNDETERMINED)
        return domain
    if request.grant_type == REFRESH_TOKEN and request.refresh_token:
        digest = sha256_hex(request.refresh_token)
        token = await attempt.ports.tokens.find_refresh(digest)
        if token is None:
            raise Refused(Reason.REFRESH_UNKNOWN)
        return token.tenant_id
    return None


async def find_client(attempt: Attempt) -> Client:
    """The client, enabled; at an alias without tenant, its own tenant's rules hold."""
    directory, client_id = attempt.ports.directory, attempt.request.client.client_id
    tenant_id = attempt.registry.tenant.id if attempt.registry else None
    client = await directory.find_client(client_id, tenant_id)
    if client is None:
        raise Refused(Reason.CLIENT_UNKNOWN, client_id=client_id)
    clients.check_enabled(client)
    if attempt.registry is None:
        home = await directory.registry(client.tenant_id)
        if home is not None:
            attempt.enter(home)
    return client


async def authenticate(attempt: Attempt, client: Client) -> ClientAuthentication:
    """Client authentication (RFC 6749 §2.3, RFC 7523 §2.2; contract entra §4)."""
    credential, now = attempt.request.client, attempt.started
    policy, registry = attempt.policy, attempt.registry
    if policy is None or registry is None:
        raise Refused(Reason.CLIENT_UNKNOWN, client_id=client.client_id)
    check_one_credential(credential)
    needed = needs_credential(client, attempt.request.grant_type, policy)
    if not check_credential_presence(client, credential, needed=needed, policy=policy):
        return ClientAuthentication.NONE
    if credential.secret is not None:
        clients.check_secret(client, credential.secret, now)
        return ClientAuthentication.SECRET
    assertion = credential.assertion or ""
    claims = attempt.ports.assertions.read(client, assertion, now)
    audiences = attempt.wire.audiences(registry.tenant)
    expires = clients.check_assertion_claims(client, claims, audiences, now)
    if not client.assertion_reuse:
        # The signed text: how the signature behind it is spelled proves nothing.
        signed = assertion.rpartition(".")[0]
        key = sha256_hex(f"{client.tenant_id}\n{client.client_id}\n{signed}")
        if not await attempt.ports.tokens.claim_once(key, expires):
            raise Refused(Reason.ASSERTION_REUSED, client_id=client.client_id)
    return ClientAuthentication.CERTIFICATE


def check_target(
    registry: Registry, client: Client, scope: ScopeRequest, policy: Policy
) -> Resource:
    """The resource asked for, declared by the client, with scopes that it knows."""
    scopes.check_form(scope)
    resource = scopes.find_resource(registry.resources, scope.resource, policy)
    scopes.check_declared(client, resource, policy)
    scopes.registered_names(resource, scope.names, policy)
    return resource


async def decide_access(
    attempt: Attempt, registry: Registry, client: Client, found: Found
) -> Access:
    """Conditional access, assignment and consent, then what is granted.

    No grant gets past a second factor that is due, however it came here.
    """
    policy, request = attempt.policy, attempt.request
    if policy is None:
        raise Refused(Reason.TENANT_UNKNOWN)
    scope = found.scope or request.scope
    resource = check_target(registry, client, scope, policy)
    if found.subject is None:
        return scopes.own_access(scope, client, resource, policy)
    user = found.subject.user
    check_conditions(attempt, registry, client, found)
    accounts.check_assigned(user, client)
    people = attempt.ports.people
    consents = await people.consents(registry.tenant.id, client.client_id, user.id)
    every = (*registry.admin_consents, *consents)
    return scopes.delegated_access(scope, client, resource, every, policy)


async def issue(
    attempt: Attempt, registry: Registry, client: Client, found: Found, access: Access
) -> Granted:
    """Sign what is due, then write it down: answered only after the commit."""
    ports, wire, tenant = attempt.ports, attempt.wire, registry.tenant
    grant = _grant(attempt, tenant, client, found, access)
    due = [wire.access_token(grant)]
    if found.subject is not None and scopes.wants_id_token(access):
        due.append(wire.id_token(grant))
    signed = await ports.signer.sign(tenant.id, due)
    refresh, stored = _refresh_token(attempt, found, grant)
    refusal = await ports.tokens.issue(
        Issue(
            event=attempt.event("granted"),
            now=grant.issued_at,
            rules=attempt.rules,
            refresh=stored,
            spent=found.spent,
            guess=found.guess,
            new_hash=found.new_hash,
            once=found.once,
            factor=found.factor,
            codes={reason: wire.code(reason) for reason in _possible(found)},
        )
    )
    if refusal is not None:
        attempt.recorded = True
        raise Refused(refusal)
    id_token = signed[1] if len(signed) > 1 else None
    return Granted(grant, signed[0], id_token, refresh, found.recovery_code)


def _possible(found: Found) -> set[Reason]:
    """Why the store may refuse at the very end what was right so far."""
    used = {once.reason for once in found.once}
    return {*REFUSALS.values(), *used, *([found.factor.reason] if found.factor else ())}


def _grant(
    attempt: Attempt, tenant: Tenant, client: Client, found: Found, access: Access
) -> Grant:
    clock, request = attempt.ports.clock, attempt.request
    return Grant(
        tenant=tenant,
        client=client,
        authentication=attempt.authentication,
        access=access,
        subject=found.subject,
        session_id=found.spent.session_id if found.spent else clock.short_id(),
        token_id=clock.short_id(),
        trace=request.trace,
        issued_at=clock.now(),
        lifetime=_lifetime(attempt, tenant),
        connection=found.connection,
        nonce=request.nonce or found.nonce,
    )


def _lifetime(attempt: Attempt, tenant: Tenant) -> int:
    """Seconds for which an access token of this answer is good."""
    chosen = tenant.access_token_lifetime
    if chosen == RANDOM_LIFETIME:
        return attempt.ports.clock.between(SHORTEST_RANDOM, LONGEST_RANDOM)
    usual = attempt.policy.access_token_lifetime if attempt.policy else 0
    return chosen or usual


def _refresh_token(
    attempt: Attempt, found: Found, grant: Grant
) -> tuple[str | None, RefreshToken | None]:
    """A new refresh token and what is stored of it, if one is due.

    A session that goes on always gets its next one, whatever scopes it asked for now.
    """
    policy, subject = attempt.policy, found.subject
    if subject is None or policy is None:
        return None, None
    if found.spent is None:
        if not scopes.wants_refresh_token(grant.access, policy):
            return None, None
        if policy.refresh_token_by_device and not attempt.request.device:
            return None, None
    token = attempt.ports.clock.token()
    scope = found.spent.scope if found.spent else grant.access.request
    return token, RefreshToken(
        sha256=sha256_hex(token),
        session_id=grant.session_id,
        tenant_id=grant.tenant.id,
        client_id=grant.client.client_id,
        user_id=subject.user.id,
        amr=subject.amr,
        scope=scope,
        issued_at=subject.authenticated_at,
        expires_at=grant.issued_at + grant.tenant.refresh_tokens.lifetime,
        by_password=found.by_password,
        family=policy.family,
        device=found.spent.device if found.spent else attempt.request.device,
    )
