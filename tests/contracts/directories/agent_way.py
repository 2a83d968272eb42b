"""The way by an agent: a server's door, an agent at it over TLS, and its directory.

All in one process and one event loop; what passes between them is what passes anywhere.
"""

import asyncio
import contextlib
import ssl
import tempfile
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

from ostiary.agency import Agency
from ostiary.agent.answering import Answering
from ostiary.agent.identity import Enrolled, Identity
from ostiary.agent.session import hold
from ostiary.agents.messages import CONNECT_PATH
from ostiary.agents.socket import beside
from ostiary.clock import SystemClock
from ostiary.connections.ldap import LdapDirectory
from ostiary.connections.remote import RemoteDirectory
from ostiary.connections.upstream import Registered, Upstream
from ostiary.core.agents import Agent
from ostiary.keys.agent_proofs import AgentKey
from ostiary.keys.local_ca import ensure_local_ca
from ostiary.keys.sealing import MasterKey
from ostiary.serving.certificates import Certificate, TlsFiles
from ostiary.serving.connection import Limits
from ostiary.serving.listeners import open_listeners
from ostiary.serving.worker import Site, serving
from ostiary.settings import Server
from ostiary.stores import open_database
from ostiary.stores.agents import AgentStore
from ostiary.stores.audit import AuditLog
from ostiary.stores.limits import StoredLimits
from ostiary.stores.migrations import migrate
from ostiary.web import WebApp
from tests.flows import values

SECONDS = 30.0


@contextlib.asynccontextmanager
async def by_agent(registered: Registered) -> AsyncIterator[Upstream]:
    """An agent beside the directory asks it; this server asks the agent."""
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (listener,) = open_listeners("127.0.0.1:0")
        base = f"https://localhost:{listener.getsockname()[1]}"
        agency, agents = await _open_agency(stack, folder, base)
        local = ensure_local_ca(folder, ("localhost",))
        certificate = Certificate(TlsFiles(local.certificate_path, local.key_path))
        site = Site(
            lambda: beside(WebApp([agency.front]), agency.socket),
            [listener],
            certificate,
            _paths(),
        )
        await stack.enter_async_context(serving([site], Limits(grace_seconds=1)))
        directory = LdapDirectory(registered, ())
        stack.push_async_callback(directory.close)
        identity = await _enrol(agents, registered, folder, base)
        context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
        await _connect(stack, identity, context, directory)
        yield RemoteDirectory(registered, agency.board)


def _paths() -> frozenset[bytes]:
    return frozenset({CONNECT_PATH.encode()})


async def _open_agency(
    stack: contextlib.AsyncExitStack, folder: Path, base: str
) -> tuple[Agency, AgentStore]:
    url = f"sqlite:///{folder / 'store.db'}"
    await asyncio.to_thread(migrate, url)
    database = await open_database(url)
    stack.push_async_callback(database.close)
    limits = StoredLimits(database, b"k" * 32)
    server, master = Server(base_url=base), MasterKey([b"m" * 32])
    audit = AuditLog(database)
    agency = Agency.open(server, database, master, limits, audit, SystemClock())
    stack.push_async_callback(agency.close)
    return agency, AgentStore(database)


async def _enrol(
    agents: AgentStore, registered: Registered, folder: Path, base: str
) -> Identity:
    key, id = AgentKey.kept(folder / "agent.key"), str(uuid.uuid4())
    where = registered.tenant_id, registered.name
    event = values.event("changed")
    await agents.put_code("digest", *where, 2e9, event)
    agent = Agent(id, *where, "beside", key.public, 0.0)
    assert await agents.enrol("digest", agent, 0.0, event)
    tenant, connection = where
    enrolled = Enrolled(server=base, id=id, tenant=tenant, connection=connection)
    return Identity(key, enrolled)


async def _connect(
    stack: contextlib.AsyncExitStack,
    identity: Identity,
    context: ssl.SSLContext,
    directory: Upstream,
) -> None:
    ready = asyncio.Event()
    work = asyncio.create_task(hold(identity, context, Answering(directory), ready.set))

    async def end() -> None:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)

    stack.push_async_callback(end)
    async with asyncio.timeout(SECONDS):
        await ready.wait()
