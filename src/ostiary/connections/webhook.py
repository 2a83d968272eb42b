"""Text messages by a web hook: one POST of `to`, `text` and `code` for each.

Redirects are not followed: a code goes where the operator said, and nowhere else.
"""

import ssl
from typing import Final

import httpx

from ostiary.flows.ports.messages import Gateway, TextMessage

SECONDS: Final = 5.0
"""How long the gateway may take for one step."""


class Webhooks:
    """Posts to gateways, with one client for each CA that one of them needs."""

    def __init__(self) -> None:
        """Open nothing yet."""
        self._clients: dict[str | None, httpx.AsyncClient] = {}

    async def post(self, gateway: Gateway, message: TextMessage) -> bool:
        """Whether the gateway answered 2xx; of its answer no more is read.

        Raises httpx.HTTPError, OSError or ValueError when there was no answer.
        """
        body = {"to": message.to, "text": message.text, "code": message.code}
        client = self._client(gateway.ca)
        async with client.stream("POST", gateway.webhook, json=body) as answer:
            return answer.is_success

    async def close(self) -> None:
        """Close the connections."""
        for client in self._clients.values():
            await client.aclose()

    def _client(self, ca: str | None) -> httpx.AsyncClient:
        client = self._clients.get(ca)
        if client is None:
            context = ssl.create_default_context()
            if ca is not None:
                context.load_verify_locations(ca)
            client = self._clients[ca] = httpx.AsyncClient(
                verify=context,
                timeout=SECONDS,
                follow_redirects=False,
                trust_env=False,
            )
        return client
