"""The ASGI edge: one bounded request in, one answer out, Refused caught in one place.

No route, no dialect, no word of OAuth lives here: fronts bring those.
"""

import asyncio
import logging
import re
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol
from urllib.parse import unquote_to_bytes

import msgspec

from ostiary.core.errors import Reason, Refused
from ostiary.defects import log_defect
from ostiary.flows.ports import StoreUnavailable
from ostiary.proxies import Proxies

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Headers = tuple[tuple[str, str], ...]

# Bytes: ten times the largest honest body (a SAML assertion), and still no burden.
BODY_LIMIT: Final = 256 * 1024
# So many limits are read and dropped, so that an honest client sees the 413.
DRAIN_FACTOR: Final = 4
BODY_SECONDS: Final = 10.0
JSON_TYPE: Final = ("content-type", "application/json; charset=utf-8")
TEXT_TYPE: Final = ("content-type", "text/plain; charset=utf-8")
ALWAYS: Final = (  # RFC 6797 §6.1; the Fetch standard's `nosniff`
    ("strict-transport-security", "max-age=31536000; includeSubDomains"),
    ("x-content-type-options", "nosniff"),
)
_NOT_IN_A_FIELD: Final = re.compile(r"[^\t\x20-\x7e\x80-\xff]")
RETRY_SECONDS: Final = 2  # after the store did not answer

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What a client asked, as a plain value.

    `id` is a fresh GUID, by which the request can be found again. `segments` are the
    decoded non-empty parts of the path; an encoded slash stays inside its part.
    `headers` have lower-case names and Latin-1 values (RFC 9110 §5.5); those that came
    more than once are joined by a comma and named in `repeated`. `query` is raw,
    `source` is the client's address.
    """

    id: str
    method: str
    path: str
    segments: tuple[str, ...]
    raw_path: str
    query: str
    headers: Mapping[str, str]
    repeated: frozenset[str]
    body: bytes
    source: str
    scheme: str


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An answer; raises ValueError for a header that HTTP could not carry."""

    status: int
    headers: Headers
    body: bytes

    def __post_init__(self) -> None:
        for name, value in self.headers:
            if _NOT_IN_A_FIELD.search(value):
                raise ValueError(f"header {name} has a value that HTTP cannot carry")


def json_response(status: int, payload: object, headers: Headers = ()) -> HttpResponse:
    """Answer with `payload` as JSON (RFC 8259), then the given headers."""
    return HttpResponse(status, (JSON_TYPE, *headers), msgspec.json.encode(payload))


def text_response(status: int, text: str, headers: Headers = ()) -> HttpResponse:
    """Answer with plain text in UTF-8, then the given headers."""
    return HttpResponse(status, (TEXT_TYPE, *headers), text.encode())


Handler = Callable[[HttpRequest], Awaitable[HttpResponse]]


@dataclass(frozen=True, slots=True)
class Roomy:
    """A handler that takes larger bodies than others; `body_limit` in bytes."""

    handler: Handler
    body_limit: int

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer."""
        return await self.handler(request)


class Front(Protocol):
    """What a dialect, the pages or the admin API look like from the edge."""

    async def find(self, request: HttpRequest) -> Handler | None:
        """Return who answers, or None: not my path, or not my host.

        The body is not there yet. HEAD is asked for as GET.
        """
        ...

    def refused(self, request: HttpRequest, refused: Refused) -> HttpResponse:
        """Word a refusal in this front's own form."""
        ...

    def failed(self, request: HttpRequest, error_id: str) -> HttpResponse:
        """Word a defect of ours: only its id, the request's; the log has more."""
        ...

    def malformed(self, request: HttpRequest, why: str, status: int) -> HttpResponse:
        """Word a body that did not arrive (it is empty): 408 slow, 413 too large."""
        ...


class _BadRequest(Exception):
    """The request cannot be read; the arguments are HTTP's status and why."""


class WebApp:
    """An ASGI 3 application over fronts; the first that owns a path answers.

    A client that leaves within its body has asked nothing. When one leaves later, the
    handler runs to its end: only a server that stops cancels it, after its grace.
    """

    def __init__(
        self,
        fronts: Sequence[Front],
        *,
        startup: Callable[[], Awaitable[None]] | None = None,
        shutdown: Callable[[], Awaitable[None]] | None = None,
        trusted_proxies: Sequence[str] = (),
        body_limit: int = BODY_LIMIT,
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        """Take fronts in order, and the proxies (addresses or networks) to believe."""
        self._fronts = fronts
        self._acts = (("startup", startup), ("shutdown", shutdown))
        self._proxies = Proxies(trusted_proxies)
        self._body_limit, self._body_seconds = body_limit, body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Speak ASGI 3: HTTP requests and the lifespan, nothing else."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        try:
            answer = await self._answer(scope, receive)
        except Exception as bug:
            error_id = str(uuid.uuid4())
            log_defect(logger, error_id, "at the edge", bug)
            answer = _plain(500, "server_error", f"Error {error_id}.")
        if answer is not None:
            start = {"status": answer.status, "headers": _wire_headers(answer)}
            await send({"type": "http.response.start", **start})
            body = b"" if scope["method"] == "HEAD" else answer.body
            await send({"type": "http.response.body", "body": body})

    async def _live(self, receive: Receive, send: Send) -> None:
        for phase, act in self._acts:
            await receive()
            try:
                if act is not None:
                    await act()
            except Exception:
                logger.exception("the application failed at its %s", phase)
                await send({"type": f"lifespan.{phase}.failed"})
                return
            await send({"type": f"lifespan.{phase}.complete"})

    async def _answer(self, scope: Scope, receive: Receive) -> HttpResponse | None:
        """Return None when the client left before its body was whole."""
        try:
            request = self._read_head(scope)
        except _BadRequest as bad:
            return _plain(bad.args[0], "invalid_request", bad.args[1])
        front, handler = await self._find(request)
        try:
            body = await self._read_body(receive, handler)
        except _BadRequest as bad:
            if front is None:
                return _plain(bad.args[0], "invalid_request", bad.args[1])
            return front.malformed(request, bad.args[1], bad.args[0])
        if body is None:
            return None
        if front is None or handler is None:
            return _plain(404, "not_found", "Nothing is served at this address.")
        return await _ask(front, handler, replace(request, body=body))

    async def _find(self, request: HttpRequest) -> tuple[Front | None, Handler | None]:
        if request.method == "HEAD":
            request = replace(request, method="GET")
        for front in self._fronts:
            try:
                handler = await front.find(request)
            except StoreUnavailable:
                return front, _unavailable
            if handler is not None:
                return front, handler
        return None, None

    def _read_head(self, scope: Scope) -> HttpRequest:
        raw_path: bytes = scope["raw_path"]
        try:
            path = unquote_to_bytes(raw_path).decode()
            parts = (unquote_to_bytes(part) for part in raw_path.split(b"/") if part)
            segments = tuple(part.decode() for part in parts)
        except UnicodeDecodeError:
            raise _BadRequest(400, "The path is not UTF-8.") from None
        if "\0" in path:  # no name has one, and PostgreSQL cannot even compare it
            raise _BadRequest(400, "The path holds a NUL.")
        fields: dict[str, list[str]] = {}
        for field in scope["headers"]:
            name, value = (part.decode("latin-1") for part in field)
            fields.setdefault(name, []).append(value)
        headers = {name: ", ".join(values) for name, values in fields.items()}
        forwarded = headers.get("x-forwarded-for", "")
        return HttpRequest(
            id=str(uuid.uuid4()),
            method=scope["method"],
            path=path,
            segments=segments,
            raw_path=raw_path.decode("latin-1"),
            query=scope["query_string"].decode("latin-1"),
            headers=headers,
            repeated=frozenset(name for name in fields if len(fields[name]) > 1),
            body=b"",
            source=self._proxies.source(scope["client"], forwarded),
            scheme=scope["scheme"],
        )

    async def _read_body(self, receive: Receive, to: Handler | None) -> bytes | None:
        limit = to.body_limit if isinstance(to, Roomy) else self._body_limit
        body, size, more = bytearray(), 0, True
        try:
            async with asyncio.timeout(self._body_seconds):
                while more and size <= DRAIN_FACTOR * limit:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None
                    part = message.get("body", b"")
                    more = message.get("more_body", False)
                    size += len(part)
                    if size <= limit:
                        body += part
        except TimeoutError:
            raise _BadRequest(408, "The body took too long to arrive.") from None
        if size > limit:
            raise _BadRequest(413, "The body is too large.")
        return bytes(body)


async def _unavailable(request: HttpRequest) -> HttpResponse:
    raise StoreUnavailable("whose path this is could not be told")


async def _ask(front: Front, handler: Handler, request: HttpRequest) -> HttpResponse:
    try:
        try:
            return await handler(request)
        except Refused as refused:
            return front.refused(request, refused)
        except StoreUnavailable:
            unavailable = Refused(Reason.UNAVAILABLE, retry_after=RETRY_SECONDS)
            return front.refused(request, unavailable)
    except Exception as bug:
        where = getattr(handler, "__qualname__", type(handler).__name__)
        log_defect(logger, request.id, f"in {where}", bug)
        return front.failed(request, request.id)


def _plain(status: int, error: str, description: str) -> HttpResponse:
    return json_response(status, {"error": error, "error_description": description})


def _wire_headers(answer: HttpResponse) -> list[tuple[bytes, bytes]]:
    """Add what every answer has (RFC 9110 §8.6, §15.5.9, §15.5.14)."""
    headers = [(name.lower(), value) for name, value in answer.headers]
    names = {name for name, _ in headers}
    headers += [field for field in ALWAYS if field[0] not in names]
    if answer.status not in (204, 304):
        headers.append(("content-length", str(len(answer.body))))
    if answer.status in (408, 413):  # the rest of a body is still to come
        headers.append(("connection", "close"))
    return [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers]
