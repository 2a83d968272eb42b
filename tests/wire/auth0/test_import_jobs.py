"""Cases A120 to A123 of contract auth0 §9, over the management API."""

import json
import time
import uuid
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tests.connections.vectors import BCRYPT, ELSEWHERE, OURS
from tests.wire.auth0.conftest import DB, PW, Auth0Client, refused
from tests.wire.auth0.test_management import ask, bearer, manager, own_words
from tests.wire.auth0.test_success import claims_of
from tests.wire.instance import Instance

__all__ = ["bearer"]

SECONDS = 30.0
Headers = dict[str, str]


@pytest.fixture(scope="session")
def database(d: Auth0Client, bearer: Headers) -> str:
    """The id of the connection DB."""
    [found] = ask(d, "GET", f"connections?name={DB}", bearer).json()
    identifier: str = found["id"]
    return identifier


def upload(
    d: Auth0Client,
    bearer: Headers,
    file: bytes | list[Any],
    fields: Mapping[str, str],
) -> httpx.Response:
    """A file of users, as SDKs send it."""
    octets = file if isinstance(file, bytes) else json.dumps(file).encode()
    files = {"users": ("users.json", octets, "application/json")}
    # The client only writes the body: the address is the tenant's.
    made = httpx.Request("POST", "https://d.test", data=dict(fields), files=files)
    headers = {**bearer, "content-type": made.headers["content-type"]}
    path = f"{d.prefix}/api/v2/jobs/users-imports"
    return d.wire.send("POST", path, made.read(), headers)


def ended(d: Auth0Client, bearer: Headers, job_id: str) -> dict[str, Any]:
    """The job once it has ended."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        job: dict[str, Any] = ask(d, "GET", f"jobs/{job_id}", bearer).json()
        if job["status"] not in ("pending", "processing"):
            return job
        time.sleep(0.05)
    raise AssertionError(f"{job_id} never ended")


def taken(
    d: Auth0Client,
    bearer: Headers,
    database: str,
    file: bytes | list[Any],
    **fields: str,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What became of a file, and who was not brought in."""
    answer = upload(d, bearer, file, {"connection_id": database, **fields})
    assert answer.status_code == 202, answer.text
    job = ended(d, bearer, answer.json()["id"])
    told = ask(d, "GET", f"jobs/{job['id']}/errors", bearer)
    assert told.status_code in (200, 204)
    return job, told.json() if told.status_code == 200 else []


def newcomer(**more: Any) -> dict[str, Any]:
    """A user whom nobody knows yet."""
    return {"email": f"new-{uuid.uuid4()}@example.test", **more}


def codes(errors: list[dict[str, Any]]) -> set[str]:
    """The codes of all errors."""
    return {error["code"] for each in errors for error in each["errors"]}


def test_a_job_says_what_was_asked(
    d: Auth0Client, bearer: Headers, database: str
) -> None:
    """202 at once, with all that was sent along; counts when it has ended."""
    fields = {"connection_id": database, "external_id": "x1", "upsert": "true"}
    answer = upload(d, bearer, [newcomer(password_hash=BCRYPT)], fields)
    job = answer.json()
    assert answer.status_code == 202
    assert job["id"].startswith("job_")
    assert (job["type"], job["status"]) == ("users_import", "pending")
    assert (job["connection_id"], job["external_id"]) == (database, "x1")
    assert job["upsert"] is True
    assert job["created_at"].endswith("Z")
    done = ended(d, bearer, job["id"])
    assert done["status"] == "completed"
    counts = {"failed": 0, "updated": 0, "inserted": 1, "total": 1}
    assert done["summary"] == counts
    errors = ask(d, "GET", f"jobs/{job['id']}/errors", bearer)
    assert (errors.status_code, errors.content) == (204, b"")


def test_a120_every_hash_signs_in(
    d: Auth0Client, bearer: Headers, database: str
) -> None:
    """The vectors of §7, one user each; all are in, and their passwords good."""
    known = {f"ours: {name}": (PW, hash) for name, hash in OURS.items()}
    known |= {f"theirs: {name}": pair for name, pair in ELSEWHERE.items()}
    users, passwords = [], {}
    for password, declared in known.values():
        if isinstance(declared, str) and not declared.startswith("$2"):
            continue
        key = "password_hash" if isinstance(declared, str) else "custom_password_hash"
        user = newcomer(**{key: declared})
        users.append(user)
        passwords[user["email"]] = password
    job, errors = taken(d, bearer, database, users)
    assert (job["status"], errors) == ("completed", [])
    assert job["summary"]["inserted"] == len(users) > 15
    for email, password in passwords.items():
        answer = d.ro(username=email, password=password)
        assert answer.status_code == 200, (email, answer.text)
        wrong = d.ro(username=email, password=f"{password}x")
        refused(wrong, 401, "invalid_user_password")


def test_a121_a_field_that_nobody_knows(
    d: Auth0Client, bearer: Headers, database: str
) -> None:
    """The user stays outside; the error shows who it was, without the hash."""
    user = newcomer(password_hash=BCRYPT, shoe_size=42)
    job, errors = taken(d, bearer, database, [user])
    assert job["status"] == "failed"
    assert job["summary"] == {"failed": 1, "updated": 0, "inserted": 0, "total": 1}
    [told] = errors
    assert told["user"]["email"] == user["email"]
    assert all({"code", "message", "path"} <= set(error) for error in told["errors"])
    assert BCRYPT not in json.dumps(errors)
    refused(d.ro(username=user["email"]), 401, "invalid_user_password")


def test_a121_without_an_address(
    d: Auth0Client, bearer: Headers, database: str
) -> None:
    """`email` is required; the others of the file come in."""
    good = newcomer(password_hash=BCRYPT)
    job, errors = taken(d, bearer, database, [{"name": "x"}, good, "rubbish"])
    assert job["status"] == "completed"
    assert job["summary"] == {"failed": 2, "updated": 0, "inserted": 1, "total": 3}
    assert len(errors) == 2
    assert d.ro(username=good["email"]).status_code == 200


def test_a121_an_address_that_is_taken(
    d: Auth0Client, bearer: Headers, database: str
) -> None:
    """Twice in the file, or of somebody who is here already."""
    user = newcomer(password_hash=BCRYPT)
    job, errors = taken(d, bearer, database, [user, user])
    assert job["summary"]["inserted"] == 1
    assert codes(errors) == {"DUPLICATED_USER"}
    job, errors = taken(d, bearer, database, [user, {"email": "alice@example.test"}])
    assert job["status"] == "failed"
    assert codes(errors) <= {"DUPLICATED_USER", "CONFLICT_EMAIL"}
    assert len(errors) == 2


def test_a122_an_export_comes_back_with_its_ids(
    d: Auth0Client, bearer: Headers, database: str
) -> None:
    """`auth0|` in front is the same id; with `upsert` it is the same user."""
    identifier = uuid.uuid4().hex[:24]
    user = newcomer(user_id=identifier, password_hash=BCRYPT)
    taken(d, bearer, database, [user])
    subject = claims_of(d, d.ro(username=user["email"]).json()["id_token"])["sub"]
    assert subject == f"auth0|{identifier}"
    export = {
        "user_id": f"auth0|{identifier}",
        "email": user["email"],
        "given_name": "Changed",
    }
    job, errors = taken(d, bearer, database, [export], upsert="true")
    assert (job["summary"]["updated"], errors) == (1, [])
    answer = d.ro(username=user["email"], scope="openid given_name")
    claims = claims_of(d, answer.json()["id_token"])
    assert (claims["sub"], claims["given_name"]) == (subject, "Changed")


def test_a123_a_line_of_a_hash_export(
    d: Auth0Client, bearer: Headers, database: str
) -> None:
    """The id is the one of the other service."""
    identifier = uuid.uuid4().hex[:24]
    email = f"hashed-{identifier}@example.test"
    line = {
        "_id": {"$oid": identifier},
        "email": email,
        "email_verified": True,
        "passwordHash": BCRYPT,
        "tenant": "theirs",
        "connection": DB,
        "identifiers": [{"type": "email", "value": email, "verified": True}],
    }
    file = (json.dumps(line) + "\n").encode()
    job, errors = taken(d, bearer, database, file)
    assert (job["status"], errors) == ("completed", [])
    claims = claims_of(d, d.ro(username=email).json()["id_token"])
    assert claims["sub"] == f"auth0|{identifier}"


@pytest.mark.parametrize("file", [b"{", b"no JSON", b"\xff\xfe", b'[{"email":'])
def test_a_file_that_is_no_json(
    d: Auth0Client, bearer: Headers, database: str, file: bytes
) -> None:
    """The job fails, and says why."""
    job, errors = taken(d, bearer, database, file)
    assert job["status"] == "failed"
    assert job["summary"]["inserted"] == 0
    assert all(each["errors"][0]["message"] for each in errors)
    assert errors


def test_an_empty_array_is_done_at_once(
    d: Auth0Client, bearer: Headers, database: str
) -> None:
    """Nobody to bring in is no failure."""
    job, errors = taken(d, bearer, database, [])
    assert (job["status"], errors) == ("completed", [])


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 400),
        ({"connection_id": "con_0123456789abcdef"}, 404),
        ({"connection_id": DB}, 404),
        ({"upsert": "yes"}, 400),
    ],
    ids=["no connection", "unknown", "a name", "upsert"],
)
def test_orders_that_cannot_be_carried_out(
    d: Auth0Client,
    bearer: Headers,
    database: str,
    fields: dict[str, str],
    status: int,
) -> None:
    """They are refused before there is a job."""
    sent = {"connection_id": database, **fields} if "upsert" in fields else fields
    answer = upload(d, bearer, [], sent)
    code = "not_found" if status == 404 else "invalid_query_string"
    own_words(answer, status, code)


def test_only_databases_take_users(d: Auth0Client, bearer: Headers) -> None:
    """Others know their people themselves."""
    [sms] = ask(d, "GET", "connections?name=sms", bearer).json()
    answer = upload(d, bearer, [], {"connection_id": sms["id"]})
    assert "database" in own_words(answer, 400, "invalid_query_string")


BOUNDARY = "multipart/form-data; boundary=b"


@pytest.mark.parametrize(
    ("media", "body"),
    [
        ("application/json", b"[]"),
        ("multipart/form-data", b""),
        (BOUNDARY, b""),
        (BOUNDARY, b"rubbish"),
        (BOUNDARY, b"--b\r\n\r\nno name\r\n--b--\r\n"),
        (BOUNDARY, b'--b\r\nContent-Disposition: form-data; name="users"\r\n\r\nx'),
        (f"multipart/form-data; boundary={'b' * 2000}", b"--b--"),
    ],
    ids=["JSON", "no boundary", "empty", "rubbish", "no name", "cut off", "long"],
)
def test_bodies_that_cannot_be_read(
    d: Auth0Client, bearer: Headers, media: str, body: bytes
) -> None:
    """400 in this API's own words."""
    path = "/api/v2/jobs/users-imports"
    answer = d.wire.send("POST", path, body, {**bearer, "content-type": media})
    own_words(answer, 400, "invalid_query_string")


def test_a_part_comes_once(d: Auth0Client, bearer: Headers) -> None:
    """Two files would be a guess which one is meant."""
    part = b'--b\r\nContent-Disposition: form-data; name="users"\r\n\r\n[]\r\n'
    path = "/api/v2/jobs/users-imports"
    answer = d.wire.send(
        "POST", path, part + part + b"--b--\r\n", {**bearer, "content-type": BOUNDARY}
    )
    assert "repeated" in own_words(answer, 400, "invalid_query_string")


def test_a_file_has_500_kb(d: Auth0Client, bearer: Headers, database: str) -> None:
    """One byte more is refused; a much larger body is not even read."""
    fields = {"connection_id": database}
    full = b"[" + b" " * (500 * 1024 - 2) + b"]"
    assert upload(d, bearer, full, fields).status_code == 202
    own_words(upload(d, bearer, full + b" ", fields), 400, "invalid_query_string")
    huge = upload(d, bearer, full + b" " * 200_000, fields)
    assert huge.status_code == 413
    assert huge.json()["statusCode"] == 413
    packed = upload(d, bearer, b"\x1f\x8b" + b"x" * 10, fields)
    own_words(packed, 400, "invalid_query_string")


def test_jobs_of_another_tenant_are_nothing_here(
    d: Auth0Client,
    contoso: Auth0Client,
    auth0_server: Instance,
    bearer: Headers,
    database: str,
) -> None:
    """Promise 6; nor can its connection be imported into."""
    job, _ = taken(d, bearer, database, [])
    theirs = manager(contoso, auth0_server)
    own_words(ask(contoso, "GET", f"jobs/{job['id']}", theirs), 404, "not_found")
    answer = upload(contoso, theirs, [], {"connection_id": database})
    own_words(answer, 404, "not_found")
