"""Connections over the management API, and where they may lead (case ADM-09).

Who may use these routes is told in test_management.py (case ADM-01).
"""

import contextlib
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any

import httpx
import pytest
import yaml

from ostiary.core.model import ConnectionSettings
from ostiary.stores.documents import decode
from tests.services.mailsink import MailSink
from tests.services.provision import free_port
from tests.services.webhook import Webhook
from tests.wire.auth0.conftest import DB, Auth0Client, auth0_document, refused
from tests.wire.auth0.test_management import ask, manager, own_words
from tests.wire.auth0.test_passwordless import start
from tests.wire.client import WireClient
from tests.wire.instance import Instance

pytestmark = pytest.mark.xdist_group("entered connections")

JSON = {"content-type": "application/json"}
NOT_ALLOWED = (
    "Payload validation error: options: must lead to public addresses, or to networks "
    "that the operator allows"
)
PUBLIC = "93.184.215.14"
"""Never connected to: nobody signs in by what is entered with it."""
SECRET = "marked-Bind-Secret-7c1f"

HOSTILE = [
    "127.0.0.1",
    "localhost",
    "localhost.",
    "LOCALHOST",
    "2130706433",
    "017700000001",
    "0x7f000001",
    "0x7f.1",
    "127.1",
    "0177.0.0.1",
    "0.0.0.0",  # noqa: S104 - not bound to
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[fe80::1%25lo]",
    "[fd00:ec2::254]",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.100.100.200",
    "169.254.169.254",
    "168.63.129.16",
    "１２７.0.0.1",
    "nowhere.invalid",
]
TOLD_ALIKE = {
    "localhost",
    "127.0.0.1",
    "10.0.0.1",
    "[fd00:ec2::254]",
    "nowhere.invalid",
}
"""Well spelled; the others are refused for their form already."""
PLACES = {
    "ad": ("urls", "ldaps://{}/"),
    "waad": ("authority", "https://{}/contoso"),
    "adfs": ("authority", "https://{}/adfs"),
    "email": ("smtp", "smtp://{}"),
    "sms": ("webhook", "https://{}/sms"),
}
REST: dict[str, dict[str, Any]] = {
    "ad": {"base_dn": "DC=corp,DC=test"},
    "waad": {"client_id": "us"},
    "adfs": {"client_id": "us"},
    "email": {"from": "no-reply@contoso.test"},
    "sms": {},
}


def options(strategy: str, host: str) -> dict[str, Any]:
    """Options of a strategy whose one address is at that host."""
    name, form = PLACES[strategy]
    url = form.format(host)
    return {name: [url] if name == "urls" else url, **REST[strategy]}


@dataclass(frozen=True)
class Desk:
    """The management API of one tenant, with a token for all of it."""

    d: Auth0Client
    bearer: dict[str, str]

    def ask(self, method: str, path: str, body: object = None) -> httpx.Response:
        """A request with a body of JSON."""
        octets = b"" if body is None else json.dumps(body).encode()
        where = f"{self.d.prefix}/api/v2/{path}"
        return self.d.wire.send(method, where, octets, {**JSON, **self.bearer})

    def enter(self, name: str, strategy: str, **more: Any) -> httpx.Response:
        """POST a connection."""
        body = {"name": name, "strategy": strategy, **more}
        return self.ask("POST", "connections", body)

    def made(self, name: str, strategy: str, **more: Any) -> str:
        """POST a connection; its id."""
        answer = self.enter(name, strategy, **more)
        assert answer.status_code == 201, answer.text
        id: str = answer.json()["id"]
        return id

    def names(self) -> set[str]:
        """Of all connections."""
        every = ask(self.d, "GET", "connections?per_page=100", self.bearer).json()
        return {each["name"] for each in every}

    def id_of(self, name: str) -> str:
        """The id of a connection."""
        path = f"connections?name={name}"
        [found] = ask(self.d, "GET", path, self.bearer).json()
        id: str = found["id"]
        return id


@pytest.fixture(scope="session")
def desk(d: Auth0Client, auth0_server: Instance) -> Desk:
    """At the server of all tests, where the operator allows no network."""
    return Desk(d, manager(d, auth0_server))


@pytest.fixture(scope="module")
def open_server(
    tmp_path_factory: pytest.TempPathFactory, mails: MailSink, texts: Webhook
) -> Iterator[Instance]:
    """A server of this module's, whose operator allows 127.0.0.1 and nothing else."""
    port = free_port()
    document = auth0_document(f"localhost:{port}", smtp=mails.url, webhook=texts.url)
    folder, allowed = tmp_path_factory.mktemp("open"), ["127.0.0.1/32"]
    instance = Instance(folder, {"outgoing_networks": allowed}, document, port=port)
    instance.start()
    yield instance
    instance.stop()


@pytest.fixture
def office(open_server: Instance) -> Iterator[Desk]:
    """At that server."""
    with desk_at(open_server) as made:
        yield made


@contextlib.contextmanager
def desk_at(server: Instance) -> Iterator[Desk]:
    """The management API of a server, with a token of its own."""
    wire = WireClient(server.address, server.data / "ca.pem")
    d = Auth0Client(wire)
    yield Desk(d, manager(d, server))
    wire.close()


class Ear(ThreadingTCPServer):
    """Listens on loopback, and counts who comes."""

    daemon_threads = True

    def __init__(self) -> None:
        """Nobody yet."""
        self.visits = 0
        super().__init__(("127.0.0.1", 0), BaseRequestHandler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """One more."""
        self.visits += 1
        self.shutdown_request(request)


@pytest.fixture
def ear() -> Iterator[Ear]:
    """A listening socket."""
    with Ear() as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield made
        made.shutdown()


def stored(server: Instance, name: str) -> ConnectionSettings:
    """A connection of D, as it lies in the store."""
    [[document]] = server.rows(
        "SELECT document FROM connections WHERE tenant_id = ? AND name = ?",
        server.document["tenants"][0]["id"],
        name,
    )
    return decode(document, ConnectionSettings)


# --- where they may lead --------------------------------------------------------------


@pytest.mark.parametrize("strategy", PLACES)
def test_adm_09_addresses_inside(desk: Desk, ear: Ear, strategy: str) -> None:
    """400, nothing is kept, nobody comes; names that lead nowhere are told alike.

    So that whoever asks does not learn which names there are inside.
    """
    before = desk.names()
    for number, host in enumerate(HOSTILE):
        given = options(strategy, f"{host}:{ear.server_address[1]}")
        answer = desk.enter(f"inside-{number}", strategy, options=given)
        message = own_words(answer, 400, "invalid_body")
        if host in TOLD_ALIKE:
            assert message == NOT_ALLOWED
    assert desk.names() == before
    assert ear.visits == 0


@pytest.mark.parametrize(
    "url",
    [
        "https://good.example@127.0.0.1:{}/",
        "https://good.example\\@127.0.0.1:{}/",
        "https://127.0.0.1:{}#good.example/",
        "https://127.0.0.1:{}\t.good.example/",
        "https://%31%32%37.0.0.1:{}/",
        "https:///127.0.0.1:{}/",
        "//127.0.0.1:{}/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:{}/",
        "https://" + PUBLIC + ":{}@127.0.0.1/",
    ],
)
def test_adm_09_addresses_that_look_like_others(desk: Desk, ear: Ear, url: str) -> None:
    """400, and nobody comes."""
    written = url.replace("{}", str(ear.server_address[1]))
    answer = desk.enter("odd", "sms", options={"webhook": written})
    own_words(answer, 400, "invalid_body")
    assert "odd" not in desk.names()
    assert ear.visits == 0


def test_adm_09_one_address_of_several(desk: Desk) -> None:
    """All of them have to lead outside."""
    given = options("ad", PUBLIC)
    given["urls"] += ["ldaps://10.0.0.1"]
    answer = desk.enter("several", "ad", options=given)
    assert own_words(answer, 400, "invalid_body") == NOT_ALLOWED
    given["urls"] = [f"ldaps://{PUBLIC}:{port}" for port in range(1, 22)]
    answer = desk.enter("several", "ad", options=given)
    assert "more than 20" in own_words(answer, 400, "invalid_body")


def test_adm_09_a_change_is_judged_as_well(desk: Desk, ear: Ear) -> None:
    """The entered one stays as it was, and so does what the operator wrote."""
    id = desk.made("moving", "sms", options=options("sms", PUBLIC))
    try:
        inside = f"http://127.0.0.1:{ear.server_address[1]}/"
        for path in (id, desk.id_of("sms")):
            answer = desk.ask(
                "PATCH", f"connections/{path}", {"options": {"webhook": inside}}
            )
            assert own_words(answer, 400, "invalid_body") == NOT_ALLOWED
    finally:
        assert desk.ask("DELETE", f"connections/{id}").status_code == 204
    assert ear.visits == 0


def test_adm_09_what_the_operator_allows(
    office: Desk, open_server: Instance, texts: Webhook
) -> None:
    """Codes go to a gateway in that network, and to none that is not in it any more.

    It is judged at each use: without the network the next code is not sent, though
    nothing was entered since.
    """
    at = f"http://127.0.0.1:{texts.port}/sms/send"
    others = options("sms", "127.0.0.2")
    assert own_words(
        office.enter("texting", "sms", options=others), 400, "invalid_body"
    )
    legacy = {"enabled_clients": ["LEG"]}
    id = office.made("texting", "sms", options={"webhook": at}, **legacy)
    number, moved = "+49301110001", "+49301110302"
    answer = start(office.d, connection="texting", phone_number=number)
    assert answer.status_code == 200, answer.text
    code = texts.code(number)
    told = office.d.ro(connection="texting", username=number, password=code)
    assert told.status_code == 200, told.text
    # A redirect: the code is where it was sent, and nowhere else.
    answer = start(office.d, connection="texting", phone_number=moved)
    refused(answer, 400, "sms_provider_error")
    assert [post.path for post in texts.to(moved)] == ["/sms/send"]
    with restarted(open_server, []) as moved_office:
        moved_office.ask("PATCH", f"connections/{id}", legacy)
        answer = start(moved_office.d, connection="texting", phone_number=number)
        refused(answer, 400, "sms_provider_error")
    assert texts.count(number) == 1
    assert office.ask("DELETE", f"connections/{id}").status_code == 204


def test_adm_09_mail_goes_by_the_same_rule(
    office: Desk, open_server: Instance, mails: MailSink
) -> None:
    """To a server in the network; without the network the mail is not delivered."""
    at = f"smtp://127.0.0.1:{mails.port}"
    given = {"smtp": at, "from": "no-reply@contoso.test"}
    id = office.made("mailing", "email", options=given, enabled_clients=["LEG"])
    asked = {"connection": "mailing", "send": "code"}
    answer = start(office.d, email="entered1@mail.test", **asked)
    assert answer.status_code == 200
    assert mails.newest("entered1@mail.test").sender == "no-reply@contoso.test"
    with restarted(open_server, []) as moved_office:
        legacy = {"enabled_clients": ["LEG"]}
        moved_office.ask("PATCH", f"connections/{id}", legacy)
        answer = start(moved_office.d, email="entered2@mail.test", **asked)
        assert answer.status_code == 200, answer.text
    # Stopping the server waited for its mails.
    assert mails.count("entered2@mail.test") == 0
    assert "address not allowed" in open_server.log.read_text()
    assert office.ask("DELETE", f"connections/{id}").status_code == 204


def test_adm_09_upstreams_are_judged_at_each_use(
    office: Desk, open_server: Instance, ear: Ear
) -> None:
    """While the network is allowed they are asked; without it no packet is sent.

    Nobody answers there, so it is 503 in either case, and no failed guess.
    """
    legacy = {"enabled_clients": ["LEG"]}
    at = f"127.0.0.1:{ear.server_address[1]}"
    ids = {
        f"used-{strategy}": office.made(
            f"used-{strategy}", strategy, options=options(strategy, at), **legacy
        )
        for strategy in ("ad", "waad", "adfs")
    }
    for name in ids:
        visits = ear.visits
        answer = office.d.ro(connection=name, username="eve", password="x")
        refused(answer, 503, "temporarily_unavailable")
        assert ear.visits > visits, name
    with restarted(open_server, []) as moved_office:
        ear.visits = 0
        for name, id in ids.items():
            moved_office.ask("PATCH", f"connections/{id}", legacy)
            answer = moved_office.d.ro(connection=name, username="eve", password="x")
            refused(answer, 503, "temporarily_unavailable")
        assert ear.visits == 0
    for id in ids.values():
        assert office.ask("DELETE", f"connections/{id}").status_code == 204


@contextlib.contextmanager
def restarted(server: Instance, networks: list[str]) -> Iterator[Desk]:
    """The server with other networks, and then as it was.

    It applies its file again, which says what its own clients may use.
    """
    settings = server.document["server"]
    before = settings["outgoing_networks"]
    try:
        settings["outgoing_networks"] = networks
        server.stop()
        server._write()
        server.start()
        with desk_at(server) as made:
            yield made
    finally:
        settings["outgoing_networks"] = before
        server.stop()
        server._write()
        server.start()


# --- the routes -----------------------------------------------------------------------


def test_a_connection_from_its_beginning_to_its_end(office: Desk) -> None:
    """201 with an id for ever; found by name and id; 409 twice; 204, then 404."""
    given = options("waad", PUBLIC)
    answer = office.enter(
        "round-1",
        "waad",
        options=given,
        enabled_clients=["OIDC"],
        realms=["round-1"],
        is_domain_connection=False,
    )
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert re.fullmatch(r"con_[0-9a-f]{16}", body["id"])
    assert body == {
        "id": body["id"],
        "name": "round-1",
        "strategy": "waad",
        "options": {},
        "realms": ["round-1"],
        "is_domain_connection": False,
        "enabled_clients": ["OIDC"],
    }
    path = f"connections/{body['id']}"
    assert office.ask("GET", path).json() == body
    again = office.enter("round-1", "sms", options=options("sms", PUBLIC))
    own_words(again, 409, "conflict")
    changed = office.ask("PATCH", path, {"enabled_clients": ["LEG", "CONF"]})
    assert changed.status_code == 200
    assert changed.json() == {**body, "enabled_clients": ["CONF", "LEG"]}
    gone = office.ask("DELETE", path)
    assert (gone.status_code, gone.content) == (204, b"")
    own_words(office.ask("GET", path), 404, "not_found")
    own_words(office.ask("PATCH", path, {}), 404, "not_found")
    own_words(office.ask("DELETE", path), 404, "not_found")
    own_words(office.enter(DB, "auth0"), 409, "conflict")


def test_clients_may_use_what_they_could_before(office: Desk) -> None:
    """Taking one connection from a client leaves it the others; giving back, too."""
    database = f"connections/{office.id_of(DB)}"
    before = office.ask("GET", database).json()["enabled_clients"]
    assert {"LEG", "NOGRANT"} <= set(before)  # NOGRANT may use whatever there is
    id = office.made("clients-db", "auth0", enabled_clients=[])
    path = f"connections/{id}"
    signed = {"username": "alice", "connection": DB}
    try:
        assert office.ask("GET", path).json()["enabled_clients"] == []
        assert office.ask("GET", database).json()["enabled_clients"] == before
        assert office.d.ro(**signed).status_code == 200
        changed = office.ask("PATCH", path, {"enabled_clients": ["LEG"]})
        assert changed.json()["enabled_clients"] == ["LEG"]
        assert office.d.ro(**signed).status_code == 200
        unknown = office.ask("PATCH", path, {"enabled_clients": ["LEG", "NOBODY"]})
        assert "NOBODY" in own_words(unknown, 400, "invalid_body")
        assert office.ask("GET", path).json()["enabled_clients"] == ["LEG"]
    finally:
        office.ask("DELETE", path)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"strategy": "auth0"}, "name: must be a string"),
        ({"name": "x"}, "strategy: must be a string"),
        ({"name": "x", "strategy": "auth0", "colour": 1}, "not allowed: colour"),
        ({"name": "x", "strategy": "auth0", "restricted": False}, "restricted"),
        ({"name": "a|b", "strategy": "auth0"}, "name: must be letters"),
        ({"name": "-a", "strategy": "auth0"}, "name: must be letters"),
        ({"name": "x" * 129, "strategy": "auth0"}, "name: must be letters"),
        ({"name": "x", "strategy": "google-oauth2"}, "strategy: must be one of auth0"),
        ({"name": "x", "strategy": "sms"}, "options: missing key"),
        ({"name": "x", "strategy": "sms", "options": []}, "must be an object"),
        ({"name": "x", "strategy": "sms", "options": {"a": 1}}, "options.a: unknown"),
        ({"name": "x", "strategy": "auth0", "enabled_clients": "LEG"}, "array"),
        ({"name": "x", "strategy": "auth0", "realms": [1]}, "array"),
        ({"name": "x", "strategy": "auth0", "is_domain_connection": 1}, "true or"),
    ],
)
def test_bodies_that_are_refused(desk: Desk, body: dict[str, Any], why: str) -> None:
    """400 in the management API's own form, which says what is wrong."""
    message = own_words(desk.ask("POST", "connections", body), 400, "invalid_body")
    assert message.startswith("Payload validation error: ")
    assert why in message


@pytest.mark.parametrize("octets", [b"", b"[]", b"{", b'{"a":1,"a":2}', b"\xff", b"1"])
def test_what_is_no_object(desk: Desk, octets: bytes) -> None:
    """400 for a body that is not one object of JSON, and for another type."""
    for method, path in (
        ("POST", "connections"),
        ("PATCH", f"connections/{desk.id_of(DB)}"),
    ):
        where = f"/api/v2/{path}"
        for kind in (JSON, {"content-type": "text/plain"}):
            answer = desk.d.wire.send(method, where, octets, {**kind, **desk.bearer})
            assert "body" in own_words(answer, 400, "invalid_body")


@pytest.mark.parametrize(
    "given",
    [
        {"ca": "/etc/ssl/certs/ca-certificates.crt"},
        {"ca": {"file": "/etc/hostname"}},
        {"client_secret": {"file": "/etc/passwd"}},
        {"client_secret": {"env": "PATH"}},
        {"client_id": {"env": "HOME"}},
        {"authority": {"env": "OSTIARY_URL"}},
        {"client_id": {"any": {"env": "HOME"}}},
        {"client_id": [["HOME"]]},
    ],
    ids=str,
)
def test_the_servers_own_files_and_variables(desk: Desk, given: dict[str, Any]) -> None:
    """Cannot be named over the wire, as the file may; nor is what they say told."""
    body = {**options("waad", PUBLIC), **given}
    answer = desk.enter("thief", "waad", options=body)
    message = own_words(answer, 400, "invalid_body")
    assert f"options.{next(iter(given))}" in message
    assert "root:" not in message
    adfs = {**options("adfs", PUBLIC), "signing_certificate": "/etc/ssl/idp.pem"}
    answer = desk.enter("thief", "adfs", options=adfs)
    assert "signing_certificate" in own_words(answer, 400, "invalid_body")
    assert "thief" not in desk.names()


def test_connections_of_another_tenant(
    desk: Desk, contoso: Auth0Client, auth0_server: Instance
) -> None:
    """Promise 6: an id of one tenant leads nowhere at the other."""
    theirs = Desk(contoso, manager(contoso, auth0_server))
    path = f"connections/{theirs.id_of(DB)}"
    own_words(desk.ask("PATCH", path, {"enabled_clients": []}), 404, "not_found")
    own_words(desk.ask("DELETE", path), 404, "not_found")
    assert DB in theirs.names()


def test_what_sign_ins_are_sent_to_stays(desk: Desk, auth0_server: Instance) -> None:
    """The default directory cannot be removed."""
    answer = desk.ask("DELETE", f"connections/{desk.id_of(DB)}")
    assert "default directory" in own_words(answer, 400, "invalid_body")
    assert DB in desk.names()


# --- secrets --------------------------------------------------------------------------


def test_secrets_are_kept_until_their_address_changes(
    office: Desk, open_server: Instance
) -> None:
    """Promise 9: never told, not in the clear anywhere, not sent somewhere else."""
    given = {**options("ad", PUBLIC), "bind_dn": "CN=us", "bind_password": SECRET}
    answer = office.enter("secretive", "ad", options=given)
    assert (answer.status_code, SECRET in answer.text) == (201, False)
    path = f"connections/{answer.json()['id']}"
    assert office.ask("GET", path).json()["options"] == {}

    def sealed() -> dict[str, str]:
        found = stored(open_server, "secretive").options.get("sealed", {})
        assert isinstance(found, dict)
        return found

    first = sealed()
    assert set(first) == {"bind_password"}
    for change, kept in (
        ({"user_filter": "(uid={0})"}, True),
        ({"urls": [f"ldaps://{PUBLIC}:6360"]}, False),
        ({"bind_password": SECRET}, True),
        ({"bind_password": None}, False),
        ({"bind_password": SECRET, "user_filter": None}, True),
    ):
        answer = office.ask("PATCH", path, {"options": change})
        assert (answer.status_code, answer.json()["options"]) == (200, {})
        assert ("bind_password" in sealed()) is kept, change
    kept_options = stored(open_server, "secretive").options
    assert kept_options["base_dn"] == "DC=corp,DC=test"
    assert "user_filter" not in kept_options
    office.ask("DELETE", path)
    places = [open_server.log, *open_server.data.iterdir()]
    for place in places:
        assert SECRET.encode() not in (place.read_bytes() if place.is_file() else b"")
    rows = "SELECT reason, detail FROM audit WHERE reason LIKE 'connection.%'"
    records = [
        (reason, json.loads(detail)) for reason, detail in open_server.rows(rows)
    ]
    ours = [each for each in records if each[1].get("connection") == "secretive"]
    assert {reason for reason, _ in ours} == {
        "connection.add",
        "connection.change",
        "connection.remove",
    }
    assert {detail["by"] for _, detail in ours} == {"CONF"}


# --- whose it is ----------------------------------------------------------------------


def test_what_the_operator_wrote_becomes_the_administrators(
    office: Desk, open_server: Instance, texts: Webhook
) -> None:
    """With the options, not with who may use it; applying the file takes it back."""
    path = f"connections/{office.id_of('sms')}"
    assert not stored(open_server, "sms").restricted
    office.ask("PATCH", path, {"enabled_clients": ["LEG"]})
    assert not stored(open_server, "sms").restricted
    same = {"options": {"webhook": texts.url}}
    assert office.ask("PATCH", path, same).status_code == 200
    assert not stored(open_server, "sms").restricted
    at = f"http://127.0.0.1:{texts.port}/sms/send"
    answer = office.ask("PATCH", path, {"options": {"webhook": at}})
    assert answer.status_code == 200
    taken = stored(open_server, "sms")
    assert (taken.restricted, taken.options["webhook"]) == (True, at)
    open_server.apply(lambda _: None)
    back = stored(open_server, "sms")
    assert (back.restricted, back.options["webhook"]) == (False, texts.url)


def test_an_export_says_who_entered_a_connection(
    office: Desk, open_server: Instance
) -> None:
    """So that applying the copy leaves it held to addresses outside."""
    id = office.made("carried", "waad", options=options("waad", PUBLIC))
    done = subprocess.run(
        [sys.executable, "-m", "ostiary", "export", "--config", str(open_server.path)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    document = yaml.safe_load(done.stdout)
    tenant = document["tenants"][0]
    found = {
        each["name"]: each.get("restricted", False)
        for tenant in document["tenants"]
        for each in tenant["connections"]
    }
    assert tenant["connections"]
    assert found["carried"] is True
    assert found[DB] is False
    copy = open_server.folder / "copy.yaml"
    copy.write_text(done.stdout)
    plan = subprocess.run(
        [sys.executable, "-m", "ostiary", "plan", str(copy)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "carried" not in plan.stdout, plan.stdout + plan.stderr
    assert plan.returncode in (0, 3), plan.stderr
    office.ask("DELETE", f"connections/{id}")
