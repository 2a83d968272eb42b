"""A directory asked by agents: shared, failed over, never a password twice, no lies.

Agents are made up, one `LocalLink` each; real ones are in tests/agent.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.connections import remote
from ostiary.connections.agent_links import MOST_STRAYS, LocalLink, Switchboard
from ostiary.connections.remote import RemoteDirectory
from ostiary.connections.upstream import Away, Registered
from ostiary.core.agents import Agent
from ostiary.core.errors import Reason
from ostiary.core.passwords import DirectoryLimit
from ostiary.flows.facts import Candidate, Rejected, Verified

NAME, TENANT = "corp-ad", "t"
ID = f"{NAME}|1"
JDOE = {"key": f"id:{ID}", "external_id": ID, "place": "CN=jdoe", "threshold": 5}
KNOWN = Candidate(f"id:{ID}", ID, "CN=jdoe", DirectoryLimit(5))
NOBODY = Candidate("x", limit=DirectoryLimit())
PERSON = {"username": "jdoe@corp.test", "external_id": ID, "groups": ["staff"]}
FOUND = {"type": "found", "candidate": JDOE}
RIGHT = {"type": "right", "person": PERSON}
WRONG = {"type": "wrong", "reason": "password_wrong"}
DOWN = {"type": "no_answer", "reason": "directory_unreachable"}
SECONDS = 20.0

Say = Callable[[dict[str, Any]], Any]


@dataclass
class MadeUp:
    """An agent; `say` makes an answer of a question, None: it is silent."""

    name: str
    say: Say = lambda question: FOUND if question["kind"] == "find" else RIGHT
    asked: list[str] = field(default_factory=list)
    cancelled: int = 0

    async def live(self, board: Switchboard) -> None:
        """Be connected until `say` raises ConnectionError."""
        agent = Agent(self.name, TENANT, NAME, self.name, "key", 0.0)
        link = await board.attach(agent)
        try:
            while (text := await link.outgoing()) is not None:
                self._take(link, json.loads(text))
        except ConnectionError:
            pass
        finally:
            await board.detach(link)

    def _take(self, link: LocalLink, message: dict[str, Any]) -> None:
        if message["type"] == "cancel":
            self.cancelled += 1
            return
        self.asked.append(message["kind"])
        said = self.say(message)
        if said is not None:
            answer = {"type": "answer", "id": message["id"], "said": said}
            assert link.incoming(json.dumps(answer))


@pytest.fixture
async def connect() -> AsyncIterator[Callable[..., Any]]:
    """A function that connects agents and gives the directory behind them."""
    tasks: list[asyncio.Task[None]] = []

    async def connected(*agents: MadeUp) -> RemoteDirectory:
        board = Switchboard()
        for agent in agents:
            tasks.append(asyncio.create_task(agent.live(board)))
        await until(lambda: len(board.agents) == len(agents))
        return RemoteDirectory(Registered(TENANT, NAME, {"agent": True}), board)

    yield connected
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def leaves(question: dict[str, Any]) -> Any:
    """Drop the connection instead of an answer."""
    raise ConnectionError


def silent(question: dict[str, Any]) -> Any:
    """Take the question, and say nothing."""
    return None


async def until(true: Callable[[], Any]) -> None:
    """Look again and again, for some seconds."""
    async with asyncio.timeout(SECONDS):
        while True:
            if true():
                return
            await asyncio.sleep(0.001)


async def away_of(work: Any) -> Away:
    """The `Away` that it raises, in time."""
    with pytest.raises(Away) as told:
        async with asyncio.timeout(SECONDS):
            await work
    return told.value


async def test_what_an_agent_says_arrives(connect: Callable[..., Any]) -> None:
    """Candidate, profile, refusals; and who said so."""
    one = MadeUp("one")
    directory = await connect(one)
    assert await directory.find("jdoe") == KNOWN
    right = await directory.verify(KNOWN, "jdoe", "pw")
    assert isinstance(right, Verified)
    assert right.profile is not None
    assert (right.profile.username, right.profile.groups) == (
        "jdoe@corp.test",
        ("staff",),
    )
    assert right.agent == "one"
    one.say = lambda question: WRONG
    wrong = await directory.verify(KNOWN, "jdoe", "no")
    assert wrong == Rejected()
    assert wrong.agent == "one"
    one.say = lambda question: {
        "type": "wrong",
        "reason": "directory_locked",
        "retry_after": 90,
    }
    locked = Rejected(Reason.DIRECTORY_LOCKED, {"retry_after": 90})
    assert await directory.verify(KNOWN, "jdoe", "no") == locked
    assert one.asked == ["find", "verify", "verify", "verify"]


async def test_nobody_is_there_to_ask(connect: Callable[..., Any]) -> None:
    """It is told at once."""
    directory = await connect()
    for work in (directory.find("jdoe"), directory.verify(KNOWN, "jdoe", "x")):
        assert (await away_of(work)).reason is Reason.AGENT_ABSENT


async def test_agents_share_the_work(connect: Callable[..., Any]) -> None:
    """Of questions that all wait, each gets every other one."""
    agents = [MadeUp("one", silent), MadeUp("two", silent)]
    directory = await connect(*agents)
    tasks: list[asyncio.Task[Candidate]] = []

    def heard() -> bool:
        return sum(len(agent.asked) for agent in agents) == len(tasks)

    for _ in range(20):
        tasks.append(asyncio.create_task(directory.find("jdoe")))
        await until(heard)
    assert [len(agent.asked) for agent in agents] == [10, 10]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_look_up_goes_on_to_the_next(connect: Callable[..., Any]) -> None:
    """When an agent leaves, or its directory is away, while it is asked."""
    for say in (leaves, lambda question: DOWN):
        bad, good = MadeUp("bad", say), MadeUp("good")
        directory = await connect(bad, good)
        async with asyncio.timeout(SECONDS):
            for _ in range(10):
                assert await directory.find("jdoe") == KNOWN
        assert len(good.asked) == 10
        assert len(bad.asked) <= 1  # it is asked last from then on


async def test_a_silent_agent_holds_no_look_up_up(
    connect: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another is asked as well; what the silent one was asked is taken back."""
    monkeypatch.setattr(remote, "HEDGE_SECONDS", 0.05)
    bad, good = MadeUp("bad", silent), MadeUp("good")
    directory = await connect(bad, good)
    async with asyncio.timeout(SECONDS):
        for _ in range(10):
            assert await directory.find("jdoe") == KNOWN
        await until(lambda: bad.cancelled == len(bad.asked))
    assert len(bad.asked) <= 1


@pytest.mark.parametrize("say", [leaves, lambda question: DOWN], ids=["left", "down"])
async def test_a_password_is_never_tried_twice(
    connect: Callable[..., Any], say: Say
) -> None:
    """An agent that got it may have tried it: nobody else does (promise 11)."""
    agents = [MadeUp(name, say) for name in ("one", "two", "three")]
    directory = await connect(*agents)
    away = await away_of(directory.verify(KNOWN, "jdoe", "pw"))
    assert away.reason is Reason.DIRECTORY_UNREACHABLE
    assert sum(len(agent.asked) for agent in agents) == 1


async def test_a_password_that_was_not_sent_goes_elsewhere() -> None:
    """A link that is cut before the question was written to it had none."""
    board = Switchboard()
    directory = RemoteDirectory(Registered(TENANT, NAME, {"agent": True}), board)
    links = [await board.attach(Agent(n, TENANT, NAME, n, "", 0.0)) for n in "ab"]
    for link in links:
        link.cut()
    good = MadeUp("good")
    living = asyncio.create_task(good.live(board))
    await until(lambda: len(board.agents) == 3)
    assert isinstance(await directory.verify(KNOWN, "jdoe", "pw"), Verified)
    living.cancel()
    await asyncio.gather(living, return_exceptions=True)


async def test_who_gave_up_is_told_to_the_agent(connect: Callable[..., Any]) -> None:
    """So that it does not work for nobody."""
    one = MadeUp("one", silent)
    directory = await connect(one)
    asking = asyncio.create_task(directory.verify(KNOWN, "jdoe", "pw"))
    await until(lambda: one.asked)
    asking.cancel()
    await until(lambda: one.cancelled)
    assert one.asked == ["verify"]


LIES: dict[str, Any] = {
    "somebody of another connection": {
        "type": "found",
        "candidate": {"key": "id:other|1", "external_id": "other|1"},
    },
    "an id without an own part": {
        "type": "found",
        "candidate": {"key": f"id:{NAME}|", "external_id": f"{NAME}|"},
    },
    "somebody else's counter": {
        "type": "found",
        "candidate": {"key": "id:somebody", "external_id": ID},
    },
    "nobody by somebody's counter": {"type": "found", "candidate": {"key": f"id:{ID}"}},
    "a NUL": {"type": "found", "candidate": {**JDOE, "place": "CN=\0"}},
    "an answer to something else": RIGHT,
    "a wrong password without one": WRONG,
}


@pytest.mark.parametrize("lie", LIES)
async def test_lies_about_who_it_is_are_no_answers(
    connect: Callable[..., Any], lie: str
) -> None:
    """An agent speaks for the people of its own connection."""
    directory = await connect(MadeUp("one", lambda question: LIES[lie]))
    assert (await away_of(directory.find("jdoe"))).reason is Reason.DIRECTORY_LIED


VERDICTS: dict[str, Any] = {
    "somebody else": {
        "type": "right",
        "person": {**PERSON, "external_id": f"{NAME}|2"},
    },
    "of elsewhere": {"type": "right", "person": {**PERSON, "external_id": "other|1"}},
    "without a name": {"type": "right", "person": {**PERSON, "username": ""}},
    "a NUL in a group": {"type": "right", "person": {**PERSON, "groups": ["a\0"]}},
    "an unknown refusal": {"type": "wrong", "reason": "client_unknown"},
    "a refusal of ours": {"type": "wrong", "reason": "account_locked"},
    "a candidate": FOUND,
    "an unknown absence": {"type": "no_answer", "reason": "store_on_fire"},
}


@pytest.mark.parametrize("lie", VERDICTS)
async def test_lies_about_a_password_are_no_answers(
    connect: Callable[..., Any], lie: str
) -> None:
    """Neither a right nor a wrong one."""
    directory = await connect(MadeUp("one", lambda question: VERDICTS[lie]))
    away = await away_of(directory.verify(KNOWN, "jdoe", "pw"))
    assert away.reason is Reason.DIRECTORY_LIED


async def test_nobody_is_never_let_in(connect: Callable[..., Any]) -> None:
    """Whatever the agent says of them."""
    directory = await connect(MadeUp("one", lambda question: RIGHT))
    away = await away_of(directory.verify(NOBODY, "x", "pw"))
    assert away.reason is Reason.DIRECTORY_LIED


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        "\0",
        '{"type":"question"}',
        '{"type":"answer","id":"0"}',
        '{"type":"answer","id":0,"said":{"type":"answers"}}',
        '{"type":"answer","id":"0","said":{"type":"gossip"}}',
        '{"type":"answer","id":"0","said":{"type":"answers"},"more":1}',
        '{"type":"answer","id":"0","said":{"type":"known","person":{}}}',
        "[" * 100_000,
    ],
)
async def test_garbage_ends_a_link(text: str) -> None:
    """It is not even answered."""
    link = LocalLink(Agent("one", TENANT, NAME, "one", "", 0.0))
    assert not link.incoming(text)


@given(text=st.text())
def test_no_text_breaks_a_link_otherwise(text: str) -> None:
    """It raises nothing, whatever an agent sends."""
    link = LocalLink(Agent("one", TENANT, NAME, "one", "", 0.0))
    assert link.incoming(text) is False


async def test_answers_to_nothing_are_forgiven_for_a_while() -> None:
    """Then they are a flood."""
    link = LocalLink(Agent("one", TENANT, NAME, "one", "", 0.0))
    stray = '{"type":"answer","id":"7","said":{"type":"answers"}}'
    assert [link.incoming(stray) for _ in range(MOST_STRAYS + 1)] == [
        *[True] * MOST_STRAYS,
        False,
    ]


async def test_many_groups_and_values_have_a_limit(connect: Callable[..., Any]) -> None:
    """A thousand groups are taken, one more breaks the protocol."""
    link = LocalLink(Agent("one", TENANT, NAME, "one", "", 0.0))
    for many, taken in ((1000, True), (1001, False)):
        person = {**PERSON, "groups": ["g"] * many}
        said = {"type": "known", "person": person}
        answer = {"type": "answer", "id": "0", "said": said}
        assert link.incoming(json.dumps(answer)) is taken


@pytest.mark.parametrize("name", ["x" * 1025, "a\0b", "\ud800"])
async def test_what_is_no_name_is_asked_nobody(
    connect: Callable[..., Any], name: str
) -> None:
    """And means nobody."""
    one = MadeUp("one")
    directory = await connect(one)
    found = await directory.find(name)
    assert found.external_id is None
    assert found.limit == DirectoryLimit()
    assert await directory.look_up(name) is None
    assert await directory.verify(found, name, "pw") == Rejected()
    assert one.asked == []
