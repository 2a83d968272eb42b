"""Signing keys as the contract publishes them, and tokens that others can verify."""

import base64
import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Literal

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from ostiary.keys.signing import Signer, SigningKey
from tests.keys.conftest import TENANT
from tests.keys.forms import NOW, bare

ISSUER = f"https://localhost:8443/{TENANT}/v2.0"
CLAIMS = {"aud": "api", "iss": ISSUER, "exp": 4_000_000_000, "name": "Zoë 🦊"}


def number(text: object) -> int:
    """The integer in an unpadded base64url text (RFC 7518 §2)."""
    assert isinstance(text, str)
    assert "=" not in text
    return int.from_bytes(base64.urlsafe_b64decode(text + "=="), "big")


def rebuild(key: SigningKey, **other: bytes) -> SigningKey:
    """A key from its own parts, but for those given."""
    return SigningKey.from_parts(
        tenant_id=key.tenant_id,
        private_pem=other.get("private_pem", key.private_pem()),
        certificate_der=other.get("certificate_der", key.certificate_der),
        created_at=key.created_at,
        signs_from=key.signs_from,
        published_until=key.published_until,
    )


def test_rsa_jwk_is_the_contracts(rs256: SigningKey) -> None:
    """Contract entra §2.6: these members, `kid` = `x5t`, numbers of this very key."""
    jwk = rs256.jwk(ISSUER)
    public = rs256.private_key.public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    assert list(jwk) == ["kty", "use", "kid", "x5t", "n", "e", "x5c", "issuer"]
    assert (jwk["kty"], jwk["use"], jwk["e"]) == ("RSA", "sig", "AQAB")
    assert jwk["kid"] == jwk["x5t"] == rs256.kid
    assert number(jwk["n"]) == public.public_numbers().n
    assert jwk["x5c"] == [base64.b64encode(rs256.certificate_der).decode()]
    assert jwk["issuer"] == ISSUER


def test_issuer_is_left_out_when_none(rs256: SigningKey) -> None:
    """Without an issuer the member is absent, never null."""
    assert "issuer" not in rs256.jwk(None)


def test_kid_is_the_thumbprint(rs256: SigningKey, es256: SigningKey) -> None:
    """`kid` is the unpadded base64url SHA-1 of the certificate: 27 characters."""
    for key in (rs256, es256):
        digest = hashlib.sha1(key.certificate_der, usedforsecurity=False).digest()
        assert key.kid == bare(digest)
        assert len(key.kid) == 27


def test_ec_jwk_is_rfc_7518(es256: SigningKey) -> None:
    """RFC 7518 §6.2.1: P-256 with the point's coordinates, and no RSA member."""
    jwk = es256.jwk(None)
    public = es256.private_key.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    assert list(jwk) == ["kty", "use", "kid", "x5t", "crv", "x", "y", "x5c"]
    assert (jwk["kty"], jwk["crv"]) == ("EC", "P-256")
    point = public.public_numbers()
    assert (number(jwk["x"]), number(jwk["y"])) == (point.x, point.y)


def test_ec_coordinates_keep_leading_zeros(es256: SigningKey) -> None:
    """RFC 7518 §6.2.1.2: a coordinate is 32 octets even when it starts with zero."""
    secret = next(
        secret
        for secret in range(1, 10_000)
        if ec.derive_private_key(secret, ec.SECP256R1())
        .public_key()
        .public_numbers()
        .x.bit_length()
        <= 248
    )
    small = replace(es256, private_key=ec.derive_private_key(secret, ec.SECP256R1()))
    assert len(str(small.jwk(None)["x"])) == 43


def test_certificate_is_for_the_tenant_and_ten_years(rs256: SigningKey) -> None:
    """The certificate names the tenant, holds the key and lasts ten years."""
    certificate = x509.load_der_x509_certificate(rs256.certificate_der)
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert [name.value for name in names] == [TENANT]
    certificate.verify_directly_issued_by(certificate)
    assert certificate.public_key() == rs256.private_key.public_key()
    assert certificate.not_valid_before_utc == datetime.fromtimestamp(NOW, UTC)
    life = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert life.days in (3652, 3653)


def test_new_rsa_keys_are_2048_bits(rs256: SigningKey) -> None:
    """Case 53: RSA of at least 2048 bits, with the usual exponent."""
    assert isinstance(rs256.private_key, rsa.RSAPrivateKey)
    assert rs256.private_key.key_size == 2048


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_stored_parts_make_the_same_key(algorithm: Literal["RS256", "ES256"]) -> None:
    """A key survives storage: same facts, same published form, same signatures."""
    key = SigningKey.generate(TENANT, algorithm=algorithm, now=NOW)
    stored = rebuild(replace(key, signs_from=NOW + 60, published_until=NOW + 90))
    assert stored == replace(key, signs_from=NOW + 60, published_until=NOW + 90)
    assert stored.jwk(ISSUER) == key.jwk(ISSUER)
    public = jwt.PyJWK(key.jwk(None), algorithm).key
    token = Signer().sign(stored, CLAIMS)
    assert jwt.decode(token, public, [algorithm], audience="api") == CLAIMS


def test_mixed_up_parts_are_refused(rs256: SigningKey, es256: SigningKey) -> None:
    """A private key beside another key's certificate is not a signing key."""
    with pytest.raises(ValueError, match="another key"):
        rebuild(rs256, certificate_der=es256.certificate_der)


@pytest.mark.parametrize(
    "private_key",
    [ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP384R1())],
)
def test_other_kinds_of_keys_are_refused(
    rs256: SigningKey,
    private_key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey,
) -> None:
    """Only RSA and P-256 sign tokens here, so no other key loads as one."""
    pem = private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(ValueError, match="RSA or P-256"):
        rebuild(rs256, private_pem=pem)


@pytest.mark.parametrize("kind", ["rs256", "es256"])
def test_tokens_verify_by_the_published_key(
    kind: str, request: pytest.FixtureRequest
) -> None:
    """A resource server that knows the key set alone reads the claims, unchanged."""
    key: SigningKey = request.getfixturevalue(kind)
    token = Signer().sign(key, CLAIMS)
    public = jwt.PyJWK(key.jwk(None), key.algorithm).key
    assert jwt.decode(token, public, [key.algorithm], audience="api") == CLAIMS


def test_header_of_a_v2_token(rs256: SigningKey) -> None:
    """Contract entra §7: `typ`, `alg`, `kid` and nothing more."""
    token = Signer().sign(rs256, CLAIMS)
    assert jwt.get_unverified_header(token) == {
        "typ": "JWT",
        "alg": "RS256",
        "kid": rs256.kid,
    }
    assert "=" not in token


def test_header_of_a_v1_token(rs256: SigningKey) -> None:
    """Contract entra §7: v1.0 adds `x5t`; the next token is free of it again."""
    signer = Signer()
    first = signer.sign(rs256, CLAIMS, header={"x5t": rs256.kid})
    assert jwt.get_unverified_header(first) == {
        "typ": "JWT",
        "alg": "RS256",
        "x5t": rs256.kid,
        "kid": rs256.kid,
    }
    assert "x5t" not in jwt.get_unverified_header(signer.sign(rs256, CLAIMS))


def test_header_cannot_lie_about_the_key(rs256: SigningKey) -> None:
    """Extra members may set `typ`, never `alg` or `kid` (promise 8)."""
    extras = {"typ": "at+jwt", "alg": "none", "kid": "other"}
    header = jwt.get_unverified_header(Signer().sign(rs256, CLAIMS, header=extras))
    assert header == {"typ": "at+jwt", "alg": "RS256", "kid": rs256.kid}


def test_one_signer_serves_several_keys(rs256: SigningKey, es256: SigningKey) -> None:
    """Kept headers never cross from one key to another."""
    signer = Signer()
    for key in (rs256, es256, rs256):
        header = jwt.get_unverified_header(signer.sign(key, CLAIMS))
        assert (header["alg"], header["kid"]) == (key.algorithm, key.kid)


def test_any_mapping_will_do(rs256: SigningKey) -> None:
    """Claims may be read-only; they go out as plain JSON in UTF-8."""
    token = Signer().sign(rs256, MappingProxyType(CLAIMS))
    payload = base64.urlsafe_b64decode(token.split(".")[1] + "==")
    assert json.loads(payload.decode("utf-8")) == CLAIMS


def test_threads_share_a_signer(rs256: SigningKey) -> None:
    """Signing happens in threads (performance.md, lesson 4): all tokens are right."""
    signer = Signer()
    public = rs256.private_key.public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    with ThreadPoolExecutor(4) as pool:
        tokens = list(pool.map(lambda n: signer.sign(rs256, {"n": n}), range(40)))
    assert [jwt.decode(t, public, ["RS256"])["n"] for t in tokens] == list(range(40))


def test_repr_shows_no_private_key(rs256: SigningKey) -> None:
    """A key in a log line or traceback gives nothing away."""
    shown = repr(rs256)
    assert rs256.kid in shown
    assert "PrivateKey" not in shown
    assert "PRIVATE" not in shown
