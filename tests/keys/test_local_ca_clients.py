"""Development TLS that real clients accept with their strictest settings."""

import http.server
import shutil
import ssl
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from ostiary.keys.local_ca import LocalTls
from tests.clients.environments import Node, client_environment
from tests.keys.chains import handshake

REQUESTS_SCRIPT = """
import sys, requests
for url in sys.argv[2:]:
    print(requests.get(url, verify=sys.argv[1], timeout=10).text)
"""
NODE_SCRIPT = (
    "require('https').get(process.argv[1], {autoSelectFamily: true},"
    " r => r.on('data', d => console.log(String(d))))"
    ".on('error', e => console.log(e.code))"
)


@pytest.fixture
def port(tls: LocalTls) -> Iterator[int]:
    """An HTTPS server on loopback."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls.certificate_path, tls.key_path)

    class Hello(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "5")
            self.end_headers()
            self.wfile.write(b"hello")

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hello) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join(10)


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1", "login.test"])
def test_python_accepts_strictly(tls: LocalTls, name: str) -> None:
    """Python with VERIFY_X509_STRICT (the default from 3.13) accepts every name."""
    assert handshake(tls, name) == "TLSv1.3"


def test_python_refuses_other_names(tls: LocalTls) -> None:
    """The certificate is for the hosts asked for, not for everything."""
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        handshake(tls, "elsewhere.test")


def test_urllib_connects(tls: LocalTls, port: int) -> None:
    """The standard library's HTTPS client trusts the CA file."""
    context = ssl.create_default_context(cafile=str(tls.ca_path))
    url = f"https://localhost:{port}/"
    with urllib.request.urlopen(url, timeout=10, context=context) as answer:
        assert answer.read() == b"hello"


def printed(*command: str | Path, **variables: str) -> str:
    """What a command prints, in a client's environment."""
    ran = subprocess.run(
        [str(word) for word in command],
        env=client_environment(**variables),
        capture_output=True,
        text=True,
        timeout=30,
    )
    return ran.stdout.strip() or ran.stderr


@pytest.mark.parametrize("python", ["microsoft_python", "adal_python"])
def test_requests_connects(
    tls: LocalTls, port: int, python: str, request: pytest.FixtureRequest
) -> None:
    """requests, as MSAL Python and as ADAL carry it, trusts the CA file."""
    interpreter: Path = request.getfixturevalue(python)
    urls = [f"https://{host}:{port}/" for host in ("localhost", "127.0.0.1")]
    answer = printed(interpreter, "-c", REQUESTS_SCRIPT, tls.ca_path, *urls)
    assert answer.split() == ["hello", "hello"]


def test_node_connects(tls: LocalTls, port: int, node: Node) -> None:
    """Node trusts the CA through NODE_EXTRA_CA_CERTS and refuses without it."""
    command = (node.executable, "-e", NODE_SCRIPT, f"https://localhost:{port}/")
    assert printed(*command, NODE_EXTRA_CA_CERTS=str(tls.ca_path)) == "hello"
    assert printed(*command) == "UNABLE_TO_VERIFY_LEAF_SIGNATURE"


@pytest.mark.skipif(not shutil.which("openssl"), reason="apt-get install openssl")
@pytest.mark.parametrize(
    "name",
    [("-verify_hostname", "login.test"), ("-verify_ip", "::1")],
)
def test_openssl_accepts_strictly(tls: LocalTls, name: tuple[str, str]) -> None:
    """OpenSSL's own strict check accepts the chain for a TLS server."""
    command = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", *name]
    command += ["-CAfile", str(tls.ca_path), str(tls.certificate_path)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert ran.stdout.endswith(": OK\n"), ran.stderr
