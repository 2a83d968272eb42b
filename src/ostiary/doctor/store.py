"""The store and what is sealed in it: schema, writing, clocks, master key, keys.

It is opened as it is: never made, migrated or changed.
"""

import time
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Final

from ostiary.app import database_url, key_path
from ostiary.doctor.finding import Finding, fail, ok, warning
from ostiary.flows.facts import StoredKey
from ostiary.flows.ports import StoreUnavailable
from ostiary.keys.keyfile import KeyFileError
from ostiary.keys.sealing import MasterKey, SealError
from ostiary.settings import Server
from ostiary.stores import open_database, sqlite_path
from ostiary.stores.database import Database, Script
from ostiary.stores.estate import StoredEstate
from ostiary.stores.migrations import HEAD, schema_version
from ostiary.stores.statement import Statement

RELEASED: Final = 1_760_000_000
"""Epoch seconds of a moment before this release: no right clock is behind it."""

DRIFT_SECONDS: Final = 2.0
DRIFT_THAT_BREAKS: Final = 60.0

_MADE_FOR: Final = Statement("SELECT made_for FROM store_origin WHERE id = 1")
_NEWEST: Final = Statement("SELECT MAX(at) AS at FROM audit")
_NOW: Final = Statement("SELECT extract(epoch FROM clock_timestamp()) AS now")
_TOUCH: Final = Statement("UPDATE settings_stamp SET version = version WHERE id = 1")


async def check_store(server: Server) -> AsyncIterator[Finding]:
    """Everything that takes an open store, and the clock beside it."""
    if time.time() < RELEASED:
        yield fail("clock", "is years behind", "set it: tokens would be dead at birth")
    url = database_url(server)
    if url.startswith("sqlite:") and not sqlite_path(url).exists():
        text = f"there is none yet at {sqlite_path(url)}"
        yield warning("store", text, "`ostiary apply` or `serve --apply` makes it")
        return
    try:
        database = await open_database(url)
    except (StoreUnavailable, ValueError) as error:
        yield fail("store", _line(error), "check server.database and data_dir")
        return
    try:
        async for finding in _check_open(server, database):
            yield finding
    except StoreUnavailable as error:
        yield fail(
            "store", _line(error), "check that it runs, its address and password"
        )
    finally:
        await database.close()


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


async def _check_open(server: Server, database: Database) -> AsyncIterator[Finding]:
    version = await schema_version(database)
    if version is None:
        mend = "`ostiary apply` or `serve --apply` makes the tables"
        yield warning("store", "the database is empty", mend)
        return
    if version != HEAD:
        yield _other_schema(version)
        return
    yield ok("store", f"{database.dialect} answers, schema {version}")
    yield await _check_writing(database)
    made_for = await database.fetch(_MADE_FOR)
    if made_for and server.mode == "production" != made_for[0]["made_for"]:
        mend = "production needs a store of its own"
        yield fail("store", "it was made in development mode", mend)
    yield await _check_clock(database)
    estate = StoredEstate(database)
    tenants = {name: await estate.keys(name) for name in await estate.tenant_ids()}
    for finding in _check_keys(server, tenants):
        yield finding


def _other_schema(version: str) -> Finding:
    if version > HEAD:
        text = f"schema {version} is newer than this release, which knows {HEAD}"
        return fail("store", text, "run the newer release, or restore a backup")
    text = f"schema {version}, migrations up to {HEAD} are pending"
    return warning("store", text, "back it up; the next start migrates it")


class _Undo(Exception):
    """Ends a transaction without a trace."""


async def _check_writing(database: Database) -> Finding:
    def script() -> Script[None]:
        yield _TOUCH, {}
        raise _Undo

    try:
        await database.transact(script)
    except _Undo:
        return ok("store", "can be written to")
    except StoreUnavailable as error:
        mend = "check the disk, its permissions, and who else holds it"
        return fail("store", f"cannot be written to: {_line(error)}", mend)
    return ok("store", "can be written to")


async def _check_clock(database: Database) -> Finding:
    """Several nodes measure lockouts and lifetimes by their own clocks."""
    if database.dialect == "postgresql":
        before = time.time()
        rows = await database.fetch(_NOW)
        drift = float(rows[0]["now"]) - (before + time.time()) / 2
        text = f"{abs(drift):.1f} s from the database's"
        if abs(drift) > DRIFT_THAT_BREAKS:
            return fail("clock", text, "run NTP on both machines")
        if abs(drift) > DRIFT_SECONDS:
            return warning("clock", text, "run NTP on both machines")
        return ok("clock", text)
    newest = (await database.fetch(_NEWEST))[0]["at"]
    ahead = (newest or 0) - time.time()
    if ahead > DRIFT_SECONDS:
        text = f"the newest record is {ahead:.0f} s in the future: it was set back"
        return warning("clock", text, "run NTP")
    return ok("clock", time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()))


def _check_keys(
    server: Server, tenants: dict[str, Sequence[StoredKey]]
) -> Iterator[Finding]:
    if not tenants:
        mend = "`ostiary apply` brings them in"
        yield warning("keys", "the store has no tenants yet", mend)
        return
    try:
        master = master_key(server)
    except KeyFileError as error:
        mend = "bring back the key with which the store was made"
        yield fail("master key", str(error), mend)
        return
    sealed = [key for keys in tenants.values() for key in keys]
    closed = [key.kid for key in sealed if not _opens(master, key)]
    if closed:
        text = f"opens {len(sealed) - len(closed)} of {len(sealed)} signing keys"
        mend = "bring back the key with which the store was made"
        yield fail("master key", text, mend)
    else:
        yield ok("master key", f"opens all {len(sealed)} signing keys")
    yield from _check_signing(tenants, time.time())


def master_key(server: Server) -> MasterKey:
    """The instance's master key, never made here. Raises KeyFileError."""
    if server.master_key is not None:
        return MasterKey.from_text(server.master_key.reveal())
    return MasterKey.load(key_path(server))


def _opens(master: MasterKey, key: StoredKey) -> bool:
    try:
        master.open(key.sealed_private_key, f"signing-key:{key.tenant_id}:{key.kid}")
    except SealError:
        return False
    return True


def _check_signing(
    tenants: dict[str, Sequence[StoredKey]], now: float
) -> Iterator[Finding]:
    mute = 0
    for tenant_id, keys in tenants.items():
        alive = [k for k in keys if (k.published_until or now + 1) > now]
        if not any(key.signs_from <= now for key in alive):
            mute += 1
            mend = "`ostiary keys rotate` makes one"
            yield fail("signing keys", f"tenant {tenant_id} has none that signs", mend)
    if not mute:
        yield ok("signing keys", f"{len(tenants)} tenant(s) can sign")
