"""Processes that ask one another's agents through a store, on both databases.

Each switchboard stands for a process; real processes are in tests/agent.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest

from ostiary.connections import agent_relay
from ostiary.connections.agent_links import Crowded, LinkLost, LocalLink, Way
from ostiary.connections.agent_messages import Answers, Question
from ostiary.connections.agent_relay import RelayingSwitchboard
from ostiary.core.agents import Agent, Letter
from ostiary.keys.letters import ProcessLetters
from ostiary.stores.agent_post import StoredPost
from ostiary.stores.agents import AgentStore
from ostiary.stores.database import Database
from ostiary.stores.statement import Statement
from tests.flows import values
from tests.flows.values import TENANT

SECONDS = 20.0
SHARED = b"s" * 32
AGENT = Agent("one", TENANT, "corp-ad", "dc1", "key", 0.0)
PROBE = Question(kind="probe", seconds=5.0)
LATE = 4e9
ALL = Statement("SELECT id, process, question, answer FROM agent_questions")


@pytest.fixture
async def agents(database: Database) -> AgentStore:
    """AGENT is enrolled."""
    store, event = AgentStore(database), values.event("changed")
    await store.put_code("code", TENANT, "corp-ad", LATE, event)
    assert await store.enrol("code", AGENT, 0.0, event)
    return store


@pytest.fixture
async def process(
    database: Database, agents: AgentStore
) -> AsyncIterator[Callable[[], RelayingSwitchboard]]:
    """A function that makes processes of one instance."""
    boards: list[RelayingSwitchboard] = []

    def made() -> RelayingSwitchboard:
        letters, post = ProcessLetters(SHARED), StoredPost(database)
        boards.append(RelayingSwitchboard(agents, post, letters, alone=False))
        boards[-1].start()
        return boards[-1]

    yield made
    for board in boards:
        await board.close()


Process = Callable[[], RelayingSwitchboard]


async def only_way(board: RelayingSwitchboard) -> Way:
    """The way to the one agent that is connected elsewhere."""
    (way,) = await board.elsewhere(TENANT, "corp-ad")
    return way


async def heard(link: LocalLink) -> dict[str, Any]:
    """The next message to an agent."""
    async with asyncio.timeout(SECONDS):
        text = await link.outgoing()
    assert text is not None
    message: dict[str, Any] = json.loads(text)
    return message


def say(link: LocalLink, id: str) -> None:
    """The agent answers."""
    answer = {"type": "answer", "id": id, "said": {"type": "answers"}}
    assert link.incoming(json.dumps(answer))


async def test_an_agent_elsewhere_is_asked(process: Process) -> None:
    """The answer comes back to who asked; nobody asks itself by letter."""
    here, there = process(), process()
    link = await there.attach(AGENT)
    assert await there.elsewhere(TENANT, "corp-ad") == []
    assert here.local(TENANT, "corp-ad") == []
    way = await only_way(here)
    assert way.agent.id == AGENT.id
    asking = asyncio.create_task(way.ask(PROBE))
    question = await heard(link)
    assert (question["type"], question["kind"]) == ("question", "probe")
    say(link, question["id"])
    async with asyncio.timeout(SECONDS):
        assert await asking == Answers()


async def test_who_left_is_found_no_more(process: Process) -> None:
    """At once, as the process that it left says so."""
    here, there = process(), process()
    link = await there.attach(AGENT)
    way = await only_way(here)
    await there.detach(link)
    assert await here.elsewhere(TENANT, "corp-ad") == []
    with pytest.raises(LinkLost) as lost:
        async with asyncio.timeout(SECONDS):
            await way.ask(PROBE)
    assert not lost.value.sent  # so that a password may be asked elsewhere


async def test_an_agent_that_leaves_while_it_is_asked(process: Process) -> None:
    """It may have tried the password."""
    here, there = process(), process()
    link = await there.attach(AGENT)
    asking = asyncio.create_task((await only_way(here)).ask(PROBE))
    await heard(link)
    await there.detach(link)
    with pytest.raises(LinkLost) as lost:
        async with asyncio.timeout(SECONDS):
            await asking
    assert lost.value.sent


async def test_a_process_that_takes_no_letters_has_not_had_it(
    process: Process, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The letter is taken back, so that the question may go elsewhere."""
    monkeypatch.setattr(agent_relay, "UNTAKEN_SECONDS", 0.1)
    here, there = process(), process()
    await there.attach(AGENT)
    way = await only_way(here)
    await there.close()
    assert isinstance(way, agent_relay.RelayedLink)
    with pytest.raises(LinkLost) as lost:
        async with asyncio.timeout(SECONDS):
            await way.ask(PROBE)
    assert not lost.value.sent
    assert await database.fetch(ALL) == []


async def test_a_busy_agent_is_told_to_be_busy(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it would be here."""
    monkeypatch.setattr("ostiary.connections.agent_links.MOST_ASKED", 0)
    here, there = process(), process()
    await there.attach(AGENT)
    with pytest.raises(Crowded):
        async with asyncio.timeout(SECONDS):
            await (await only_way(here)).ask(PROBE)


async def test_a_letter_of_nobody_is_not_read(
    process: Process, database: Database
) -> None:
    """Who can write to the store asks nothing: no password is tried for them."""
    here, there = process(), process()
    link = await there.attach(AGENT)
    way = await only_way(here)
    assert isinstance(way, agent_relay.RelayedLink)
    forger = ProcessLetters(b"f" * 32)
    sealed = forger.seal('{"kind":"probe"}', way.row.process_key, "forged")
    assert sealed is not None
    post = StoredPost(database)
    for text in (sealed.text, "", "not even sealed"):
        letter = Letter(f"forged{len(text)}", way.row.process, "one", text, LATE)
        await post.send(letter)
    asking = asyncio.create_task(way.ask(PROBE))
    question = await heard(link)  # the first that arrives is the honest one
    say(link, question["id"])
    async with asyncio.timeout(SECONDS):
        assert await asking == Answers()
    assert await database.fetch(ALL) == []


async def test_a_false_address_learns_nothing(
    process: Process, database: Database
) -> None:
    """A process that somebody wrote into the store cannot read what it is asked."""
    here, there = process(), process()
    await there.attach(AGENT)
    way = await only_way(here)
    assert isinstance(way, agent_relay.RelayedLink)
    thief = ProcessLetters(b"f" * 32)
    row = replace(way.row, process="thief", process_key=thief.address)
    asked = Question(kind="verify", seconds=5.0, password="Tr0ub4dor&3")
    misled = replace(way, row=row)
    asking = asyncio.create_task(misled.ask(asked))
    stolen = ""
    async with asyncio.timeout(SECONDS):
        while not stolen:
            stolen = "".join(r["question"] for r in await database.fetch(ALL))
            await asyncio.sleep(0.01)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    (id,) = {r["id"] for r in await database.fetch(ALL)} or {"gone"}
    assert thief.open(stolen, id) is None
    assert "Tr0ub4dor" not in stolen


async def test_who_gives_up_takes_the_letter_back(
    process: Process, database: Database
) -> None:
    """When nobody has taken it yet."""
    here, there = process(), process()
    await there.attach(AGENT)
    way = await only_way(here)
    await there.close()
    asking = asyncio.create_task(way.ask(PROBE))
    await _rows(database, some=True)
    asking.cancel()
    await _rows(database, some=False)
    assert asking.cancelled()


async def _rows(database: Database, *, some: bool) -> None:
    """Wait until letters are there, or none."""
    async with asyncio.timeout(SECONDS):
        while True:
            if bool(await database.fetch(ALL)) is some:
                return
            await asyncio.sleep(0.01)


async def test_an_expelled_agent_is_cut_off(
    process: Process, agents: AgentStore
) -> None:
    """By the process that it is connected to, which looks for that."""
    there = process()
    link = await there.attach(AGENT)
    assert await agents.expel(AGENT, values.event("changed"))
    async with asyncio.timeout(SECONDS):
        assert await link.outgoing() is None
    with pytest.raises(LinkLost):
        await link.ask(PROBE)
