"""A gateway of text messages on loopback that keeps what it is sent, for tests.

A number that ends in 0000 is refused, one in 0500 meets a broken gateway, one in 0302
is sent elsewhere; everybody else's message is kept.
"""

import contextlib
import json
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from tests.services.inbox import Inbox

HOST = "127.0.0.1"
STATUS: Final = {"0000": 400, "0500": 503, "0302": 302}


@dataclass(frozen=True)
class Posted:
    """One request, as it came."""

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]


@dataclass
class Webhook:
    """A running gateway; `delay` in seconds before each answer."""

    port: int = 0
    scheme: str = "http"
    delay: float = 0.0
    inbox: Inbox[Posted] = field(default_factory=Inbox)

    @property
    def url(self) -> str:
        """The address, as `webhook` of the configuration takes it."""
        return f"{self.scheme}://localhost:{self.port}/sms/send"

    def to(self, number: str, count: int = 1) -> list[Posted]:
        """The messages for a number, `count` of them at least."""
        return self.inbox.wait(lambda post: post.body["to"] == number, count)

    def code(self, number: str) -> str:
        """The newest code for a number."""
        code: str = self.to(number)[-1].body["code"]
        return code

    def count(self, number: str) -> int:
        """How many messages for a number there are by now."""
        return len(self.inbox.found(lambda post: post.body["to"] == number))


def _handler(hook: Webhook) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            octets = self.rfile.read(int(self.headers["content-length"]))
            body = json.loads(octets)
            headers = {name.lower(): value for name, value in self.headers.items()}
            hook.inbox.add(Posted(self.path, headers, body))
            time.sleep(hook.delay)
            status = STATUS.get(str(body.get("to"))[-4:], 200)
            self.send_response(status)
            if status == 302:
                self.send_header("location", f"{hook.url}/elsewhere")
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    return Handler


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """A client that gave up, or did not trust us, is nothing to tell."""


@contextlib.contextmanager
def webhook(*, tls: ssl.SSLContext | None = None) -> Iterator[Webhook]:
    """A running gateway, in a thread of its own; with `tls` it speaks https."""
    hook = Webhook(scheme="https" if tls else "http")
    server = _Server((HOST, 0), _handler(hook))
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    hook.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield hook
    finally:
        server.shutdown()
        server.server_close()
