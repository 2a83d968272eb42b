"""Agents beside directories: kept, proven, connected, and asked across processes.

The values that these speak of are in `core.agents`.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from ostiary.core.agents import Agent, AgentLinkRow, Letter
from ostiary.flows.facts import AuditEvent


class Agents(Protocol):
    """The agents that are enrolled, and the codes with which others may."""

    async def put_code(
        self,
        digest: str,
        tenant_id: str,
        connection: str,
        expires_at: float,
        event: AuditEvent,
    ) -> None:
        """Keep a code by its digest, with one audit record."""
        ...

    async def find_code(self, digest: str, now: float) -> tuple[str, str] | None:
        """Tenant and connection of a code that is good now."""
        ...

    async def enrol(
        self, digest: str, agent: Agent, now: float, event: AuditEvent
    ) -> bool:
        """Use a code up and keep the agent; False, and nothing: it was not good."""
        ...

    async def find(self, agent_id: str) -> Agent | None:
        """The agent of that id, unless it was expelled."""
        ...

    async def listed(self, tenant_id: str, connection: str) -> Sequence[Agent]:
        """The agents of a connection, by name."""
        ...

    async def note_seen(self, agent_ids: Collection[str], now: float) -> frozenset[str]:
        """Note that these are connected; which of them are still enrolled."""
        ...

    async def expel(self, agent: Agent, event: AuditEvent) -> bool:
        """Forget an agent, with one audit record; False: it was gone."""
        ...


class AgentProofs(Protocol):
    """What agents sign with the keys that they enrolled."""

    def read_key(self, text: str) -> str | None:
        """An Ed25519 public key in its one spelling; None for anything else."""
        ...

    def read(self, proof: str, public_key: str) -> Mapping[str, object] | None:
        """Claims that this key has signed; None: it has not."""
        ...


class AgentLink(Protocol):
    """An agent that is connected to this process."""

    async def outgoing(self) -> str | None:
        """Wait for the next message to it; it counts as sent. None: expelled."""
        ...

    def incoming(self, text: str) -> bool:
        """Take a message from it; False: it does not keep to the protocol."""
        ...


class AgentLinks(Protocol):
    """The agents that are connected to this process."""

    async def attach(self, agent: Agent) -> AgentLink:
        """Begin to ask it, here and from other processes."""
        ...

    async def detach(self, link: AgentLink) -> None:
        """It is gone; what it was asked has no answer."""
        ...


class Post(Protocol):
    """How processes find who is connected elsewhere, and leave letters for them."""

    async def put_links(self, rows: Sequence[AgentLinkRow]) -> None:
        """Tell who is connected to this process."""
        ...

    async def drop_links(self, process: str, agent_ids: Collection[str]) -> None:
        """Tell that these are not any more."""
        ...

    async def links(
        self, tenant_id: str, connection: str, now: float
    ) -> Sequence[AgentLinkRow]:
        """Where agents of a connection are connected."""
        ...

    async def send(self, letter: Letter) -> None:
        """Leave a question."""
        ...

    async def withdraw(self, letter_id: str) -> bool:
        """Take a question back; False: it was taken."""
        ...

    async def take(self, process: str, now: float) -> Sequence[Letter]:
        """The questions to a process, which are gone from here then."""
        ...

    async def answer(self, letter_id: str, text: str, expires_at: float) -> None:
        """Leave an answer."""
        ...

    async def collect(self, letter_id: str) -> str | None:
        """The answer, which is gone from here then; None: there is none yet."""
        ...


class Opened(Protocol):
    """A letter that was opened: its text, and how to answer it."""

    @property
    def text(self) -> str:
        """What was asked."""
        ...

    def answer(self, text: str) -> str:
        """Encrypt an answer to who asked."""
        ...


class Sealed(Protocol):
    """A letter that was sealed, and how to read its answer."""

    @property
    def text(self) -> str:
        """The letter, which only its addressee can read."""
        ...

    def open_answer(self, text: str) -> str | None:
        """The answer; None: it is not the addressee's."""
        ...


class Letters(Protocol):
    """Secrets between the processes of one instance, past everybody else's eyes."""

    @property
    def address(self) -> str:
        """The public key of this process; its other half never leaves the memory."""
        ...

    def seal(self, text: str, address: str, letter_id: str) -> Sealed | None:
        """A letter to the process of that address; None: that is no address."""
        ...

    def open(self, text: str, letter_id: str) -> Opened | None:
        """A letter to this process; None: it is not, or not from our instance."""
        ...
