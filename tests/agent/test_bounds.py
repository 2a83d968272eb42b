"""The door for agents under pressure: strangers are few, and may not linger.

ASGI messages are made by hand; real connections are in the other modules.
"""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from ostiary.agents import socket as module
from ostiary.agents.messages import CONNECT_PATH
from ostiary.agents.socket import MOST_FROM_ONE_PLACE, MOST_STRANGERS, AgentSocket
from ostiary.connections.agent_links import LinkLost, Switchboard
from ostiary.connections.agent_messages import Question
from ostiary.core.agents import Agent
from ostiary.core.errors import Reason, Refused
from ostiary.flows.agents import AgentDoor
from ostiary.flows.facts import StoreUnavailable

SECONDS = 20.0
SCOPE: dict[str, Any] = {
    "type": "websocket",
    "path": CONNECT_PATH,
    "headers": [],
    "client": None,
}
PROOF = json.dumps({"type": "proof", "agent": "a", "proof": "p"})
AGENT = Agent("a", "t", "corp-ad", "dc1", "key", 0.0)


class Peer:
    """The other end of one WebSocket."""

    def __init__(self, *texts: str) -> None:
        self._inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._inbox.put_nowait({"type": "websocket.connect"})
        for text in texts:
            self._inbox.put_nowait({"type": "websocket.receive", "text": text})
        self.got: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        """What it sends."""
        return await self._inbox.get()

    async def send(self, message: dict[str, Any]) -> None:
        """What it gets."""
        self.got.append(message)

    def leave(self) -> None:
        """Go."""
        self._inbox.put_nowait({"type": "websocket.disconnect", "code": 1005})

    @property
    def codes(self) -> list[int]:
        """With which it was closed."""
        return [m["code"] for m in self.got if m["type"] == "websocket.close"]


async def until(true: Callable[[], Any]) -> None:
    """Look again and again, for some seconds."""
    async with asyncio.timeout(SECONDS):
        while True:
            if true():
                return
            await asyncio.sleep(0.001)


def door(monkeypatch: pytest.MonkeyPatch, outcome: object) -> AgentSocket:
    """One that lets everybody in as AGENT, or raises `outcome`."""

    async def admit(*_: object) -> Agent:
        if isinstance(outcome, Exception):
            raise outcome
        return AGENT

    monkeypatch.setattr(module, "admit", admit)
    unused: Any = None
    return AgentSocket(AgentDoor(*[unused] * 6), Switchboard())


async def test_strangers_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond that they get a 503 by HTTP, until others have proven themselves."""
    socket = door(monkeypatch, AGENT)
    peers = [Peer() for _ in range(MOST_STRANGERS)]
    tasks = [asyncio.create_task(socket(SCOPE, p.receive, p.send)) for p in peers]
    await until(lambda: all(peer.got for peer in peers))
    late = Peer()
    async with asyncio.timeout(SECONDS):
        await socket(SCOPE, late.receive, late.send)
    assert late.got[0]["type"] == "websocket.http.response.start"
    assert late.got[0]["status"] == 503
    for peer in peers:
        peer.leave()
    async with asyncio.timeout(SECONDS):
        await asyncio.gather(*tasks)
    again = Peer()
    task = asyncio.create_task(socket(SCOPE, again.receive, again.send))
    await until(lambda: again.got)
    assert again.got[0]["type"] == "websocket.accept"
    again.leave()
    await task


async def test_one_place_does_not_keep_the_others_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of its strangers there are fewer still; an IPv6 network of 64 bits is one place.

    Once they are gone it may come again.
    """
    socket = door(monkeypatch, AGENT)

    def at(host: str) -> dict[str, Any]:
        return {**SCOPE, "client": (host, 1)}

    async def answer(host: str) -> dict[str, Any]:
        peer = Peer()
        peer.leave()
        async with asyncio.timeout(SECONDS):
            await socket(at(host), peer.receive, peer.send)
        return peer.got[0]

    peers = [Peer() for _ in range(MOST_FROM_ONE_PLACE)]
    tasks = [
        asyncio.create_task(socket(at(f"2001:db8::{n:x}"), p.receive, p.send))
        for n, p in enumerate(peers)
    ]
    await until(lambda: all(peer.got for peer in peers))
    refused = await answer("2001:db8::ffff")
    assert (refused["type"], refused["status"]) == (
        "websocket.http.response.start",
        503,
    )
    assert (await answer("2001:db8:0:1::1"))["type"] == "websocket.accept"
    for peer in peers:
        peer.leave()
    async with asyncio.timeout(SECONDS):
        await asyncio.gather(*tasks)
    assert (await answer("2001:db8::1"))["type"] == "websocket.accept"


async def test_strangers_may_not_linger(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten seconds without a proof are enough."""
    monkeypatch.setattr(module, "PROOF_SECONDS", 0.05)
    peer = Peer()
    async with asyncio.timeout(SECONDS):
        await door(monkeypatch, AGENT)(SCOPE, peer.receive, peer.send)
    assert peer.codes == [1008]


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Refused(Reason.ASSERTION_SIGNATURE), 4401),
        (Refused(Reason.TOO_MANY_REQUESTS, retry_after=6), 1013),
        (StoreUnavailable("away"), 1013),
        (ZeroDivisionError("a defect"), 1011),
    ],
    ids=["refused", "too-often", "store", "defect"],
)
async def test_an_agent_learns_whether_to_come_again(
    monkeypatch: pytest.MonkeyPatch, outcome: Exception, code: int
) -> None:
    """Only who is not wanted stays away (4401); a store that is away comes back."""
    peer = Peer(PROOF)
    async with asyncio.timeout(SECONDS):
        await door(monkeypatch, outcome)(SCOPE, peer.receive, peer.send)
    assert peer.codes == [code]


async def test_an_agent_that_does_not_read_is_let_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What it was asked has no answer."""
    monkeypatch.setattr(module, "SEND_SECONDS", 0.05)
    socket = door(monkeypatch, AGENT)
    peer = Peer(PROOF)

    async def stuck(message: dict[str, Any]) -> None:
        if "question" in message.get("text", ""):
            await asyncio.sleep(SECONDS)
        await peer.send(message)

    task = asyncio.create_task(socket(SCOPE, peer.receive, stuck))
    board = socket._links
    assert isinstance(board, Switchboard)
    await until(lambda: board.link("a") is not None)
    link = board.link("a")
    assert link is not None
    with pytest.raises(LinkLost) as lost:
        async with asyncio.timeout(SECONDS):
            await link.ask(Question(kind="probe", seconds=5.0))
    assert lost.value.sent
    async with asyncio.timeout(SECONDS):
        await task
    assert board.agents == {}


async def test_other_addresses_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if a server let them pass."""
    peer = Peer()
    scope = {**SCOPE, "path": "/elsewhere"}
    await door(monkeypatch, AGENT)(scope, peer.receive, peer.send)
    assert peer.got[0]["status"] == 404
