"""The whole application in process, called like a function: no sockets, one loop.

Only the means live here; what is claimed stands in the tests.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ostiary.app import prepare
from ostiary.cli.configuration import apply_to
from ostiary.cli.running import in_house
from ostiary.settings import Settings, load
from ostiary.web import WebApp
from tests.wire.instance import Document, fixture_document

Pairs = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Answer:
    """What the application sent."""

    status: int
    headers: dict[str, str]
    body: bytes

    def told(self) -> dict[str, Any]:
        """The JSON object in the body."""
        told: dict[str, Any] = json.loads(self.body)
        return told


class House:
    """An application in an event loop of its own, called like a function."""

    def __init__(self, runner: asyncio.Runner, app: WebApp) -> None:
        """Answer by `app` within `runner`."""
        self._runner, self._app = runner, app

    def ask(
        self,
        method: str,
        path: bytes,
        *,
        query: bytes = b"",
        headers: Pairs = (),
        body: bytes = b"",
        source: str = "127.0.0.1",
    ) -> Answer:
        """One request from `source`, with its body in one piece."""
        scope = {
            "type": "http",
            "method": method,
            "raw_path": path,
            "query_string": query,
            "headers": list(headers),
            "client": (source, 50000),
            "scheme": "https",
        }
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        self._runner.run(self._app(scope, receive, send))
        start, whole = sent
        pairs = ((k.decode(), v.decode("latin-1")) for k, v in start["headers"])
        return Answer(start["status"], dict(pairs), whole["body"])


def write_configuration(
    folder: Path,
    pem: bytes,
    server: dict[str, Any],
    document: Document | None = None,
) -> Settings:
    """A fixture of acceptance cases, Entra's unless told, as a file and applied."""
    (folder / "app.pem").write_bytes(pem)
    path = folder / "ostiary.yaml"
    path.write_text(
        yaml.safe_dump({"server": server, **(document or fixture_document())})
    )
    chosen = load(path)
    prepare(chosen.server)
    in_house(chosen.server, lambda house: apply_to(house, chosen, prune=False))
    return chosen
