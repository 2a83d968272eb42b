"""A house in memory: real rules, real store, real keys; time held still, no sockets.

Requests are posted to the web application as ASGI messages. No test lives here.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast
from urllib.parse import quote, urlencode

import jwt

from ostiary.clock import SystemClock
from ostiary.flows.manage.apply import management_event
from ostiary.flows.manage.changes import PutUser
from ostiary.flows.ports import Ports
from ostiary.stores.estate import StoredEstate
from ostiary.stores.sqlite import SqliteDatabase
from ostiary.stores.statement import Statement
from ostiary.web import WebApp

BASE = "https://login.example"
START = 1_795_224_000.0
TENANT = "11111111-2222-3333-4444-555555555555"
ALICE = "aaaaaaaa-0000-4000-8000-000000000001"
PUBLIC = "6731de76-14a6-49ae-97bc-6eba6914391e"
CONFIDENTIAL = "6731de76-0000-4000-8000-000000000002"
UNCONSENTED = "6731de76-0000-4000-8000-000000000003"
DAEMON = "6731de76-0000-4000-8000-000000000004"
DEFAULT = "6731de76-0000-4000-8000-000000000005"
SECOND = "6731de76-0000-4000-8000-000000000006"
SECRET = "s3cr~t+/="
PASSWORD = "SuperS3cret"
TOKEN = f"/{TENANT}/oauth2/v2.0/token"
FORM = "application/x-www-form-urlencoded"

Form = Mapping[str, str]
# What the documents' own sample sends, with a user of the house.
SAMPLE: Form = {
    "client_id": PUBLIC,
    "scope": "user.read openid profile offline_access",
    "username": "alice@contoso.test",
    "password": PASSWORD,
    "grant_type": "password",
}


@dataclass(frozen=True)
class Edition:
    """A tenant that follows one edition of the documents, and a user of it."""

    name: str
    tenant_id: str
    username: str

    @property
    def domain(self) -> str:
        """The friendly name of the tenant."""
        return self.username.partition("@")[2]

    @property
    def path(self) -> str:
        """The token endpoint."""
        return f"/{self.tenant_id}/oauth2/v2.0/token"


EDITIONS = (
    Edition("2019-11", TENANT, "alice@contoso.test"),
    Edition("2018-12", "22222222-2222-3333-4444-555555555555", "anna@december.test"),
    Edition("2018-11", "33333333-2222-3333-4444-555555555555", "anna@november.test"),
)


class HeldClock(SystemClock):
    """Time that moves only when a test says so; chance is real."""

    def __init__(self) -> None:
        self.time = START

    def now(self) -> float:
        """Epoch seconds."""
        return self.time

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self.time += seconds


@dataclass(frozen=True)
class Answer:
    """What came back; `json` is {} for a body that is none."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """The body as JSON."""
        is_json = self.headers.get("content-type", "").startswith("application/json")
        found: dict[str, Any] = json.loads(self.body) if is_json and self.body else {}
        return found

    @property
    def told(self) -> tuple[int, str, int]:
        """Status, error and number of a refusal."""
        assert "access_token" not in self.json
        assert "id_token" not in self.json
        assert "refresh_token" not in self.json
        return self.status, self.json["error"], self.json["error_codes"][0]

    @property
    def scopes(self) -> set[str]:
        """The words of the answer's `scope`."""
        return set(self.json["scope"].split())


@dataclass(frozen=True)
class House:
    """One tenant of each edition, people and applications: see house.yaml."""

    app: WebApp
    ports: Ports
    database: SqliteDatabase
    clock: HeldClock

    async def post(
        self,
        path: str,
        form: Form,
        *,
        headers: Mapping[str, str] | None = None,
        source: str = "192.0.2.7",
    ) -> Answer:
        """Post a form; the path may carry a query."""
        fields = {"content-type": FORM, **(headers or {})}
        body = urlencode(form, quote_via=quote).encode()
        return await self.send("POST", path, body, fields, source)

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Ask for a document."""
        return await self.send("GET", path, b"", headers or {}, "192.0.2.7")

    async def send(
        self, method: str, path: str, body: bytes, headers: Form, source: str
    ) -> Answer:
        """One request through the web application."""
        raw, _, query = path.partition("?")
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": method,
            "path": raw,
            "raw_path": raw.encode(),
            "query_string": query.encode(),
            "headers": [(k.encode(), v.encode()) for k, v in headers.items()],
            "client": (source, 40000),
            "scheme": "https",
        }
        await self.app(scope, receive, send)
        told = {k.decode(): v.decode("latin-1") for k, v in sent[0]["headers"]}
        return Answer(sent[0]["status"], told, sent[1].get("body", b""))

    async def sign_in(self, path: str = TOKEN, **changes: str | None) -> Answer:
        """The documents' sample with some parameters changed; None leaves one out."""
        asked = {**SAMPLE, **changes}
        form = {name: value for name, value in asked.items() if value is not None}
        return await self.post(path, form)

    async def refresh(self, token: str, **changes: str) -> Answer:
        """Redeem a refresh token at the first tenant."""
        form = {"client_id": PUBLIC, "grant_type": "refresh_token"}
        return await self.post(TOKEN, {**form, "refresh_token": token, **changes})

    async def claims(self, token: str, tenant_id: str = TENANT) -> dict[str, Any]:
        """Claims of a token whose signature the published keys confirm."""
        kid = jwt.get_unverified_header(token)["kid"]
        keys = (await self.get(f"/{tenant_id}/discovery/v2.0/keys")).json["keys"]
        key = jwt.PyJWK(next(k for k in keys if k["kid"] == kid), algorithm="RS256")
        found: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            options={  # times are judged by the tests, which hold the clock
                "verify_aud": False,
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
            },
        )
        return found

    async def rows(self, table: str) -> list[Mapping[str, Any]]:
        """Every row of a table."""
        select = Statement(f"SELECT * FROM {table}")  # noqa: S608 - a test's own word
        return [dict(cast("Any", row)) for row in await self.database.fetch(select)]

    async def change_user(self, username: str, **changes: Any) -> None:
        """Change a user as an administrator would, in the store."""
        estate = StoredEstate(self.database)
        tenant_id = await estate.find_tenant(username.partition("@")[2]) or ""
        stored = await estate.load(tenant_id)
        assert stored is not None
        found = [u.user for u in stored.users.values() if u.user.username == username]
        write = PutUser(replace(found[0], **changes), self.clock.now())
        event = management_event("user change", self.clock.now(), "specs", tenant_id)
        await estate.write([write], event)

    async def failures(self) -> int:
        """How many wrong passwords were counted: none when nobody looked at one."""
        return sum(row["count"] for row in await self.rows("failures"))
