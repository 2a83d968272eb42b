"""A real Active Directory domain controller: Samba on a loopback address of its own.

Its port numbers are fixed, so it is the address that is free; that needs root. The
domain is made once and cached; each server works on a copy.
"""

import contextlib
import hashlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.services.background import answers, spawn, stop
from tests.services.certificates import Authority
from tests.services.provision import CACHE, Missing, ends_with_us, made_once

REALM = "corp.example.test"
DOMAIN = "CORP"
BASE = "DC=corp,DC=example,DC=test"
PEOPLE = f"OU=People,{BASE}"
GROUPS = f"OU=Groups,{BASE}"
PASSWORD = "Passw0rd!x"
ZOES_PASSWORD = "Pässwörd-ß€1"
BIND_NAME = f"svc-ostiary@{REALM}"
BIND_PASSWORD = "Reader-Passw0rd!"
ADMINISTRATOR = "Adm1n-Passw0rd!"
THRESHOLD, STRICT_THRESHOLD, SECONDS = 5, 4, 1800

FRESH = tuple(f"fresh{number}" for number in range(1, 9))
"""People for tests that want somebody of their own."""
STATES = (
    "disabled",
    "locked",
    "acctexpired",
    "mustchange",
    "pwexpired",
    "badhours",
    "badworkstation",
)
JOB = {
    "threshold": THRESHOLD,
    "strict_threshold": STRICT_THRESHOLD,
    "seconds": SECONDS,
    "service_password": BIND_PASSWORD,
    "people": {
        "zoe": ZOES_PASSWORD,
        **dict.fromkeys(("alice", "bob", "strict", "claimant", "clash"), PASSWORD),
        **dict.fromkeys(("twin1", "twin2", *FRESH, *STATES), PASSWORD),
    },
    "profiles": {
        "alice": {
            "displayName": "Alice Anderson",
            "givenName": "Alice",
            "sn": "Anderson",
            "title": "Engineer",
            "department": "Research",
            "company": "Example",
            "telephoneNumber": "+1 555 0100",
            "mobile": "+1 555 0101",
        },
        "zoe": {"givenName": "Zoë", "sn": "Müller", "displayName": "Zoë Müller"},
    },
    "groups": {
        "staff": ["alice", "bob", "zoe"],
        "all-staff": ["staff"],
        "everybody": ["all-staff"],
        "others": ["bob"],
    },
}
SEED = Path(__file__).with_name("active_directory_seed.py")
PORTS = (389, 636, 3268, 3269, 88, 464)
START_SECONDS = 60

CONFIGURATION = """[global]
netbios name = DC1
realm = {realm}
workgroup = {domain}
server role = active directory domain controller
server services = ldap, cldap, kdc
interfaces = {host}/8
bind interfaces only = yes
private dir = {folder}/private
state directory = {folder}/state
cache directory = {folder}/cache
lock directory = {folder}
binddns dir = {folder}/bind-dns
pid directory = {folder}/run
ncalrpc dir = {folder}/run/ncalrpc
log file = {folder}/samba.log
log level = 1
disable netbios = yes
ldap server require strong auth = yes
tls enabled = yes
tls keyfile = {folder}/dc1.key
tls certfile = {folder}/dc1.pem
tls cafile = {folder}/ca.pem
tls dh params file =
"""


@dataclass(frozen=True)
class ActiveDirectoryServer:
    """A running domain controller; `ca`: who signed its certificate.

    people: DN and GUID by account name, as Samba itself tells them.
    """

    host: str
    ca: Path
    people: Mapping[str, Mapping[str, str]]

    @property
    def url(self) -> str:
        """LDAPS; the certificate is for the address, localhost and the host name."""
        return f"ldaps://{self.host}"

    @property
    def plain_url(self) -> str:
        """LDAP, which offers StartTLS and refuses simple binds without."""
        return f"ldap://{self.host}"

    @property
    def options(self) -> dict[str, object]:
        """The options of a connection of strategy `ad`, but for the secret."""
        return {
            "urls": [self.url],
            "base_dn": BASE,
            "bind_dn": BIND_NAME,
            "ca": str(self.ca),
        }

    @property
    def secrets(self) -> dict[str, str]:
        """The secret options."""
        return {"bind_password": BIND_PASSWORD}


@contextlib.contextmanager
def active_directory_server() -> Iterator[ActiveDirectoryServer]:
    """Run a domain controller for as long as the context lasts. Raises `Missing`."""
    samba, tool = find_programs()
    domain = made_once(
        CACHE / f"active-directory-{_fingerprint(samba)}",
        lambda folder: _provision(tool, folder),
    )
    people = json.loads((domain / "people.json").read_text())
    with tempfile.TemporaryDirectory(
        prefix="ostiary-ad-", ignore_cleanup_errors=True
    ) as name:
        folder = Path(name) / "ad"
        subprocess.run(["cp", "-a", str(domain), str(folder)], check=True)
        host = free_address()
        authority = Authority(folder)
        authority.issue("dc1", [f"dc1.{REALM}", host, "localhost"])
        conf = _configure(folder, host)
        _seed(tool, conf, "stamp")
        process = _start(samba, folder, conf, host)
        try:
            yield ActiveDirectoryServer(host, authority.certificate, people)
        finally:
            _stop(process)


def find_programs() -> tuple[str, str]:
    """`samba` and `samba-tool`; raises `Missing`."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    samba, tool = (shutil.which(name, path=path) for name in ("samba", "samba-tool"))
    if samba is None or tool is None:
        raise Missing(
            "Samba is not installed: apt-get install samba-ad-dc samba-ad-provision"
        )
    if os.getuid() != 0:
        raise Missing("a domain controller listens on low ports: needs root")
    return samba, tool


def free_address() -> str:
    """A loopback address on which all ports of a domain controller are free."""
    for _ in range(200):
        numbers = (secrets.randbelow(200) + 20, secrets.randbelow(250) + 2)
        host = f"127.{numbers[0]}.{numbers[1]}.{secrets.randbelow(250) + 2}"
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            for port in PORTS:
                stack.enter_context(socket.socket()).bind((host, port))
            return host
    raise Missing("no loopback address has the ports of a domain controller free")


def _fingerprint(samba: str) -> str:
    version = subprocess.run([samba, "--version"], check=True, capture_output=True)
    made_of = version.stdout + SEED.read_bytes() + json.dumps(JOB).encode()
    return hashlib.sha256(made_of).hexdigest()[:12]


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode:
        said = (done.stderr or done.stdout)[-2000:]
        raise RuntimeError(f"{command[0]} failed:\n{said}")
    return done.stdout


def _provision(tool: str, folder: Path) -> None:
    _run(
        [
            tool,
            "domain",
            "provision",
            f"--targetdir={folder}",
            f"--realm={REALM.upper()}",
            f"--domain={DOMAIN}",
            "--server-role=dc",
            "--dns-backend=NONE",
            "--host-name=dc1",
            "--host-ip=127.0.0.1",
            f"--adminpass={ADMINISTRATOR}",
            "--option=interfaces=127.0.0.1/8",
            "--option=bind interfaces only=yes",
        ]
    )
    conf = _configure(folder, "127.0.0.1")
    people = _seed(tool, conf, "fill", json.dumps(JOB))
    (folder / "people.json").write_text(people)


def _configure(folder: Path, host: str) -> Path:
    for name in ("cache", "bind-dns", "run"):
        (folder / name).mkdir(exist_ok=True)
    conf = folder / "smb.conf"
    conf.write_text(
        CONFIGURATION.format(
            realm=REALM.upper(), domain=DOMAIN, host=host, folder=folder
        )
    )
    return conf


def _seed(tool: str, conf: Path, *job: str) -> str:
    """Run the seed by the Python that has Samba's modules: that of its tool."""
    first = Path(tool).read_text().splitlines()[0]
    return _run([*first.removeprefix("#!").split(), str(SEED), str(conf), *job])


def _start(samba: str, folder: Path, conf: Path, host: str) -> subprocess.Popen[bytes]:
    log = folder / "samba.out"
    command = [samba, "-s", str(conf), "-F", "--no-process-group", "-M", "single"]
    process = spawn([*ends_with_us("TERM"), *command], log)

    def connect() -> None:
        socket.create_connection((host, 636), timeout=2).close()

    if answers(process, connect, OSError, seconds=START_SECONDS):
        return process
    _stop(process)
    raise RuntimeError(f"samba did not come up:\n{log.read_text()[-3000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    stop(process, signal.SIGTERM)
    with contextlib.suppress(ProcessLookupError):  # what it may have left behind
        os.killpg(process.pid, signal.SIGKILL)
