"""Who an agent is: its key, and what the server enrolled it as.

The key is made here and never leaves; what it signs is told in `session`.
"""

import contextlib
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import msgspec
from msgspec import Struct

from ostiary import __version__
from ostiary.agent.settings import AgentSettings
from ostiary.agents.messages import ENROL_PATH, EnrolRequest, EnrolResponse
from ostiary.keys.agent_proofs import AgentKey
from ostiary.keys.keyfile import KeyFileError, replace

SECONDS: Final = 15.0
USER_AGENT: Final = f"ostiary-agent/{__version__}"
_FORBIDDEN: Final = 403


class Refused(Exception):
    """The server does not want this agent; the text says what to do."""


class Unanswered(Exception):
    """The server did not answer in a way that helps; worth trying again."""


class Enrolled(Struct, frozen=True, kw_only=True):
    """What the server said when this agent enrolled, and which server."""

    server: str
    id: str
    tenant: str
    connection: str


@dataclass(frozen=True, slots=True)
class Identity:
    """A key, and as what it is known."""

    key: AgentKey
    enrolled: Enrolled


def context_of(settings: AgentSettings) -> ssl.SSLContext:
    """TLS that trusts the system's CAs and the file's. Raises KeyFileError."""
    context = ssl.create_default_context()
    if settings.ca is not None:
        try:
            context.load_verify_locations(cafile=settings.ca)
        except (OSError, ValueError):
            raise KeyFileError(f"{settings.ca}: no CA certificates in PEM") from None
    return context


def key_of(settings: AgentSettings) -> AgentKey:
    """The key of this agent, made at its first start. Raises KeyFileError."""
    try:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        return AgentKey.kept(settings.data_dir / "agent.key")
    except OSError as error:
        raise KeyFileError(f"{settings.data_dir}: {error.strerror}") from None


def path_of(settings: AgentSettings) -> Path:
    """Where it is kept as what this agent enrolled."""
    return settings.data_dir / "agent.json"


def known_identity(settings: AgentSettings, key: AgentKey) -> Identity | None:
    """As what this agent is enrolled at its server; None: it is not, yet."""
    with contextlib.suppress(OSError, msgspec.MsgspecError):
        text = path_of(settings).read_bytes()
        enrolled = msgspec.json.decode(text, type=Enrolled)
        if enrolled.server == settings.server:
            return Identity(key, enrolled)
    return None


async def enrol(
    settings: AgentSettings, key: AgentKey, context: ssl.SSLContext
) -> Identity:
    """Enrol by the code, and keep as what.

    Raises Refused for a code that is not good, Unanswered, OSError for the file.
    """
    code = settings.code.reveal() if settings.code is not None else ""
    asked = EnrolRequest(code=code, name=settings.known_name, public_key=key.public)
    try:
        async with httpx.AsyncClient(verify=context, timeout=SECONDS) as client:
            answer = await client.post(
                settings.server + ENROL_PATH,
                content=msgspec.json.encode(asked),
                headers={"content-type": "application/json", "user-agent": USER_AGENT},
            )
    except httpx.HTTPError as error:
        raise Unanswered(f"{type(error).__name__}: {error}") from None
    if answer.status_code == _FORBIDDEN:
        raise Refused("the code is not good, or no longer; make a new one")
    try:
        if answer.status_code != httpx.codes.CREATED:
            raise Unanswered(f"the server answered {answer.status_code}")
        made = msgspec.json.decode(answer.content, type=EnrolResponse)
    except msgspec.MsgspecError:
        raise Unanswered("the server's answer cannot be read") from None
    enrolled = Enrolled(
        server=settings.server,
        id=made.id,
        tenant=made.tenant,
        connection=made.connection,
    )
    replace(path_of(settings), msgspec.json.encode(enrolled), mode=0o600)
    return Identity(key, enrolled)
