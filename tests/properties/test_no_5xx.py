"""No input makes an unplanned 5xx, and token endpoints answer from their table.

The whole application, in process and without sockets (security promise 14).
"""

import asyncio
import base64
import json
from collections.abc import Iterator
from urllib.parse import quote_from_bytes

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ostiary.app import open_serving
from ostiary.dialects.entra.errors import TABLE
from ostiary.web import WebApp
from tests.keys.forms import certificate_for, pem_of
from tests.properties.house import House, Pairs, write_configuration
from tests.services.saml_issuer import Said, saml1
from tests.wire.entra.cases import (
    ASSERTION_TYPE,
    CERT,
    CONF,
    CONF_SECRET,
    PUB,
    TID,
    UNTOUCHED,
)
from tests.wire.instance import PASSWORD

FORM = b"application/x-www-form-urlencoded"
RULES = settings(max_examples=150)
CODES = {row.code: row for row in TABLE.values()}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def house(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """The application over the fixture of contract entra §12."""
    folder = tmp_path_factory.mktemp("house")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    server = {"data_dir": str(folder / "data"), "database": "sqlite"}
    if request.param == "postgresql":
        postgres = request.getfixturevalue("postgresql_server")
        server["database"] = postgres.url(postgres.create_database())
    chosen = write_configuration(folder, pem_of(certificate_for(key)), server)
    with asyncio.Runner() as runner:
        opened = open_serving(chosen.server)
        serving = runner.run(opened.__aenter__())
        yield House(runner, WebApp(serving.fronts))
        runner.run(opened.__aexit__(None, None, None))


SEGMENTS = st.sampled_from(
    [TID, "contoso.test", "organizations", "common", "consumers", "adfs", "nosuch"]
)
TAILS = st.sampled_from(
    [
        "oauth2/v2.0/token",
        "oauth2/token",
        "oauth2/v2.0/introspect",
        "oauth2/introspect",
        "oauth2/v2.0/revoke",
        "oauth2/revoke",
        "oauth2/v2.0/authorize",
        "oauth2/v2.0/devicecode",
        "oauth2/v2.0/logout",
        "discovery/v2.0/keys",
        "discovery/keys",
        "discovery/instance",
        "v2.0/.well-known/openid-configuration",
        ".well-known/openid-configuration",
        "userrealm/alice@contoso.test",
        "openid/userinfo",
        "userinfo",
    ]
)
SAML_BEARER = b"urn:ietf:params:oauth:grant-type:saml1_1-bearer"
NOISE = st.binary(max_size=30)
WORDS = st.one_of(
    st.text(max_size=30).map(lambda text: text.encode("utf-8", "surrogatepass")),
    NOISE,
    st.sampled_from(
        [b"\0", b"%00", b"%", b"%zz", b"\xed\xa0\x80", b"{}", b"[]", b"-1"]
    ),
)
METHODS = st.sampled_from(
    ["GET", "POST", "PUT", "HEAD", "OPTIONS", "DELETE", "PATCH", "TRACE", "X"]
)
KNOWN_NAMES = (
    b"grant_type client_id client_secret client_assertion client_assertion_type "
    b"username password scope resource refresh_token token claims client_info code "
    b"client-request-id response_type redirect_uri device_code assertion".split()
)
VALUES = st.one_of(
    WORDS,
    st.sampled_from(
        [
            b"password",
            b"refresh_token",
            b"client_credentials",
            b"device_code",
            SAML_BEARER,
            base64.b64encode(saml1(Said(0.0)).encode()),
            PUB.encode(),
            CONF.encode(),
            CERT.encode(),
            UNTOUCHED.encode(),
            CONF_SECRET.encode(),
            PASSWORD.encode(),
            ASSERTION_TYPE.encode(),
            b"alice@contoso.test",
            b"alice@nosuch.test",
            b"user.read openid offline_access",
            b"https://graph.microsoft.com/.default",
            b"api://tasks/.default",
            b"//",
            b"/ /x x/",
            b"eyJhbGciOiJub25lIn0.e30.",
            b"eyJhbGciOiJSUzI1NiJ9.e30.AAAA",
            b'{"access_token":null}',
            b"[" * 3000,
        ]
    ),
)
PAIRS = st.lists(st.tuples(st.sampled_from(KNOWN_NAMES) | WORDS, VALUES), max_size=8)


def percent(pairs: Pairs) -> bytes:
    """A form whose every odd byte is percent-encoded."""
    return "&".join(
        f"{quote_from_bytes(name, safe='')}={quote_from_bytes(value, safe='')}"
        for name, value in pairs
    ).encode()


BODIES = st.one_of(
    NOISE,
    PAIRS.map(percent),
    # Encoded twice, and cut short.
    PAIRS.map(lambda pairs: percent([(b"grant_type", percent(pairs))])),
    PAIRS.map(lambda pairs: percent(pairs)[:-1]),
    st.just(b"&".join([b"a=1"] * 1100)),
    st.just(percent([(b"scope", b"openid " * 5000)])),
)
BASIC = st.tuples(WORDS, WORDS).map(
    lambda pair: b"Basic " + base64.b64encode(b":".join(pair))
)
HEADERS = st.lists(
    st.one_of(
        st.tuples(st.just(b"content-type"), st.just(FORM) | NOISE),
        st.tuples(st.just(b"authorization"), BASIC | VALUES),
        st.tuples(
            st.just(b"authorization"), VALUES.map(lambda text: b"Bearer " + text)
        ),
        st.tuples(st.just(b"origin"), WORDS | st.just(b"https://app.contoso.test")),
        st.tuples(st.sampled_from([b"host", b"forwarded", b"x-forwarded-for"]), WORDS),
        st.tuples(st.sampled_from([b"client-request-id", b"user-agent"]), WORDS),
        st.tuples(st.just(b"return-client-request-id"), st.just(b"true")),
    ),
    max_size=6,
)
GARBAGE_PATHS = st.one_of(
    st.lists(WORDS, max_size=5).map(
        lambda parts: b"/" + b"/".join(quote_from_bytes(p).encode() for p in parts)
    ),
    NOISE.map(lambda noise: b"/" + noise),
)
ROUTES = st.tuples(SEGMENTS, TAILS).map(lambda pair: "/".join(("", *pair)).encode())
HOSTILE_SEGMENTS = st.tuples(WORDS, TAILS).map(
    lambda pair: f"/{quote_from_bytes(pair[0], safe='')}/{pair[1]}".encode()
)
MANY = b"&".join(b"a%d=1" % n for n in range(1100))


@RULES
@given(
    METHODS,
    GARBAGE_PATHS | ROUTES | HOSTILE_SEGMENTS,
    NOISE | PAIRS.map(percent),
    HEADERS,
    BODIES,
)
@example(
    "POST",
    f"/{TID}/oauth2/v2.0/token".encode(),
    b"",
    [(b"content-type", FORM), (b"origin", b"https://app.contoso.test")],
    MANY,
)
@example(
    "POST",
    f"/{TID}/oauth2/v2.0/token".encode(),
    b"",
    [(b"content-type", FORM), (b"origin", b"https://app.contoso.test")],
    b"grant_type=password&client_id=a%00b",
)
@example("GET", b"/error", b"code=%00", [], b"")
def test_garbage_never_gets_a_5xx(
    house: House,
    method: str,
    path: bytes,
    query: bytes,
    headers: Pairs,
    body: bytes,
) -> None:
    """Whatever is sent: an answer below 500, in JSON or plain text, nothing leaked."""
    answer = house.ask(method, path, query=query, headers=headers, body=body)
    assert answer.status < 500, answer
    assert b"Traceback" not in answer.body
    is_json = answer.headers.get("content-type", "").startswith("application/json")
    if is_json and method != "HEAD":
        json.loads(answer.body)


@RULES
@given(SEGMENTS | st.just("telling.test"), st.sampled_from(["/v2.0", ""]), PAIRS)
def test_token_endpoints_answer_from_their_table(
    house: House, segment: str, version: str, pairs: Pairs
) -> None:
    """Random parameters get tokens or a row of the table: status, word and code."""
    path = f"/{segment}/oauth2{version}/token".encode()
    fields = {b"grant_type": b"password", **dict(pairs)}
    body = percent(list(fields.items()))
    answer = house.ask("POST", path, headers=[(b"content-type", FORM)], body=body)
    told = answer.told()
    if answer.status == 404:  # /adfs has no v2.0
        assert segment == "adfs"
        return
    if answer.status == 200:
        assert told["token_type"] == "Bearer"
        return
    row = CODES[told["error_codes"][0]]
    assert answer.status == row.status
    assert answer.status in (400, 401)
    words = {r.error for r in TABLE.values() if r.code == row.code}
    words |= {r.v1_error for r in TABLE.values() if r.code == row.code}
    assert told["error"] in words
    assert told["error_description"].startswith(f"AADSTS{row.code}: ")


@RULES
@given(
    st.fixed_dictionaries(
        {b"username": VALUES, b"password": VALUES},
        optional={b"scope": VALUES, b"claims": VALUES, b"client_info": VALUES},
    )
)
def test_password_requests_of_a_good_client_are_answered(
    house: House, fields: dict[bytes, bytes]
) -> None:
    """Any name, password and scope: 200, 400 or, for lack of a directory, nothing
    else.
    """
    base = {b"grant_type": b"password", b"client_id": PUB.encode()}
    body = percent(list({**base, **fields}.items()))
    answer = house.ask(
        "POST",
        f"/{TID}/oauth2/v2.0/token".encode(),
        headers=[(b"content-type", FORM)],
        body=body,
    )
    assert answer.status in (200, 400)
    assert answer.told().keys() & {"access_token", "error_codes"}


TAGS = st.sampled_from(["saml:Assertion", "Assertion", "ds:Signature", "a", "a:b"])
SPLICES = st.sampled_from(["", "<!DOCTYPE a>", "<!-- -->", "&a;", "<", "]]>", "<?a?>"])


@RULES
@given(st.text(max_size=40), TAGS, TAGS, SPLICES, st.integers(0, 1100))
def test_assertions_of_any_shape_are_answered(
    house: House, text: str, old: str, new: str, splice: str, place: int
) -> None:
    """Spliced, retagged or nonsense: a refusal of the table, and never a token."""
    whole = saml1(Said(0.0, name_id=text or "x")).replace(old, new)
    spliced = whole[:place] + splice + whole[place:]
    for candidate in (text, spliced):
        raw = candidate.encode("utf-8", "surrogatepass")
        fields = [
            (b"grant_type", SAML_BEARER),
            (b"client_id", PUB.encode()),
            (b"assertion", base64.b64encode(raw)),
        ]
        answer = house.ask(
            "POST",
            f"/{TID}/oauth2/v2.0/token".encode(),
            headers=[(b"content-type", FORM)],
            body=percent(fields),
        )
        assert answer.status == 400
        assert answer.told()["error_codes"][0] in (50008, 900144)
