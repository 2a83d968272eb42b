"""Lockout against a model of the promise, through any sequence of guesses and waits.

On both databases, from two nodes; the model keeps the words of security promise 3 and
contract entra §8, not the arithmetic of the code.
"""

from dataclasses import dataclass, field

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from ostiary.core.errors import Reason
from ostiary.core.model import LockoutRules
from ostiary.core.request import Granted
from ostiary.flows.manage.changes import PutTenant
from ostiary.stores.statement import Statement
from tests.contracts.counters import once
from tests.flows import values
from tests.flows.values import DAY, NOON, trace
from tests.flows.world import World
from tests.properties.conftest import Nodes

RULES = LockoutRules(threshold=3, seconds=60, source_failures=8)
SOURCES = ("192.0.2.7", "198.51.100.9")
PASSWORDS = ("one", "two", "three", "four", "five", "six")
WAITS = (1, 59, 60, 61, 119, 120, 300, 900, 3600, DAY / 2, DAY, DAY + 1, 91 * DAY)
CLEAR = [
    Statement(f"DELETE FROM {table}")  # noqa: S608 - constants
    for table in ("failures", "places", "source_failures")
]


@dataclass
class Counter:
    """Wrong passwords from one kind of place, in the words of the promise."""

    wrong: list[str] = field(default_factory=list)
    """The distinct ones that counted, since the last success or the last day."""
    last: float = 0.0
    armed: bool = False
    """A lock has ended, and no success since: the next one that counts locks."""
    locks: int = 0
    until: float = 0.0

    def guess(self, password: str, now: float) -> bool:
        """Whether it counts; locks when it is time to."""
        if now - self.last > DAY:
            self.__init__()  # type: ignore[misc] # forgotten altogether
        if password in self.wrong[-3:]:
            return False
        self.wrong.append(password)
        self.last = now
        if self.armed or len(self.wrong) >= RULES.threshold:
            self.until = now + [60, 120, 240, 480, 900][min(self.locks, 4)]
            self.locks += 1
            self.armed = True
        return True

    def succeed(self) -> None:
        """Start anew, though not as to how long the next lock is."""
        self.wrong, self.armed = [], False

    def inherit(self, stranger: "Counter") -> None:
        """The place becomes known: its next lock is as long as it would have been."""
        if stranger.locks > self.locks:
            self.locks, self.last = stranger.locks, max(self.last, stranger.last)


class Lockout(RuleBasedStateMachine):
    """Guesses at Alice from two places, by two nodes in turn."""

    nodes: Nodes

    @initialize()
    def begin(self) -> None:
        """Nothing was ever guessed."""
        self.worlds = [World(self.nodes.here), World(self.nodes.there)]
        for statement in CLEAR:
            self.nodes.runner.run(self.nodes.here.transact(once(statement)))
        self.now, self.turn = NOON, 0
        self.counters = {True: Counter(), False: Counter()}
        self.home: dict[str, float] = {}
        self.failed: dict[tuple[str, int], int] = {}

    def ask(self, password: str | None, source: str) -> Reason | None:
        """What the next node says; a right password without one."""
        self.turn += 1
        world = self.worlds[self.turn % 2]
        world.clock.at = self.now
        told = self.nodes.runner.run(
            world.sign_in(trace=trace(source))
            if password is None
            else world.sign_in(password, trace=trace(source))
        )
        return None if isinstance(told, Granted) else told.reason

    def knows(self, source: str) -> bool:
        """Whether somebody signed in well from there in the last ninety days."""
        return source in self.home and self.now - self.home[source] < 90 * DAY

    def shut(self, source: str) -> bool:
        """Whether nothing is told: locked, or failed too often from there today."""
        day = (source, int(self.now // DAY))
        counter = self.counters[self.knows(source)]
        return counter.until > self.now or self.failed.get(day, 0) >= 8

    @rule(password=st.sampled_from(PASSWORDS), source=st.sampled_from(SOURCES))
    def guess(self, password: str, source: str) -> None:
        """A wrong password."""
        told = self.ask(password, source)
        if self.shut(source):
            assert told is Reason.ACCOUNT_LOCKED
            return
        assert told is Reason.PASSWORD_WRONG
        if self.counters[self.knows(source)].guess(password, self.now):
            day = (source, int(self.now // DAY))
            self.failed[day] = self.failed.get(day, 0) + 1

    @rule(source=st.sampled_from(SOURCES))
    def succeed(self, source: str) -> None:
        """The right password."""
        told = self.ask(None, source)
        if self.shut(source):
            assert told is Reason.ACCOUNT_LOCKED
            return
        assert told is None
        counter = self.counters[self.knows(source)]
        counter.succeed()
        if not self.knows(source) and self.now - counter.last <= DAY:
            self.counters[True].inherit(counter)
        self.home[source] = self.now

    @rule(seconds=st.sampled_from(WAITS))
    def wait(self, seconds: float) -> None:
        """Time goes by."""
        self.now += seconds


def furnish(nodes: Nodes) -> None:
    """The tenant with its numbers."""
    world = World(nodes.here)
    nodes.runner.run(world.furnish(PutTenant(values.tenant(lockout=RULES))))


def test_lockout_keeps_the_promise_through_any_sequence(nodes: Nodes) -> None:
    """What is told after any guesses and waits is what the model says."""
    furnish(nodes)
    machine = type("Machine", (Lockout,), {"nodes": nodes})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=40,
            stateful_step_count=25,
            # A rule is a request: on a busy machine no health check could pass.
            suppress_health_check=list(HealthCheck),
        ),
    )
