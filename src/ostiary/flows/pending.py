"""A sign-in that waits for its second factor, as a ticket that the caller carries.

Nothing of it is stored but that it was completed; which factor is asked for, and how
codes are judged, is told elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ostiary.core import accounts
from ostiary.core.errors import Reason, Refused
from ostiary.core.factors import PENDING_SECONDS
from ostiary.core.model import Client
from ostiary.core.policy import Policy
from ostiary.core.request import ScopeRequest, Subject
from ostiary.core.scopes import find_resource
from ostiary.flows.access_tokens import inspect_access
from ostiary.flows.attempt import Attempt, Found
from ostiary.flows.connection import check_named
from ostiary.flows.digests import sha256_hex
from ostiary.flows.facts import AccessToken, Account, Once, Registry
from ostiary.flows.ports import Ports

USE: Final = "second-factor"
REMEMBERED: Final = 300
"""Seconds for which a used ticket is known longer than it is good, as clocks differ."""


@dataclass(frozen=True, slots=True)
class Pending:
    """What is left of a sign-in until its second factor; times in epoch seconds.

    issued_at: when the ticket was made. by_password, nonce: as in `Found`. single: it
    gets its tokens once.
    """

    id: str
    user_id: str
    client_id: str
    connection: str
    family: str
    amr: tuple[str, ...]
    authenticated_at: float
    issued_at: float
    scope: ScopeRequest
    by_password: bool = False
    nonce: str | None = None
    single: bool = True

    @property
    def key(self) -> str:
        """Under which it is remembered that the sign-in was completed."""
        return sha256_hex(f"{USE}\n{self.id}")

    @property
    def once(self) -> Once:
        """What a ticket uses up (contract auth0 §3.5)."""
        expires_at = self.issued_at + PENDING_SECONDS + REMEMBERED
        return Once(self.key, expires_at, Reason.MFA_TOKEN_MALFORMED)


def seal(attempt: Attempt, registry: Registry, client: Client, found: Found) -> str:
    """The ticket of a sign-in that is right so far and needs a second factor."""
    subject, ports = found.subject, attempt.ports
    if subject is None or attempt.policy is None:
        raise Refused(Reason.MFA_REQUIRED)
    scope = found.scope or attempt.request.scope
    facts = {
        "id": ports.clock.short_id(),
        "user_id": subject.user.id,
        "client_id": client.client_id,
        "connection": found.connection.name if found.connection else "",
        "family": attempt.policy.family,
        "amr": list(subject.amr),
        "authenticated_at": subject.authenticated_at,
        "issued_at": ports.clock.now(),
        "scope": {
            "resource": scope.resource,
            "names": list(scope.names),
            "openid": sorted(scope.openid),
            "everything": scope.everything,
            "qualified": sorted(scope.qualified),
            "given": scope.given,
        },
        "by_password": found.by_password,
        "nonce": attempt.request.nonce or found.nonce,
    }
    return ports.envelopes.seal(registry.tenant.id, USE, facts)


def _read(facts: Mapping[str, Any]) -> Pending:
    """What `seal` wrote, which nobody else can have written."""
    scope = facts["scope"]
    sets = {name: frozenset(scope[name]) for name in ("openid", "qualified")}
    asked = ScopeRequest(**{**scope, "names": tuple(scope["names"]), **sets})
    return Pending(**{**facts, "amr": tuple(facts["amr"]), "scope": asked})


async def open_ticket(
    ports: Ports, registry: Registry, ticket: str
) -> tuple[Pending, Account]:
    """The sign-in of a ticket that is good now, and its user's account.

    Raises Refused(MFA_TOKEN_MALFORMED) for anything else, MFA_TOKEN_EXPIRED when it
    came too late, or what keeps the user from signing in by now.
    """
    tenant_id, now = registry.tenant.id, ports.clock.now()
    facts = ports.envelopes.open(tenant_id, USE, ticket)
    if facts is None:
        raise Refused(Reason.MFA_TOKEN_MALFORMED)
    pending = _read(facts)
    if now >= pending.issued_at + PENDING_SECONDS:
        raise Refused(Reason.MFA_TOKEN_EXPIRED)
    account = await ports.people.find(tenant_id, pending.user_id)
    if account is None or await ports.factors.is_completed(pending.key):
        raise Refused(Reason.MFA_TOKEN_MALFORMED)
    accounts.check_enabled(account.user)
    if "pwd" in pending.amr:
        accounts.check_password_state(account.user)
    changed = max(account.password_changed_at, account.sessions_valid_from)
    if changed > pending.issued_at:
        raise Refused(Reason.MFA_TOKEN_EXPIRED)
    return pending, account


async def resume(
    attempt: Attempt, registry: Registry, client: Client
) -> tuple[Pending, Account]:
    """The sign-in that this request goes on with; bound to its client and wire."""
    text, policy = attempt.request.mfa_token or "", attempt.policy
    pending, account = await _by_key(attempt, registry, text) or await open_ticket(
        attempt.ports, registry, text
    )
    here = (client.client_id, policy.family if policy else "")
    if (pending.client_id, pending.family) != here:
        raise Refused(Reason.MFA_TOKEN_MALFORMED)
    attempt.user_id, attempt.username = account.user.id, account.user.username
    return pending, account


async def _by_key(
    attempt: Attempt, registry: Registry, text: str
) -> tuple[Pending, Account] | None:
    """An access token for changing second factors may bring a code as well.

    That is how somebody who need not have one enrols it: no sign-in of theirs waits.
    What comes of it is good for no more than the token. None for anything else.
    """
    policy, ports = attempt.policy, attempt.ports
    known = await inspect_access(registry, text, attempt.wire, ports)
    access = known.access if known else None
    if access is None or policy is None or access.audience != policy.factors_resource:
        return None
    account = await ports.people.find(registry.tenant.id, access.user_id)
    if account is None:
        return None
    return Pending(
        id=access.token_id,
        user_id=access.user_id,
        client_id=access.client_id,
        connection=account.user.connection,
        family=policy.family,
        amr=("mfa",) if access.second_factor else (),
        authenticated_at=access.issued_at,
        issued_at=access.issued_at,
        scope=_scope_of(registry, access, policy),
        single=False,
    ), account


def _scope_of(registry: Registry, access: AccessToken, policy: Policy) -> ScopeRequest:
    """What an access token is good for, as a request would ask for it."""
    resource = find_resource(registry.resources, access.audience, policy)
    own = {scope.value for scope in resource.scopes}
    return ScopeRequest(
        access.audience, tuple(word for word in access.scopes if word in own)
    )


def found_before(
    registry: Registry, client: Client, pending: Pending, account: Account
) -> Found:
    """Whom the sign-in found and what it asked for, without a second factor yet.

    Raises Refused when its connection was closed to the client meanwhile.
    """
    connection = None
    if pending.connection:
        connection = check_named(registry, client, pending.connection)
    return Found(
        subject=Subject(
            account.user,
            pending.amr,
            pending.authenticated_at,
            account.created_at,
            account.updated_at,
        ),
        scope=pending.scope,
        by_password=pending.by_password,
        connection=connection,
        nonce=pending.nonce,
        once=(pending.once,) if pending.single else (),
    )
