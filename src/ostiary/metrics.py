"""Figures for Prometheus: sign-ins, requests, the hash lane. Imported only when asked.

Labels are words of a bounded list; no tenant, user, client or address is ever one.
"""

import asyncio
import os
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Protocol

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)
from prometheus_client.exposition import generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from ostiary import __version__
from ostiary.core.errors import Reason
from ostiary.core.model import Tenant
from ostiary.core.names import NOT_GRANTS
from ostiary.core.tokens import RefreshToken
from ostiary.flows.facts import AuditEvent, GuessKeys, GuessState, Issue
from ostiary.flows.grants import GRANTS
from ostiary.flows.ports import Audit, Guesses, Ports, Tokens

SAMPLE_SECONDS: Final = 1.0
"""How old a worker's figures of its hash lane may be when another one is asked."""

BUCKETS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
"""Seconds: JWKS takes about 1 ms, a password 20 to 200 ms, a refusal of load 1 s."""

ENDPOINTS: Final = {
    "token": "token",
    "keys": "keys",
    "openid-configuration": "discovery",
    "instance": "discovery",
    "userinfo": "userinfo",
    "introspect": "introspection",
    "revoke": "revocation",
    "authorize": "authorize",
}
"""Endpoint classes by the last word of a path; the realm ends in a user's name."""

_LIVE_FILE: Final = re.compile(r"gauge_live\w*_(\d+)\.db")

App = Callable[[Any, Any, Any], Awaitable[None]]

# When a series began is known from `up`; of several workers it is not told anyway.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Lane(Protocol):
    """What is watched of the lane of password hashing."""

    @property
    def waiting(self) -> int:
        """Jobs admitted and not begun."""
        ...

    @property
    def running(self) -> int:
        """Jobs in a thread now."""
        ...

    @property
    def refused(self) -> int:
        """Jobs refused since the start."""
        ...


class Metrics:
    """The figures of one worker, and how those of all are shown."""

    def __init__(self) -> None:
        """Make every metric; call it in the worker itself, not before the fork.

        The library chose at its import, by the same variable, where figures are kept.
        """
        folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
        self._folder = Path(folder) if folder else None
        self._registry = own = CollectorRegistry()
        self._lane: Lane | None = None
        self._refused_before = 0
        self.sign_ins = Counter(
            "ostiary_sign_ins",
            "Token requests by grant type and outcome: granted, or why not.",
            ("grant_type", "outcome"),
            registry=own,
        )
        self.requests = Histogram(
            "ostiary_request_seconds",
            "Seconds from a request's head to the end of its answer.",
            ("endpoint",),
            buckets=BUCKETS,
            registry=own,
        )
        self.responses = Counter(
            "ostiary_responses",
            "Answers by endpoint and class of status; none: the client had left.",
            ("endpoint", "status"),
            registry=own,
        )
        self._waiting = _gauge(own, "hash_lane_waiting", "Passwords waiting for it.")
        self._running = _gauge(own, "hash_lane_running", "Passwords being hashed.")
        self._refused = Counter(
            "ostiary_hash_lane_refused", "Passwords refused, for load.", registry=own
        )
        _gauge(own, "workers", "Processes that serve.").set(1)
        _build_info(own)

    def watch(self, ports: Ports, lane: Lane) -> Ports:
        """The same ports, whose sign-ins are counted; the lane is remembered."""
        self._lane = lane
        return replace(
            ports,
            audit=_CountedAudit(ports.audit, self.count),
            tokens=_CountedTokens(ports.tokens, self.count),
            guesses=_CountedGuesses(ports.guesses, self.count),
        )

    def count(self, event: AuditEvent) -> None:
        """Count a sign-in that is written down."""
        if event.grant_type in NOT_GRANTS:
            return
        grant_type = event.grant_type if event.grant_type in GRANTS else "other"
        self.sign_ins.labels(grant_type, event.reason or event.outcome).inc()

    def timed(self, app: App) -> App:
        """The same application, whose answers are counted and timed."""

        async def serve(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            status = "none"

            async def note(message: Any) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = f"{message['status'] // 100}xx"
                await send(message)

            began = time.perf_counter()
            try:
                await app(scope, receive, note)
            finally:
                endpoint = endpoint_of(scope["path"])
                self.requests.labels(endpoint).observe(time.perf_counter() - began)
                self.responses.labels(endpoint, status).inc()

        return serve

    async def keep_sampling(self) -> None:
        """Note the lane's figures from time to time, for the workers that are asked."""
        while True:
            self.sample()
            await asyncio.sleep(SAMPLE_SECONDS)

    def sample(self) -> None:
        """Note the lane's figures as of now."""
        if self._lane is None:
            return
        self._waiting.set(self._lane.waiting)
        self._running.set(self._lane.running)
        refused = self._lane.refused
        self._refused.inc(refused - self._refused_before)
        self._refused_before = refused

    def render(self) -> bytes:
        """The figures of all workers in Prometheus' text form; reads their files."""
        self.sample()
        if self._folder is None:
            return generate_latest(self._registry)
        _forget_dead(self._folder)
        everybody = CollectorRegistry()
        MultiProcessCollector(everybody, path=str(self._folder))  # type: ignore[no-untyped-call]
        return generate_latest(everybody)


def _gauge(registry: CollectorRegistry, name: str, what: str) -> Gauge:
    """A gauge that several workers add up to, as long as they live."""
    name = f"ostiary_{name}"
    return Gauge(name, what, registry=registry, multiprocess_mode="livesum")


def _build_info(registry: CollectorRegistry) -> None:
    info = Gauge(
        "ostiary_build_info",
        "Always 1; the label tells the version.",
        ("version",),
        registry=registry,
        multiprocess_mode="max",
    )
    info.labels(__version__).set(1)


def _forget_dead(folder: Path) -> None:
    """Leave out what a worker that died was doing; what it had counted stays."""
    for file in folder.iterdir():
        found = _LIVE_FILE.fullmatch(file.name)
        if found and not _is_alive(int(found[1])):
            mark_process_dead(int(found[1]), str(folder))  # type: ignore[no-untyped-call]


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def endpoint_of(path: str) -> str:
    """The class of a path, of which there are few: no caller can make a new one."""
    words = path.lower().rstrip("/").split("/")
    return "realm" if "userrealm" in words else ENDPOINTS.get(words[-1], "other")


Count = Callable[[AuditEvent], None]


@dataclass(frozen=True, slots=True)
class _CountedAudit:
    """Port `Audit` that counts the refusals written by themselves."""

    inner: Audit
    count: Count

    async def record(self, event: AuditEvent) -> None:
        await self.inner.record(event)
        self.count(event)


@dataclass(frozen=True, slots=True)
class _CountedTokens:
    """Port `Tokens` that counts what is granted."""

    inner: Tokens
    count: Count

    async def find_refresh(self, sha256: str) -> RefreshToken | None:
        return await self.inner.find_refresh(sha256)

    async def issue(self, issue: Issue) -> Reason | None:
        refusal = await self.inner.issue(issue)
        if refusal is None:
            self.count(issue.event)
        return refusal

    async def revoke_session(self, session_id: str, event: AuditEvent) -> None:
        await self.inner.revoke_session(session_id, event)

    async def revoke_token(
        self, token_id: str, expires_at: float, event: AuditEvent
    ) -> None:
        await self.inner.revoke_token(token_id, expires_at, event)

    async def is_revoked(self, token_id: str, session_id: str) -> bool:
        return await self.inner.is_revoked(token_id, session_id)

    async def claim_once(self, key: str, expires_at: float) -> bool:
        return await self.inner.claim_once(key, expires_at)


@dataclass(frozen=True, slots=True)
class _CountedGuesses:
    """Port `Guesses` that counts the wrong passwords."""

    inner: Guesses
    count: Count

    def keys(self, *whose: Any, **named: Any) -> GuessKeys:
        return self.inner.keys(*whose, **named)

    async def state(self, tenant_id: str, keys: GuessKeys, now: float) -> GuessState:
        return await self.inner.state(tenant_id, keys, now)

    async def record_failure(
        self,
        tenant: Tenant,
        keys: GuessKeys,
        now: float,
        event: AuditEvent,
        locked_event: AuditEvent,
    ) -> bool:
        learns = await self.inner.record_failure(tenant, keys, now, event, locked_event)
        self.count(event if learns else locked_event)
        return learns

    async def settle(self, tenant_id: str, keys: GuessKeys) -> None:
        await self.inner.settle(tenant_id, keys)
