"""The development CA: made once, renewed in time, the same for every process."""

import os
import shutil
import stat
import subprocess
import sys
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from ostiary.keys.keyfile import KeyFileError
from ostiary.keys.local_ca import LocalTls, ensure_local_ca
from tests.keys.chains import certificate_in, handshake

NOW = 1_795_224_127.0
DAY = 86_400.0


def names_in(path: Path) -> tuple[set[str], set[str]]:
    """DNS names and addresses of a certificate's SAN."""
    san = certificate_in(path).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    addresses = san.value.get_values_for_type(x509.IPAddress)
    return set(san.value.get_values_for_type(x509.DNSName)), set(map(str, addresses))


def contents(tls: LocalTls) -> tuple[bytes, bytes, bytes]:
    return (
        tls.ca_path.read_bytes(),
        tls.certificate_path.read_bytes(),
        tls.key_path.read_bytes(),
    )


def test_authority_can_sign_servers_only(tls: LocalTls) -> None:
    """The CA is a CA without sub-CAs, P-256, for ten years; the server is none."""
    authority = certificate_in(tls.ca_path)
    limits = authority.extensions.get_extension_for_class(x509.BasicConstraints)
    assert limits.critical
    assert (limits.value.ca, limits.value.path_length) == (True, 0)
    key = authority.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"
    life = authority.not_valid_after_utc - authority.not_valid_before_utc
    assert life.days == 3652
    server = certificate_in(tls.certificate_path)
    limits = server.extensions.get_extension_for_class(x509.BasicConstraints)
    assert limits.value.ca is False


def test_files_lie_where_the_interface_says(tls: LocalTls, tmp_path: Path) -> None:
    """The CA is data_dir/ca.pem; keys are 0600, and no temporary file stays."""
    folder = tmp_path / "data"
    assert tls.ca_path == folder / "ca.pem"
    for path in (tls.key_path, folder / "ca-key.pem"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(os.listdir(folder)) == [
        ".local-ca.lock",
        "ca-key.pem",
        "ca.pem",
        "server-key.pem",
        "server.pem",
    ]


def test_hosts_become_names_and_addresses(tmp_path: Path) -> None:
    """Names and addresses in any spelling land in the SAN, localhost always."""
    hosts = ["Login.Test", "10.1.2.3", "[fd00::7%eth0]", "bücher.test", "localhost"]
    tls = ensure_local_ca(tmp_path, hosts)
    names, addresses = names_in(tls.certificate_path)
    assert names == {"localhost", "login.test", "xn--bcher-kva.test"}
    assert addresses == {"127.0.0.1", "::1", "10.1.2.3", str(ip_address("fd00::7"))}


@pytest.mark.parametrize("host", ["", "a..b", "x" * 64 + ".test"])
def test_impossible_hosts_are_refused(tmp_path: Path, host: str) -> None:
    """A host that no certificate can name is refused before anything is made."""
    with pytest.raises(ValueError, match="host name"):
        ensure_local_ca(tmp_path / "data", [host])
    assert not (tmp_path / "data").exists()


def test_second_call_changes_nothing(tmp_path: Path) -> None:
    """As long as nothing is due, files stay byte for byte, in any order of hosts."""
    first = ensure_local_ca(tmp_path, ["a.test", "b.test"], now=NOW)
    before = contents(first)
    second = ensure_local_ca(tmp_path, ["b.test", "a.test"], now=NOW + 300 * DAY)
    assert second == first
    assert contents(second) == before


def test_server_certificate_is_renewed_in_time(tmp_path: Path) -> None:
    """397 days of life, renewed in the last thirty; the CA people trust stays."""
    tls = ensure_local_ca(tmp_path, [], now=NOW)
    before = certificate_in(tls.certificate_path)
    life = before.not_valid_after_utc - before.not_valid_before_utc
    assert life.days == 397
    authority = tls.ca_path.read_bytes()
    ensure_local_ca(tmp_path, [], now=NOW + 368 * DAY)
    after = certificate_in(tls.certificate_path)
    assert after.serial_number != before.serial_number
    assert after.not_valid_after_utc.timestamp() > NOW + 760 * DAY
    assert tls.ca_path.read_bytes() == authority


def test_changed_hosts_renew_the_server_only(tmp_path: Path) -> None:
    """A host that is new, or gone, makes a new certificate under the same CA."""
    tls = ensure_local_ca(tmp_path, ["a.test"])
    authority = tls.ca_path.read_bytes()
    ensure_local_ca(tmp_path, ["b.test"])
    assert names_in(tls.certificate_path)[0] == {"localhost", "b.test"}
    assert tls.ca_path.read_bytes() == authority


def test_server_never_outlives_its_authority(tmp_path: Path) -> None:
    """Near the CA's end the server's certificate is cut; then a new CA is made."""
    tls = ensure_local_ca(tmp_path, [], now=NOW)
    authority = certificate_in(tls.ca_path)
    ensure_local_ca(tmp_path, [], now=NOW + 3600 * DAY)
    assert certificate_in(tls.ca_path) == authority
    server = certificate_in(tls.certificate_path)
    assert server.not_valid_after_utc <= authority.not_valid_after_utc
    ensure_local_ca(tmp_path, [], now=NOW + 3640 * DAY)
    renewed = certificate_in(tls.ca_path)
    assert renewed.subject != authority.subject
    certificate_in(tls.certificate_path).verify_directly_issued_by(renewed)


@pytest.mark.parametrize("damage", ["ca.pem", "ca-key.pem", "server.pem"])
@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN NONSENSE-----\n"])
def test_damage_is_repaired(tmp_path: Path, damage: str, content: bytes | None) -> None:
    """A missing or broken file is made anew, and the whole set fits together."""
    tls = ensure_local_ca(tmp_path, ["login.test"])
    if content is None:
        (tmp_path / damage).unlink()
    else:
        (tmp_path / damage).write_bytes(content)
    assert ensure_local_ca(tmp_path, ["login.test"]) == tls
    assert handshake(tls, "login.test") == "TLSv1.3"


def test_strange_files_are_replaced(tmp_path: Path) -> None:
    """A server pair of another CA, or a key of another certificate, is not kept."""
    tls = ensure_local_ca(tmp_path / "mine", [])
    other = ensure_local_ca(tmp_path / "other", [])
    shutil.copy(other.certificate_path, tls.certificate_path)
    assert handshake(ensure_local_ca(tmp_path / "mine", []), "localhost") == "TLSv1.3"
    shutil.copy(other.certificate_path, tls.certificate_path)
    shutil.copy(other.key_path, tls.key_path)
    assert handshake(ensure_local_ca(tmp_path / "mine", []), "localhost") == "TLSv1.3"


def test_keys_open_to_others_stop_the_start(tmp_path: Path) -> None:
    """Promise 15: a CA key that others could have copied is not used in silence."""
    ensure_local_ca(tmp_path, [])
    (tmp_path / "ca-key.pem").chmod(0o644)
    with pytest.raises(KeyFileError, match=r"ca-key\.pem.*chmod 600"):
        ensure_local_ca(tmp_path, [])


def test_two_authorities_differ_in_name(tmp_path: Path) -> None:
    """Two development CAs can be trusted side by side."""
    one = ensure_local_ca(tmp_path / "one", [])
    two = ensure_local_ca(tmp_path / "two", [])
    assert certificate_in(one.ca_path).subject != certificate_in(two.ca_path).subject


def test_processes_agree(tmp_path: Path) -> None:
    """Workers that start at once on an empty folder all get the one same set."""
    code = (
        "import sys, pathlib; from ostiary.keys.local_ca import ensure_local_ca\n"
        "sys.stdin.read()\n"
        "tls = ensure_local_ca(pathlib.Path(sys.argv[1]), ['login.test'])\n"
        "sys.stdout.write(tls.ca_path.read_text() + tls.certificate_path.read_text())"
    )
    folder = tmp_path / "data"
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            text=True,
        )
        for _ in range(4)
    ]
    # Closing standard input is the starting shot.
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.close()
        worker.stdin = None
    seen = {worker.communicate(timeout=60)[0] for worker in workers}
    assert len(seen) == 1
    assert seen.pop().count("BEGIN CERTIFICATE") == 2
    assert all(worker.returncode == 0 for worker in workers)
