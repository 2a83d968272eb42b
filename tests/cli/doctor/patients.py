"""An instance in a folder, and certificates for it, for the tests of the doctor.

What is found is judged there.
"""

import datetime
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from ostiary.cli import main

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)


@dataclass
class Patient:
    """An instance in a folder, and the doctor's report on it."""

    folder: Path
    document: dict[str, Any]

    @property
    def file(self) -> Path:
        """Its configuration."""
        return self.folder / "ostiary.yaml"

    @property
    def data(self) -> Path:
        """Its data folder."""
        return self.folder / "data"

    def write(self) -> None:
        """Write the configuration, for its owner alone."""
        self.file.write_text(yaml.safe_dump(self.document))
        self.file.chmod(0o600)

    def apply(self) -> None:
        """Make the store."""
        done = CliRunner().invoke(main, ["apply", str(self.file)])
        assert done.exit_code == 0, done.output

    def report(self, exit_code: int) -> list[tuple[str, str, str]]:
        """Check, level and all the text of every finding."""
        self.write()
        done = CliRunner().invoke(main, ["doctor", "--json", str(self.file)])
        assert done.exit_code == exit_code, done.output
        found = json.loads(done.stdout)
        return [(f["check"], f["level"], f"{f['text']}; {f['mend']}") for f in found]

    def told(self, level: str, check: str, exit_code: int) -> str:
        """The one finding of this level and check."""
        report = self.report(exit_code)
        texts = [text for c, lv, text in report if (c, lv) == (check, level)]
        assert len(texts) == 1, report
        return texts[0]


@dataclass(frozen=True)
class Issued:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        """The certificate as PEM."""
        return self.certificate.public_bytes(Encoding.PEM)


def issue(
    host: str, *, days: Sequence[int] = (-1, 90), by: Issued | None = None
) -> Issued:
    """A certificate for a host, good from and to so many days from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(by.certificate.subject if by else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + days[0] * DAY)
        .not_valid_after(NOW + days[1] * DAY)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), False)
    )
    return Issued(builder.sign(by.key if by else key, hashes.SHA256()), key)


def install(patient: Patient, *chain: Issued, key: Issued | None = None) -> None:
    """Give the instance a certificate chain and the key of its first."""
    (patient.folder / "cert.pem").write_bytes(b"".join(c.pem for c in chain))
    private = (key or chain[0]).key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    (patient.folder / "key.pem").write_bytes(private)
    (patient.folder / "key.pem").chmod(0o600)
    tls = {"certificate": "cert.pem", "key": "key.pem"}
    patient.document["server"]["tls"] = tls
