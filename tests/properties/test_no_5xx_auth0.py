"""No input makes an unplanned 5xx at the doors of the Auth0 dialect.

The whole application, in process and without sockets (security promise 14).
"""

import asyncio
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ostiary.app import open_serving
from ostiary.dialects.auth0.routes import ANY, PATHS
from ostiary.web import WebApp
from tests.properties.house import Answer, House, Pairs, write_configuration
from tests.wire.auth0.conftest import DB, PW, auth0_document

HOST = "login.example"
FORM = b"application/x-www-form-urlencoded"
JSON = b"application/json"
RULES = settings(max_examples=150)
ORIGIN = b"https://app.example.test"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def house(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """The application over the fixture of contract auth0 §9."""
    folder = tmp_path_factory.mktemp("house")
    server = {"data_dir": str(folder / "data"), "database": "sqlite"}
    if request.param == "postgresql":
        postgres = request.getfixturevalue("postgresql_server")
        server["database"] = postgres.url(postgres.create_database())
    nowhere = {"smtp": "smtp://127.0.0.1:9", "webhook": "http://127.0.0.1:9"}
    chosen = write_configuration(folder, b"", server, auth0_document(HOST, **nowhere))
    with asyncio.Runner() as runner:
        opened = open_serving(chosen.server)
        serving = runner.run(opened.__aenter__())
        yield House(runner, WebApp(serving.fronts))
        runner.run(opened.__aexit__(None, None, None))


NOISE = st.binary(max_size=30)
TEXTS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            "password",
            "refresh_token",
            "client_credentials",
            "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "http://auth0.com/oauth/grant-type/password-realm",
            "http://auth0.com/oauth/grant-type/passwordless/otp",
            "http://auth0.com/oauth/grant-type/mfa-otp",
            "LEG",
            "OIDC",
            "CONF",
            "SEC-0123456789abcdef",
            DB,
            "sms",
            "email",
            "goog",
            "corp-ad",
            "alice",
            "bob",
            "carol",
            PW,
            "openid profile offline_access",
            "https://api.test",
            "https://login.example/api/v2/",
            "+15551234567",
            "a@b.test",
            "000000",
            "\0",
            "\ud800",
            "x" * 5000,
            "eyJhbGciOiJub25lIn0.e30.",
            "v1~a~b",
            "-----BEGIN RSA PUBLIC KEY-----\rMIG\r-----END RSA PUBLIC KEY-----",
        ]
    ),
)
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3)
    ),
    max_leaves=5,
)
NAMES = st.sampled_from(
    [
        "client_id",
        "client_secret",
        "client_assertion",
        "client_assertion_type",
        "grant_type",
        "username",
        "password",
        "connection",
        "realm",
        "scope",
        "audience",
        "device",
        "id_token",
        "access_token",
        "token",
        "target",
        "refresh_token",
        "otp",
        "mfa_token",
        "mfa_code",
        "oob_code",
        "binding_code",
        "recovery_code",
        "email",
        "phone_number",
        "send",
        "authParams",
        "verification_code",
        "name",
        "user_metadata",
        "cbx",
        "challenge_type",
        "authenticator_types",
        "oob_channels",
        "type",
        "value",
        "device_name",
        "device_id",
        "public_key",
        "api_type",
        "offline_mode",
        "nonce",
    ]
)
FIELDS = st.dictionaries(NAMES | TEXTS, ODD, max_size=8)


def as_form(fields: dict[str, Any]) -> bytes:
    """Texts and noise as a form."""
    return "&".join(
        f"{quoted(str(name))}={quoted(str(value))}" for name, value in fields.items()
    ).encode()


def quoted(text: str) -> str:
    """Percent-encoded, whatever it is."""
    return quote_from_bytes(text.encode("utf-8", "surrogatepass"), safe="[]")


BODIES = st.one_of(
    st.tuples(st.just(JSON), FIELDS.map(lambda each: json.dumps(each).encode())),
    st.tuples(st.just(FORM), FIELDS.map(as_form)),
    st.tuples(st.sampled_from([JSON, FORM, b"", b"multipart/form-data"]), NOISE),
)
PARTS = st.one_of(
    TEXTS.filter(lambda text: text not in ("", ".", "..")),
    st.just("auth0|5f7c8ec7c33c6c004bbafe82"),
)
ROUTES = st.sampled_from(sorted(PATHS))
PREFIXES = st.sampled_from(["", "/contoso", "/shut", "/nosuch"])
METHODS = st.sampled_from(["GET", "POST", "DELETE", "PUT", "HEAD", "OPTIONS", "PATCH"])
AUTHORIZATION = st.one_of(
    st.none(), TEXTS.map(lambda t: f"Bearer {t}"), TEXTS.map(lambda t: f"Basic {t}")
)


def ask(
    house: House,
    method: str,
    path: str,
    body: tuple[bytes, bytes],
    authorization: str | None = None,
    query: bytes = b"",
) -> Answer:
    """One request to the tenant's host."""
    headers: Pairs = [
        (b"host", HOST.encode()),
        (b"content-type", body[0]),
        (b"origin", ORIGIN),
    ]
    if authorization is not None:
        text = authorization.encode("utf-8", "surrogatepass")
        headers = [*headers, (b"authorization", text)]
    return house.ask(method, path.encode(), query=query, headers=headers, body=body[1])


@RULES
@given(METHODS, PREFIXES, ROUTES, PARTS, BODIES, AUTHORIZATION, NOISE)
def test_garbage_never_gets_an_unplanned_5xx(
    house: House,
    method: str,
    prefix: str,
    route: tuple[str, ...],
    part: str,
    body: tuple[bytes, bytes],
    authorization: str | None,
    query: bytes,
) -> None:
    """Whatever is sent to whichever path; a refusal always says what it is."""
    named = (
        quoted(part).replace("/", "%2F") if each == ANY else each for each in route
    )
    answer = ask(
        house, method, f"{prefix}/{'/'.join(named)}", body, authorization, query
    )
    assert answer.status < 500 or answer.status == 503, answer
    assert b"Traceback" not in answer.body
    is_json = answer.headers.get("content-type", "").startswith("application/json")
    if is_json and method != "HEAD" and answer.status >= 400:
        told = answer.told()
        assert told["error"]
        assert told["error_description"]


@RULES
@given(FIELDS, st.sampled_from([JSON, FORM]))
def test_the_old_door_answers_tokens_or_a_refusal(
    house: House, fields: dict[str, Any], kind: bytes
) -> None:
    """Around a good request anything may change (contract auth0 §1.5)."""
    base: dict[str, Any] = {
        "client_id": "LEG",
        "connection": DB,
        "grant_type": "password",
        "username": "alice",
        "password": PW,
    }
    whole = {**base, **fields}
    body = json.dumps(whole).encode() if kind == JSON else as_form(whole)
    answer = ask(house, "POST", "/oauth/ro", (kind, body))
    told = answer.told()
    if answer.status == 200:
        assert told["token_type"] == "bearer"
        assert "error" not in told
        return
    assert answer.status in (400, 401, 403, 429)
    assert told["error_description"]


@RULES
@given(FIELDS)
def test_todays_door_answers_tokens_or_a_refusal(
    house: House, fields: dict[str, Any]
) -> None:
    """The same for `/oauth/token` (contract auth0 §3.4)."""
    base: dict[str, Any] = {
        "client_id": "OIDC",
        "grant_type": "password",
        "username": "alice",
        "password": PW,
    }
    body = json.dumps({**base, **fields}).encode()
    answer = ask(house, "POST", "/oauth/token", (JSON, body))
    told = answer.told()
    if answer.status == 200:
        assert told["token_type"] == "Bearer"
        return
    assert answer.status in (400, 401, 403, 429)
    assert told["error_description"]
