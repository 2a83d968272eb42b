"""`ostiary token`: what it sends, what it prints, and what it refuses to do."""

import base64
import http.server
import json
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from click.testing import CliRunner, Result

from ostiary.cli import main
from ostiary.keys.local_ca import ensure_local_ca

PASSWORD = "correct horse $taple"
METADATA = "/contoso.test/v2.0/.well-known/openid-configuration"


def jwt(**claims: object) -> str:
    """A token as it reads; nobody checks its signature here."""
    parts = [{"alg": "RS256", "kid": "k1"}, claims]
    coded = [base64.urlsafe_b64encode(json.dumps(part).encode()) for part in parts]
    return ".".join([*(part.rstrip(b"=").decode() for part in coded), "c2ln"])


class Stub:
    """A token endpoint over HTTPS that keeps what it was sent."""

    def __init__(self, folder: Path) -> None:
        """Listen on a free port."""
        self.asked: list[tuple[str, dict[str, list[str]]]] = []
        self.status = 200
        self.answer: dict[str, Any] = {
            "token_type": "Bearer",
            "access_token": jwt(sub="alice", exp=1795257004),
        }
        tls = ensure_local_ca(folder, [])
        self.ca = tls.ca_path
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls.certificate_path, tls.key_path)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.host = f"localhost:{self.server.server_address[1]}"

    def handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        """Answer metadata and forms."""
        stub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                stub.asked.append((self.path, {}))
                where = f"https://{stub.host}/somewhere/token"
                self.reply(200, {"token_endpoint": where})

            def do_POST(self) -> None:
                size = int(self.headers["content-length"])
                form = parse_qs(self.rfile.read(size).decode(), strict_parsing=True)
                stub.asked.append((self.path, form))
                self.reply(stub.status, stub.answer)

            def reply(self, status: int, body: object) -> None:
                raw = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler


@pytest.fixture
def stub(tmp_path: Path) -> Iterator[Stub]:
    """A running stub."""
    made = Stub(tmp_path)
    thread = threading.Thread(target=made.server.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def ask(
    stub: Stub, *more: str, typed: str = f"{PASSWORD}\n", ca: bool = True
) -> Result:
    """Run the command against the stub."""
    own = ["token", "--client-id", "app", "--username", "alice@contoso.test", *more]
    trust = ["--ca", str(stub.ca)] if ca else []
    return CliRunner().invoke(main, [*own, *trust], input=typed)


def entra(stub: Stub) -> list[str]:
    """The options for an Entra authority."""
    return ["--authority", f"https://{stub.host}/contoso.test"]


def test_entra_form(stub: Stub) -> None:
    """The endpoint is the metadata's; the form that of RFC 6749 §4.3.2."""
    done = ask(stub, *entra(stub), "--password-stdin", "--scope", "openid api://x/y")
    assert done.exit_code == 0
    form = {
        "grant_type": ["password"],
        "client_id": ["app"],
        "username": ["alice@contoso.test"],
        "password": [PASSWORD],
        "scope": ["openid api://x/y"],
    }
    assert stub.asked == [(METADATA, {}), ("/somewhere/token", form)]
    assert "token_type    Bearer" in done.stdout


def test_adfs_metadata_has_no_version(stub: Stub) -> None:
    """An authority /adfs is asked without v2.0 (contract entra §2.9)."""
    authority = ["--authority", f"https://{stub.host}/adfs/"]
    assert ask(stub, *authority, "--password-stdin").exit_code == 0
    assert stub.asked[0][0] == "/adfs/.well-known/openid-configuration"


def test_auth0_form(stub: Stub) -> None:
    """With a connection Auth0's password-realm grant is used, and its `realm`."""
    more = ["--connection", "users", "--audience", "https://api"]
    done = ask(stub, "--domain", stub.host, *more, "--password-stdin")
    assert done.exit_code == 0
    path, form = stub.asked[0]
    assert path == "/oauth/token"
    grant = "http://auth0.com/oauth/grant-type/password-realm"
    assert form["grant_type"] == [grant]
    assert (form["realm"], form["audience"]) == (["users"], ["https://api"])


def test_password_is_asked_for_without_echo(stub: Stub) -> None:
    """The prompt goes to the standard error, and the password nowhere."""
    done = ask(stub, *entra(stub))
    assert done.exit_code == 0
    assert stub.asked[1][1]["password"] == [PASSWORD]
    assert "Password: " in done.stderr
    assert PASSWORD not in done.output


def test_secret_is_the_second_line(stub: Stub) -> None:
    """A confidential client's secret comes the same way, never as an argument."""
    options = [*entra(stub), "--password-stdin", "--client-secret-stdin"]
    done = ask(stub, *options, typed=f"{PASSWORD}\ns3cr~t+/=\n")
    assert done.exit_code == 0
    assert stub.asked[1][1]["client_secret"] == ["s3cr~t+/="]


def test_decode_shows_claims(stub: Stub) -> None:
    """`--decode` adds header and claims, with readable times."""
    done = ask(stub, *entra(stub), "--password-stdin", "--decode")
    assert 'access_token  {"alg":"RS256","kid":"k1"}' in done.stdout
    assert "exp  1795257004  (2026-11-21 10:30:04 UTC)" in done.stdout


def test_json_is_the_answer_itself(stub: Stub) -> None:
    """`--json` prints the server's answer, and with `--decode` what it holds."""
    options = [*entra(stub), "--password-stdin", "--json", "--decode"]
    printed = json.loads(ask(stub, *options).stdout)
    decoded = printed.pop("decoded")
    assert printed == stub.answer
    assert decoded["access_token"]["claims"] == {"sub": "alice", "exp": 1795257004}


def test_a_refusal_is_one_line_and_exit_1(stub: Stub) -> None:
    """Error, sub-error and first line of the description."""
    stub.status = 400
    stub.answer = {
        "error": "invalid_grant",
        "suberror": "consent_required",
        "error_description": "AADSTS65001: No consent.\r\nTrace ID: 1",
    }
    done = ask(stub, *entra(stub), "--password-stdin")
    assert done.exit_code == 1
    expected = "ostiary: invalid_grant (consent_required): AADSTS65001: No consent.\n"
    assert done.stderr == expected
    assert done.stdout == ""


def test_a_server_cannot_drive_the_terminal(stub: Stub) -> None:
    """Control characters of an answer are shown as such, not carried out."""
    stub.answer["scope"] = "a\x1b]0;owned\x07"
    done = ask(stub, *entra(stub), "--password-stdin")
    assert done.exit_code == 0
    assert "\x1b" not in done.stdout
    assert "a\ufffd]0;owned\ufffd" in done.stdout


def test_an_unknown_ca_is_refused(stub: Stub) -> None:
    """Nothing is sent to a server whose certificate is not trusted."""
    done = ask(stub, *entra(stub), "--password-stdin", ca=False)
    assert done.exit_code == 1
    assert "CERTIFICATE_VERIFY_FAILED" in done.stderr
    assert "--ca" in done.stderr
    assert stub.asked == []


def test_plain_http_is_refused(stub: Stub) -> None:
    """A password goes over https only."""
    done = ask(stub, "--authority", "http://localhost:1/contoso", "--password-stdin")
    assert done.exit_code == 1
    assert "passwords go over https only" in done.stderr


def test_metadata_may_not_lead_to_plain_http(
    stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor when the server's own metadata names such an endpoint."""
    monkeypatch.setattr(stub, "host", f"{stub.host}@localhost:1")
    address = f"https://localhost:{stub.server.server_address[1]}/contoso.test"
    done = ask(stub, "--authority", address, "--password-stdin")
    assert done.exit_code == 1
    assert [path for path, _ in stub.asked] == [METADATA]


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--authority", "https://a/b", "--domain", "a"],
        ["--authority", "https://a/b", "--connection", "c"],
    ],
)
def test_wrong_usage_is_exit_2(stub: Stub, options: list[str]) -> None:
    """One of the two wires must be chosen, and only Auth0's has connections."""
    done = ask(stub, *options, "--password-stdin")
    assert done.exit_code == 2


def test_no_password_is_exit_2(stub: Stub) -> None:
    """An empty input is not sent as an empty password."""
    done = ask(stub, *entra(stub), "--password-stdin", typed="")
    assert done.exit_code == 2
    assert [path for path, _ in stub.asked] == [METADATA]
