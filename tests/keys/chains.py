"""Reading certificate files, and a TLS handshake without sockets.

Only the means live here; every expectation stands in the tests.
"""

import ssl
from pathlib import Path

from cryptography import x509

from ostiary.keys.local_ca import LocalTls


def certificate_in(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def handshake(tls: LocalTls, name: str) -> str | None:
    """A TLS handshake in memory as `name`, under VERIFY_X509_STRICT: its version."""
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(tls.certificate_path, tls.key_path)
    asking = ssl.create_default_context(cafile=str(tls.ca_path))
    asking.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = serving.wrap_bio(to_server, to_client, server_side=True)
    client = asking.wrap_bio(to_client, to_server, server_hostname=name)
    for _ in range(4):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return client.version()
