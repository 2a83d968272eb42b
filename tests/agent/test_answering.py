"""Sign-ins through agents: shared, failed over, on record; and when nobody is there.

Real servers and agents in processes of their own; only the directory is made up.
"""

import signal
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest

from tests.agent.conftest import Hire
from tests.agent.running import AgentProcess, command, sign_in, until
from tests.agent.stand_in import LOCKED, PEOPLE, RIGHT, SLOW
from tests.wire.client import WireClient
from tests.wire.instance import Instance

AT_ONCE = 2.0
"""Seconds; what is told at once is, even on a busy machine."""


def code_of(client: WireClient, username: str, password: str) -> int:
    """The error code of a sign-in that is refused."""
    code: int = sign_in(client, username, password).json()["error_codes"][0]
    return code


def test_who_is_right_signs_in(
    server: Instance, client: WireClient, hire: Hire
) -> None:
    """With the profile that the directory tells; the record names the agent."""
    hire(server, "telling").start()
    id = str(uuid.uuid4())
    answer = sign_in(client, "alice", RIGHT, id)
    assert answer.status_code == 200
    token = jwt.decode(answer.json()["id_token"], options={"verify_signature": False})
    assert token["preferred_username"] == "alice@pta.test"
    assert token["name"] == "Alice"
    details = server.rows("SELECT detail FROM audit WHERE correlation_id = ?", id)
    assert ['"agent":"telling"' in detail for (detail,) in details] == [True]
    again = sign_in(client, "ALICE", RIGHT)
    same = jwt.decode(again.json()["id_token"], options={"verify_signature": False})
    assert same["oid"] == token["oid"]


def test_who_is_wrong_does_not(
    server: Instance, client: WireClient, hire: Hire
) -> None:
    """Wrong passwords, locked accounts and strangers, in the dialect's own words."""
    one = hire(server)
    one.start()
    id = str(uuid.uuid4())
    assert sign_in(client, "bob", "wrong", id).json()["error_codes"] == [50126]
    assert code_of(client, "bob", LOCKED) == 50053
    assert code_of(client, "mallory", "wrong") == 50126
    assert one.noted() == ["bind CN=bob", "bind CN=bob", "bind "]
    ((reason, detail),) = server.rows(
        "SELECT reason, detail FROM audit WHERE correlation_id = ?", id
    )
    assert reason == "password_wrong"
    assert '"agent":"one"' in detail


def test_without_an_agent_it_is_told_at_once(client: WireClient) -> None:
    """503 and when to come again, every time, and nobody's guess is counted."""
    for _ in range(8):
        began = time.monotonic()
        answer = sign_in(client, "carol")
        assert time.monotonic() - began < AT_ONCE
        assert answer.status_code == 503
        assert answer.json()["error_codes"] == [80001]
        assert int(answer.headers["retry-after"]) > 0


def test_the_first_agent_is_asked_as_soon_as_it_is_there(
    server: Instance, client: WireClient, hire: Hire
) -> None:
    """No breaker keeps it waiting, however often nobody was there before."""
    one = hire(server)
    assert [sign_in(client, "carol").status_code for _ in range(8)] == [503] * 8
    one.start()
    assert sign_in(client, "carol").status_code == 200


def test_agents_share_the_work(
    server: Instance, client: WireClient, hire: Hire
) -> None:
    """Each gets some of many sign-ins at once; none is asked twice."""
    agents = [hire(server, name) for name in ("one", "two")]
    for agent in agents:
        agent.start()
    with ThreadPoolExecutor(16) as pool:
        people = [PEOPLE[n % len(PEOPLE)] for n in range(48)]
        answers = list(pool.map(lambda who: sign_in(client, who), people))
    assert {answer.status_code for answer in answers} == {200}
    counts = [len(agent.noted()) for agent in agents]
    assert min(counts) > 0
    assert sum(counts) <= 48


def test_a_look_up_survives_its_agent(
    server: Instance, client: WireClient, hire: Hire
) -> None:
    """Killed while it looks somebody up: the next one answers."""
    doomed, other = hire(server, "doomed"), hire(server, "other")
    doomed.start()
    other.start("quick")
    answers: list[int] = []
    for _ in range(30):
        asking = threading.Thread(
            target=lambda: answers.append(code_of(client, SLOW, "x"))
        )
        asking.start()
        while asking.is_alive() and not doomed.noted():
            asking.join(0.05)
        if doomed.noted():
            break
    doomed.send(signal.SIGKILL)
    asking.join(30)
    assert doomed.noted() == ["find slow"]
    assert "find quick" in other.noted()
    assert set(answers) <= {50126, 50053}  # nobody's, and after some guesses locked


def test_a_password_is_not_tried_again_elsewhere(
    server: Instance, client: WireClient, hire: Hire
) -> None:
    """Its agent was killed while it was tried: 503, no guess, no second bind."""
    agents = [hire(server, name) for name in ("one", "two")]
    for agent in agents:
        agent.start()
    answers: list[int] = []
    asking = threading.Thread(
        target=lambda: answers.append(sign_in(client, "erin", SLOW).status_code)
    )
    asking.start()
    until(lambda: any(agent.noted() for agent in agents))
    (doomed,) = (agent for agent in agents if agent.noted())
    (other,) = (agent for agent in agents if agent is not doomed)
    before = server.guesses()
    doomed.send(signal.SIGKILL)
    asking.join(30)
    assert answers == [503]
    assert other.noted() == []
    assert server.guesses() == before
    assert sign_in(client, "erin").status_code == 200


def test_an_agent_that_hangs_is_passed_by(
    server: Instance, client: WireClient, hire: Hire
) -> None:
    """Stopped, not dead: somebody else looks people up, within the time there is."""
    agents = [hire(server, name) for name in ("one", "two")]
    for agent in agents:
        agent.start()
    agents[0].send(signal.SIGSTOP)
    try:
        answers = [sign_in(client, "frank").status_code for _ in range(6)]
    finally:
        agents[0].send(signal.SIGCONT)
    assert answers.count(200) >= 5
    assert answers[-1] == 200


@pytest.mark.parametrize("kind", ["down", "lying"])
def test_nobody_is_let_in_or_counted_by_a_bad_agent(
    server: Instance, client: WireClient, hire: Hire, kind: str
) -> None:
    """Its directory is away, or it says that everybody is Alice: 503."""
    one = hire(server, kind)
    one.start(kind)
    before = server.guesses()
    assert sign_in(client, "grace").status_code == 503
    assert server.guesses() == before


def test_a_restarted_server_is_found_again(
    server: Instance, client: WireClient, hire: Hire
) -> None:
    """Within seconds, without anybody's help; and the agent stops when told to."""
    one = hire(server)
    one.start()
    server.stop()
    server.start()
    until(lambda: sign_in(client, "heidi").status_code == 200)
    assert one.logged().count("connected to") == 2
    one.send(signal.SIGTERM)
    assert one.wait() == 0


def test_a_restarted_agent_needs_no_code(
    server: Instance, client: WireClient, hire: Hire
) -> None:
    """Its key and its enrolment are kept, for its own eyes; a code is ignored."""
    one = hire(server, "kept")
    one.start()
    one.send(signal.SIGKILL)
    one.wait()
    del one.document["code"]
    one.start()
    assert sign_in(client, "grace").status_code == 200
    rows = command(server, "connection", "agents", "corp-ad")
    assert len([row for row in rows if row["name"] == "kept"]) == 1
    modes = [path.stat().st_mode & 0o77 for path in (one.folder / "data").iterdir()]
    assert modes == [0, 0]


def test_no_secret_is_logged(server: Instance, client: WireClient, hire: Hire) -> None:
    """No password and nobody's name, here or there (promise 9)."""
    one = hire(server)
    one.start()
    password = "never-to-be-seen-4711"
    sign_in(client, "alice", password)
    sign_in(client, "mallory", password)
    logs = one.logged() + server.log.read_text()
    assert password not in logs
    assert "mallory" not in logs
    assert "alice" not in one.logged()
    assert all(password.encode() not in text for text in server.kept().values())


def test_an_agent_of_another_connection_is_not_asked(
    server: Instance, client: WireClient, hire: Hire
) -> None:
    """However idle it is."""
    other = hire(server, "other", "other-ad")
    other.start()
    assert sign_in(client, "alice").status_code == 503
    assert other.noted() == []


def test_agents_are_listed(server: Instance, hire: Hire) -> None:
    """With when they were last connected, which is now."""
    one: AgentProcess = hire(server, "listed")
    one.start()

    def seen() -> object:
        rows = command(server, "connection", "agents", "corp-ad")
        (row,) = (row for row in rows if row["name"] == "listed")
        return row["last_seen"]

    until(seen)
    assert str(seen()).endswith("Z")
