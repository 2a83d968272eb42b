"""A real OpenLDAP on random loopback ports: LDAPS, StartTLS and password policies.

Passwords need encryption there, searches need a bind, and a bind without a password is
let in as anonymous, as careless directories do. Who is in it: `openldap_people`.
"""

import contextlib
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.services import openldap_people as people
from tests.services.background import answers, spawn, stop
from tests.services.certificates import Authority
from tests.services.provision import Missing, ends_with_us, free_port

HOST = "127.0.0.1"
START_SECONDS = 30
ATTEMPTS = 3  # another process may take the free port before the server does

CONFIGURATION = """
include {schema}/core.schema
include {schema}/cosine.schema
include {schema}/inetorgperson.schema
include {schema}/nis.schema
modulepath {modules}
moduleload back_mdb
moduleload ppolicy
moduleload argon2
allow bind_anon_cred bind_anon_dn
pidfile {folder}/slapd.pid
loglevel stats
TLSCACertificateFile {ca}
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
security simple_bind=128
sizelimit size.soft=500 size.hard=500 size.prtotal=unlimited

database mdb
suffix "{base}"
directory {folder}/data
maxsize 67108864
dbnosync
index objectClass,uid,mail,member,uniqueMember,memberUid,entryUUID eq
overlay ppolicy
ppolicy_default "cn=default,{policies}"
ppolicy_use_lockout
access to attrs=userPassword by anonymous auth by * none
access to * by users read by * none
"""


@dataclass(frozen=True)
class OpenLdapServer:
    """A running server; `ca`: who signed its certificate.

    elsewhere: a listening socket to which a referral among its people leads.
    """

    plain_port: int
    tls_port: int
    ca: Path
    log: Path
    elsewhere: socket.socket

    @property
    def url(self) -> str:
        """LDAPS; the certificate is for localhost and 127.0.0.1."""
        return f"ldaps://localhost:{self.tls_port}"

    @property
    def plain_url(self) -> str:
        """LDAP, which offers StartTLS."""
        return f"ldap://localhost:{self.plain_port}"

    @property
    def options(self) -> dict[str, object]:
        """The options of a connection of strategy `ad`, but for the secret."""
        return {
            "urls": [self.url],
            "base_dn": people.PEOPLE,
            "bind_dn": people.BIND_DN,
            "ca": str(self.ca),
        }

    @property
    def secrets(self) -> dict[str, str]:
        """The secret options."""
        return {"bind_password": people.BIND_PASSWORD}

    def connect(self) -> None:
        """See whether both ports are open; raises OSError."""
        for port in (self.plain_port, self.tls_port):
            socket.create_connection((HOST, port), timeout=2).close()

    def binds(self, about: str = "") -> int:
        """How many simple binds arrived so far, of DNs that contain `about`."""
        return len(re.findall(rf'BIND dn="[^"]*{about}[^"]*" method=128', self._said()))

    def searches(self, about: str = "") -> int:
        """How many searches arrived so far, with that in their filter."""
        return len(re.findall(rf'SRCH base=.*filter=".*{about}', self._said()))

    def _said(self) -> str:
        return self.log.read_text(errors="replace")


@contextlib.contextmanager
def openldap_server() -> Iterator[OpenLdapServer]:
    """Run a server for as long as the context lasts. Raises `Missing`."""
    slapd = find_slapd()
    with (
        tempfile.TemporaryDirectory(prefix="ostiary-openldap-") as name,
        socket.create_server((HOST, 0)) as elsewhere,
    ):
        elsewhere.setblocking(False)
        address = f"{HOST}:{elsewhere.getsockname()[1]}"
        folder = Path(name)
        (folder / "data").mkdir()
        ca = _configure(folder)
        command = [slapd, "-T", "add", "-q", "-f", str(folder / "slapd.conf")]
        filled = subprocess.run(
            command,
            input=people.ldif(address).encode(),
            capture_output=True,
            timeout=120,
        )
        if filled.returncode:
            raise RuntimeError(f"slapadd failed:\n{filled.stderr.decode()[-2000:]}")
        process, server = _start(slapd, folder, ca, elsewhere)
        try:
            yield server
        finally:
            stop(process)


def find_slapd() -> str:
    """The server's program; raises `Missing`. Debian keeps it off users' PATH."""
    for folder in ("/usr/sbin", "/usr/lib/openldap", "/usr/libexec"):
        if (Path(folder) / "slapd").exists():
            return f"{folder}/slapd"
    found = shutil.which("slapd")
    if found is None:
        raise Missing("OpenLDAP is not installed: apt-get install slapd slapd-contrib")
    return found


def _configure(folder: Path) -> Path:
    """Write the configuration; the path of the CA's certificate."""
    places = [Path("/etc/ldap/schema"), Path("/etc/openldap/schema")]
    modules = [Path("/usr/lib/ldap"), Path("/usr/lib64/openldap")]
    found = [next((p for p in each if p.exists()), None) for each in (places, modules)]
    if None in found:
        raise Missing("OpenLDAP's schema or modules are missing: apt-get install slapd")
    authority = Authority(folder)
    issued = authority.issue("ldap", ["localhost", HOST])
    (folder / "slapd.conf").write_text(
        CONFIGURATION.format(
            schema=found[0],
            modules=found[1],
            folder=folder,
            ca=authority.certificate,
            certificate=issued.certificate,
            key=issued.key,
            base=people.BASE,
            policies=people.POLICIES,
        )
    )
    return authority.certificate


def _start(
    slapd: str, folder: Path, ca: Path, elsewhere: socket.socket
) -> tuple[subprocess.Popen[bytes], OpenLdapServer]:
    log = folder / "slapd.log"
    for _ in range(ATTEMPTS):
        server = OpenLdapServer(free_port(), free_port(), ca, log, elsewhere)
        urls = f"ldap://{HOST}:{server.plain_port} ldaps://{HOST}:{server.tls_port}"
        command = [*ends_with_us(), slapd, "-d", "stats", "-h", urls]
        process = spawn([*command, "-f", str(folder / "slapd.conf")], log)
        if answers(process, server.connect, OSError, seconds=START_SECONDS):
            return process, server
        stop(process)
    raise RuntimeError(f"slapd did not come up:\n{log.read_text()[-3000:]}")
