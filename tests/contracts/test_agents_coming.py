"""How agents come, bounded: guesses at codes and proofs, on both databases.

The wire is tried in tests/agent.
"""

import pytest

from ostiary.core.agents import is_agent_name, is_proven
from ostiary.core.errors import Reason, Refused
from ostiary.core.request import Trace
from ostiary.flows.agents import CODES, PROOFS, AgentDoor, admit, enrol
from ostiary.flows.digests import sha256_hex
from ostiary.keys.agent_proofs import SignedProofs
from ostiary.stores.agents import AgentStore
from ostiary.stores.audit import AuditLog
from ostiary.stores.database import Database
from ostiary.stores.limits import StoredLimits
from tests.flows import values
from tests.flows.fakes import StillClock
from tests.flows.values import AWAY, HOME, NOON, TENANT

KEY = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
"""Of RFC 8032 §7.1, as RFC 8037 appendix A spells it."""
HERE, THERE = (Trace("id", "id", source, door="agents") for source in (HOME, AWAY))
BASE = "https://login.example"


@pytest.fixture
def door(database: Database) -> AgentDoor:
    """A door that nobody came through."""
    limits = StoredLimits(database, b"k" * 32)
    clock, audit = StillClock(), AuditLog(database)
    return AgentDoor(AgentStore(database), SignedProofs(), limits, audit, clock, BASE)


async def code_of(door: AgentDoor, code: str) -> str:
    """Make it good."""
    event, until = values.event("changed"), NOON + 3600
    await door.agents.put_code(sha256_hex(code), TENANT, "corp-ad", until, event)
    return code


async def refusal(door: AgentDoor, code: str, trace: Trace) -> Refused:
    """Why a code does not enrol."""
    with pytest.raises(Refused) as refused:
        await enrol(door, code, "dc1", KEY, trace)
    return refused.value


async def test_guessing_codes_ends_soon(door: AgentDoor) -> None:
    """From that address not even a good one helps then; from others it does."""
    good = await code_of(door, "good")
    for number in range(CODES.capacity):
        wrong = await refusal(door, f"guess{number}", HERE)
        assert wrong.reason is Reason.CODE_WRONG
    refused = await refusal(door, good, HERE)
    assert refused.reason is Reason.TOO_MANY_REQUESTS
    assert refused.facts["retry_after"] == 60
    agent = await enrol(door, good, "dc1", KEY, THERE)
    assert (agent.connection, agent.name, agent.public_key) == ("corp-ad", "dc1", KEY)


async def test_good_codes_cost_nothing(door: AgentDoor) -> None:
    """However many agents come from one address."""
    for number in range(CODES.capacity + 5):
        code = await code_of(door, f"good{number}")
        assert (await enrol(door, code, "dc1", KEY, HERE)).name == "dc1"


async def test_wrong_proofs_end_soon(door: AgentDoor) -> None:
    """Of agents that there are and of others alike, and all are on record."""
    agent = await enrol(door, await code_of(door, "good"), "dc1", KEY, THERE)
    for number in range(PROOFS.capacity):
        who = agent.id if number % 2 else "nobody"
        with pytest.raises(Refused) as refused:
            await admit(door, who, "a.b.c", "nonce", HERE)
        assert refused.value.reason is Reason.ASSERTION_SIGNATURE
    with pytest.raises(Refused) as refused:
        await admit(door, agent.id, "a.b.c", "nonce", HERE)
    assert refused.value.reason is Reason.TOO_MANY_REQUESTS
    assert isinstance(door.audit, AuditLog)
    records = [event for _, event in await door.audit.tail(100)]
    told = [
        event.detail.get("agent") for event in records if event.outcome == "refused"
    ]
    assert told == [None, "dc1"] * (PROOFS.capacity // 2)


async def test_refused_codes_are_on_record_without_the_code(door: AgentDoor) -> None:
    """Who guesses may have mistyped a good one (promise 9)."""
    await refusal(door, "almost-good", HERE)
    assert isinstance(door.audit, AuditLog)
    ((_, event),) = await door.audit.tail(10)
    assert (event.outcome, event.reason) == ("refused", "code_wrong")
    assert (event.trace.door, event.trace.source) == ("agents", HOME)
    assert "almost-good" not in repr(event)


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("dc1", True),
        ("DC1.corp.test_2-a", True),
        ("x" * 64, True),
        ("x" * 65, False),
        ("", False),
        (".dc1", False),
        ("dc1-", False),
        ("d c", False),
        ("dc1\n", False),
        ("dç1", False),
    ],
)
def test_names_are_plain(name: str, good: bool) -> None:
    """They stand in logs and commands."""
    assert is_agent_name(name) is good


def claims(**changes: object) -> dict[str, object]:
    """What a good proof says at NOON."""
    said: dict[str, object] = {"iss": "one", "aud": BASE, "nonce": "n"}
    return {**said, "iat": NOON, "exp": NOON + 60, **changes}


@pytest.mark.parametrize(
    ("changes", "proven"),
    [
        ({}, True),
        ({"iat": NOON - 299, "exp": NOON - 239}, True),  # clocks differ
        ({"iat": NOON + 299, "exp": NOON + 359}, True),
        ({"iat": NOON - 400, "exp": NOON - 340}, False),
        ({"iat": NOON + 301, "exp": NOON + 361}, False),
        ({"exp": NOON + 61}, False),  # good for too long
        ({"exp": NOON}, False),
        ({"exp": str(NOON + 60)}, False),
        ({"iat": False}, False),
        ({"iss": "two"}, False),
        ({"aud": BASE + "/"}, False),
        ({"aud": [BASE]}, False),
        ({"nonce": "m"}, False),
    ],
    ids=str,
)
def test_what_a_proof_must_say(changes: dict[str, object], proven: bool) -> None:
    """Who, to whom, in answer to what, and when (RFC 7519 §4.1)."""
    assert is_proven(claims(**changes), "one", BASE, "n", NOON) is proven


def test_nothing_proves_less() -> None:
    """Each claim must be there."""
    whole = claims()
    for name in whole:
        less = {key: value for key, value in whole.items() if key != name}
        assert not is_proven(less, "one", BASE, "n", NOON)
