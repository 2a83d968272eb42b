"""A real `ostiary serve` with addresses of its own, and what clients are told of it.

Every process of the test run gets two loopback addresses that nobody else uses, so
that port 443 is free: at the second the instance listens there, at the first not.
"""

import contextlib
import json
import random
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jwt

from tests.clients.environments import client_environment
from tests.services.provision import ends_with_us, free_port
from tests.wire.clients import fixture
from tests.wire.clients.fixture import KeyPair, new_key_pair

START_SECONDS = 60


@dataclass(frozen=True)
class Served:
    """A running instance."""

    base_url: str
    """Its own name; nobody listens on 443 of that address."""
    open_url: str
    """The same instance at an address with 443, unless `port_443` is False."""
    data_dir: Path
    log: Path
    keys: KeyPair
    port_443: bool

    @property
    def ca(self) -> Path:
        """The certificate that clients must trust."""
        return self.data_dir / "ca.pem"

    def facts(self) -> dict[str, Any]:
        """What the scripts of the clients are told."""
        named = {
            name.lower(): value
            for name, value in vars(fixture).items()
            if name.isupper() and isinstance(value, str)
        }
        return named | {
            "base": self.base_url,
            "host": host_of(self.base_url),
            "open": self.open_url,
            "open_host": host_of(self.open_url),
            "ca": str(self.ca),
            "key_pem": self.keys.key,
            "certificate_pem": self.keys.certificate,
            "thumbprint": self.keys.thumbprint,
        }

    def verified(
        self, token: str, audience: str | list[str], path: str = ""
    ) -> dict[str, Any]:
        """The claims of a token, after a plain OpenID Connect consumer proved them.

        `path` is the authority whose discovery document it reads, of the tenant's v2
        endpoint when absent.
        """
        base = f"{self.base_url}/{path or f'{fixture.TENANT_ID}/v2.0'}"
        document = self.read(f"{base}/.well-known/openid-configuration")
        keys = jwt.PyJWKClient(document["jwks_uri"], ssl_context=self.trust())
        key = keys.get_signing_key_from_jwt(token)
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            document["id_token_signing_alg_values_supported"],
            audience=audience,
            issuer=document["issuer"],
            options={"require": ["exp", "nbf", "iat", "sub", "aud", "iss"]},
        )
        return claims

    def read(self, url: str) -> dict[str, Any]:
        """A JSON document of this instance."""
        answer = httpx.get(url, verify=self.trust(), timeout=10).raise_for_status()
        document: dict[str, Any] = answer.json()
        return document

    def trust(self) -> ssl.SSLContext:
        """TLS that trusts the local CA of this instance and no other."""
        return ssl.create_default_context(cafile=str(self.ca))


def host_of(url: str) -> str:
    """The host of an address without its port."""
    return url.rpartition(":")[0].removeprefix("https://")


@contextlib.contextmanager
def serve(folder: Path) -> Iterator[Served]:
    """Start an instance in `folder`; it ends with the block."""
    net = f"127.{random.randint(1, 254)}.{random.randint(0, 255)}"  # noqa: S311
    port, port_443 = free_port(), may_listen(f"{net}.2", 443)
    keys = new_key_pair()
    base_url = f"https://{net}.1:{port}"
    listen = [f"{net}.1:{port}", f"{net}.2:{port}"]
    listen += [f"{net}.2:443"] if port_443 else []
    file, data, log = folder / "ostiary.yaml", folder / "data", folder / "log"
    settings = fixture.configuration(base_url, listen, str(data), keys.certificate)
    file.write_text(json.dumps(settings))
    with _running(file, log):
        with_443 = f"https://{net}.2:{port}"
        yield Served(base_url, with_443, data, log, keys, port_443)


def may_listen(host: str, port: int) -> bool:
    """Whether this process may bind the address."""
    with socket.socket() as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


@contextlib.contextmanager
def _running(file: Path, log: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "ostiary", "serve", "--config", str(file)]
    with log.open("w") as stderr:
        server = subprocess.Popen(
            [*ends_with_us(), *command, "--apply"],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            env=client_environment(),
        )
        try:
            _await_ready(server, log)
            yield
        finally:
            server.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(15)
            server.kill()
            server.wait(5)


def _await_ready(server: subprocess.Popen[str], log: Path) -> None:
    timer = threading.Timer(START_SECONDS, server.kill)
    timer.start()
    assert server.stdout is not None
    try:
        line = server.stdout.readline()
    finally:
        timer.cancel()
    if not line.startswith("ready https://"):
        raise AssertionError(f"no server: {line!r}\n{log.read_text()}")
