"""`ostiary doctor`: settings, connections, files and ports; what it prints."""

import socket
import stat
from typing import Any

import pytest
from click.testing import CliRunner

from ostiary.cli import main
from tests.cli.doctor.patients import Patient


def test_a_sound_instance_has_no_failure(applied: Patient) -> None:
    """Exit 0; every part was looked at, and only port 443 is worth a word."""
    report = applied.report(0)
    assert {check for check, _, _ in report} == {
        "configuration",
        "settings",
        "connections",
        "files",
        "tls",
        "port",
        "port 443",
        "store",
        "clock",
        "master key",
        "signing keys",
    }
    levels = {check: level for check, level, _ in report}
    assert set(levels.values()) <= {"ok", "warning"}
    assert levels["master key"] == levels["signing keys"] == "ok"


def test_text_has_one_line_for_each_check(applied: Patient) -> None:
    """Level first, then what was checked."""
    done = CliRunner().invoke(main, ["doctor", str(applied.file)])
    lines = done.stdout.splitlines()
    assert lines[0].split()[:2] == ["ok", "configuration"]
    assert all(line.split()[0] in ("ok", "warning", "FAIL") for line in lines)


def test_a_healthy_look_changes_nothing(patient: Patient) -> None:
    """No store, no CA, no master key is made by looking."""
    before = sorted(patient.folder.rglob("*"))
    assert "`ostiary apply`" in patient.told("warning", "store", 0)
    assert sorted(patient.folder.rglob("*")) == before


def test_a_wrong_key_in_the_file_is_named(patient: Patient) -> None:
    """File, line and key, as everywhere, and exit 1."""
    patient.document["server"]["modus"] = "development"
    text = patient.told("FAIL", "configuration", 1)
    assert f"{patient.file}:" in text
    assert "server.modus" in text


def test_port_of_somebody_else(
    applied: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program's port fails; whether it speaks HTTP does not matter."""
    monkeypatch.setattr("ostiary.doctor.ports.PATIENCE_SECONDS", 0.2)
    port = int(applied.document["server"]["listen"][0].rpartition(":")[2])
    with socket.create_server(("127.0.0.1", port)):
        text = applied.told("FAIL", "port", 1)
    assert text.startswith(f"cannot listen on 127.0.0.1:{port}: another program")


def test_port_443_ways_round(applied: Patient) -> None:
    """MSAL Python's realm question, and three ways round (interface §2, listen)."""
    text = applied.told("warning", "port 443", 0)
    for way in ("ip_unprivileged_port_start=443", "/adfs", "http_client"):
        assert way in text


def test_files_open_to_others(applied: Patient) -> None:
    """Data folder and a configuration with a password in it."""
    user = {"username": "alice@contoso.test", "password": "Pw-123456!"}
    applied.document["tenants"][0]["users"] = [user]
    applied.data.chmod(0o755)
    assert f"chmod 700 {applied.data}" in applied.told("warning", "files", 0)
    applied.data.chmod(0o700)
    applied.file.chmod(0o644)
    done = CliRunner().invoke(main, ["doctor", str(applied.file)])
    assert f"chmod 600 {applied.file}" in done.stdout
    assert stat.S_IMODE(applied.file.stat().st_mode) == 0o644


@pytest.mark.parametrize(
    ("place", "value", "expected"),
    [
        ("tenant", {"hide_unknown_users": False}, "hide_unknown_users is off"),
        ("tenant", {"jsonp": True}, "jsonp is on"),
        ("tenant", {"lockout": {"threshold": 5000}}, "lockout.threshold 5000"),
        (
            "tenant",
            {"password_hash": {"memory_kib": 64, "iterations": 1}},
            "guessed quickly",
        ),
        ("tenant", {"password_grant": False}, "no tenant of the file takes passwords"),
        ("server", {"trusted_proxies": ["0.0.0.0/0"]}, "may forge its address"),
        ("server", {"listen": ["0.0.0.0:0"]}, "beyond this machine"),
    ],
)
def test_weak_settings(
    patient: Patient, place: str, value: dict[str, Any], expected: str
) -> None:
    """Allowed, and yet worth a warning."""
    half = patient.document["server"]
    (half if place == "server" else patient.document["tenants"][0]).update(value)
    assert expected in patient.told("warning", "settings", 0)
