"""The public promises CLI, SCO, KEY and TEN, at the Entra door."""

import base64
import json
import time
import uuid

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.keys.forms import bare
from tests.wire.answers import assert_error, assert_tokens
from tests.wire.client import FORM, Form, WireClient, encode
from tests.wire.entra.cases import (
    CERT_ONCE,
    CONF,
    CONF2,
    CONF2_SECRET,
    CONF_SECRET,
    DAEMON,
    DAEMON_SECRET,
    PUB,
    TID,
    TID2,
    TOKEN,
    assertion,
    by_certificate,
    p,
    peek,
    refreshing,
    thumbprints,
    token_path,
)
from tests.wire.instance import Instance

CONFIGURATION = f"/{TID}/v2.0/.well-known/openid-configuration"


def basic(client_id: str, secret: str) -> dict[str, str]:
    pair = encode({client_id: secret}).replace("=", ":", 1)
    return {"authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def assert_bad_request_or_client(answer: httpx.Response) -> None:
    """BADREQ or BADCLIENT of the promises, and no token."""
    told = (answer.status_code, answer.json()["error"])
    assert told in {(400, "invalid_request"), (401, "invalid_client")}, answer.text
    assert "access_token" not in answer.json()


def test_cli_04_one_way_of_authentication_at_once(
    wire: WireClient,
    ostiary: Instance,
    app_key: rsa.RSAPrivateKey,
    app_pem: bytes,
) -> None:
    """Basic and body, secret and assertion, ids that differ: each right by itself."""
    before = ostiary.guesses()
    proof = assertion(
        app_key, app_pem, f"{ostiary.base}{TOKEN}", time.time(), client_id=CONF
    )
    with_assertion = {**p(client_id=CONF), **by_certificate(proof, CONF)}
    with_assertion["grant_type"] = "password"
    header = basic(CONF, CONF_SECRET)
    secret = {"client_secret": CONF_SECRET}
    attempts: list[tuple[Form, dict[str, str]]] = [
        (p(client_id=CONF, **secret), header),
        ({**with_assertion, **secret}, {}),
        (with_assertion, header),
        (p(client_id=PUB), header),
        (p(client_id=DAEMON), header),
    ]
    for form, headers in attempts:
        assert_bad_request_or_client(wire.post(TOKEN, form, headers))
    assert ostiary.guesses() == before


def test_cli_06_an_assertion_set_to_one_time_works_once(
    wire: WireClient, ostiary: Instance, app_key: rsa.RSAPrivateKey, app_pem: bytes
) -> None:
    """At an application with `assertion_reuse: false`."""
    audience = f"{ostiary.base}{TOKEN}"
    text = assertion(app_key, app_pem, audience, time.time(), client_id=CERT_ONCE)
    form = by_certificate(text, CERT_ONCE)
    assert_tokens(wire.post(TOKEN, form))
    for _ in range(2):
        answer = wire.post(TOKEN, form)
        assert answer.status_code == 401
        assert answer.json()["error"] == "invalid_client"


def test_cli_06_another_spelling_is_the_same_assertion(
    wire: WireClient, ostiary: Instance, app_key: rsa.RSAPrivateKey, app_pem: bytes
) -> None:
    """Padding that the signature does not cover makes no new assertion of it."""
    audience = f"{ostiary.base}{TOKEN}"
    text = assertion(app_key, app_pem, audience, time.time(), client_id=CERT_ONCE)
    assert_tokens(wire.post(TOKEN, by_certificate(text, CERT_ONCE)))
    for other in (f"{text}==", f"{text}=", f" {text}", f"{text}\n", mutable(text)):
        answer = wire.post(TOKEN, by_certificate(other, CERT_ONCE))
        assert answer.status_code == 401, repr(other[-8:])
        assert answer.json()["error"] == "invalid_client"


def mutable(text: str) -> str:
    """The same signature bytes: the last base64url character has unused bits."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return text[:-1] + alphabet[alphabet.index(text[-1]) ^ 1]


@pytest.mark.parametrize("kind", ["none", "empty signature", "public key HMAC"])
def test_cli_09_forged_assertions(
    wire: WireClient,
    ostiary: Instance,
    app_key: rsa.RSAPrivateKey,
    app_pem: bytes,
    kind: str,
) -> None:
    """The algorithm is never taken from the token."""
    text = assertion(app_key, app_pem, f"{ostiary.base}{TOKEN}", time.time())
    head, payload, _ = text.split(".")
    x5t = bare(thumbprints(app_pem)[0])
    if kind == "none":
        head = bare(json.dumps({"alg": "none", "x5t": x5t}).encode())
    if kind == "public key HMAC":
        head = bare(json.dumps({"alg": "HS256", "x5t": x5t}).encode())
        signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
        signed = signature.sign(f"{head}.{payload}".encode(), app_pem)
        forged = f"{head}.{payload}.{bare(signed)}"
    else:
        forged = f"{head}.{payload}."
    answer = wire.post(TOKEN, by_certificate(forged))
    assert answer.status_code == 401
    assert answer.json()["error"] == "invalid_client"


def test_sco_01_scopes_that_are_not_registered(wire: WireClient) -> None:
    """Unknown 70011, a resource that was not declared 650057, at every grant."""
    refresh = wire.post(TOKEN, p()).json()["refresh_token"]
    for form in (p(), refreshing(PUB, refresh)):
        unknown = wire.post(TOKEN, {**form, "scope": "No.Such openid"})
        assert_error(unknown, 400, "invalid_scope", 70011)
        foreign = wire.post(TOKEN, {**form, "scope": "api://tasks/Tasks.Read"})
        assert_error(foreign, 400, "invalid_resource", 650057)
    own = {"client_id": CONF, "client_secret": CONF_SECRET}
    own |= {"grant_type": "client_credentials", "scope": "api://tasks/.default"}
    assert_error(wire.post(TOKEN, own), 400, "invalid_resource", 650057)


@pytest.mark.parametrize("scope", ["Mail.Read", "user.read Mail.Read openid"])
def test_sco_02_registered_scopes_need_consent(wire: WireClient, scope: str) -> None:
    """65001 and no token, even beside scopes that were consented."""
    answer = wire.post(TOKEN, p(scope=scope))
    body = assert_error(answer, 400, "invalid_grant", 65001, "consent_required")
    assert "access_token" not in body


HOSTILE = [
    {"host": "evil.example"},
    {"host": "evil.example:443@localhost"},
    {"x-forwarded-host": "evil.example", "x-forwarded-proto": "http"},
    {"x-forwarded-for": "203.0.113.9", "x-forwarded-port": "1"},
    {"forwarded": "for=203.0.113.9;host=evil.example;proto=http"},
    {"x-original-url": "/evil", "x-rewrite-url": "/evil"},
]


@pytest.mark.parametrize("headers", HOSTILE)
def test_key_01_only_the_configuration_says_who_we_are(
    wire: WireClient, ostiary: Instance, headers: dict[str, str]
) -> None:
    """Issuer, links and the address of the caller, whatever a request claims."""
    plain = wire.get(CONFIGURATION).json()
    assert wire.get(CONFIGURATION, headers).json() == plain
    body = assert_tokens(wire.post(TOKEN, p(), headers), "refresh_token", "id_token")
    assert peek(body["id_token"])["iss"] == f"{ostiary.base}/{TID}/v2.0"
    assert peek(body["access_token"])["iss"] == f"{ostiary.base}/{TID}/"
    assert peek(body["access_token"])["ipaddr"] in ("127.0.0.1", "::1")
    refused = wire.post(TOKEN, p(scope="No.Such"), headers)
    told = assert_error(refused, 400, "invalid_scope", 70011)
    assert told["error_uri"] == f"{ostiary.base}/error?code=70011"
    assert "evil" not in refused.text


def test_key_06_every_token_is_signed_by_a_published_key(wire: WireClient) -> None:
    """RS256 and a `kid`, never `none`, from every grant and form."""
    keys = wire.get("/common/discovery/v2.0/keys").json()["keys"]
    published = {key["kid"] for key in keys}
    own = {"client_id": DAEMON, "client_secret": DAEMON_SECRET}
    own |= {"grant_type": "client_credentials", "scope": "api://tasks/.default"}
    answers = [wire.post(TOKEN, p()) for _ in range(10)]
    answers += [wire.post(token_path(TID, ""), p()), wire.post(TOKEN, own)]
    answers += [wire.post("/adfs/oauth2/token", p())]
    answers += [wire.post(TOKEN, refreshing(PUB, answers[0].json()["refresh_token"]))]
    seen = set()
    for answer in answers:
        body = answer.json()
        for name in {"access_token", "id_token"} & body.keys():
            header = jwt.get_unverified_header(body[name])
            assert header["alg"] == "RS256"
            assert header["kid"] in published
            seen.add(peek(body[name])["uti"])
    assert len(seen) == len(answers)


def test_ten_02_a_token_is_nothing_at_another_tenant(wire: WireClient) -> None:
    """UserInfo 401, introspection inactive, revocation without effect."""
    body = assert_tokens(wire.post(TOKEN, p()), "refresh_token", "id_token")
    bearer = {"authorization": f"Bearer {body['access_token']}"}
    assert wire.get(f"/{TID2}/openid/userinfo", bearer).status_code == 401
    for name in ("access_token", "refresh_token"):
        asked = {"token": body[name], "client_id": CONF2}
        asked["client_secret"] = CONF2_SECRET
        told = wire.post(f"/{TID2}/oauth2/v2.0/introspect", asked)
        assert (told.status_code, told.json()) == (200, {"active": False})
        ended = wire.post(
            f"/{TID2}/oauth2/v2.0/revoke", {"token": body[name], "client_id": PUB}
        )
        assert ended.status_code == 200
    assert wire.get("/oidc/userinfo", bearer).status_code == 200
    again = wire.post(TOKEN, refreshing(PUB, body["refresh_token"]))
    assert_tokens(again, "refresh_token", "id_token")


def test_ten_02_users_and_clients_of_another_tenant_are_unknown(
    wire: WireClient,
) -> None:
    """A single-tenant client elsewhere is as unknown as one that does not exist."""
    path = token_path(TID2)
    known = wire.post(path, p(client_id=CONF, client_secret=CONF_SECRET))
    assert_error(known, 400, "unauthorized_client", 700016)
    nobody = wire.post(path, p(client_id=str(uuid.uuid4()), client_secret="x"))
    assert_error(nobody, 400, "unauthorized_client", 700016)


def test_registered_origins_alone_may_read_answers(wire: WireClient) -> None:
    """CORS (contract entra §3.1): the origin of a single-page redirect address."""
    ours, other = "https://app.contoso.test", "https://evil.example"
    granted = wire.post(TOKEN, p(), {"origin": ours})
    assert granted.headers["access-control-allow-origin"] == ours
    refused = wire.post(TOKEN, p(scope="No.Such"), {"origin": ours})
    assert refused.headers["access-control-allow-origin"] == ours
    for origin in (other, f"{ours}.evil.example", f"{ours}:8443", "null"):
        answer = wire.post(TOKEN, p(), {"origin": origin})
        assert "access-control-allow-origin" not in answer.headers
    foreign = p(client_id=CONF, client_secret=CONF_SECRET)
    answer = wire.post(TOKEN, foreign, {"origin": ours})
    assert "access-control-allow-origin" not in answer.headers
    asked = {"origin": ours, "access-control-request-method": "POST"}
    preflight = wire.send("OPTIONS", TOKEN, b"", {**asked, "content-type": FORM})
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == ours
