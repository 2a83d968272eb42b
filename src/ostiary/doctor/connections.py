"""Connections: whether passwords can be checked where the file and the store say.

Each directory or upstream is asked once, all of them side by side.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ostiary.app import database_url
from ostiary.configuration.options import ADDRESSES
from ostiary.connections import UPSTREAMS, Means, is_served
from ostiary.connections.upstream import Registered
from ostiary.core.connections import SEALED, connection_context
from ostiary.core.model import Authentication, ConnectionSettings, Domain, Tenant
from ostiary.doctor.finding import Finding, Level, fail, ok, warning
from ostiary.doctor.means import open_means
from ostiary.doctor.store import master_key
from ostiary.doctor.upstreams import examine
from ostiary.flows.manage.declaration import DeclaredTenant
from ostiary.flows.ports import StoreUnavailable
from ostiary.keys.keyfile import KeyFileError
from ostiary.keys.sealing import MasterKey, SealError
from ostiary.settings import Server
from ostiary.stores import open_database, sqlite_path
from ostiary.stores.agents import AgentStore
from ostiary.stores.database import Database
from ostiary.stores.estate import StoredEstate
from ostiary.stores.migrations import HEAD, schema_version

CHECK: Final = "connections"
SEEN_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Case:
    """A connection to look at; its secrets are open."""

    tenant: Tenant
    settings: ConnectionSettings
    secrets: Mapping[str, str]

    @property
    def place(self) -> str:
        """How it is called in the report."""
        return f"{self.tenant.name}: {self.settings.name}"

    @property
    def registered(self) -> Registered:
        """What its upstream is made from."""
        options = {k: v for k, v in self.settings.options.items() if k != SEALED}
        return Registered(
            self.tenant.id,
            self.settings.name,
            options,
            self.secrets,
            self.settings.restricted,
        )


@dataclass(frozen=True, slots=True)
class Store:
    """The store as far as connections need it, opened as it is."""

    database: Database
    master: MasterKey


def check_connections(
    server: Server, declared: Sequence[DeclaredTenant]
) -> list[Finding]:
    """Every connection of the file, and those that only the store has."""
    return asyncio.run(_check(server, declared))


async def _check(server: Server, declared: Sequence[DeclaredTenant]) -> list[Finding]:
    cases: dict[tuple[str, str], Case] = {}
    tenants = {each.tenant.name: each.tenant for each in declared}
    for each in declared:
        for connection in each.connections:
            case = Case(each.tenant, connection.settings, connection.secrets.texts)
            cases[each.tenant.name, connection.settings.name] = case
    async with _open_store(server) as store, open_means(server) as means:
        if store is not None:
            for case in await _stored(store):
                key = case.tenant.name, case.settings.name
                cases[key] = _completed(cases[key], case) if key in cases else case
                tenants.setdefault(case.tenant.name, case.tenant)
        found = [
            finding
            for tenant in tenants.values()
            for finding in _domains(tenant, cases)
        ]
        looked = await asyncio.gather(
            *(_look_at(case, means, store) for case in cases.values())
        )
    found += [finding for findings in looked for finding in findings]
    if not found:
        found = [ok(CHECK, "users are in the store: nothing else is asked")]
    return found


# --- the store ----------------------------------------------------------------------


@contextlib.asynccontextmanager
async def _open_store(server: Server) -> AsyncIterator[Store | None]:
    """None as long as it is not usable; why is told by the check of the store."""
    url = database_url(server)
    if url.startswith("sqlite:") and not sqlite_path(url).exists():
        yield None
        return
    try:
        database = await open_database(url)
    except (StoreUnavailable, ValueError):
        yield None
        return
    try:
        yield await _usable(server, database)
    finally:
        await database.close()


async def _usable(server: Server, database: Database) -> Store | None:
    try:
        if await schema_version(database) != HEAD:
            return None
        return Store(database, master_key(server))
    except (StoreUnavailable, KeyFileError):
        return None


async def _stored(store: Store) -> list[Case]:
    estate, cases = StoredEstate(store.database), []
    for tenant_id in await estate.tenant_ids():
        tenant = await estate.tenant(tenant_id)
        if tenant is None:
            continue
        for settings in (await estate.connections(tenant_id)).values():
            cases.append(Case(tenant, settings, _opened(store, tenant, settings)))
    return cases


def _opened(
    store: Store, tenant: Tenant, settings: ConnectionSettings
) -> dict[str, str]:
    sealed = settings.options.get(SEALED)
    context = connection_context(tenant.id, settings.name)
    opened = {}
    for name, text in sealed.items() if isinstance(sealed, Mapping) else ():
        with contextlib.suppress(SealError):
            opened[name] = store.master.open(text, f"{context}:{name}").decode()
    return opened


def _completed(case: Case, stored: Case) -> Case:
    """What the file says, with the secrets that it leaves to the store.

    Applying the file would forget those of another address, so they are not used.
    """
    ours, theirs = case.settings, stored.settings
    same = ours.strategy == theirs.strategy and all(
        ours.options.get(name) == theirs.options.get(name) for name in ADDRESSES
    )
    kept = stored.secrets if same else {}
    return replace(case, tenant=stored.tenant, secrets={**kept, **case.secrets})


# --- what is told -------------------------------------------------------------------


def _domains(
    tenant: Tenant, cases: Mapping[tuple[str, str], Case]
) -> Iterator[Finding]:
    for domain in tenant.domains:
        if domain.authentication is Authentication.MANAGED:
            continue
        place = f"{tenant.name}: domain {domain.name}"
        name = domain.connection or ""
        case = cases.get((tenant.name, name))
        if domain.authentication is Authentication.FEDERATED:
            yield from _federated(place, domain, case)
        elif case is None:
            mend = "add it, or name another one"
            yield fail(CHECK, f"{place} names no connection that there is", mend)
        elif not case.settings.enabled:
            text = f"{place}: its connection {name} is switched off"
            yield fail(CHECK, text, "its users cannot sign in: switch it on")
        elif not is_served(case.settings.strategy):
            text = f"{place}: {name} checks no passwords ({case.settings.strategy})"
            yield fail(CHECK, text, "name a connection that does")


def _federated(place: str, domain: Domain, case: Case | None) -> Iterator[Finding]:
    """Without WS-Trust no client is told where its users can sign in."""
    nobody = "its users cannot sign in here at all"
    options = case.settings.options if case is not None else {}
    if domain.connection is not None and case is None:
        yield fail(CHECK, f"{place} names no connection that there is", nobody)
    elif case is not None and not case.settings.enabled:
        yield fail(CHECK, f"{place}: its connection is switched off", nobody)
    elif not options.get("wstrust_metadata"):
        who = "only clients that bring a SAML assertion get in"
        mend = (
            f"{who if options.get('signing_certificate') else nobody}: give its "
            "connection wstrust_metadata and signing_certificate, or make the domain "
            "pass-through"
        )
        yield warning(CHECK, f"{place} is federated without WS-Trust", mend)


async def _look_at(case: Case, means: Means, store: Store | None) -> list[Finding]:
    settings, place = case.settings, case.place
    if not settings.enabled:
        return [ok(CHECK, f"{place}: switched off, not asked")]
    if not is_served(settings.strategy):
        text = f"{place}: checks no password by {settings.strategy}"
        mend = "sign-ins through it are refused; `enabled: false` says so"
        return [warning(CHECK, text, mend)]
    if settings.strategy not in UPSTREAMS:
        return [ok(CHECK, f"{place}: asks no directory")]
    if settings.options.get("agent"):
        return [await _agents(case, store)]
    remarks = await examine(settings.strategy, case.registered, means)
    return [
        Finding(CHECK, Level(each.grade.value), f"{place}: {each.text}", each.mend)
        for each in remarks
    ]


async def _agents(case: Case, store: Store | None) -> Finding:
    name, place = case.settings.name, case.place
    if store is None:
        return warning(CHECK, f"{place}: agents answer, none is enrolled yet")
    agents = await AgentStore(store.database).listed(case.tenant.id, name)
    if not agents:
        mend = f"ostiary connection enrol {name}, then ostiary agent beside it"
        return fail(CHECK, f"{place}: agents answer, and none is enrolled", mend)
    seen = sum(time.time() - each.seen_at < SEEN_SECONDS for each in agents)
    text = f"{place}: {seen} of {len(agents)} agent(s) were here within a minute"
    if not seen:
        mend = "if the server runs, look at their logs: ostiary connection agents"
        return warning(CHECK, text, f"{mend} {name}")
    return ok(CHECK, text)
