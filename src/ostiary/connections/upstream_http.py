"""HTTP to one upstream: its own origin alone, answers bounded, nothing followed.

What is asked and what answers mean is told by the strategies.
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import httpx

from ostiary.connections.outgoing import transport
from ostiary.connections.upstream import SECONDS, Away, Registered, Unserved
from ostiary.core.errors import Reason

MOST_BYTES: Final = 256 * 1024
"""How long an answer may be."""
BUSY_SECONDS: Final = 30
"""When to come again, if an upstream that is busy does not say."""
LONGEST_SECONDS: Final = 3600
_PORTS: Final = {"https": 443, "http": 80}
_FORM: Final = "application/x-www-form-urlencoded"

Origin = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with its status; `retry_after` in seconds, None if it does not say."""

    status: int
    body: bytes = field(repr=False)
    retry_after: int | None = None


def origin_of(url: str) -> Origin:
    """Scheme, host and port of an address; raises ValueError for any other text.

    Read by the parser that also connects: two would not always agree on the host.
    """
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL:
        raise ValueError("not a web address") from None
    usual = _PORTS.get(parts.scheme, 0)
    port = usual if parts.port is None else parts.port
    known = usual and 0 < port < 2**16
    if not known or not parts.host or parts.userinfo or "\\" in url:
        raise ValueError("not a web address")
    return parts.scheme, parts.raw_host.decode("ascii"), port


def waiting(text: str | None) -> int | None:
    """Seconds of a Retry-After, between 1 and 3600 (RFC 9110 §10.2.3); None: no number.

    A date is not believed: nobody says that the upstream's clock is right.
    """
    if text is None or not (text.isascii() and text.isdigit()) or len(text) > 9:
        return None
    return min(max(int(text), 1), LONGEST_SECONDS)


class UpstreamHttp:
    """Asks the origin of `address` and no other; secrets go nowhere else.

    Raises Unserved when the CA file of the options cannot be used, ValueError for
    another text than an address.
    """

    def __init__(
        self, registered: Registered, networks: tuple[str, ...], address: str
    ) -> None:
        """Open nothing yet. networks: open to restricted connections, `outgoing`."""
        self._origin = origin_of(address)
        context = _context(registered.options.get("ca"))
        # One user's cookies are nothing to the next.
        no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=()))
        self._client = httpx.AsyncClient(
            transport=transport(registered.restricted, networks, context),
            headers={"user-agent": "ostiary", "accept-encoding": "identity"},
            cookies=no_cookies,
            timeout=SECONDS,
            follow_redirects=False,
            trust_env=False,
        )

    def check_own(self, url: object) -> str:
        """The address, if it is one of the upstream's own; raises Away (LIED).

        Metadata that lead elsewhere would lead passwords there.
        """
        try:
            if isinstance(url, str) and origin_of(url) == self._origin:
                return url
        except ValueError:
            pass
        raise Away(Reason.DIRECTORY_LIED, "its metadata name an address elsewhere")

    async def get(self, url: str) -> Answer:
        """Fetch a document; raises Away unless the status is 2xx or 4xx."""
        return await self._send("GET", url, b"", {})

    async def post_form(self, url: str, form: Mapping[str, str]) -> Answer:
        """Post a form; raises Away unless the status is 2xx or 4xx."""
        content = httpx.QueryParams(dict(form))
        headers = {"content-type": _FORM, "accept": "application/json"}
        return await self._send("POST", url, str(content).encode(), headers)

    async def post(
        self, url: str, content: bytes, headers: Mapping[str, str]
    ) -> Answer:
        """Post a document; status 500 is an answer as well: it may be a SOAP fault."""
        return await self._send("POST", url, content, headers, faults=True)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _send(
        self,
        method: str,
        url: str,
        content: bytes,
        headers: Mapping[str, str],
        *,
        faults: bool = False,
    ) -> Answer:
        self.check_own(url)
        request = self._client.build_request(
            method, url, content=content or None, headers=dict(headers)
        )
        try:
            async with asyncio.timeout(SECONDS):
                answer = await self._received(request)
        except (TimeoutError, httpx.TimeoutException):
            raise Away(Reason.DIRECTORY_TIMEOUT, "no answer in time") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as failure:
            raise _away(failure) from None
        _check_status(answer, faults=faults)
        return answer

    async def _received(self, request: httpx.Request) -> Answer:
        response = await self._client.send(request, stream=True)
        try:
            body = bytearray()
            # Nothing is unpacked: a small answer could be a large one in disguise.
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > MOST_BYTES:
                    raise Away(Reason.DIRECTORY_LIED, "the answer is too long")
            if response.headers.get("content-encoding", "identity") != "identity":
                raise Away(Reason.DIRECTORY_LIED, "the answer is packed")
            wait = waiting(response.headers.get("retry-after"))
            return Answer(response.status_code, bytes(body), wait)
        finally:
            await response.aclose()


def _check_status(answer: Answer, *, faults: bool) -> None:
    """Raises Away where the status alone says that there is no answer."""
    status = answer.status
    if status == httpx.codes.TOO_MANY_REQUESTS:
        wait = answer.retry_after or BUSY_SECONDS
        raise Away(Reason.DIRECTORY_BUSY, f"status {status}", wait)
    if 300 <= status < 400:
        detail = f"status {status}: it redirects, which is not followed"
        raise Away(Reason.DIRECTORY_MISCONFIGURED, detail)
    if status >= 500 and not (faults and status == httpx.codes.INTERNAL_SERVER_ERROR):
        raise unreachable(answer)


def unreachable(answer: Answer) -> Away:
    """What to raise for an answer that says the upstream itself is in trouble."""
    reason, detail = Reason.DIRECTORY_UNREACHABLE, f"status {answer.status}"
    if answer.retry_after is None:
        return Away(reason, detail)
    return Away(reason, detail, answer.retry_after)


def _context(ca: object) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca is not None:
        try:
            context.load_verify_locations(str(ca))
        except (OSError, ValueError):
            raise Unserved(f"ca: {ca} holds no certificate that can be read") from None
    return context


def _away(failure: BaseException) -> Away:
    """Nobody answered, or somebody whose certificate we do not believe."""
    cause: BaseException | None = failure
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            detail = f"its certificate is not believed: {cause.verify_message}"
            return Away(Reason.DIRECTORY_MISCONFIGURED, detail)
        cause = cause.__cause__ or cause.__context__
    return Away(Reason.DIRECTORY_UNREACHABLE, type(failure).__name__)
