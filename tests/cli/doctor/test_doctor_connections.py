"""`ostiary doctor`: connections of the file and of the store, domains, agents."""

import sqlite3
import sys
import time
from typing import Any

import pytest
from click.testing import CliRunner

from ostiary.cli import main
from ostiary.core.errors import Reason
from ostiary.doctor import upstreams
from tests.cli.corporate import Corporate, away, corporate
from tests.cli.doctor.patients import Patient

__all__ = ["corporate"]

CHECK = "connections"
DATABASE = {"name": "Username-Password-Authentication", "strategy": "auth0"}
CORP: dict[str, Any] = {
    "name": "corp-ad",
    "strategy": "ad",
    "options": {
        "urls": ["ldaps://dc1.corp.test"],
        "base_dn": "DC=corp,DC=test",
        "bind_dn": "CN=o,DC=corp,DC=test",
        "bind_password": "The-binding-word-7",
    },
}


def use(patient: Patient, *connections: dict[str, Any], **domain: str) -> None:
    """Write these connections into the file, and a domain of one of them."""
    tenant = patient.document["tenants"][0]
    tenant["connections"] = [DATABASE, *connections]
    if domain:
        tenant["domains"] = [{"name": "contoso.test"}, {"name": "corp.test", **domain}]


def of_connections(patient: Patient, code: int) -> list[tuple[str, str]]:
    """Level and text of what is said of connections."""
    return [(level, s) for check, level, s in patient.report(code) if check == CHECK]


def test_each_is_examined_once(patient: Patient, corporate: type[Corporate]) -> None:
    """Remarks keep their level and remedy; the file's secret is used, and not told."""
    use(patient, CORP)
    found = of_connections(patient, 0)
    assert ("ok", "contoso: corp-ad: Active Directory answers over TLS; ") in found
    assert (
        "warning",
        "contoso: corp-ad: locks after 3 wrong passwords; raise it to 10",
    ) in found
    (made,) = corporate.made
    assert made.asked == [("examine",)]
    assert made.registered.secrets == {"bind_password": "The-binding-word-7"}
    assert "binding-word" not in str(found)
    assert made.closed


def test_all_are_asked_side_by_side(
    patient: Patient, corporate: type[Corporate], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten that hang cost the time of one, and each is a failure of its own."""
    monkeypatch.setattr(upstreams.examine, "__defaults__", (1.0,))
    corporate.hangs = True
    use(patient, *({**CORP, "name": f"ad-{number}"} for number in range(10)))
    began = time.monotonic()
    found = of_connections(patient, 1)
    assert time.monotonic() - began < 8
    failed = [text for level, text in found if level == "FAIL"]
    assert len(failed) == 10
    assert all("did not answer in time" in text for text in failed)


def test_a_failure_says_why(patient: Patient, corporate: type[Corporate]) -> None:
    """An upstream that is away, and a defect of ours, are failures and no traceback."""
    use(patient, CORP)
    corporate.failure = away(Reason.DIRECTORY_UNREACHABLE, "connection refused")
    text = patient.told("FAIL", "connections", 1)
    assert "cannot be reached: connection refused" in text
    corporate.failure = RuntimeError("a name of somebody")
    text = patient.told("FAIL", "connections", 1)
    assert "could not be examined: RuntimeError" in text
    assert "somebody" not in text


def test_disabled_and_passive_ones_are_not_asked(
    patient: Patient, corporate: type[Corporate]
) -> None:
    """A note, and a warning about a strategy without active login."""
    use(
        patient, {**CORP, "enabled": False}, {"name": "goog", "strategy": "windowslive"}
    )
    found = of_connections(patient, 0)
    assert ("ok", "contoso: corp-ad: switched off, not asked; ") in found
    (warned,) = [text for level, text in found if level == "warning"]
    assert warned.startswith("contoso: goog: checks no password by windowslive")
    assert corporate.made == []


def test_without_python_ldap(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing is told with the line that installs it."""
    monkeypatch.setitem(sys.modules, "ostiary.connections.ldap", None)
    use(patient, CORP)
    text = patient.told("FAIL", "connections", 1)
    assert "pip install 'ostiary[ldap]'" in text


def test_those_of_the_store_are_examined_too(
    applied: Patient, corporate: type[Corporate]
) -> None:
    """One that a command added; and a secret that the file leaves to the store."""
    add = (
        "connection", "add", "other-ad", "--strategy", "ad", "--option",
        "urls=ldaps://dc9.corp.test", "--option", "base_dn=DC=corp,DC=test",
        "--option", "bind_dn=CN=o", "--secret", "bind_password=-",
    )  # fmt: skip
    config = ("--config", str(applied.file))
    done = CliRunner().invoke(main, [*add, *config], input="Of-the-store-9\n")
    assert done.exit_code == 0, done.output
    found = of_connections(applied, 0)
    assert ("ok", "contoso: other-ad: Active Directory answers over TLS; ") in found
    assert corporate.made[-1].registered.secrets == {"bind_password": "Of-the-store-9"}
    silent = {k: v for k, v in CORP["options"].items() if k != "bind_password"}
    use(applied, {**CORP, "name": "other-ad", "options": silent})
    applied.report(0)
    assert corporate.made[-1].registered.options["urls"] == ["ldaps://dc1.corp.test"]
    assert len(corporate.made) == 2  # once each time, the file's options count


def test_a_secret_is_used_only_where_it_was_given_for(
    applied: Patient, corporate: type[Corporate]
) -> None:
    """Promise 9: the file's other address does not get the store's secret."""
    use(applied, CORP)
    applied.write()
    applied.apply()
    silent = {k: v for k, v in CORP["options"].items() if k != "bind_password"}
    use(applied, {**CORP, "options": silent})
    applied.report(0)
    assert corporate.made[-1].registered.secrets == {
        "bind_password": "The-binding-word-7"
    }
    use(applied, {**CORP, "options": {**silent, "urls": ["ldaps://evil.test"]}})
    applied.report(0)
    assert corporate.made[-1].registered.secrets == {}


@pytest.mark.parametrize(
    ("connection", "domain", "level", "words"),
    [
        (
            {**CORP, "enabled": False},
            {"authentication": "pass-through", "connection": "corp-ad"},
            "FAIL",
            "domain corp.test: its connection corp-ad is switched off",
        ),
        (
            {"name": "corp-ad", "strategy": "windowslive"},
            {"authentication": "pass-through", "connection": "corp-ad"},
            "FAIL",
            "corp-ad checks no passwords (windowslive)",
        ),
        (
            CORP,
            {"authentication": "federated"},
            "warning",
            "corp.test is federated without WS-Trust; its users cannot sign in here",
        ),
        (
            CORP,
            {"authentication": "federated", "connection": "corp-ad"},
            "warning",
            "corp.test is federated without WS-Trust",
        ),
    ],
)
def test_domains_lead_to_a_connection_that_serves_them(
    patient: Patient,
    corporate: type[Corporate],
    connection: dict[str, Any],
    domain: dict[str, str],
    level: str,
    words: str,
) -> None:
    """What its users would meet is told before they do."""
    use(patient, connection, **domain)
    found = of_connections(patient, 1 if level == "FAIL" else 0)
    assert any(each == level and words in text for each, text in found), found


def test_agents_are_counted(applied: Patient, corporate: type[Corporate]) -> None:
    """None enrolled fails; those seen within a minute are told; nothing is asked."""
    use(applied, {"name": "corp-ad", "strategy": "ad", "options": {"agent": True}})
    applied.write()
    applied.apply()
    text = applied.told("FAIL", "connections", 1)
    assert "agents answer, and none is enrolled" in text
    assert "ostiary connection enrol corp-ad" in text
    now = time.time()
    enrol(applied, "one", now - 3600)
    text = applied.told("warning", "connections", 0)
    assert "0 of 1 agent(s) were here within a minute" in text
    enrol(applied, "two", now)
    found = of_connections(applied, 0)
    assert any("1 of 2 agent(s) were here" in text for _, text in found)
    assert corporate.made == []


def enrol(applied: Patient, name: str, seen_at: float) -> None:
    """An agent in the store."""
    with sqlite3.connect(applied.data / "ostiary.sqlite") as store:
        (tenant_id,) = store.execute("SELECT id FROM tenants").fetchone()
        store.execute(
            "INSERT INTO agents (id, tenant_id, connection, name, public_key, "
            "enrolled_at, seen_at) VALUES (?, ?, 'corp-ad', ?, 'key', 0, ?)",
            (name, tenant_id, name, seen_at),
        )
