"""A real server over the fixture of contract auth0 §9, and what clients are told of it.

The fixture has a tenant at the plain domain and one behind a prefix, which answers
JSONP too; a locked user and an application with a certificate are added here.
"""

import contextlib
import secrets
import sqlite3
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import jwt
import yaml

from tests.services.provision import free_port
from tests.services.webhook import Webhook, webhook
from tests.wire.clients.fixture import KeyPair, new_key_pair
from tests.wire.instance import Document, Instance

FIXTURE: Final = Path(__file__).parents[1] / "auth0" / "fixture.yaml"
PREFIX: Final = "contoso"
PLACES: Final = ("plain", "prefixed")
PASSWORD: Final = "Ostiary-Test-1"
CONNECTION: Final = "Username-Password-Authentication"
ORIGIN: Final = "https://app.example.test"
LOCKED: Final = "lena"
GUESSES: Final = 10


@dataclass(frozen=True)
class Auth0Served:
    """A running instance and its domains."""

    instance: Instance
    keys: KeyPair
    texts: Webhook

    @property
    def domain(self) -> str:
        """The plain domain, `host:port`."""
        return f"localhost:{self.instance.port}"

    @property
    def prefixed(self) -> str:
        """The domain of the tenant behind a prefix."""
        return f"{self.domain}/{PREFIX}"

    @property
    def ca(self) -> Path:
        """The certificate that clients must trust."""
        return self.instance.data / "ca.pem"

    def domain_at(self, place: str) -> str:
        """The domain of one of PLACES."""
        return {"plain": self.domain, "prefixed": self.prefixed}[place]

    def facts(self, domain: str) -> dict[str, Any]:
        """What the scripts of the clients are told; a ghost is nobody twice.

        Each client asks for the same profiles, so each begins with full buckets.
        """
        self._forget_limits()
        return {
            "domain": domain,
            "jsonp_domain": self.prefixed,
            "origin": ORIGIN,
            "ca": str(self.ca),
            "connection": CONNECTION,
            "passive": "goog",
            "api": "https://api.test",
            "legacy": "LEG",
            "hs256": "LEGHS",
            "hs256_secret": self.secret_of("LEGHS"),
            "no_grant": "NOGRANT",
            "oidc": "OIDC",
            "confidential": "CONF",
            "secret": self.secret_of("CONF"),
            "certificate": "CERT",
            "key_pem": self.keys.key,
            "alice": "alice",
            "password": PASSWORD,
            "ghost": f"ghost-{secrets.token_hex(4)}",
            "blocked": "bob",
            "mfa": "carol",
            "mfa_not_enrolled": "dan",
            "leaked": "erin",
            "leaked_password": "AUTH0-TEST-erin-1",
            "locked": LOCKED,
        }

    def _forget_limits(self) -> None:
        path = self.instance.data / "ostiary.sqlite"
        with contextlib.closing(sqlite3.connect(path, timeout=10)) as store, store:
            store.execute("DELETE FROM buckets")

    def code(self, domain: str, client_id: str) -> dict[str, str]:
        """A telephone and the code that it was sent, and one that has none yet."""
        phone, other = (f"+1555{secrets.randbelow(10**7):07}1" for _ in range(2))
        start = {"client_id": client_id, "connection": "sms", "phone_number": phone}
        if client_id == "CONF":
            start["client_secret"] = self.secret_of(client_id)
        self.post(domain, "/passwordless/start", start).raise_for_status()
        return {"phone": phone, "code": self.texts.code(phone), "other_phone": other}

    def secret_of(self, client_id: str) -> str:
        """The secret that the fixture gives an application."""
        [tenant, *_] = self.instance.document["tenants"]
        [value] = [
            application["secrets"][0]["value"]
            for application in tenant["applications"]
            if application["client_id"] == client_id
        ]
        return str(value)

    def verified(self, domain: str, token: str, audience: str) -> dict[str, Any]:
        """The claims of a token, after a plain OpenID Connect consumer proved them."""
        document = self.read(f"https://{domain}/.well-known/openid-configuration")
        assert document["issuer"] == f"https://{domain}/"
        keys = jwt.PyJWKClient(document["jwks_uri"], ssl_context=self.trust())
        claims: dict[str, Any] = jwt.decode(
            token,
            keys.get_signing_key_from_jwt(token),
            ["RS256"],
            audience=audience,
            issuer=document["issuer"],
            options={"require": ["exp", "iat", "sub", "aud", "iss"]},
        )
        return claims

    def post(self, domain: str, path: str, body: dict[str, Any]) -> httpx.Response:
        """The answer to a JSON body, without any client library."""
        url = f"https://{domain}{path}"
        return httpx.post(url, json=body, verify=self.trust(), timeout=10)

    def read(self, url: str) -> dict[str, Any]:
        """A JSON document of this instance."""
        answer = httpx.get(url, verify=self.trust(), timeout=10).raise_for_status()
        document: dict[str, Any] = answer.json()
        return document

    def trust(self) -> ssl.SSLContext:
        """TLS that trusts the local CA of this instance and no other."""
        return ssl.create_default_context(cafile=str(self.ca))


@contextlib.contextmanager
def serve_auth0(folder: Path) -> Iterator[Auth0Served]:
    """Start an instance in `folder`, LOCKED locked; it ends with the block."""
    keys = new_key_pair()
    with webhook() as texts:
        port = free_port()
        document = _document(f"localhost:{port}", keys, texts)
        with _running(Instance(folder, {}, document, port=port)) as instance:
            served = Auth0Served(instance, keys, texts)
            for domain in (served.domain, served.prefixed):
                _lock(served, domain)
            yield served


@contextlib.contextmanager
def serve_assumed(
    folder: Path, document: Callable[[str], Document]
) -> Iterator[Auth0Served]:
    """Start an instance of a configuration made for the place that serves it."""
    port = free_port()
    made = Instance(folder, {}, document(f"localhost:{port}"), port=port)
    with _running(made) as instance:
        yield Auth0Served(instance, new_key_pair(), Webhook())


@contextlib.contextmanager
def _running(instance: Instance) -> Iterator[Instance]:
    instance.start()
    try:
        yield instance
    finally:
        instance.stop()


def _lock(served: Auth0Served, domain: str) -> None:
    for number in range(GUESSES):
        answer = served.post(
            domain,
            "/oauth/ro",
            {
                "client_id": "LEG",
                "connection": CONNECTION,
                "grant_type": "password",
                "username": LOCKED,
                "password": f"wrong-{number}",
            },
        )
        assert answer.json()["error"] == "invalid_user_password", answer.text


def _document(place: str, keys: KeyPair, texts: Webhook) -> Document:
    text = FIXTURE.read_text().replace("DOMAIN", place)
    # Nobody is sent a mail here.
    text = text.replace("SMTP_URL", "smtp://127.0.0.1:9")
    text = text.replace("SMS_WEBHOOK", texts.url)
    document: Document = yaml.safe_load(text)
    del document["definitions"]
    for tenant in document["tenants"]:
        tenant["lockout"] = {"threshold": GUESSES, "seconds": 3600}
        locked = {"username": f"{LOCKED}@example.test", "login": LOCKED}
        tenant["users"] = [*tenant["users"], {**locked, "password": PASSWORD}]
        own = _by_certificate(tenant["applications"], keys)
        tenant["applications"] = [*tenant["applications"], own]
    return document


def _by_certificate(applications: list[Document], keys: KeyPair) -> Document:
    [found] = [one for one in applications if one["client_id"] == "CONF"]
    kept = {key: value for key, value in found.items() if key != "secrets"}
    return kept | {"client_id": "CERT", "certificates": [keys.certificate]}
