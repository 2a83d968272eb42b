"""One running server over the fixture of contract auth0 §9, and how cases ask it.

Counters are fresh in each case by taking a fresh user: see `fresh`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.services.authenticator import SEED
from tests.services.mailsink import MailSink, mail_sink
from tests.services.provision import free_port
from tests.services.webhook import Webhook, webhook
from tests.wire.client import WireClient
from tests.wire.instance import Document, Instance

FIXTURE = Path(__file__).parent / "fixture.yaml"
PW = "Ostiary-Test-1"
DB = "Username-Password-Authentication"
URN = "http://auth0.com/oauth/grant-type/"
ORIGIN = "https://app.example.test"
Fresh = Callable[[], str]
FRESH = 120
"""Users `fresh1` … of every tenant that no test has touched yet."""
FACTORS = 25
FACTORED: dict[str, dict[str, Any]] = {
    "mfa": {"required": True, "totp_secret": SEED},
    "enrol": {"required": True},
}
"""Users `mfa1` … with a second factor, and `enrol1` … who must bring one."""


def auth0_document(domain: str, *, smtp: str, webhook: str) -> Document:
    """The configuration of the acceptance cases at `domain`, without `server`."""
    text = FIXTURE.read_text().replace("DOMAIN", domain)
    text = text.replace("SMTP_URL", smtp).replace("SMS_WEBHOOK", webhook)
    document: Document = yaml.safe_load(text)
    del document["definitions"]
    for tenant in document["tenants"]:
        tenant["users"] = tenant["users"] + [
            {
                "username": f"fresh{n}@example.test",
                "login": f"fresh{n}",
                "email": f"fresh{n}@example.test",
                "password": PW,
            }
            for n in range(1, FRESH + 1)
        ]
        tenant["users"] += [
            {
                "username": f"{name}{n}@example.test",
                "login": f"{name}{n}",
                "email": f"{name}{n}@example.test",
                "email_verified": True,
                "password": PW,
                "mfa": mfa,
            }
            for name, mfa in FACTORED.items()
            for n in range(1, FACTORS + 1)
        ]
    return document


@dataclass(frozen=True)
class Auth0Client:
    """Asks one tenant; `RO` and `TK` are the abbreviations of contract auth0 §9."""

    wire: WireClient
    prefix: str = ""

    def post(
        self, path: str, body: object, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """POST JSON; a mapping's secrets are remembered."""
        return self.wire.post_json(self.prefix + path, body, headers)

    def ro(self, *without: str, **changes: Any) -> httpx.Response:
        """`RO{…}`; a change to None is sent as null, `without` names are left out."""
        return self.post("/oauth/ro", ro_body(*without, **changes))

    def tk(self, *without: str, **changes: Any) -> httpx.Response:
        """`TK{…}`."""
        return self.post("/oauth/token", tk_body(*without, **changes))

    def get(
        self, path: str, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """GET."""
        return self.wire.get(self.prefix + path, headers)

    def form(self, path: str, fields: Mapping[str, str]) -> httpx.Response:
        """POST a form."""
        return self.wire.post(self.prefix + path, fields)


def ro_body(*without: str, **changes: Any) -> dict[str, Any]:
    """The body of `RO{…}`."""
    body = {
        "client_id": "LEG",
        "connection": DB,
        "grant_type": "password",
        "username": "alice",
        "password": PW,
        "scope": "openid",
        **changes,
    }
    return {name: value for name, value in body.items() if name not in without}


def tk_body(*without: str, **changes: Any) -> dict[str, Any]:
    """The body of `TK{…}`."""
    body = {
        "client_id": "OIDC",
        "grant_type": URN + "password-realm",
        "realm": DB,
        "username": "alice",
        "password": PW,
        "scope": "openid",
        **changes,
    }
    return {name: value for name, value in body.items() if name not in without}


@pytest.fixture(scope="session")
def mails() -> Iterator[MailSink]:
    """The mail server of every tenant, and of the connection `email`."""
    with mail_sink() as sink:
        yield sink


@pytest.fixture(scope="session")
def texts() -> Iterator[Webhook]:
    """The gateway of the connection `sms`."""
    with webhook() as hook:
        yield hook


@pytest.fixture(scope="session")
def auth0_server(
    tmp_path_factory: pytest.TempPathFactory, mails: MailSink, texts: Webhook
) -> Iterator[Instance]:
    """The server of this test process for the Auth0 cases, on SQLite."""
    port = free_port()
    document = auth0_document(f"localhost:{port}", smtp=mails.url, webhook=texts.url)
    instance = Instance(tmp_path_factory.mktemp("auth0"), {}, document, port=port)
    instance.start()
    yield instance
    instance.stop()


@pytest.fixture(scope="session")
def auth0_wire(auth0_server: Instance) -> Iterator[WireClient]:
    """A client of that server."""
    client = WireClient(auth0_server.address, auth0_server.data / "ca.pem")
    yield client
    client.close()


@pytest.fixture(scope="session")
def d(auth0_wire: WireClient) -> Auth0Client:
    """The tenant D of the cases."""
    return Auth0Client(auth0_wire)


@pytest.fixture(scope="session")
def contoso(auth0_wire: WireClient) -> Auth0Client:
    """The tenant `D/contoso`: another one, with the same names in it; JSONP is on."""
    return Auth0Client(auth0_wire, "/contoso")


@pytest.fixture(scope="session")
def shut(auth0_wire: WireClient) -> Auth0Client:
    """The tenant `D/shut`: its legacy switch is off."""
    return Auth0Client(auth0_wire, "/shut")


@pytest.fixture(scope="session")
def fresh() -> Callable[[], str]:
    """A function that names a user whom no test has used yet, by the short name."""
    used = 0

    def name() -> str:
        nonlocal used
        used += 1
        assert used <= FRESH, "add users to conftest.FRESH"
        return f"fresh{used}"

    return name


@pytest.fixture(scope="session")
def factored() -> Callable[[str], str]:
    """A function that names a user of FACTORED whom no test has used yet."""
    used = dict.fromkeys(FACTORED, 0)

    def name(kind: str) -> str:
        used[kind] += 1
        assert used[kind] <= FACTORS, "add users to conftest.FACTORS"
        return f"{kind}{used[kind]}"

    return name


@pytest.fixture(scope="session")
def box() -> Fresh:
    """A function that gives a mail address that no test has used yet."""
    numbers = count(1)
    return lambda: f"box{next(numbers)}@mail.test"


@pytest.fixture(scope="session")
def phone() -> Fresh:
    """A function that gives a telephone number that no test has used yet."""
    numbers = count(1)
    return lambda: f"+4930{next(numbers):04d}1"


def refused(answer: httpx.Response, status: int, error: str) -> str:
    """The description of a refusal of that status and code; never empty."""
    body = answer.json()
    assert (answer.status_code, body["error"]) == (status, error), answer.text
    assert body["error_description"]
    text: str = body["error_description"]
    return text
