"""Case 84 of contract entra §12 and promise LOG-01: what is secret is kept nowhere.

It comes last (see conftest), so it searches for what all other tests sent and got.
"""

import base64
import time
from urllib.parse import quote

import httpx
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.wire.client import FORM, WireClient, encode
from tests.wire.entra.cases import (
    CONF,
    CONF_SECRET,
    DAEMON,
    DAEMON_SECRET,
    PUB,
    TID,
    TOKEN,
    assertion,
    by_certificate,
    p,
    refreshing,
)
from tests.wire.instance import Instance


def take_every_path(
    wire: WireClient, ostiary: Instance, key: rsa.RSAPrivateKey, pem: bytes
) -> None:
    """Each grant and endpoint, granted and refused: this test needs no other."""
    body = wire.post(TOKEN, p()).json()
    wire.post(TOKEN, p(password="Marked-wrong-password-1"))
    wire.post(TOKEN, p(client_id=CONF, client_secret=CONF_SECRET))
    wire.post(TOKEN, p(client_id=CONF, client_secret="marked-wrong-secret-1"))
    wire.post(f"/{TID}/oauth2/token", p())
    wire.post("/adfs/oauth2/token", p())
    own = {"client_id": DAEMON, "client_secret": DAEMON_SECRET}
    own |= {"grant_type": "client_credentials", "scope": "api://tasks/.default"}
    wire.post(TOKEN, own)
    proof = assertion(key, pem, f"{ostiary.base}{TOKEN}", time.time())
    wire.post(TOKEN, by_certificate(proof))
    wire.post(TOKEN, by_certificate(f"{proof[:-9]}AAAAAAAA"))
    wire.post(TOKEN, refreshing(PUB, "marked-garbage-refresh-token"))
    again = wire.post(TOKEN, refreshing(PUB, body["refresh_token"])).json()
    wire.get("/oidc/userinfo", {"authorization": f"Bearer {again['access_token']}"})
    asked = {"client_id": CONF, "client_secret": CONF_SECRET}
    for token in (again["access_token"], again["refresh_token"]):
        wire.post(f"/{TID}/oauth2/v2.0/introspect", {"token": token, **asked})
        wire.post(f"/{TID}/oauth2/v2.0/revoke", {"token": token, "client_id": PUB})
    form = p(password="Marked-in-the-address-1")
    wire.post(f"{TOKEN}?{encode(form)}", form)
    wire.send("POST", f"{TOKEN}?{encode(form)}", b"", {"content-type": FORM})


def spellings(secret: str) -> set[bytes]:
    """The secret as it is, as a form, as base64."""
    raw = secret.encode()
    return {raw, quote(secret, safe="").encode(), base64.b64encode(raw).rstrip(b"=")}


def test_case_84_no_secret_is_kept_anywhere(
    wire: WireClient, ostiary: Instance, app_key: rsa.RSAPrivateKey, app_pem: bytes
) -> None:
    """Store with its journal, keys, server log, audit and metrics hold no password,
    secret, token or assertion that was sent or issued.
    """
    take_every_path(wire, ostiary, app_key, app_pem)
    metrics = httpx.get(
        f"http://127.0.0.1:{ostiary.metrics_port}/metrics", trust_env=False, timeout=10
    )
    assert metrics.status_code == 200
    places = {**ostiary.kept(), "metrics": metrics.content}
    assert any(name.endswith("ostiary.sqlite") for name in places)
    assert len(wire.secrets) >= 15
    for secret in wire.secrets:
        for spelled in spellings(secret):
            found = [name for name, content in places.items() if spelled in content]
            assert not found, f"{secret[:6]}… in {found}"


def test_case_84_the_audit_log_tells_the_rest(
    wire: WireClient, ostiary: Instance
) -> None:
    """Who, where, when and how it ended is kept (contract §8, sign-in log)."""
    correlation = "84848484-0000-4000-8000-000000000084"
    answer = wire.post(TOKEN, p(), {"client-request-id": correlation})
    names = "tenant_id, client_id, username, grant_type, outcome, source, trace_id"
    query = f"SELECT {names} FROM audit WHERE correlation_id = ?"  # noqa: S608
    (row,) = ostiary.rows(query, correlation)
    trace = answer.headers["x-ms-request-id"]
    address = row[5]
    assert address in ("127.0.0.1", "::1")
    expected = (TID, PUB, "alice@contoso.test", "password", "granted", address, trace)
    assert row == expected
