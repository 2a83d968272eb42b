"""A running Ostiary before directories, and every way to hand it a password.

Two tenants with both dialects: `contoso`, whose passwords lie in its own database but
for pass-through domains, and `onprem`, whose default directory is a connection.
"""

import contextlib
import json
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.services.provision import free_port
from tests.wire.client import WireClient
from tests.wire.entra.cases import FULL, peek, token_path
from tests.wire.instance import Document, Instance

TID = "44444444-0000-4000-8000-000000000001"
ONPREM = "44444444-0000-4000-8000-000000000002"
PUB = {
    TID: "44444444-0000-4000-8000-0000000000aa",
    ONPREM: "44444444-0000-4000-8000-0000000000bb",
}
URN = "http://auth0.com/oauth/grant-type/"
DATABASE = "Username-Password-Authentication"
LOCAL = "local@contoso.test"
PASSWORD = "Database-Passw0rd!"
SCOPES = ["User.Read", "profile", "openid", "email"]
COMMAND_SECONDS = 30.0

Connection = Mapping[str, Any]


def connection(
    name: str,
    options: Mapping[str, Any],
    secrets: Mapping[str, str] | None = None,
    strategy: str = "ad",
) -> dict[str, Any]:
    """One of a tenant's connections."""
    told = {**options, **(secrets or {})}
    return {"name": name, "strategy": strategy, "options": told}


def estate_document(
    auth0_domain: str, connections: Sequence[Connection], domains: Mapping[str, str]
) -> Document:
    """The configuration, without `server`; domains: connections by pass-through domain.

    The first connection is the default directory of `onprem`.
    """
    passing = [
        {"name": name, "authentication": "pass-through", "connection": each}
        for name, each in domains.items()
    ]
    both = [{"name": DATABASE, "strategy": "auth0"}, *connections]
    first = _tenant(TID, "contoso", auth0_domain, both)
    second = _tenant(ONPREM, "onprem", f"{auth0_domain}/onprem", [connections[0]])
    first["domains"] += passing
    first["users"] = [
        {"username": LOCAL, "login": "local", "email": LOCAL, "password": PASSWORD}
    ]
    second["default_directory"] = connections[0]["name"]
    return {"tenants": [first, second]}


def _tenant(
    tenant_id: str, name: str, auth0_domain: str, connections: Sequence[Connection]
) -> dict[str, Any]:
    old = "http://auth0.com/oauth/legacy/grant-type/ro"
    new = ["password", f"{URN}password-realm", "refresh_token"]
    return {
        "id": tenant_id,
        "name": name,
        "domains": [{"name": f"{name}.test"}],
        "auth0_domain": auth0_domain,
        "password_grant": True,
        "legacy_resource_owner": True,
        "lockout": {"threshold": 10, "seconds": 60, "source_failures": 100_000},
        "password_hash": {"algorithm": "argon2id", "memory_kib": 64, "iterations": 1},
        "connections": list(connections),
        "applications": [
            {
                "client_id": PUB[tenant_id],
                "name": "PUB",
                "public_client": True,
                "grant_types": ["password", "refresh_token"],
                "permissions": SCOPES,
                "admin_consent": SCOPES,
            },
            {
                "client_id": "LEG",
                "public_client": True,
                "oidc_conformant": False,
                "grant_types": [old],
            },
            {"client_id": "OIDC", "public_client": True, "grant_types": new},
        ],
    }


@dataclass(frozen=True)
class Estate:
    """The running server and a client of it."""

    instance: Instance
    wire: WireClient

    def entra(
        self,
        username: str,
        password: str | None,
        *,
        tenant: str = TID,
        version: str = "/v2.0",
        **more: str,
    ) -> httpx.Response:
        """The password grant at the Entra token endpoint."""
        form = {
            "client_id": PUB[tenant],
            "grant_type": "password",
            "username": username,
            "password": password,
            "scope": FULL,
            **more,
        }
        sent = {name: value for name, value in form.items() if value is not None}
        return self.wire.post(token_path(tenant, version), sent)

    def old(
        self,
        username: str,
        password: str | None,
        name: str,
        *,
        prefix: str = "",
        **more: object,
    ) -> httpx.Response:
        """`/oauth/ro` with a connection."""
        body = {
            "client_id": "LEG",
            "connection": name,
            "grant_type": "password",
            "username": username,
            "password": password,
            "scope": "openid profile",
            **more,
        }
        return self.wire.post_json(f"{prefix}/oauth/ro", body)

    def realm(
        self,
        username: str,
        password: str | None,
        name: str,
        *,
        prefix: str = "",
        **more: object,
    ) -> httpx.Response:
        """`/oauth/token` with a realm."""
        body = {
            "client_id": "OIDC",
            "grant_type": f"{URN}password-realm",
            "realm": name,
            "username": username,
            "password": password,
            "scope": "openid profile offline_access",
            **more,
        }
        return self.wire.post_json(f"{prefix}/oauth/token", body)

    def doors(self, username: str, name: str, upn: str) -> "list[Door]":
        """Every door for one person: by Entra's name, and by that of the connection."""
        return [
            lambda password: self.entra(upn, password),
            lambda password: self.entra(upn, password, version=""),
            lambda password: self.old(username, password, name),
            lambda password: self.realm(username, password, name),
        ]

    def local(self) -> httpx.Response:
        """A sign-in that no directory has to do with."""
        return self.entra(LOCAL, PASSWORD)

    def record(
        self, ask: Callable[[str], httpx.Response]
    ) -> tuple[httpx.Response, list[tuple[str, str]]]:
        """An answer, and outcome and reason of its audit records."""
        number = str(uuid.uuid4())
        answer = ask(number)
        return answer, self.instance.records(number)

    def forget(self) -> None:
        """Take back every count of wrong passwords, behind the server's back."""
        path = self.instance.data / "ostiary.sqlite"
        with contextlib.closing(sqlite3.connect(path, timeout=30)) as store, store:
            store.execute("DELETE FROM failures")

    def audit(self, lines: int) -> list[dict[str, Any]]:
        """The newest audit records, as `ostiary audit tail --json` prints them."""
        command = [sys.executable, "-m", "ostiary", "audit", "tail", "--json"]
        done = subprocess.run(
            [*command, "-n", str(lines), "--config", str(self.instance.path)],
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=True,
        )
        return [json.loads(line) for line in done.stdout.splitlines()]


Door = Callable[[str | None], httpx.Response]


def start_estate(
    folder: Path,
    connections: Sequence[Connection],
    domains: Mapping[str, str],
    **server: object,
) -> Estate:
    """Write the configuration, start the server; who calls stops it."""
    port = free_port()
    document = estate_document(f"localhost:{port}", connections, domains)
    instance = Instance(folder, server, document, port=port)
    instance.start()
    return Estate(instance, WireClient(instance.address, instance.data / "ca.pem"))


def stop_estate(estate: Estate) -> None:
    """Stop the server and close the client."""
    estate.wire.close()
    estate.instance.stop()


def together(count: int, ask: Callable[[int], httpx.Response]) -> list[httpx.Response]:
    """Answers to requests made side by side."""
    with ThreadPoolExecutor(count) as crew:
        return list(crew.map(ask, range(count)))


def user_id(answer: httpx.Response) -> str:
    """The `sub` in an id_token, unverified."""
    assert answer.status_code == 200, answer.text
    return str(peek(answer.json()["id_token"])["sub"])
