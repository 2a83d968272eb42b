"""The names of contract entra §12 (TID, PUB, P …) and reading tokens independently.

Tokens are verified by PyJWT against the published keys, never by our own code.
"""

import uuid
from collections.abc import Callable
from typing import Any

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509 import load_pem_x509_certificate

from tests.keys.forms import bare, compact
from tests.wire.client import WireClient
from tests.wire.instance import PASSWORD, Document

TID = "11111111-2222-3333-4444-555555555555"
TID2 = "22222222-3333-4444-5555-666666666666"
OID = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
PUB = "6731de76-14a6-49ae-97bc-6eba6914391e"
CONF = "00000000-0000-4000-8000-00000000c0f1"
CONF_SECRET = "s3cr~t+/="
CERT = "00000000-0000-4000-8000-00000000ce47"
CERT_ONCE = "00000000-0000-4000-8000-0000000011ce"
NOCONSENT = "00000000-0000-4000-8000-00000000c07e"
ASSIGN = "00000000-0000-4000-8000-0000000a5516"
SINGLE = "00000000-0000-4000-8000-000000051261"
DAEMON = "00000000-0000-4000-8000-00000000dae0"
DAEMON_SECRET = "daemon-secret-0123456789"
TASKS = "00000000-0000-4000-8000-000000007a54"
TASKS_API = "7a1d2c3b-0000-4000-8000-000000000001"
PREAUTH = "00000000-0000-4000-8000-0000000009e0"
UNTOUCHED = "00000000-0000-4000-8000-0000000de4a0"
"""An application for which nothing was switched on."""
CONF2 = "00000000-0000-4000-8000-0000000fab01"
CONF2_SECRET = "fabrikam-secret-0123456789"
GRAPH = "https://graph.microsoft.com"
GRAPH_ID = "00000003-0000-0000-c000-000000000000"
PUBLIC = {
    "telling.test": "33333333-0000-4000-8000-0000000000aa",
    "strict.test": "33333333-0000-4000-8000-0000000000bb",
    "reusing.test": "33333333-0000-4000-8000-0000000000cc",
    "december.test": "33333333-0000-4000-8000-0000000000dd",
    "november.test": "33333333-0000-4000-8000-0000000000ee",
    "closed.test": "33333333-0000-4000-8000-0000000000ff",
    "contoso.test": PUB,
}
STRICT_OTHER = "33333333-0000-4000-8000-0000000001bb"
FULL = "user.read openid profile offline_access"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
TOKEN = f"/{TID}/oauth2/v2.0/token"

Form = dict[str, str]


def p(**changes: str | None) -> Form:
    """The base request P with parameters changed, or left out where None."""
    return signing_in("contoso.test", **changes)


def signing_in(domain: str, **changes: str | None) -> Form:
    """P for alice of the tenant with that domain."""
    form = {
        "client_id": PUBLIC[domain],
        "grant_type": "password",
        "username": f"alice@{domain}",
        "password": PASSWORD,
        "scope": FULL,
    }
    for name, value in changes.items():
        form.pop(name, None)
        if value is not None:
            form[name] = value
    return form


def token_path(segment: str, version: str = "/v2.0") -> str:
    """A token endpoint: v2, or v1 with an empty version."""
    return f"/{segment}/oauth2{version}/token"


def refreshing(client_id: str, token: str, **more: str) -> Form:
    """A refresh of a public client."""
    form = {"client_id": client_id, "grant_type": "refresh_token"}
    return {**form, "refresh_token": token, **more}


def words(text: str) -> set[str]:
    """The words of a scope; each stands there once."""
    found = text.split(" ")
    assert len(found) == len(set(found)), text
    return set(found)


def read(
    wire: WireClient, token: str, audience: str, issuer: str, keys: str | None = None
) -> dict[str, Any]:
    """The claims of a token, once its signature, issuer, audience and times hold."""
    path = keys or f"/{TID}/discovery/v2.0/keys"
    published = jwt.PyJWKSet.from_dict(wire.get(path).json())
    header = jwt.get_unverified_header(token)
    assert header["alg"] == "RS256"
    claims: dict[str, Any] = jwt.decode(
        token,
        published[header["kid"]],
        algorithms=["RS256"],
        audience=audience,
        issuer=issuer,
        options={"require": ["exp", "iat", "nbf", "iss", "aud", "sub"]},
    )
    return claims


def peek(token: str) -> dict[str, Any]:
    """The claims of a token, unverified."""
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def thumbprints(pem: bytes) -> tuple[bytes, bytes]:
    """SHA-1 and SHA-256 of a certificate's DER."""
    certificate = load_pem_x509_certificate(pem)
    sha1 = certificate.fingerprint(hashes.SHA1())  # noqa: S303 -- x5t is SHA-1
    return sha1, certificate.fingerprint(hashes.SHA256())


DOORS = (
    TOKEN,
    token_path("contoso.test"),
    token_path("organizations"),
    token_path("contoso.test", ""),
    "/adfs/oauth2/token/",
)
"""Every address at which users of the first tenant hand in a password."""

Claims = dict[str, object]


def assertion(
    key: rsa.RSAPrivateKey,
    pem: bytes,
    audience: str,
    now: float,
    *,
    header: Claims | None = None,
    claims: Claims | None = None,
    client_id: str = CERT,
    padded: bool = False,
) -> str:
    """A client assertion as msal-node makes it, save what is given otherwise."""
    first = {"typ": "JWT", "alg": "RS256", "x5t": bare(thumbprints(pem)[0])}
    body: Claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "jti": str(uuid.uuid4()),
        "nbf": int(now),
        "exp": int(now) + 600,
    }
    body.update(claims or {})
    return compact(key, header or first, body, padded=padded)


def by_certificate(text: str, client_id: str = CERT) -> Form:
    """Client credentials proven by an assertion."""
    return {
        "client_id": client_id,
        "grant_type": "client_credentials",
        "scope": f"{GRAPH}/.default",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": text,
    }


def changing_user(username: str, **fields: Any) -> Callable[[Document], None]:
    """A change of the configuration: other values for one user."""

    def change(document: Document) -> None:
        users = [user for tenant in document["tenants"] for user in tenant["users"]]
        (found,) = (user for user in users if user["username"] == username)
        found.update(fields)

    return change
