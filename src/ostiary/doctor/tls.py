"""The certificate of the public listeners: whom it names, how long, with which key.

Whether the server can be reached is judged in `ports`.
"""

import contextlib
import ipaddress
import itertools
import ssl
import stat
import warnings
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ostiary.doctor.finding import Finding, fail, ok, warning
from ostiary.settings import Server
from ostiary.settings.server import Tls

CHECK: Final = "tls"
SOON: Final = timedelta(days=30)


def check_tls(server: Server, now: float) -> Iterator[Finding]:
    """Certificate, key and chain; `now` in epoch seconds."""
    if server.tls == "off":
        yield ok(CHECK, "off: it ends at a proxy in front, which must speak https")
        return
    if isinstance(server.tls, Tls):
        yield from _check_files(server, server.tls.certificate, server.tls.key, now)
        return
    certificate = server.data_dir / "server.pem"
    if not certificate.exists():
        yield ok(CHECK, f"a local CA will be made in {server.data_dir} at the start")
        return
    ca = server.data_dir / "ca.pem"
    yield ok(CHECK, f"a local CA for development; clients must trust {ca}")
    yield from _check_files(
        server, certificate, server.data_dir / "server-key.pem", now
    )


def _check_files(
    server: Server, certificate: Path, key: Path, now: float
) -> Iterator[Finding]:
    try:
        chain = x509.load_pem_x509_certificates(certificate.read_bytes())
        private = load_pem_private_key(key.read_bytes(), password=None)
    except OSError as error:
        yield fail(CHECK, f"{error.filename}: {error.strerror}")
        return
    except (ValueError, TypeError):
        text = f"{certificate} or {key} cannot be read"
        yield fail(CHECK, text, "both must be PEM, the key without a passphrase")
        return
    if private.public_key() != chain[0].public_key():
        mend = "the server's own certificate comes first in the file"
        yield fail(CHECK, f"{key} is not the key of {certificate}", mend)
    if stat.S_IMODE(key.stat().st_mode) & 0o077:
        yield warning(CHECK, f"others may read {key}", f"chmod 600 {key}")
    yield from _check_dates(chain, datetime.fromtimestamp(now, UTC))
    yield _check_name(chain[0], urlsplit(server.base_url).hostname or "")
    if isinstance(server.tls, Tls):
        yield _check_chain(chain, certificate)


def _check_dates(
    chain: Sequence[x509.Certificate], moment: datetime
) -> Iterator[Finding]:
    begins = max(part.not_valid_before_utc for part in chain)
    ends = min(part.not_valid_after_utc for part in chain)
    if moment < begins:
        yield fail(CHECK, f"not valid before {begins:%Y-%m-%d}", "check the clock")
    if moment >= ends:
        mend = "renew it, then send SIGHUP to the server"
        yield fail(CHECK, f"expired on {ends:%Y-%m-%d}", mend)
    elif ends - moment < SOON:
        mend = "renew it, then send SIGHUP to the server"
        yield warning(CHECK, f"expires on {ends:%Y-%m-%d}", mend)
    else:
        yield ok(CHECK, f"valid until {ends:%Y-%m-%d}")


def _check_name(certificate: x509.Certificate, host: str) -> Finding:
    """RFC 9525 §6: only subject alternative names count."""
    try:
        extension = certificate.extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        )
    except x509.ExtensionNotFound:
        names: list[str] = []
    else:
        found = extension.value
        addresses = found.get_values_for_type(x509.IPAddress)
        names = found.get_values_for_type(x509.DNSName) + list(map(str, addresses))
    if any(is_named(host, name) for name in names):
        return ok(CHECK, f"names {host}")
    mend = "get one that names the host of server.base_url"
    shown = ", ".join(names) or "no host"
    return fail(CHECK, f"names {shown}, not {host}", mend)


def is_named(host: str, name: str) -> bool:
    """Whether a certificate's name is of that host (RFC 9525 §6.3).

    `*` may stand for the whole leftmost label, and never in an address.
    """
    if (address := _address(host)) is not None:
        return address == _address(name)
    host, name = host.lower(), name.lower()
    if name.startswith("*."):
        return host.partition(".")[2] == name.removeprefix("*.")
    return host == name


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _check_chain(chain: Sequence[x509.Certificate], file: Path) -> Finding:
    for lower, upper in itertools.pairwise(chain):
        try:
            lower.verify_directly_issued_by(upper)
        except (ValueError, TypeError, InvalidSignature):
            mend = "order: the server's own, then each one's issuer"
            return fail(CHECK, f"the certificates in {file} make no chain", mend)
    last = chain[-1]
    issuers = {last.issuer.public_bytes()} - {last.subject.public_bytes()}
    trusted = set(_trusted_subjects())
    if issuers & trusted or last.subject.public_bytes() in trusted:
        return ok(CHECK, "its chain leads to a CA that this system trusts")
    text = "its chain leads to no CA that this system trusts"
    return warning(CHECK, text, "add intermediates to the file, or give clients the CA")


def _trusted_subjects() -> Iterator[bytes]:
    for root in ssl.create_default_context().get_ca_certs(binary_form=True):
        with warnings.catch_warnings(), contextlib.suppress(ValueError):
            warnings.simplefilter("ignore")  # some old roots are not quite RFC 5280
            yield x509.load_der_x509_certificate(root).subject.public_bytes()
