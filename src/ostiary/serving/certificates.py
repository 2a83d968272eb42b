"""The server's TLS: one context per process, whose certificate can be replaced live.

Who issues certificates, and for which names, is none of its business.
"""

import logging
import ssl
from dataclasses import dataclass
from pathlib import Path

logger = logging.getLogger(__name__)


class CertificateError(Exception):
    """The certificate or its key cannot be used; the text is one line."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """A certificate chain and its private key, both PEM."""

    certificate: Path
    key: Path


class Certificate:
    """What every new TLS connection is shown; raises CertificateError when unusable."""

    def __init__(self, files: TlsFiles) -> None:
        """Load the files."""
        self._files = files
        self._current = self._load()
        self.context = self._current
        self.context.sni_callback = self._show_current

    def reload(self) -> None:
        """Show the files' present content from now on; a bad file changes nothing."""
        try:
            self._current = self._load()
        except CertificateError as error:
            logger.error("the old certificate stays in use: %s", error)
        else:
            logger.info("the certificate was read again")

    def _show_current(
        self, connection: ssl.SSLObject, name: str | None, context: ssl.SSLContext
    ) -> None:
        # A fresh context, and not the old one loaded anew: OpenSSL would keep the old
        # certificate beside a new one of another key type.
        connection.context = self._current

    def _load(self) -> ssl.SSLContext:
        """TLS 1.2 or later (RFC 9325 §3.1.1) with the interpreter's safe ciphers."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_RENEGOTIATION
        context.set_alpn_protocols(["http/1.1"])
        certificate, key = self._files.certificate, self._files.key
        try:
            # An encrypted key must fail here and not ask at the terminal.
            context.load_cert_chain(certificate, key, password=lambda: "")
        except FileNotFoundError:
            absent = key if certificate.exists() else certificate
            raise CertificateError(f"{absent}: no such file") from None
        except (OSError, ValueError) as error:
            why = getattr(error, "reason", None) or str(error)
            raise CertificateError(f"{certificate} with {key}: {why}") from None
        return context
