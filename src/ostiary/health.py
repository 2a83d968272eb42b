"""Health and metrics, on a listener apart from the public one.

Numbers only: no name, address or token is ever a label.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from ostiary.app import Serving
from ostiary.core.errors import Refused
from ostiary.flows.ports import StoreUnavailable
from ostiary.web import Handler, HttpRequest, HttpResponse, json_response

PATIENCE_SECONDS: Final = 3.0
"""How long the store may take; a lost PostgreSQL is given up after 2 s, and told."""

METRICS_TYPE: Final = ("content-type", "text/plain; version=0.0.4; charset=utf-8")
"""Prometheus' text exposition format."""

NOT_STORED: Final = ("cache-control", "no-store")


@dataclass(frozen=True, slots=True)
class Health:
    """A front (`web.Front`) for those who watch the server.

    `figures` renders the metrics, and may read files; without it there are none.
    """

    serving: Serving
    figures: Callable[[], bytes] | None = None

    async def find(self, request: HttpRequest) -> Handler | None:
        """Who answers this path; all of them are only read."""
        handlers: dict[
            tuple[str, ...], Callable[[HttpRequest], Awaitable[HttpResponse]]
        ] = {("health", "live"): self.live, ("health", "ready"): self.ready}
        if self.figures is not None:
            handlers["metrics",] = self.metrics
        return handlers.get(request.segments) if request.method == "GET" else None

    async def live(self, request: HttpRequest) -> HttpResponse:
        """The process answers."""
        return json_response(200, {"status": "live"}, (NOT_STORED,))

    async def ready(self, request: HttpRequest) -> HttpResponse:
        """The store answers too; else 503, with when to ask again."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self.serving.ports.directory.tenant_ids()
        except (StoreUnavailable, TimeoutError):
            again = (("retry-after", "2"), NOT_STORED)
            return json_response(503, {"status": "store unavailable"}, again)
        return json_response(200, {"status": "ready"}, (NOT_STORED,))

    async def metrics(self, request: HttpRequest) -> HttpResponse:
        """Figures in the text form of Prometheus."""
        body = await asyncio.to_thread(self.figures) if self.figures else b""
        return HttpResponse(200, (METRICS_TYPE, NOT_STORED), body)

    def refused(self, request: HttpRequest, refused: Refused) -> HttpResponse:
        """Nothing here refuses."""
        return json_response(400, {"error": refused.reason.value})

    def failed(self, request: HttpRequest, error_id: str) -> HttpResponse:
        """A defect of ours."""
        return json_response(500, {"error": "server_error", "id": error_id})

    def malformed(self, request: HttpRequest, why: str, status: int) -> HttpResponse:
        """A body that did not arrive whole."""
        return json_response(status, {"error": why})
