"""`ostiary doctor` looks at the store: schema, clock, master key, signing keys."""

import asyncio
import sqlite3
from pathlib import Path

from ostiary.app import prepare
from ostiary.doctor.store import check_store
from ostiary.settings import SecretUrl, Server
from ostiary.stores.migrations import HEAD
from tests.cli.doctor.patients import Patient, install, issue
from tests.services.provision import free_port


def test_missing_master_key(applied: Patient) -> None:
    """Nothing in the store could be opened: it must come back, not be made anew."""
    (applied.data / "master.key").unlink()
    assert "bring back the key" in applied.told("FAIL", "master key", 1)
    assert not (applied.data / "master.key").exists()


def test_foreign_master_key(applied: Patient) -> None:
    """A key of another instance opens none of the signing keys."""
    (applied.data / "master.key").write_text("A" * 43 + "\n")
    text = applied.told("FAIL", "master key", 1)
    assert text.startswith("opens 0 of ")


def test_master_key_open_to_others(applied: Patient) -> None:
    """Refused as the server refuses it, with the command that mends it."""
    (applied.data / "master.key").chmod(0o644)
    assert "chmod 600" in applied.told("FAIL", "master key", 1)


def test_tenant_without_signing_key(applied: Patient) -> None:
    """It could issue no token."""
    with sqlite3.connect(applied.data / "ostiary.sqlite") as store:
        store.execute("DELETE FROM signing_keys")
    assert "has none that signs" in applied.told("FAIL", "signing keys", 1)


def test_store_of_a_newer_release(applied: Patient) -> None:
    """This release would not open it."""
    with sqlite3.connect(applied.data / "ostiary.sqlite") as store:
        store.execute("UPDATE alembic_version SET version_num = '9999'")
    text = applied.told("FAIL", "store", 1)
    assert text.startswith(
        f"schema 9999 is newer than this release, which knows {HEAD}"
    )


def test_store_of_an_older_release(applied: Patient) -> None:
    """A migration is pending: a backup first."""
    with sqlite3.connect(applied.data / "ostiary.sqlite") as store:
        store.execute("UPDATE alembic_version SET version_num = '0000'")
    assert "back it up" in applied.told("warning", "store", 0)


def test_development_store_in_production(applied: Patient) -> None:
    """Refused as the server refuses it (promise 15)."""
    install(applied, issue("localhost"))
    applied.document["server"]["mode"] = "production"
    assert "made in development mode" in applied.told("FAIL", "store", 1)


def test_clock_that_was_set_back(applied: Patient) -> None:
    """Records from the future show it."""
    with sqlite3.connect(applied.data / "ostiary.sqlite") as store:
        store.execute("UPDATE audit SET at = at + 3600")
    assert "in the future" in applied.told("warning", "clock", 0)


def findings(server: Server) -> dict[str, tuple[str, str]]:
    """What the store's checks find, by check: the last one of each."""

    async def collect() -> dict[str, tuple[str, str]]:
        return {f.check: (f.level, f.text) async for f in check_store(server)}

    return asyncio.run(collect())


def test_postgresql_is_asked_for_its_clock(
    postgresql_url: str, patient: Patient
) -> None:
    """Reachable, at our schema, writable; its clock is compared with ours."""
    patient.document["server"]["database"] = postgresql_url
    patient.write()
    patient.apply()
    report = patient.report(0)
    stores = [
        text for check, level, text in report if (check, level) == ("store", "ok")
    ]
    assert stores[0].startswith(f"postgresql answers, schema {HEAD}")
    assert stores[1].startswith("can be written to")
    (clock,) = [text for check, _, text in report if check == "clock"]
    assert clock.startswith("0.0 s from the database's")


def test_postgresql_that_is_not_there(tmp_path: Path) -> None:
    """It fails in bounded time, and the password is not told."""
    url = f"postgresql://ostiary:s3cret@127.0.0.1:{free_port()}/ostiary"
    found = findings(Server(data_dir=tmp_path, database=SecretUrl(url)))
    level, text = found["store"]
    assert level == "FAIL"
    assert "s3cret" not in text


def test_empty_store(tmp_path: Path) -> None:
    """A store without tenants is no failure: `apply` brings them in."""
    server = Server(data_dir=tmp_path)
    prepare(server)
    assert findings(server)["keys"] == ("warning", "the store has no tenants yet")
