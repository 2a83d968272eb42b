"""A stand-in for Entra ID and AD FS over https on loopback, for tests.

    with microsoft(tmp_path) as service:
        service.entra, service.adfs, service.mex   # what options take
        service.lies.claims["aud"] = "another"     # lie; `service.reset()` ends it

Everybody's password is PASSWORD; names and states are told at `Microsoft`. Requests are
kept in `service.inbox`, passwords and secrets blotted out.
"""

import contextlib
import json
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from ostiary.keys.local_ca import LocalTls, ensure_local_ca
from tests.services.microsoft_oauth import Reply, got, posted
from tests.services.microsoft_state import (
    CLOUD,
    CONFIDENTIAL,
    FEDERATED,
    PASSWORD,
    PUBLIC,
    SECRET,
    TENANT,
    Asked,
    Microsoft,
)
from tests.services.microsoft_tokens import Answer, Lies, Signer, SigningKey

__all__ = [
    "CLOUD",
    "CONFIDENTIAL",
    "FEDERATED",
    "PASSWORD",
    "PUBLIC",
    "SECRET",
    "TENANT",
    "Answer",
    "Asked",
    "Lies",
    "Microsoft",
    "microsoft",
]

JSON = "application/json; charset=utf-8"
MEX, SOAP = "text/xml; charset=utf-8", "application/soap+xml; charset=utf-8"


class _Handler(BaseHTTPRequestHandler):
    service: Microsoft
    protocol_version = "HTTP/1.1"
    timeout = 30.0

    def do_GET(self) -> None:
        self.note("")
        self.reply(lambda path: got(self.service, path), MEX)

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        body = re.sub(r"((?:password|secret)=)[^&]*", r"\1***", raw.decode())
        self.note(re.sub(r"(Password[^>]*>)[^<]*<", r"\1***<", body))
        self.reply(lambda path: posted(self.service, path, raw), SOAP)

    def note(self, body: str) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.service.inbox.add(Asked(self.command, self.path, headers, body))

    def reply(self, honest: Callable[[str], Reply], xml: str) -> None:
        path = urlsplit(self.path).path
        for ending, lie in self.service.lies.answers.items():
            if path.endswith(ending):
                self.send(lie)
                return
        status, told = honest(path)
        if isinstance(told, str):
            self.send(Answer(status, told.encode(), kind=xml))
        else:
            self.send(Answer(status, json.dumps(told).encode(), kind=JSON))

    def send(self, answer: Answer) -> None:
        if self.service.ended.wait(answer.delay):
            return
        self.send_response(answer.status)
        headers = {
            "content-type": answer.kind,
            "content-length": str(len(answer.body)),
            "set-cookie": "fpc=AsK4; path=/; secure; HttpOnly",
        }
        for name, value in (headers | answer.headers).items():
            self.send_header(name, value)
        self.end_headers()
        if not answer.drips:
            self.wfile.write(answer.body)
            return
        for octet in answer.body:
            self.wfile.write(bytes([octet]))
            if self.service.ended.wait(answer.delay):
                return

    def log_message(self, *_: object) -> None:
        """Stay silent."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that gave up, or did not trust us, is nothing to tell."""


@contextlib.contextmanager
def microsoft(
    folder: Path,
    *,
    host: str = "localhost",
    port: int = 0,
    tls: LocalTls | None = None,
    signing: SigningKey | None = None,
) -> Iterator[Microsoft]:
    """A running service, in threads of its own.

    It keeps in `folder` its CA, unless it has `tls` of somebody else's, and its signing
    certificate. `port` 0 is any; `signing` the key of its tokens and assertions.
    """
    pair = tls or ensure_local_ca(folder / "tls", (host,))
    signer = Signer(folder, own=signing or SigningKey())
    service = Microsoft(host, pair, signer)
    server = _Server(
        ("127.0.0.1", port), type("Handler", (_Handler,), {"service": service})
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate_path, pair.key_path)
    # Each handshake in the thread of its connection: one that hangs stops nobody else.
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    service.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield service
    finally:
        service.ended.set()
        server.shutdown()
        server.server_close()
