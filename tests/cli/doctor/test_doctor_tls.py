"""`ostiary doctor` looks at the certificate: names, dates, key and chain."""

from collections.abc import Sequence

import pytest

from ostiary.doctor.tls import is_named
from tests.cli.doctor.patients import DAY, NOW, Patient, install, issue


def test_certificate_of_another_host(patient: Patient) -> None:
    """Clients of base_url would refuse it."""
    install(patient, issue("other.test"))
    text = patient.told("FAIL", "tls", 1)
    assert text.startswith("names other.test, not localhost")


@pytest.mark.parametrize(
    ("days", "level", "exit_code", "expected"),
    [
        ((-9, -2), "FAIL", 1, f"expired on {NOW - 2 * DAY:%Y-%m-%d}"),
        ((-9, 20), "warning", 0, f"expires on {NOW + 20 * DAY:%Y-%m-%d}"),
        ((+2, 90), "FAIL", 1, f"not valid before {NOW + 2 * DAY:%Y-%m-%d}"),
    ],
)
def test_certificate_out_of_its_time(
    patient: Patient, days: Sequence[int], level: str, exit_code: int, expected: str
) -> None:
    """Expired and not yet valid fail; within 30 days of its end is a warning."""
    install(patient, issue("localhost", days=days))
    found = [t for c, lv, t in patient.report(exit_code) if (c, lv) == ("tls", level)]
    assert any(text.startswith(expected) for text in found)


def test_key_of_another_certificate(patient: Patient) -> None:
    """The server could not even start with it."""
    install(patient, issue("localhost"), key=issue("localhost"))
    assert "is not the key of" in patient.told("FAIL", "tls", 1)


def test_missing_certificate(patient: Patient) -> None:
    """Named, with what the system says."""
    install(patient, issue("localhost"))
    (patient.folder / "cert.pem").unlink()
    expected = f"{patient.folder / 'cert.pem'}: No such file or directory"
    assert patient.told("FAIL", "tls", 1).startswith(expected)


def test_chain_out_of_order(patient: Patient) -> None:
    """Each certificate must be issued by the next (RFC 8446 §4.4.2)."""
    root, stranger = issue("ca.test"), issue("stranger.test")
    leaf = issue("localhost", by=root)
    install(patient, leaf, stranger)
    assert "make no chain" in patient.told("FAIL", "tls", 1)
    install(patient, leaf, root)
    assert "no CA that this system trusts" in patient.told("warning", "tls", 0)


@pytest.mark.parametrize(
    ("host", "name", "expected"),
    [
        ("login.contoso.test", "login.contoso.test", True),
        ("LOGIN.contoso.test", "login.contoso.test", True),
        ("login.contoso.test", "*.contoso.test", True),
        ("a.login.contoso.test", "*.contoso.test", False),
        ("contoso.test", "*.contoso.test", False),
        ("127.0.0.1", "127.0.0.1", True),
        ("::1", "0:0:0:0:0:0:0:1", True),
        ("127.0.0.1", "*.0.0.1", False),
    ],
)
def test_names_as_clients_compare_them(host: str, name: str, expected: bool) -> None:
    """A wildcard stands for the leftmost label alone (RFC 9525 §6.3)."""
    assert is_named(host, name) is expected
