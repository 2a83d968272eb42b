"""Cases 37 to 42 and 68 to 71 of contract entra §12: which client it is."""

import base64
import json
import time
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate

from tests.keys.forms import bare, certificate_for, standard, url
from tests.wire.answers import assert_error, assert_tokens
from tests.wire.client import WireClient
from tests.wire.entra.cases import (
    CERT,
    CONF,
    CONF_SECRET,
    TID,
    TOKEN,
    Claims,
    assertion,
    by_certificate,
    p,
    peek,
    thumbprints,
    token_path,
)
from tests.wire.instance import Instance

NOBODY = "99999999-0000-4000-8000-000000000000"


@pytest.fixture
def audience(ostiary: Instance) -> str:
    """The token endpoint that discovery names."""
    return f"{ostiary.base}{TOKEN}"


def test_case_37_an_unknown_client(wire: WireClient) -> None:
    """`unauthorized_client`, which is no failed authentication: 400."""
    answer = wire.post(TOKEN, p(client_id=NOBODY))
    assert_error(answer, 400, "unauthorized_client", 700016)


def test_case_38_a_public_client_has_no_secret(wire: WireClient) -> None:
    """Edition 2019-11: a public client that sends one is refused."""
    answer = wire.post(TOKEN, p(client_secret="x"))
    assert_error(answer, 401, "invalid_client", 700025)


def test_case_39_a_confidential_client_needs_its_secret(wire: WireClient) -> None:
    """None, or an empty one, which counts as absent (§4.1)."""
    answer = wire.post(TOKEN, p(client_id=CONF))
    assert_error(answer, 401, "invalid_client", 7000218)
    answer = wire.post(TOKEN, p(client_id=CONF, client_secret=""))
    assert_error(answer, 401, "invalid_client", 7000218)


def test_case_40_the_right_secret(wire: WireClient) -> None:
    """`s3cr~t%2B%2F%3D` on the wire; the token tells that a secret was used."""
    form = p(client_id=CONF, client_secret=CONF_SECRET)
    body = assert_tokens(wire.post(TOKEN, form), "refresh_token", "id_token")
    assert peek(body["access_token"])["appidacr"] == "1"


def test_case_41_a_wrong_secret(wire: WireClient) -> None:
    """401, and without HTTP Basic no challenge (§6.1)."""
    answer = wire.post(TOKEN, p(client_id=CONF, client_secret="wrong-secret-1"))
    assert_error(answer, 401, "invalid_client", 7000215)
    assert "www-authenticate" not in answer.headers


def test_case_41_an_expired_secret(wire: WireClient) -> None:
    """Right but expired is 7000222 (§6.3)."""
    form = p(client_id=CONF, client_secret="expired-secret-0123456789")
    assert_error(wire.post(TOKEN, form), 401, "invalid_client", 7000222)


def basic(client_id: str, secret: str) -> dict[str, str]:
    """HTTP Basic with form-urlencoded halves (RFC 6749 §2.3.1)."""
    pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
    return {"authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


@pytest.mark.parametrize("client_id", [None, CONF])
def test_case_42_http_basic(wire: WireClient, client_id: str | None) -> None:
    """With or without `client_id` in the body (interface §3)."""
    form, header = p(client_id=client_id), basic(CONF, CONF_SECRET)
    assert_tokens(wire.post(TOKEN, form, header), "refresh_token", "id_token")


def test_case_42_http_basic_with_a_wrong_secret(wire: WireClient) -> None:
    """401 with a challenge in the scheme that the client used (RFC 6749 §5.2)."""
    answer = wire.post(TOKEN, p(client_id=None), basic(CONF, "wrong-secret-2"))
    assert_error(answer, 401, "invalid_client", 7000215)
    assert answer.headers["www-authenticate"].startswith("Basic ")


def msal_form(
    key: rsa.RSAPrivateKey, pem: bytes, audience: str
) -> tuple[Claims, Claims]:
    """Header and claims as MSAL Python makes them from a public certificate."""
    der = load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    text = standard(der)
    lines = "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    header: Claims = {"typ": "JWT", "alg": "PS256", "x5c": [f"{lines}\n"]}
    header["x5t#S256"] = url(thumbprints(pem)[1])
    now = time.time()
    return header, {"exp": now + 600.25, "iat": now + 0.25}


def test_case_68_a_certificate_as_msal_python_sends_it(
    wire: WireClient, app_key: rsa.RSAPrivateKey, app_pem: bytes, audience: str
) -> None:
    """PS256, padded thumbprint, float times, newlines within `x5c`."""
    header, claims = msal_form(app_key, app_pem, audience)
    text = assertion(
        app_key, app_pem, audience, time.time(), header=header, claims=claims
    )
    body = assert_tokens(wire.post(TOKEN, by_certificate(text)))
    assert peek(body["access_token"])["appidacr"] == "2"


@pytest.mark.parametrize(
    "path",
    [
        "/contoso.test/oauth2/v2.0/token",
        f"/{TID}/oauth2/v2.0/token",
        f"/{TID}/oauth2/v2.0/token/",
        "/CONTOSO.test/oauth2/v2.0/token",
        "/contoso.test/oauth2/token",
        f"/{TID}/v2.0",
    ],
)
def test_case_69_audiences_that_clients_name(
    wire: WireClient,
    ostiary: Instance,
    app_key: rsa.RSAPrivateKey,
    app_pem: bytes,
    path: str,
) -> None:
    """Domain in any case, GUID, v1, a slash at the end, the issuer (§4.3)."""
    text = assertion(app_key, app_pem, f"{ostiary.base}{path}", time.time())
    body = assert_tokens(wire.post(TOKEN, by_certificate(text)))
    assert peek(body["access_token"])["appidacr"] == "2"


def test_case_69_times_may_be_strings(
    wire: WireClient, app_key: rsa.RSAPrivateKey, app_pem: bytes, audience: str
) -> None:
    """.NET writes `exp` and `nbf` as JSON strings."""
    now = int(time.time())
    claims: Claims = {"exp": str(now + 600), "nbf": str(now)}
    text = assertion(app_key, app_pem, audience, now, claims=claims)
    assert_tokens(wire.post(TOKEN, by_certificate(text)))


def test_case_69_certificates_serve_the_password_grant(
    wire: WireClient, app_key: rsa.RSAPrivateKey, app_pem: bytes, audience: str
) -> None:
    """A confidential application signs users in by certificate as well."""
    proof = by_certificate(assertion(app_key, app_pem, audience, time.time()))
    form = {**proof, **p(client_id=CERT)}
    body = assert_tokens(wire.post(TOKEN, form), "refresh_token", "id_token")
    assert peek(body["access_token"])["appidacr"] == "2"


def refused_assertions(
    key: rsa.RSAPrivateKey, pem: bytes, audience: str
) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Assertions that prove nothing, each with the codes that may be told."""
    now, foreign = time.time(), rsa.generate_private_key(65537, 2048)
    own = {"typ": "JWT", "x5t": bare(thumbprints(pem)[0])}
    broken = (700027, 50027, 50048)

    def unsigned(alg: str, signature: bytes) -> str:
        whole = assertion(key, pem, audience, now, header={**own, "alg": "RS256"})
        payload = whole.split(".")[1]
        head = bare(json.dumps({**own, "alg": alg}).encode())
        return f"{head}.{payload}.{bare(signature)}"

    return {
        "foreign key": (assertion(foreign, pem, audience, now), broken),
        "foreign certificate": (
            assertion(
                foreign,
                certificate_for(foreign).public_bytes(Encoding.PEM),
                audience,
                now,
            ),
            broken,
        ),
        "alg none": (unsigned("none", b""), broken),
        "no signature": (unsigned("RS256", b""), broken),
        "HS256": (unsigned("HS256", b"x" * 32), broken),
        "expired": (assertion(key, pem, audience, now - 4000), broken),
        "issuer is not subject": (
            assertion(key, pem, audience, now, claims={"iss": NOBODY}),
            broken,
        ),
        "another audience": (
            assertion(key, pem, "https://login.example/t", now),
            broken,
        ),
        "no assertion at all": ("no-assertion", broken),
    }


KINDS = [
    "foreign key",
    "foreign certificate",
    "alg none",
    "no signature",
    "HS256",
    "expired",
    "issuer is not subject",
    "another audience",
    "no assertion at all",
]


@pytest.mark.parametrize("kind", KINDS)
def test_case_70_assertions_that_prove_nothing(
    wire: WireClient,
    app_key: rsa.RSAPrivateKey,
    app_pem: bytes,
    audience: str,
    kind: str,
) -> None:
    """401 `invalid_client`, whatever is wrong."""
    text, codes = refused_assertions(app_key, app_pem, audience)[kind]
    answer = wire.post(TOKEN, by_certificate(text))
    assert_error(answer, 401, "invalid_client", codes)


def test_case_71_an_assertion_may_be_used_again(
    wire: WireClient, app_key: rsa.RSAPrivateKey, app_pem: bytes, audience: str
) -> None:
    """MSAL Python sends one for about 540 s (§4.3)."""
    form = by_certificate(assertion(app_key, app_pem, audience, time.time()))
    for _ in range(2):
        assert_tokens(wire.post(TOKEN, form))


def test_case_71_segments_may_keep_their_padding(
    wire: WireClient, app_key: rsa.RSAPrivateKey, app_pem: bytes, ostiary: Instance
) -> None:
    """azure-identity's `aio` signs the padded text and sends it so."""
    header: Claims = {"alg": "PS256", "typ": "JWT"}
    header["x5t#S256"] = url(thumbprints(app_pem)[1])
    text = assertion(
        app_key,
        app_pem,
        f"{ostiary.base}{token_path('contoso.test')}",
        time.time(),
        header=header,
        padded=True,
    )
    assert text.endswith("==")
    assert_tokens(wire.post(token_path("contoso.test"), by_certificate(text)))


def test_an_assertion_needs_its_type(
    wire: WireClient, app_key: rsa.RSAPrivateKey, app_pem: bytes, audience: str
) -> None:
    """`client_assertion_type` says how to read it (RFC 7521 §4.2)."""
    form = by_certificate(assertion(app_key, app_pem, audience, time.time()))
    answer = wire.post(TOKEN, {**form, "client_assertion_type": "urn:other"})
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"
