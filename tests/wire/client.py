"""A wire client that remembers every secret it sent or got.

It sends what it is told, byte by byte where need be; it judges nothing.
"""

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

SECRET_FIELDS = frozenset(
    {
        "password",
        "client_secret",
        "client_assertion",
        "refresh_token",
        "access_token",
        "id_token",
        "mfa_token",
        "oob_code",
        "recovery_code",
        "secret",
        "token",
    }
)
FORM = "application/x-www-form-urlencoded"
SHORTEST_SECRET = 8
"""Shorter ones would be found everywhere by chance."""

Form = Mapping[str, str]


class WireClient:
    """Requests to one address, over real HTTPS."""

    def __init__(self, address: str, ca: Path) -> None:
        """Trust `ca`; `address` is scheme, host and port."""
        self.address, self.ca = address, ca
        self.context = ssl.create_default_context(cafile=str(ca))
        self.secrets: set[str] = set()
        self._lock = threading.Lock()
        self._http = httpx.Client(
            base_url=address,
            verify=self.context,
            timeout=30,
            trust_env=False,
            limits=httpx.Limits(max_connections=120),
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _remember(self, fields: Mapping[str, Any]) -> None:
        found = {
            value
            for name, value in fields.items()
            if name in SECRET_FIELDS
            and isinstance(value, str)
            and len(value) >= SHORTEST_SECRET
        }
        with self._lock:
            self.secrets |= found

    def post(
        self, path: str, form: Form | bytes, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """POST a form; bytes are sent as they are."""
        body = form if isinstance(form, bytes) else encode(form).encode()
        if not isinstance(form, bytes):
            self._remember(form)
        return self.send("POST", path, body, {"content-type": FORM, **(headers or {})})

    def post_json(
        self, path: str, body: object, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """POST a JSON document."""
        if isinstance(body, dict):
            self._remember(body)
        sent = json.dumps(body).encode()
        kind = {"content-type": "application/json", **(headers or {})}
        return self.send("POST", path, sent, kind)

    def get(
        self, path: str, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """GET a path, taken as it is written."""
        return self.send("GET", path, b"", headers)

    def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send any request."""
        url = httpx.URL(self.address).copy_with(raw_path=path.encode())
        answer = self._http.request(
            method, url, content=body or None, headers=dict(headers or {})
        )
        with contextlib.suppress(ValueError):
            told = answer.json()
            if isinstance(told, dict):
                self._remember(told)
        return answer

    def raw(self, request: bytes, *, tls: bool = True) -> bytes:
        """Send bytes over a connection of their own; everything that came back."""
        with self._connect(tls) as connection:
            connection.sendall(request)
            received = b""
            with contextlib.suppress(OSError):
                while part := connection.recv(65536):
                    received += part
            return received

    @contextlib.contextmanager
    def _connect(self, tls: bool) -> Iterator[socket.socket]:
        place = urlsplit(self.address)
        host, port = str(place.hostname), int(place.port or 443)
        with socket.create_connection((host, port), timeout=10) as plain:
            if not tls:
                yield plain
                return
            with self.context.wrap_socket(plain, server_hostname=host) as secure:
                yield secure


def encode(form: Form) -> str:
    """A form as `%20` writes it; everything that is not unreserved is encoded."""
    return "&".join(f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in form.items())
