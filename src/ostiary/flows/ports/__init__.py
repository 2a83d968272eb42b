"""What flows need of the world, as Protocols; `facts` holds the values they answer.

`StoreUnavailable` and `Overloaded` are the only exceptions an adapter may raise.
"""

from dataclasses import dataclass

from ostiary.flows.facts import Overloaded, StoreUnavailable
from ostiary.flows.ports.codes import Codes
from ostiary.flows.ports.devices import Devices, DeviceSignatures
from ostiary.flows.ports.envelopes import Envelopes
from ostiary.flows.ports.factors import Factors, Seeds
from ostiary.flows.ports.federation import Federation
from ostiary.flows.ports.limits import Limits
from ostiary.flows.ports.messages import Courier, Pages
from ostiary.flows.ports.people import (
    Connection,
    Connections,
    Directory,
    Guesses,
    People,
    Turns,
    Verdict,
)
from ostiary.flows.ports.tokens import Assertions, Audit, Clock, Signer, Tokens
from ostiary.flows.ports.wire import Wire

__all__ = [
    "Assertions",
    "Audit",
    "Clock",
    "Codes",
    "Connection",
    "Connections",
    "Courier",
    "DeviceSignatures",
    "Devices",
    "Directory",
    "Envelopes",
    "Factors",
    "Federation",
    "Guesses",
    "Limits",
    "Overloaded",
    "Pages",
    "People",
    "Ports",
    "Seeds",
    "Signer",
    "StoreUnavailable",
    "Tokens",
    "Turns",
    "Verdict",
    "Wire",
]


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything a flow may use, handed in by the composition root."""

    directory: Directory
    people: People
    connections: Connections
    federation: Federation
    guesses: Guesses
    turns: Turns
    limits: Limits
    factors: Factors
    seeds: Seeds
    envelopes: Envelopes
    tokens: Tokens
    audit: Audit
    assertions: Assertions
    devices: Devices
    device_signatures: DeviceSignatures
    signer: Signer
    codes: Codes
    courier: Courier
    pages: Pages
    clock: Clock
