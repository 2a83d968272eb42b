"""The ASGI edge, driven message by message: no socket, no dialect."""

import asyncio
import json
import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from ostiary.core.errors import Reason, Refused
from ostiary.web import (
    BODY_LIMIT,
    Handler,
    HttpRequest,
    HttpResponse,
    Roomy,
    WebApp,
    json_response,
    text_response,
)

Fields = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    def json(self) -> Any:
        return json.loads(self.body)


class FakeFront:
    """Owns the paths below one first segment; words everything in its own way."""

    def __init__(self, name: str, handler: Handler) -> None:
        self.name = name
        self.handler = handler
        self.sought: list[tuple[str, tuple[str, ...]]] = []

    async def find(self, request: HttpRequest) -> Handler | None:
        self.sought.append((request.method, request.segments))
        return self.handler if request.segments[:1] == (self.name,) else None

    def refused(self, request: HttpRequest, refused: Refused) -> HttpResponse:
        return json_response(403, {"why": refused.reason, **refused.facts})

    def failed(self, request: HttpRequest, error_id: str) -> HttpResponse:
        return json_response(500, {"failed": error_id, "front": self.name})

    def malformed(self, request: HttpRequest, why: str, status: int) -> HttpResponse:
        return json_response(status, {"malformed": why, "front": self.name})


def messages(*chunks: bytes) -> Callable[[], Awaitable[dict[str, Any]]]:
    """A body in pieces; after it, nothing ever comes again."""
    left = list(chunks or (b"",))

    async def receive() -> dict[str, Any]:
        if not left:
            await asyncio.Event().wait()
        body = left.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(left)}

    return receive


async def ask(
    app: WebApp,
    path: bytes = b"/a",
    *,
    method: str = "GET",
    headers: Fields = (),
    receive: Callable[[], Awaitable[Mapping[str, Any]]] | None = None,
    client: tuple[str, int] | None = ("192.0.2.1", 40000),
    query: bytes = b"",
) -> Answer | None:
    """Send one request; None when the application gives no answer."""
    scope = {
        "type": "http",
        "method": method,
        "raw_path": path,
        "query_string": query,
        "headers": headers,
        "client": client,
        "scheme": "https",
    }
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async with asyncio.timeout(5):
        await app(scope, receive or messages(), send)
    if not sent:
        return None
    start, end = sent
    fields = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in start["headers"]]
    return Answer(start["status"], fields, end["body"])


async def answered(app: WebApp, *args: Any, **kwargs: Any) -> Answer:
    """As `ask`, for requests that must be answered."""
    answer = await ask(app, *args, **kwargs)
    assert answer is not None
    return answer


def keeping(requests: list[HttpRequest]) -> WebApp:
    """An application that keeps what it was asked."""

    async def keep(request: HttpRequest) -> HttpResponse:
        requests.append(request)
        return text_response(200, "kept")

    return WebApp([FakeFront("a", keep)])


def answering(answer: HttpResponse) -> WebApp:
    async def handler(request: HttpRequest) -> HttpResponse:
        return answer

    return WebApp([FakeFront("a", handler)])


def raising(error: Exception) -> WebApp:
    async def handler(request: HttpRequest) -> HttpResponse:
        raise error

    return WebApp([FakeFront("a", handler)])


async def test_a_request_becomes_a_plain_value() -> None:
    """Path, query, headers, body and source reach the handler as they were sent."""
    seen: list[HttpRequest] = []
    headers = [(b"content-type", b"text/plain"), (b"x-two", b"1"), (b"x-two", b"2")]
    await ask(
        keeping(seen),
        b"/a/b%20c",
        method="POST",
        headers=headers,
        query=b"x=%20&y",
        receive=messages(b"one ", b"two"),
    )
    (request,) = seen
    assert request.method == "POST"
    assert request.path == "/a/b c"
    assert request.raw_path == "/a/b%20c"
    assert request.segments == ("a", "b c")
    assert request.query == "x=%20&y"
    assert request.headers == {"content-type": "text/plain", "x-two": "1, 2"}
    assert request.repeated == {"x-two"}
    assert request.body == b"one two"
    assert request.source == "192.0.2.1"
    assert request.scheme == "https"
    assert str(uuid.UUID(request.id)) == request.id


async def test_a_second_authorization_header_does_not_hide() -> None:
    """RFC 9110 §11.6.2 knows one Authorization; a front can see that two came."""
    seen: list[HttpRequest] = []
    twice = [(b"authorization", b"Basic YTpi"), (b"authorization", b"Basic Yzpk")]
    await ask(keeping(seen), headers=twice)
    await ask(keeping(seen), headers=twice[:1])
    assert "authorization" in seen[0].repeated
    assert seen[1].repeated == frozenset()


@pytest.mark.parametrize(
    ("path", "segments"),
    [
        (b"/a//b/", ("a", "b")),
        (b"//a", ("a",)),
        (b"/a/%2Fetc", ("a", "/etc")),
        (b"/a/m%C3%BCller", ("a", "müller")),
        (b"/a/100%", ("a", "100%")),
        (b"/a/..", ("a", "..")),
    ],
)
async def test_segments_are_the_decoded_non_empty_parts(
    path: bytes, segments: tuple[str, ...]
) -> None:
    """Double and trailing slashes vanish; an encoded slash stays inside its part."""
    seen: list[HttpRequest] = []
    answer = await answered(keeping(seen), path)
    assert answer.status == 200
    assert seen[0].segments == segments


@pytest.mark.parametrize("path", [b"/a/%FF", b"/a/%C3", b"/a/%ED%A0%80", b"/a/%00"])
async def test_a_path_that_is_no_text_is_a_bad_request(path: bytes) -> None:
    """Invalid UTF-8 (a lone surrogate too) and NUL are 400 before any front sees it."""
    seen: list[HttpRequest] = []
    answer = await answered(keeping(seen), path)
    assert (answer.status, answer.json()["error"]) == (400, "invalid_request")
    assert seen == []


async def test_header_values_are_latin_1() -> None:
    """A raw 0xFC in X-AnchorMailbox, as MSAL Python sends it, is the letter ü."""
    seen: list[HttpRequest] = []
    raw = "upn:müller@contoso.test".encode("latin-1")
    await ask(keeping(seen), headers=[(b"x-anchormailbox", raw)])
    assert seen[0].headers["x-anchormailbox"] == "upn:müller@contoso.test"


async def test_the_first_front_that_owns_the_path_answers() -> None:
    """Fronts are asked in order, and only until one owns the path."""
    first = FakeFront("a", answering_handler("first"))
    second = FakeFront("a", answering_handler("second"))
    other = FakeFront("b", answering_handler("other"))
    app = WebApp([first, second, other])
    assert (await answered(app, b"/a/x")).body == b"first"
    assert (await answered(app, b"/b")).body == b"other"
    assert second.sought == [("GET", ("b",))]


def answering_handler(text: str) -> Handler:
    async def handler(request: HttpRequest) -> HttpResponse:
        return text_response(200, text)

    return handler


async def test_no_owner_is_404_in_json() -> None:
    """What no front owns is `not_found`, with a sentence."""
    answer = await answered(answering(text_response(200, "")), b"/nowhere")
    assert answer.status == 404
    assert answer.json()["error"] == "not_found"
    assert answer.json()["error_description"]
    assert answer.header("content-type") == ["application/json; charset=utf-8"]


async def test_head_is_get_without_its_body() -> None:
    """RFC 9110 §9.3.2: the header fields of GET, the length too, without content."""
    front = FakeFront("a", answering_handler("four"))
    answer = await answered(WebApp([front]), method="HEAD")
    assert front.sought == [("GET", ("a",))]
    assert (answer.status, answer.body) == (200, b"")
    assert answer.header("content-length") == ["4"]


async def test_every_answer_is_hardened_once() -> None:
    """Ours, a front's and one that brings the headers itself: each has both, once."""
    own = ("X-Content-Type-Options", "nosniff")
    for app, path in (
        (answering(text_response(200, "x")), b"/a"),
        (answering(text_response(200, "x", (own,))), b"/a"),
        (answering(text_response(200, "x")), b"/nowhere"),
        (raising(RuntimeError()), b"/a"),
    ):
        answer = await answered(app, path)
        hsts = answer.header("strict-transport-security")
        assert hsts == ["max-age=31536000; includeSubDomains"]
        assert answer.header("x-content-type-options") == ["nosniff"]
        assert answer.header("server") == []


async def test_no_content_has_no_length() -> None:
    """RFC 9110 §8.6: a 204 carries no Content-Length."""
    answer = await answered(answering(HttpResponse(204, (), b"")), method="OPTIONS")
    assert answer.status == 204
    assert answer.header("content-length") == []


async def test_a_refusal_is_worded_by_the_front_that_owns_the_path() -> None:
    """Refused is caught at the edge and worded with its reason and facts."""
    answer = await answered(raising(Refused(Reason.CLIENT_UNKNOWN, client_id="c")))
    assert answer.status == 403
    assert answer.json() == {"why": "client_unknown", "client_id": "c"}


async def test_a_defect_is_answered_and_logged_without_values(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The answer has only an id; the log has id and code, never a message or input."""
    defect = RuntimeError("choked on hunter2")
    defect.__cause__ = KeyError("hunter2")
    with caplog.at_level(logging.ERROR):
        answer = await answered(
            raising(defect),
            query=b"password=hunter2",
            headers=[(b"authorization", b"hunter2")],
            receive=messages(b"password=hunter2"),
        )
    assert (answer.status, answer.json()["front"]) == (500, "a")
    assert answer.json()["failed"] in caplog.text
    assert "builtins.KeyError" in caplog.text
    assert "builtins.RuntimeError" in caplog.text
    assert "raise error" in caplog.text
    assert "hunter2" not in caplog.text + answer.body.decode()


async def test_a_defect_of_the_front_itself_is_still_answered() -> None:
    """A front that cannot even find or word is a plain server error."""

    class Broken(FakeFront):
        async def find(self, request: HttpRequest) -> Handler | None:
            raise LookupError("hunter2")

    answer = await answered(WebApp([Broken("a", answering_handler(""))]))
    assert (answer.status, answer.json()["error"]) == (500, "server_error")
    assert b"hunter2" not in answer.body


@pytest.mark.parametrize("value", ["a\r\nset-cookie: x=1", "a\nb", "a\0", "€"])
async def test_a_header_that_http_cannot_carry_is_a_defect(value: str) -> None:
    """No value can split an answer in two: making one raises, at the handler."""
    with pytest.raises(ValueError, match="x-echo"):
        text_response(200, "", (("x-echo", value),))


async def test_a_body_up_to_the_limit_is_taken_and_one_byte_more_is_not() -> None:
    """At the limit 200; beyond it 413 by the front that owns the path, then close."""
    seen: list[HttpRequest] = []
    half = b"x" * (BODY_LIMIT // 2)
    fits = await answered(keeping(seen), method="POST", receive=messages(half, half))
    assert (fits.status, len(seen[0].body)) == (200, BODY_LIMIT)
    large = await answered(
        keeping(seen), method="POST", receive=messages(half, half, b"x", b"rest")
    )
    assert large.status == 413
    assert large.json()["front"] == "a"
    assert large.header("connection") == ["close"]
    assert len(seen) == 1


@pytest.mark.parametrize("room", [10, 4 * BODY_LIMIT])
async def test_a_handler_may_have_a_limit_of_its_own(room: int) -> None:
    """Larger or smaller; other paths of the front keep theirs."""
    seen: list[HttpRequest] = []

    async def keep(request: HttpRequest) -> HttpResponse:
        seen.append(request)
        return text_response(200, "")

    app = WebApp([FakeFront("a", Roomy(keep, room))])
    fits = await answered(app, method="POST", receive=messages(b"x" * room))
    large = await answered(app, method="POST", receive=messages(b"x" * room, b"x"))
    assert (fits.status, large.status) == (200, 413)
    assert [len(each.body) for each in seen] == [room]


async def test_an_endless_body_is_not_read_to_its_end() -> None:
    """What is dropped is bounded too: four times the limit, and one piece."""
    pieces = 0

    async def endless() -> dict[str, Any]:
        nonlocal pieces
        pieces += 1
        return {"type": "http.request", "body": b"x" * BODY_LIMIT, "more_body": True}

    answer = await answered(keeping([]), method="POST", receive=endless)
    assert answer.status == 413
    assert pieces == 5


async def test_a_body_that_does_not_come_is_cut_off() -> None:
    """After the deadline the front words a 408 and the connection ends."""

    async def never() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    front = FakeFront("a", answering_handler("late"))
    app = WebApp([front], body_seconds=0.01)
    answer = await answered(app, method="POST", receive=never)
    assert (answer.status, answer.json()["front"]) == (408, "a")
    assert answer.header("connection") == ["close"]


async def test_a_client_that_leaves_in_its_body_has_asked_nothing() -> None:
    """A disconnect before the end of the body calls no handler and gives no answer."""
    seen: list[HttpRequest] = []

    async def leave() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    assert await ask(keeping(seen), method="POST", receive=leave) is None
    assert seen == []


async def test_cancelling_is_not_a_defect(caplog: pytest.LogCaptureFixture) -> None:
    """A server that stops cancels: no answer is made up and nothing is logged."""
    entered = asyncio.Event()

    async def wait(request: HttpRequest) -> HttpResponse:
        entered.set()
        await asyncio.Event().wait()
        raise AssertionError

    task = asyncio.create_task(ask(WebApp([FakeFront("a", wait)])))
    async with asyncio.timeout(5):
        await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("peer", "forwarded", "source"),
    [
        ("198.51.100.7", "203.0.113.9", "198.51.100.7"),  # no proxy of ours
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "6.6.6.6, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),  # all are ours: the farthest
        ("10.0.0.1", "6.6.6.6, unknown", "10.0.0.1"),
        ("10.0.0.1", "6.6.6.6, unknown, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "6.6.6.6,,", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9:4711", "203.0.113.9"),
        ("10.0.0.1", "[2001:db8::9]:4711", "2001:db8::9"),
        ("fd00::1", "2001:db8::9", "2001:db8::9"),
        ("::ffff:10.0.0.1", "::ffff:203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "999.1.1.1", "10.0.0.1"),
    ],
)
async def test_the_source_is_the_nearest_address_that_is_no_proxy(
    peer: str, forwarded: str, source: str
) -> None:
    """X-Forwarded-For counts from the right, as far as our proxies wrote it."""
    seen: list[HttpRequest] = []

    async def keep(request: HttpRequest) -> HttpResponse:
        seen.append(request)
        return text_response(200, "")

    proxies = ["10.0.0.0/8", "fd00::/8"]
    app = WebApp([FakeFront("a", keep)], trusted_proxies=proxies)
    headers = [(b"x-forwarded-for", forwarded.encode())]
    await ask(app, headers=headers, client=(peer, 1))
    assert seen[0].source == source


async def test_a_repeated_forwarded_header_is_one_list() -> None:
    """Two X-Forwarded-For fields read as one: the later is the nearer hop."""
    seen: list[HttpRequest] = []

    async def keep(request: HttpRequest) -> HttpResponse:
        seen.append(request)
        return text_response(200, "")

    app = WebApp([FakeFront("a", keep)], trusted_proxies=["10.0.0.1"])
    fields = [(b"x-forwarded-for", b"6.6.6.6"), (b"x-forwarded-for", b"203.0.113.9")]
    await ask(app, headers=fields, client=("10.0.0.1", 1))
    assert seen[0].source == "203.0.113.9"


async def test_forwarded_headers_are_nobodys_word_without_proxies() -> None:
    """By default no peer is believed about anybody else."""
    seen: list[HttpRequest] = []
    spoof = [(b"x-forwarded-for", b"127.0.0.1"), (b"forwarded", b"for=127.0.0.1")]
    await ask(keeping(seen), headers=spoof)
    assert seen[0].source == "192.0.2.1"


async def live(app: WebApp) -> list[str]:
    """Take the application through its lifespan; what it said, in order."""
    said: list[str] = []
    orders = iter(["lifespan.startup", "lifespan.shutdown"])

    async def receive() -> dict[str, Any]:
        return {"type": next(orders)}

    async def send(message: dict[str, Any]) -> None:
        said.append(message["type"])

    await app({"type": "lifespan"}, receive, send)
    return said


async def test_the_lifespan_runs_startup_and_shutdown() -> None:
    """Both are called in order, each once, and said to be complete."""
    calls: list[str] = []

    async def startup() -> None:
        calls.append("up")

    async def shutdown() -> None:
        calls.append("down")

    said = await live(WebApp([], startup=startup, shutdown=shutdown))
    assert calls == ["up", "down"]
    assert said == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_a_failed_startup_is_told_to_the_server() -> None:
    """A startup that raises ends in `failed`, and shutdown is not called."""

    async def startup() -> None:
        raise OSError("no disk")

    async def shutdown() -> None:
        raise AssertionError

    said = await live(WebApp([], startup=startup, shutdown=shutdown))
    assert said == ["lifespan.startup.failed"]
