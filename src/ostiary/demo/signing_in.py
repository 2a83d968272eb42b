"""The password grant over real HTTPS, and tokens made readable.

Shared by `ostiary demo` and `ostiary token`; the tokens are read, never judged.
"""

import base64
import binascii
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import httpx
import msgspec

TIMEOUT_SECONDS: Final = 30.0
TOKENS: Final = ("access_token", "id_token")


class NoAnswer(Exception):
    """The server could not be asked; the text is one line."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a token endpoint answered, and after how many seconds."""

    status: int
    body: Mapping[str, object]
    seconds: float


class TokenClient:
    """Asks over HTTPS only; trusts the system's CAs and the file `ca`.

    No redirect is followed: it would carry the password elsewhere.
    """

    def __init__(self, ca: Path | None, *, proxies: bool = True) -> None:
        """`proxies`: whether those of the environment are used. Raises NoAnswer."""
        try:
            context = ssl.create_default_context()
            if ca is not None:
                context.load_verify_locations(ca)
        except OSError as error:  # ssl.SSLError is one
            why = error.strerror or "it holds no certificate in PEM form"
            raise NoAnswer(f"{ca} cannot be used as a CA: {why}") from None
        self._client = httpx.Client(
            verify=context, timeout=TIMEOUT_SECONDS, trust_env=proxies
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._client.close()

    def get(self, url: str) -> Answer:
        """Fetch a JSON document. Raises NoAnswer."""
        return self._ask(self._client.build_request("GET", _secure(url)))

    def post(self, url: str, form: Mapping[str, str]) -> Answer:
        """Post a form; what it holds stays in no message. Raises NoAnswer."""
        return self._ask(self._client.build_request("POST", _secure(url), data=form))

    def _ask(self, request: httpx.Request) -> Answer:
        began = time.perf_counter()
        try:
            response = self._client.send(request)
        except httpx.HTTPError as error:
            raise NoAnswer(f"{request.url}: {_why(error)}") from None
        seconds = time.perf_counter() - began
        try:
            body = msgspec.json.decode(response.content, type=dict[str, object])
        except msgspec.DecodeError:
            raise NoAnswer(
                f"{request.url}: status {response.status_code} without a JSON object"
            ) from None
        return Answer(response.status_code, body, seconds)


def _secure(url: str) -> str:
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL:
        raise NoAnswer(f"{url!r} is no address") from None
    if parts.scheme != "https" or not parts.host:
        raise NoAnswer(f"{url}: passwords go over https only")
    return url


def _why(error: httpx.HTTPError) -> str:
    text = str(error) or type(error).__name__
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return f"{text} (name the server's CA with --ca)"
    return text


@dataclass(frozen=True, slots=True)
class Decoded:
    """A JWT as it reads, its signature unread."""

    header: Mapping[str, object]
    claims: Mapping[str, object]


def decode(token: object) -> Decoded | None:
    """Header and claims of a JWT (RFC 7519 §3); None for another string."""
    parts = token.split(".") if isinstance(token, str) else []
    if len(parts) != 3:
        return None
    try:
        return Decoded(_segment(parts[0]), _segment(parts[1]))
    except (binascii.Error, msgspec.DecodeError, ValueError):
        return None


def _segment(text: str) -> dict[str, object]:
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    return msgspec.json.decode(raw, type=dict[str, object])


def decoded_tokens(body: Mapping[str, object]) -> dict[str, Decoded]:
    """Every token of an answer that can be read, by its name."""
    found = {name: decode(body.get(name)) for name in TOKENS}
    return {name: token for name, token in found.items() if token is not None}
