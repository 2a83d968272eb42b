"""One attempt to get a token: what is known of it so far, and its audit record.

State of a single request; decisions are made by `token`, the grants and the rules.
"""

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Self

from ostiary.core.errors import Reason, Refused, told
from ostiary.core.factors import FactorUse
from ostiary.core.model import ConnectionSettings, Domain, RefreshRules, Resource
from ostiary.core.names import OPENID_SCOPES
from ostiary.core.policy import Policy
from ostiary.core.request import (
    ClientAuthentication,
    ScopeRequest,
    Subject,
    TokenRequest,
    Trace,
)
from ostiary.core.tokens import RefreshToken
from ostiary.flows.facts import (
    AuditEvent,
    GuessKeys,
    Once,
    Overloaded,
    Registry,
    Unreachable,
)
from ostiary.flows.ports import Ports, Verdict, Wire


@dataclass(frozen=True, slots=True)
class Found:
    """What the grant's own step found out.

    scope, nonce: what an earlier request asked for, when this one says nothing.
    once, factor: what a second factor uses up and changes. recovery_code: the next one.
    """

    subject: Subject | None = None
    scope: ScopeRequest | None = None
    spent: RefreshToken | None = None
    by_password: bool = False
    guess: GuessKeys | None = None
    new_hash: tuple[str, str] | None = field(default=None, repr=False)
    connection: ConnectionSettings | None = None
    nonce: str | None = None
    once: tuple[Once, ...] = ()
    factor: FactorUse | None = None
    recovery_code: str | None = field(default=None, repr=False)


@dataclass(slots=True)
class Attempt:
    """A token request on its way, with the facts fetched for it.

    What is decided within `async with` it is on record when it ends in a refusal.
    """

    request: TokenRequest
    wire: Wire
    ports: Ports
    started: float
    registry: Registry | None = None
    policy: Policy | None = None
    authentication: ClientAuthentication = ClientAuthentication.NONE
    user_id: str = ""
    username: str = ""
    asked: dict[str, str] = field(default_factory=dict)
    answered: dict[str, str] = field(default_factory=dict)
    recorded: bool = False

    def enter(self, registry: Registry) -> None:
        """The tenant is known: its rules hold from here on."""
        self.registry = registry
        self.policy = self.wire.policy(registry.tenant)

    def asks(self, resource: Resource, scope: ScopeRequest) -> None:
        """Remember for the record what is asked for: names that `resource` knows.

        Not before that is checked, as people paste secrets anywhere; where any word
        will do, only those of OpenID Connect are.
        """
        anything = self.policy is not None and self.policy.unknown_scopes_ignored
        about = scope.openid & OPENID_SCOPES if anything else scope.openid
        names = (*scope.names, *sorted(about))
        words = " ".join(dict.fromkeys(names)) or "all that is consented"
        self.asked = {"resource": resource.identifier, "scope": words}

    def hears(self, verdict: Verdict) -> None:
        """Remember for the record which agent beside a directory told."""
        if not isinstance(verdict, Unreachable) and verdict.agent:
            self.answered = {"agent": verdict.agent}

    @property
    def rules(self) -> RefreshRules:
        """How refresh tokens live at this tenant, on this wire."""
        if self.registry is None or self.policy is None:
            return RefreshRules()
        rules = self.registry.tenant.refresh_tokens
        return replace(rules, rotation=self.policy.rotation or rules.rotation)

    def told(self, reason: Reason) -> Reason:
        """What the caller may learn of `reason` at this tenant."""
        hide = self.policy is None or self.policy.hide_unknown_users
        return told(reason, hide_unknown_users=hide)

    def event(self, outcome: str, reason: str = "", code: str = "") -> AuditEvent:
        """The audit record of this attempt, with all that is known by now."""
        return AuditEvent(
            at=self.ports.clock.now(),
            trace=self.request.trace,
            outcome=outcome,
            reason=reason,
            code=code,
            tenant_id=self.registry.tenant.id if self.registry else "",
            client_id=self.request.client.client_id,
            user_id=self.user_id,
            username=self.username,
            grant_type=self.request.grant_type,
            detail={
                "client_authentication": self.authentication.value,
                **self.asked,
                **self.answered,
            },
        )

    def refusal(self, reason: Reason) -> AuditEvent:
        """The audit record of a refusal: the true reason, and the code told."""
        return self.event("refused", reason.value, self.wire.code(self.told(reason)))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: object, error: BaseException | None, trace: object
    ) -> None:
        """A refusal leaves its record before anybody hears of it (promise 10)."""
        if isinstance(error, Overloaded):
            error = Refused(Reason.OVERLOADED, retry_after=error.retry_after)
        if isinstance(error, Refused):
            raise await self.record(error) from None

    async def record(self, refused: Refused) -> Refused:
        """Write the refusal down, once, and make of it what the caller may learn."""
        if not self.recorded:
            await self.ports.audit.record(self.refusal(refused.reason))
            self.recorded = True
        return Refused(self.told(refused.reason), **refused.facts)


@contextlib.asynccontextmanager
async def reading(
    trace: Callable[[], Trace], wire: Wire, ports: Ports
) -> AsyncIterator[None]:
    """A request is being read: one that is refused before it could be understood is
    written down, under the trace that is made then.
    """
    try:
        yield
    except Refused as refused:
        event = AuditEvent(
            at=ports.clock.now(),
            trace=trace(),
            outcome="refused",
            reason=refused.reason.value,
            code=wire.code(refused.reason),
        )
        await ports.audit.record(event)
        raise


def masked(username: str, domain: Domain | None) -> str:
    """A name of nobody as the log may keep it: people type passwords into it.

    Those may hold an `@` too, so only a `domain` of the tenant is told.
    """
    return f"{username[:1]}…@{domain.name}" if domain else f"{username[:1]}…"
