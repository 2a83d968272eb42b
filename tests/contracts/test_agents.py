"""Agents on SQLite and PostgreSQL: enrolled once, seen, expelled; letters that pass.

Who may enrol is tried in tests/agent, what letters say in tests/keys.
"""

import asyncio
from dataclasses import replace

import pytest

from ostiary.core.agents import Agent, AgentLinkRow, Letter
from ostiary.core.model import ConnectionSettings
from ostiary.flows.manage.changes import Drop, Kind, PutListed, PutTenant
from ostiary.stores.agent_post import StoredPost
from ostiary.stores.agents import AgentStore
from ostiary.stores.audit import AuditLog
from ostiary.stores.database import Database
from ostiary.stores.estate import StoredEstate
from ostiary.stores.sweeping import sweep
from tests.flows import values
from tests.flows.values import ELSEWHERE, NOON, TENANT

EVENT = values.event("changed")
DIGEST, CONNECTION = "5e" * 32, "corp-ad"
ONE = Agent("one", TENANT, CONNECTION, "dc1", "key-of-one", NOON)
TWO = replace(ONE, id="two", name="dc2")
LETTER = Letter("letter", "process", "one", "sealed", NOON + 10)


@pytest.fixture
def agents(database: Database) -> AgentStore:
    """No agent is enrolled."""
    return AgentStore(database)


@pytest.fixture
def post(database: Database) -> StoredPost:
    """No letter is there."""
    return StoredPost(database)


async def enrol(agents: AgentStore, agent: Agent) -> None:
    """Put it there with a code of its own."""
    where = agent.tenant_id, agent.connection
    await agents.put_code(agent.id, *where, NOON + 1, EVENT)
    assert await agents.enrol(agent.id, agent, NOON, EVENT)


async def test_a_code_enrols_one_agent(agents: AgentStore) -> None:
    """The second finds nothing, and leaves nothing behind."""
    await agents.put_code(DIGEST, TENANT, CONNECTION, NOON + 3600, EVENT)
    assert await agents.find_code(DIGEST, NOON) == (TENANT, CONNECTION)
    assert await agents.enrol(DIGEST, ONE, NOON, EVENT)
    assert await agents.find_code(DIGEST, NOON) is None
    assert not await agents.enrol(DIGEST, TWO, NOON, EVENT)
    assert await agents.find("one") == ONE
    assert await agents.find("two") is None


async def test_of_agents_at_once_one_enrols(agents: AgentStore) -> None:
    """However many come with one code at the same moment."""
    await agents.put_code(DIGEST, TENANT, CONNECTION, NOON + 3600, EVENT)
    many = [replace(ONE, id=f"agent{n}") for n in range(10)]
    done = await asyncio.gather(*(agents.enrol(DIGEST, a, NOON, EVENT) for a in many))
    assert sorted(done) == [False] * 9 + [True]
    assert len(await agents.listed(TENANT, CONNECTION)) == 1


async def test_a_code_is_good_for_its_time_and_connection(agents: AgentStore) -> None:
    """An old one is like none at all; nobody enrols elsewhere with it."""
    await agents.put_code(DIGEST, TENANT, CONNECTION, NOON + 3600, EVENT)
    assert await agents.find_code(DIGEST, NOON + 3600) is None
    assert not await agents.enrol(DIGEST, ONE, NOON + 3600, EVENT)
    for other in (replace(ONE, tenant_id=ELSEWHERE), replace(ONE, connection="x")):
        assert not await agents.enrol(DIGEST, other, NOON, EVENT)
    assert await agents.find("one") is None


async def test_acts_are_on_record(agents: AgentStore, database: Database) -> None:
    """Inviting, enrolling and expelling leave one record each, nothing leaves none."""
    await enrol(agents, ONE)
    assert not await agents.enrol("no such code", TWO, NOON, EVENT)
    assert await agents.expel(ONE, EVENT)
    assert not await agents.expel(ONE, EVENT)
    assert len(await AuditLog(database).tail(10)) == 3


async def test_who_is_connected_is_seen_and_who_is_gone_is_missed(
    agents: AgentStore,
) -> None:
    """So a process learns of agents that were expelled."""
    await enrol(agents, ONE)
    await enrol(agents, TWO)
    assert await agents.expel(TWO, EVENT)
    assert await agents.note_seen(["one", "two"], NOON + 9) == {"one"}
    assert await agents.listed(TENANT, CONNECTION) == [replace(ONE, seen_at=NOON + 9)]
    assert await agents.listed(ELSEWHERE, CONNECTION) == []
    assert await agents.listed(TENANT, "other") == []


async def test_links_are_believed_while_they_are_renewed(
    agents: AgentStore, post: StoredPost
) -> None:
    """Of agents of that connection that are still enrolled."""
    await enrol(agents, ONE)
    await enrol(agents, TWO)
    rows = [AgentLinkRow(each, "process", "key", NOON + 15) for each in (ONE, TWO)]
    await post.put_links(rows)
    assert {r.agent for r in await post.links(TENANT, CONNECTION, NOON)} == {ONE, TWO}
    assert await post.links(TENANT, CONNECTION, NOON + 15) == []
    await post.put_links([replace(row, alive_until=NOON + 30) for row in rows])
    assert len(await post.links(TENANT, CONNECTION, NOON + 15)) == 2
    assert await post.links(TENANT, "other", NOON) == []
    assert await agents.expel(ONE, EVENT)
    await post.put_links(rows)
    (left,) = await post.links(TENANT, CONNECTION, NOON)
    assert (left.agent, left.process, left.process_key) == (TWO, "process", "key")
    await post.drop_links("process", ["one", "two"])
    assert await post.links(TENANT, CONNECTION, NOON) == []


async def test_a_letter_is_taken_once_and_answered_once(post: StoredPost) -> None:
    """By its process alone; the answer lies there until it is collected."""
    await post.send(LETTER)
    assert await post.take("another", NOON) == []
    assert await post.collect("letter") is None
    assert await post.take("process", NOON) == [LETTER]
    assert await post.take("process", NOON) == []
    assert not await post.withdraw("letter")
    await post.answer("letter", "sealed answer", NOON + 10)
    assert not await post.withdraw("letter")
    assert await post.collect("letter") == "sealed answer"
    assert await post.collect("letter") is None


async def test_a_letter_taken_back_reaches_nobody(post: StoredPost) -> None:
    """Then the question may safely be asked elsewhere; so with one that is late."""
    await post.send(LETTER)
    assert await post.withdraw("letter")
    assert not await post.withdraw("letter")
    assert await post.take("process", NOON) == []
    await post.send(LETTER)
    assert await post.take("process", LETTER.expires_at) == []


async def test_of_taking_and_taking_back_one_wins(
    post: StoredPost, neighbour: Database
) -> None:
    """At the same moment, from two nodes: a password is tried once."""
    other = StoredPost(neighbour)
    for number in range(10):
        letter = replace(LETTER, id=f"letter{number}")
        await post.send(letter)
        taken, back = await asyncio.gather(
            other.take("process", NOON), post.withdraw(letter.id)
        )
        assert (len(taken), back) in ((1, False), (0, True))


async def test_what_nobody_wants_any_more_is_swept(
    agents: AgentStore, post: StoredPost, database: Database
) -> None:
    """Codes, links and letters that expired; agents stay."""
    await enrol(agents, ONE)
    await agents.put_code(DIGEST, TENANT, CONNECTION, NOON + 5, EVENT)
    await post.put_links([AgentLinkRow(ONE, "process", "key", NOON + 5)])
    await post.send(LETTER)
    await post.answer("another", "sealed", NOON + 10)
    await sweep(database, NOON + 11)
    assert await agents.find_code(DIGEST, NOON) is None
    assert await post.links(TENANT, CONNECTION, NOON) == []
    assert await post.take("process", NOON) == []
    assert await post.collect("another") is None
    assert await agents.find("one") == ONE


async def test_agents_go_with_their_connection(
    agents: AgentStore, database: Database
) -> None:
    """So that nobody answers for a new connection of the same name."""
    estate = StoredEstate(database)
    settings = ConnectionSettings(CONNECTION, "ad", options={"agent": True})
    listed = PutListed(TENANT, CONNECTION, 0, settings)
    await estate.write([PutTenant(values.tenant()), listed], EVENT)
    await enrol(agents, ONE)
    await agents.put_code(DIGEST, TENANT, CONNECTION, NOON + 5, EVENT)
    await estate.write([Drop(TENANT, Kind.CONNECTION, CONNECTION)], EVENT)
    assert await agents.find("one") is None
    assert await agents.find_code(DIGEST, NOON) is None
