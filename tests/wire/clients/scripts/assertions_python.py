"""The assertions that MSAL Python and azure-identity make, caught before they leave."""

import contextlib
import io
import json
from typing import Any
from urllib.parse import parse_qs

import azure.identity
import azure.identity.aio
import msal
import requests
from azure.core.pipeline.transport import RequestsTransport

from tests.wire.clients.scripts import steps
from tests.wire.clients.scripts.steps import step

Facts = dict[str, Any]

SCOPE = "https://graph.microsoft.com/.default"


class Answer:
    """What MSAL needs of an HTTP answer."""

    def __init__(self, body: dict[str, object]) -> None:
        self.status_code = 200
        self.text = json.dumps(body)
        self.headers: dict[str, str] = {}

    def raise_for_status(self) -> None:
        """Every answer here is fine."""


class Recorder:
    """MSAL's `http_client`: answers discovery, keeps what is posted."""

    def __init__(self) -> None:
        self.posted: dict[str, Any] = {}

    def get(self, url: str, **_: object) -> Answer:
        """The OpenID configuration, whatever is asked."""
        base = url.split("/v2.0/")[0].split("/.well-known")[0]
        return Answer(
            {
                "issuer": f"{base}/v2.0",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
            }
        )

    def post(self, _url: str, *, data: dict[str, Any], **_: object) -> Answer:
        """A token for whatever is sent."""
        self.posted = data
        return Answer({"access_token": "a", "token_type": "Bearer", "expires_in": 9})

    def close(self) -> None:
        """Nothing is held."""


def asked(facts: Facts, credential: dict[str, str], path: str = "") -> str:
    """The `client_assertion` that MSAL Python posts for client credentials."""
    recorder = Recorder()
    app = msal.ConfidentialClientApplication(
        facts["client"],
        authority=f"https://{facts['host']}/{path or facts['tenant']}",
        client_credential=credential,
        http_client=recorder,
        instance_discovery=False,
    )
    app.acquire_token_for_client([SCOPE])
    text = recorder.posted["client_assertion"]
    return text.decode() if isinstance(text, bytes) else str(text)


def by_key(facts: Facts, **more: str) -> dict[str, str]:
    """A credential of a private key."""
    return {"private_key": facts["key_pem"], **more}


@step
def thumbprint(facts: Facts) -> str:
    """A SHA-1 thumbprint."""
    return asked(facts, by_key(facts, thumbprint=facts["thumbprint"]))


@step
def thumbprint_adfs(facts: Facts) -> str:
    """The same at an ADFS-style authority."""
    return asked(facts, by_key(facts, thumbprint=facts["thumbprint"]), "adfs")


@step
def public_certificate(facts: Facts) -> str:
    """The public certificate."""
    return asked(facts, by_key(facts, public_certificate=facts["certificate_pem"]))


@step
def pfx(facts: Facts) -> str:
    """A PFX file."""
    path, passphrase = facts["pfx"], facts["passphrase"]
    return asked(facts, {"private_key_pfx_path": path, "passphrase": passphrase})


class Stop(Exception):
    """Ends a request once it has been seen."""


class Transport:
    """Keeps the request instead of sending it."""

    def __init__(self) -> None:
        self.sent: Any = None

    async def __aenter__(self) -> "Transport":
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def open(self) -> None:
        """Nothing is held."""

    async def close(self) -> None:
        """Nothing is held."""

    async def send(self, request: Any, **_: object) -> None:
        """Keep it and go no further."""
        self.sent = request
        raise Stop


@step
async def azure_identity_aio(facts: Facts) -> str:
    """azure-identity's asynchronous half makes its own."""
    transport = Transport()
    pem = facts["key_pem"] + facts["certificate_pem"]
    async with azure.identity.aio.CertificateCredential(
        facts["tenant"],
        facts["client"],
        certificate_data=pem.encode(),
        authority=facts["host"],
        transport=transport,
        disable_instance_discovery=True,
    ) as credential:
        with contextlib.suppress(Stop):
            await credential.get_token(SCOPE)
    text: str = transport.sent.body["client_assertion"]
    return text


class Adapter(requests.adapters.BaseAdapter):
    """Answers instead of the network, and keeps what is posted."""

    def __init__(self) -> None:
        super().__init__()
        self.posted: dict[str, list[str]] = {}

    def send(self, request: Any, *_: object, **__: object) -> requests.Response:
        """Discovery by GET, a token by POST."""
        answers = Recorder()
        answer = answers.get(request.url)
        if request.method == "POST":
            self.posted = parse_qs(request.body)
            answer = answers.post(request.url, data={})
        response = requests.Response()
        response.status_code, response.request = 200, request
        response.headers["Content-Type"] = "application/json"
        response.raw = io.BytesIO(answer.text.encode())
        return response

    def close(self) -> None:
        """Nothing is held."""


@step
def azure_identity_sync(facts: Facts) -> str:
    """azure-identity's synchronous half, which leaves it to MSAL."""
    adapter, session = Adapter(), requests.Session()
    session.mount("https://", adapter)
    credential = azure.identity.CertificateCredential(
        facts["tenant"],
        facts["client"],
        certificate_data=(facts["key_pem"] + facts["certificate_pem"]).encode(),
        authority=facts["host"],
        transport=RequestsTransport(session=session, session_owner=False),
        disable_instance_discovery=True,
    )
    credential.get_token(SCOPE)
    [text] = adapter.posted["client_assertion"]
    return text


if __name__ == "__main__":
    steps.main()
