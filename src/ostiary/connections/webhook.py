"""Text messages by a web hook: one POST of `to`, `text` and `code` for each.

Redirects are not followed: a code goes where the operator said, and nowhere else.
"""

import ssl
from typing import Final

import httpx

from ostiary.connections.outgoing import transport
from ostiary.flows.ports.messages import Gateway, TextMessage

SECONDS: Final = 5.0
"""How long the gateway may take for one step."""


class Webhooks:
    """Posts to gateways, with one client for each CA that one of them needs."""

    def __init__(self, networks: tuple[str, ...] = ()) -> None:
        """Open nothing yet; `networks`: where restricted gateways may stand."""
        self._networks = networks
        self._clients: dict[str | None, httpx.AsyncClient] = {}
        self._usual: ssl.SSLContext | None = None

    async def post(self, gateway: Gateway, message: TextMessage) -> bool:
        """Whether the gateway answered 2xx; of its answer no more is read.

        Raises httpx.HTTPError, OSError, ValueError or Away when there was no answer.
        """
        if not gateway.restricted:
            return await _posted(self._client(gateway.ca), gateway, message)
        # A client of its own: tenants do not share connections.
        way = transport(True, self._networks, self._trust(gateway.ca))
        async with _made(way) as client:
            return await _posted(client, gateway, message)

    async def close(self) -> None:
        """Close the connections."""
        for client in self._clients.values():
            await client.aclose()

    def _trust(self, ca: str | None) -> ssl.SSLContext:
        """Whom to believe; what the system believes takes long to read."""
        if ca is not None:
            return _context(ca)
        if self._usual is None:
            self._usual = _context(None)
        return self._usual

    def _client(self, ca: str | None) -> httpx.AsyncClient:
        client = self._clients.get(ca)
        if client is None:
            made = transport(False, (), _context(ca))
            client = self._clients[ca] = _made(made)
        return client


async def _posted(
    client: httpx.AsyncClient, gateway: Gateway, message: TextMessage
) -> bool:
    body = {"to": message.to, "text": message.text, "code": message.code}
    async with client.stream("POST", gateway.webhook, json=body) as answer:
        return answer.is_success


def _made(way: httpx.AsyncBaseTransport) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=way, timeout=SECONDS, follow_redirects=False, trust_env=False
    )


def _context(ca: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca is not None:
        context.load_verify_locations(ca)
    return context
