"""No input makes an unplanned 5xx in the management API, with a token for all of it.

The whole application, in process and without sockets (security promise 14).
"""

import json
import time
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ostiary.dialects.auth0.management import ANY, MANAGED
from tests.connections.vectors import BCRYPT
from tests.properties.house import House
from tests.properties.test_no_5xx_auth0 import (
    HOST,
    JSON,
    NOISE,
    ODD,
    PARTS,
    TEXTS,
    ask,
    house,
    quoted,
)

__all__ = ["house"]

SECONDS = 20.0
RULES = settings(
    max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
ROUTES = st.sampled_from(sorted(MANAGED))
METHODS = st.sampled_from(["GET", "POST", "PATCH", "DELETE", "HEAD"])
NAMES = st.one_of(
    PARTS,
    st.sampled_from(
        ["con_0123456789abcdef", "job_x", "192.0.2.1", "::1", "fe80::1%eth0", "auth0|"]
    ),
)
QUERIES = st.dictionaries(
    st.sampled_from(
        [
            "name",
            "strategy",
            "page",
            "per_page",
            "include_totals",
            "identifier",
            "email",
        ]
    ),
    st.one_of(TEXTS, st.sampled_from(["true", "1", "99999999999", "-1", "alice"])),
    max_size=3,
)


@pytest.fixture(scope="module")
def bearer(house: House) -> str:
    """A token of CONF's for everything."""
    fields = {
        "client_id": "CONF",
        "client_secret": "SEC-0123456789abcdef",
        "grant_type": "client_credentials",
        "audience": f"https://{HOST}/api/v2/",
    }
    answer = ask(house, "POST", "/oauth/token", (JSON, json.dumps(fields).encode()))
    return f"Bearer {answer.told()['access_token']}"


def encoded(query: dict[str, str]) -> bytes:
    """A query, percent-encoded."""
    return "&".join(f"{name}={quoted(text)}" for name, text in query.items()).encode()


@RULES
@given(METHODS, ROUTES, NAMES, QUERIES | NOISE)
def test_whatever_is_asked_is_answered(
    house: House,
    bearer: str,
    method: str,
    route: tuple[str, ...],
    name: str,
    query: dict[str, str] | bytes,
) -> None:
    """A refusal has all five members."""
    octets = name.encode("utf-8", "surrogatepass")
    part = quote_from_bytes(octets, safe="")
    path = "/" + "/".join(part if each == ANY else each for each in route)
    asked = query if isinstance(query, bytes) else encoded(query)
    answer = ask(house, method, path, (JSON, b""), bearer, asked)
    assert answer.status < 500, answer
    if answer.status >= 400 and method != "HEAD" and path.startswith("/api/"):
        told = answer.told()
        if "statusCode" in told:
            assert told["statusCode"] == answer.status
            assert told["message"]
            assert told["errorCode"]


USERS = st.lists(
    st.dictionaries(
        st.sampled_from(
            [
                "email",
                "user_id",
                "username",
                "password_hash",
                "custom_password_hash",
                "mfa_factors",
                "user_metadata",
                "blocked",
                "name",
                "$",
            ]
        ),
        st.one_of(
            TEXTS,
            st.booleans(),
            st.none(),
            st.just(BCRYPT),
            st.dictionaries(TEXTS, TEXTS, max_size=2),
            st.lists(st.dictionaries(TEXTS, TEXTS, max_size=1), max_size=2),
        ),
        max_size=4,
    ),
    max_size=3,
)
FILES = st.one_of(NOISE, USERS.map(lambda each: json.dumps(each).encode()))


def multipart(parts: dict[str, bytes]) -> bytes:
    """A body of these parts."""
    written = b""
    for name, value in parts.items():
        head = f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
        written += head.encode() + value + b"\r\n"
    return written + b"--b--\r\n"


@RULES
@given(FILES, st.sampled_from([b"true", b"false", b"", b"\xff"]), st.booleans(), NOISE)
def test_whatever_is_uploaded_is_answered(
    house: House, bearer: str, file: bytes, upsert: bytes, broken: bool, noise: bytes
) -> None:
    """202 with a job that ends, or a refusal."""
    query = b"name=Username-Password-Authentication"
    answer = ask(house, "GET", "/api/v2/connections", (JSON, b""), bearer, query)
    [found] = json.loads(answer.body)
    body = multipart(
        {
            "users": file,
            "connection_id": str(found["id"]).encode(),
            "upsert": upsert,
            "external_id": noise,
        }
    )
    if broken:
        body = body.replace(b"--b", noise[:1] or b"--", 1)
    media = b"multipart/form-data; boundary=b"
    answer = ask(house, "POST", "/api/v2/jobs/users-imports", (media, body), bearer)
    assert answer.status in (202, 400, 429), answer
    if answer.status == 202:
        job = answer.told()
        path = f"/api/v2/jobs/{job['id']}"
        until = time.monotonic() + SECONDS
        # Work behind the answers goes on while the next request is answered.
        while job["status"] not in ("completed", "failed"):
            assert time.monotonic() < until, "the job never ended"
            time.sleep(0.005)
            job = ask(house, "GET", path, (JSON, b""), bearer).told()


OPTIONS = st.dictionaries(
    st.sampled_from(
        [
            "urls",
            "base_dn",
            "authority",
            "client_id",
            "client_secret",
            "wstrust_metadata",
            "smtp",
            "from",
            "webhook",
            "lockout",
            "keep_password",
            "ca",
        ]
    )
    | TEXTS,
    ODD
    | st.sampled_from(
        [
            "https://127.0.0.1/",
            "https://93.184.215.14/",
            "https://[::1",
            "https://[::ffff:127.0.0.1]:99999/",
            ["ldaps://93.184.215.14:636"],
            ["ldap://", None],
            "smtp://a:b@93.184.215.14",
            "a@b.test",
            {"threshold": 3, "seconds": 60},
            {"env": "PATH"},
            {"file": "/etc/hostname"},
        ]
    ),
    max_size=5,
)
ENTERED = st.dictionaries(
    st.sampled_from(["strategy", "enabled_clients", "realms", "is_domain_connection"]),
    ODD | st.sampled_from(["ad", "waad", "adfs", "sms", "email", "auth0", ["LEG"], []]),
    max_size=4,
)


@RULES
@given(ENTERED, OPTIONS | ODD, TEXTS | st.just("entered"))
def test_whatever_is_entered_is_answered(
    house: House, bearer: str, entered: dict[str, object], options: object, name: str
) -> None:
    """201, and then it can be changed and removed; or a refusal that keeps nothing."""
    path = "/api/v2/connections"
    body = {"name": name, **entered, "options": options}
    answer = ask(house, "POST", path, (JSON, written(body)), bearer)
    assert answer.status in (201, 400, 409), answer
    if answer.status == 201:
        path += f"/{answer.told()['id']}"
        changed = written({"options": options})
        assert ask(house, "PATCH", path, (JSON, changed), bearer).status == 200
        assert ask(house, "DELETE", path, (JSON, b""), bearer).status == 204


def written(body: object) -> bytes:
    """A body of JSON, or what would be one."""
    return json.dumps(body).encode()
