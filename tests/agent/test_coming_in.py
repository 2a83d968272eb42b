"""Enrolment and authentication of agents: by a code once, then by their own key.

Over real TLS and WebSockets; statements and bounds are tried in tests/contracts.
"""

import asyncio
import contextlib
import json
import sqlite3
import ssl
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.agent.conftest import Hire
from tests.agent.running import command, new_code, sign_in, until
from tests.keys.forms import bare
from tests.wire.client import WireClient
from tests.wire.instance import Instance

SECONDS = 30.0


@dataclass
class Enrolled:
    """An agent that enrolled by hand."""

    key: Ed25519PrivateKey
    id: str
    base: str
    context: ssl.SSLContext

    def claims(self, nonce: str) -> dict[str, object]:
        """What a proof says."""
        now = int(time.time())
        said = {"iss": self.id, "aud": self.base, "nonce": nonce}
        return {**said, "iat": now, "exp": now + 60}

    def open(self) -> connect:
        """A WebSocket to the server."""
        address = self.base.replace("https:", "wss:") + "/agent/v1/connect"
        return connect(address, ssl=self.context, compression=None)


async def prove(socket: ClientConnection, who: Enrolled, proof: str) -> int:
    """Send a proof; 0 when it was taken, else the close code."""
    await socket.send(json.dumps({"type": "proof", "agent": who.id, "proof": proof}))
    try:
        async with asyncio.timeout(SECONDS):
            welcome = json.loads(await socket.recv())
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else -1
    assert welcome["type"] == "welcome"
    return 0


async def nonce_of(socket: ClientConnection) -> str:
    """The server's challenge."""
    async with asyncio.timeout(SECONDS):
        said = json.loads(await socket.recv())
    assert (said["type"], said["version"]) == ("challenge", 1)
    nonce: str = said["nonce"]
    return nonce


def enrol_request(code: str, **changes: object) -> dict[str, object]:
    """A body that is good with a good code."""
    raw = (
        Ed25519PrivateKey.generate()
        .public_key()
        .public_bytes(Encoding.Raw, PublicFormat.Raw)
    )
    return {"code": code, "name": "by-hand", "public_key": bare(raw), **changes}


def post(client: WireClient, body: object) -> httpx.Response:
    """Enrol."""
    return client.post_json("/agent/v1/enrol", body)


@pytest.fixture
def enrolled(server: Instance, client: WireClient) -> Enrolled:
    """A new agent of corp-ad."""
    key = Ed25519PrivateKey.generate()
    raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    answer = post(client, enrol_request(new_code(server), public_key=bare(raw)))
    assert answer.status_code == 201
    return Enrolled(key, answer.json()["id"], server.base, client.context)


# --- enrolment ----------------------------------------------------------------------


def test_a_code_enrols_once(server: Instance, client: WireClient) -> None:
    """What the agent is from then on is told; the second is refused like a guess."""
    body = enrol_request(new_code(server))
    first = post(client, body)
    assert first.status_code == 201
    assert first.json()["connection"] == "corp-ad"
    assert first.headers["cache-control"] == "no-store"
    again, guessed = post(client, body), post(client, enrol_request("x" * 43))
    assert again.status_code == guessed.status_code == 403
    assert again.json() == guessed.json()
    names = [row["name"] for row in command(server, "connection", "agents", "corp-ad")]
    assert "by-hand" in names


def test_a_code_that_expired_is_like_none(server: Instance, client: WireClient) -> None:
    """Nobody learns that it once was good."""
    code = new_code(server)
    with sqlite(server) as store:
        store.execute("UPDATE agent_codes SET expires_at = ?", (time.time() - 1,))
        store.commit()
    old, guessed = post(client, enrol_request(code)), post(client, enrol_request("x"))
    assert old.status_code == guessed.status_code == 403
    assert old.json() == guessed.json()


def sqlite(server: Instance) -> Any:
    """The store of a server, to be changed behind its back."""
    path = server.data / "ostiary.sqlite"
    return contextlib.closing(sqlite3.connect(path, timeout=10))


def test_a_code_belongs_to_its_connection(server: Instance, client: WireClient) -> None:
    """Nobody chooses another, or another tenant, by saying so."""
    code = new_code(server, "other-ad")
    body = enrol_request(code, connection="corp-ad", tenant="elsewhere")
    made = post(client, body).json()
    assert made["connection"] == "other-ad"
    assert made["tenant"] == "11111111-2222-3333-4444-555555555555"


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": "-x"},
        {"name": "a b"},
        {"name": "x" * 65},
        {"name": "a\nb"},
        {"name": 7},
        {"public_key": ""},
        {"public_key": "AAAA"},
        {"public_key": "x" * 10_000},
        {"code": None},
    ],
    ids=str,
)
def test_what_is_malformed_uses_no_code_up(
    server: Instance, client: WireClient, changes: dict[str, object]
) -> None:
    """It is told, and the code is good for another try."""
    body = enrol_request(new_code(server))
    wrong = post(client, {**body, **changes})
    assert wrong.status_code == 400
    assert wrong.json()["error"] == "parameter_invalid"
    assert post(client, body).status_code == 201


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b"[" * 10_000, b'{"code":1}'])
def test_garbage_is_refused(client: WireClient, body: bytes) -> None:
    """Without a trace of our own code."""
    answer = client.send(
        "POST", "/agent/v1/enrol", body, {"content-type": "application/json"}
    )
    assert answer.status_code == 400
    assert set(answer.json()) == {"error", "error_description"}


def test_connections_without_agents_get_no_code(server: Instance) -> None:
    """The option `agent: true` comes first."""
    words = ["connection", "enrol", "Username-Password-Authentication"]
    line = [sys.executable, "-m", "ostiary", *words, "--config", str(server.path)]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "agent: true" in done.stderr
    assert done.stdout == ""


def test_codes_lie_nowhere(server: Instance, client: WireClient) -> None:
    """Neither in the store nor in a log, used or not (promise 9)."""
    codes = [new_code(server), new_code(server)]
    assert post(client, enrol_request(codes[0])).status_code == 201
    for name, content in server.kept().items():
        assert not [code for code in codes if code.encode() in content], name


# --- authentication -----------------------------------------------------------------


async def test_the_own_key_lets_in(enrolled: Enrolled) -> None:
    """A proof of this nonce, for this server."""
    async with enrolled.open() as socket:
        nonce = await nonce_of(socket)
        assert len(nonce) >= 32
        proof = jwt.encode(enrolled.claims(nonce), enrolled.key, algorithm="EdDSA")
        assert await prove(socket, enrolled, proof) == 0


FORGERIES: dict[str, Any] = {
    "another nonce": {"nonce": "x" * 43},
    "no nonce": {"nonce": None},
    "another server": {"aud": "https://elsewhere.example"},
    "several servers": {"aud": ["https://elsewhere.example"]},
    "somebody else": {"iss": "somebody"},
    "long ago": {"iat": 1_000_000_000, "exp": 1_000_000_060},
    "for ever": {"exp": 4_000_000_000},
    "no end": {"exp": None},
    "a true end": {"exp": True},
}


@pytest.mark.parametrize("what", FORGERIES)
async def test_a_proof_of_something_else_does_not(
    enrolled: Enrolled, what: str
) -> None:
    """Close code 4401: the agent should not come again."""
    async with enrolled.open() as socket:
        claims = {**enrolled.claims(await nonce_of(socket)), **FORGERIES[what]}
        proof = jwt.encode(
            {name: value for name, value in claims.items() if value is not None},
            enrolled.key,
            algorithm="EdDSA",
        )
        assert await prove(socket, enrolled, proof) == 4401


@pytest.mark.parametrize("how", ["foreign key", "none", "nobody"])
async def test_a_proof_by_something_else_does_not(enrolled: Enrolled, how: str) -> None:
    """Another key, no signature, an id that nobody has: all are told alike."""
    async with enrolled.open() as socket:
        claims = enrolled.claims(await nonce_of(socket))
        proof = jwt.encode(claims, Ed25519PrivateKey.generate(), algorithm="EdDSA")
        if how == "none":
            proof = jwt.encode(claims, "", algorithm="none")
        if how == "nobody":
            enrolled.id = str(uuid.uuid4())
        assert await prove(socket, enrolled, proof) == 4401


async def test_a_proof_is_good_for_its_own_connection(enrolled: Enrolled) -> None:
    """One that was overheard is not, later."""
    async with enrolled.open() as socket:
        claims = enrolled.claims(await nonce_of(socket))
        proof = jwt.encode(claims, enrolled.key, algorithm="EdDSA")
        assert await prove(socket, enrolled, proof) == 0
    async with enrolled.open() as socket:
        await nonce_of(socket)
        assert await prove(socket, enrolled, proof) == 4401


@pytest.mark.parametrize(
    "said", ["", "{}", "null", b"\x00\xff", '{"type":"answer","id":"1"}', "[" * 9999]
)
async def test_anything_but_a_proof_ends_it(
    enrolled: Enrolled, said: str | bytes
) -> None:
    """Close code 1008."""
    async with enrolled.open() as socket:
        await nonce_of(socket)
        await socket.send(said)
        with pytest.raises(ConnectionClosed) as closed:
            async with asyncio.timeout(SECONDS):
                await socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008


async def test_a_huge_message_ends_it(enrolled: Enrolled) -> None:
    """RFC 6455 §7.4.1: 1009, before it is whole; also of who is let in."""
    for admitted in (False, True):
        async with enrolled.open() as socket:
            nonce = await nonce_of(socket)
            if admitted:
                claims = enrolled.claims(nonce)
                proof = jwt.encode(claims, enrolled.key, algorithm="EdDSA")
                assert await prove(socket, enrolled, proof) == 0
            await socket.send("x" * (256 * 1024 + 1))
            with pytest.raises(ConnectionClosed) as closed:
                async with asyncio.timeout(SECONDS):
                    await socket.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1009


async def test_an_agent_that_misbehaves_is_cut_off(enrolled: Enrolled) -> None:
    """Garbage after it was let in; it may come again."""
    async with enrolled.open() as socket:
        claims = enrolled.claims(await nonce_of(socket))
        proof = jwt.encode(claims, enrolled.key, algorithm="EdDSA")
        assert await prove(socket, enrolled, proof) == 0
        await socket.send('{"type":"answer","id":"1","said":"yes"}')
        with pytest.raises(ConnectionClosed) as closed:
            async with asyncio.timeout(SECONDS):
                await socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008


def test_an_expelled_agent_is_cut_off_and_stays_out(
    server: Instance, client: WireClient, hire: Hire
) -> None:
    """Within seconds; its program ends with 1 and says what to do."""
    one = hire(server, "dismissed")
    one.start()
    assert sign_in(client, "heidi").status_code == 200
    gone = command(server, "connection", "expel", "corp-ad", "dismissed", "--yes")
    assert gone["name"] == "dismissed"
    assert one.wait() == 1
    assert "enrol with a new code" in one.logged()
    assert sign_in(client, "heidi").status_code == 503
    one.launch()
    assert one.wait() == 1
    reasons = [row[0] for row in server.rows("SELECT reason FROM audit")]
    assert "agent.expel" in reasons
    assert "assertion_signature" in reasons


# --- the address itself -------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/agent/v1/connect/x", "/agent/v1/enrol", "/x"])
async def test_websockets_are_opened_nowhere_else(
    enrolled: Enrolled, path: str
) -> None:
    """The answer is that of HTTP."""
    address = enrolled.base.replace("https:", "wss:") + path
    with pytest.raises(InvalidStatus) as refused:
        async with connect(address, ssl=enrolled.context):
            pass
    assert refused.value.response.status_code in (404, 405)


def test_without_an_upgrade_one_is_asked_for(client: WireClient) -> None:
    """RFC 9110 §15.5.22; and enrolment is by POST."""
    plain = client.get("/agent/v1/connect")
    assert plain.status_code == 426
    assert plain.headers["upgrade"] == "websocket"
    wrong = client.get("/agent/v1/enrol")
    assert wrong.status_code == 405
    assert wrong.headers["allow"] == "POST"


def test_a_server_with_an_unknown_ca_gets_nothing(
    server: Instance, hire: Hire, tmp_path: Path
) -> None:
    """Neither code nor key: the agent does not even ask, and goes on trying."""
    wary = hire(server, "wary")
    del wary.document["ca"]
    wary.launch()
    until(lambda: "CERTIFICATE_VERIFY_FAILED" in wary.logged())
    assert wary.process is not None
    assert wary.process.poll() is None
    assert not (wary.folder / "data" / "agent.json").exists()
    count = "SELECT COUNT(*) FROM agents WHERE name = 'wary'"
    assert server.rows(count) == [(0,)]


def test_a_used_code_ends_the_program(server: Instance, hire: Hire) -> None:
    """With exit code 1 and one line; without any code, there is nothing to try."""
    one = hire(server, "late")
    one.document["code"] = "x" * 43
    one.launch()
    assert one.wait() == 1
    assert "make a new one" in one.logged()
