"""Keys as telephones write them, and signatures that are nothing else (DEV-02)."""

import hashlib
import hmac
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from ostiary.keys.device_keys import DeviceKeyReader
from tests.keys.forms import bare, compact, standard
from tests.keys.phones import (
    BODY,
    FINGERPRINT,
    HEADER,
    ISSUED,
    SUBJECT,
    TOKEN,
    VECTOR,
    Phone,
    written,
)

READER = DeviceKeyReader()
PHONE, OTHER = Phone.new(), Phone.new()
ONE = PHONE.token("auth0|alice", ISSUED)


def fingerprint_of(text: str) -> str | None:
    """The fingerprint of a key, if one can be read."""
    key = READER.read_key(text)
    return key.fingerprint if key else None


def test_the_vector_of_the_contract() -> None:
    """Its key has that fingerprint and 1024 bits, and signed that token."""
    key = READER.read_key(VECTOR)
    assert key is not None
    assert (key.fingerprint, key.bits) == (FINGERPRINT, 1024)
    assert READER.is_signed(TOKEN, key.pem, 1024)
    claims = READER.read(TOKEN)
    assert claims is not None
    assert (claims.subject, claims.fingerprint) == (SUBJECT, FINGERPRINT)
    assert (claims.issued_at, claims.expires_at) == (ISSUED, ISSUED + 30)
    assert claims.audience is None


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
@pytest.mark.parametrize("around", ["", "\n", "\r\n \n"])
def test_lines_may_end_in_any_way(end: str, around: str) -> None:
    """CR, LF or both; what stands around the text does not matter."""
    assert fingerprint_of(around + written(BODY, end) + around) == FINGERPRINT


def test_both_forms_of_a_key_are_the_same_key() -> None:
    """PKCS#1 and SPKI (RFC 8017 A.1.1, RFC 5280 §4.1) are kept in one spelling."""
    spki = PHONE.key.public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )
    keys = [READER.read_key(text) for text in (PHONE.pem, spki.decode())]
    assert keys[0] == keys[1]
    assert keys[0] is not None
    assert keys[0].fingerprint == PHONE.fingerprint


@given(st.integers(1, 80), st.sampled_from(["\r", "\n", "\r\n"]))
def test_lines_may_have_any_length(width: int, end: str) -> None:
    """Wrapped wherever, it is the same key."""
    digits = "".join(BODY)
    lines = tuple(digits[i : i + width] for i in range(0, len(digits), width))
    assert fingerprint_of(written(lines, end)) == FINGERPRINT


@given(st.text() | st.binary().map(standard).map(lambda b: written((b,))))
def test_anything_else_is_no_key(text: str) -> None:
    """Garbage of any kind is refused, and nothing is raised."""
    assert READER.read_key(text) is None


@given(st.data())
def test_a_damaged_key_is_never_taken_for_the_whole_one(data: st.DataObject) -> None:
    """Changing one digit gives another key or none."""
    digits = list("".join(BODY))
    place = data.draw(st.integers(0, len(digits) - 2))
    digits[place] = "A" if digits[place] != "A" else "B"
    assert fingerprint_of(written(("".join(digits),))) != FINGERPRINT


def public_pem(key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey) -> str:
    """A public key as SPKI."""
    form = PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(Encoding.PEM, form).decode()


def unusual_keys() -> dict[str, str]:
    """Keys that nobody should be able to register."""
    modulus = PHONE.key.public_key().public_numbers().n
    weak = rsa.RSAPublicNumbers(3, modulus).public_key()
    huge = rsa.RSAPublicNumbers(65537, (1 << 9000) + 1).public_key()
    curve = ec.generate_private_key(ec.SECP256R1()).public_key()
    private = "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----"
    return {
        "exponent": public_pem(weak),
        "too long": public_pem(huge),
        "elliptic": public_pem(curve),
        "private": private,
        "two": VECTOR + "\n" + VECTOR,
        "labels differ": VECTOR.replace("END RSA PUBLIC", "END PUBLIC"),
        "long text": written(("A" * 10_000,)),
    }


@pytest.mark.parametrize("why", sorted(unusual_keys()))
def test_unfit_keys_are_refused(why: str) -> None:
    """Small exponents (FIPS 186-5 §5.1), outsized and other kinds, several at once."""
    assert READER.read_key(unusual_keys()[why]) is None


def test_a_signature_of_the_key_itself_is_good() -> None:
    """As a library other than ours reads it."""
    phone = Phone.new(2048)
    token = phone.token("auth0|alice", ISSUED)
    assert READER.is_signed(token, phone.pem, 1024)
    options: Any = {"verify_exp": False}
    key = phone.key.public_key()
    read = jwt.decode(token, key, algorithms=["RS256"], options=options)
    assert read["iss"] == "auth0|alice"


def forged() -> dict[str, str]:
    """Tokens that PHONE did not sign as it should."""
    claims = PHONE.claims("auth0|alice", ISSUED)
    payload = bare(json.dumps(claims).encode())
    none = bare(b'{"alg":"none","typ":"JWT"}')
    hs256 = bare(b'{"alg":"HS256","typ":"JWT"}')

    def mac(key: str) -> str:
        message = f"{hs256}.{payload}"
        digest = hmac.digest(key.encode(), message.encode(), hashlib.sha256)
        return f"{message}.{bare(digest)}"

    own = OTHER.key.public_key().public_numbers()
    jwk = {"kty": "RSA", "n": bare(own.n.to_bytes(128, "big")), "e": "AQAB"}
    head, body, signature = ONE.split(".")
    return {
        "none": f"{none}.{payload}.",
        "none, signed": f"{none}.{payload}.{signature}",
        "mac of the text": mac(PHONE.pem),
        "mac of our text": mac(str(READER.read_key(PHONE.pem))),
        "key in the header": compact(OTHER.key, {**HEADER, "jwk": jwk}, claims),
        "other key": compact(OTHER.key, HEADER, claims),
        "PS256": compact(PHONE.key, {**HEADER, "alg": "PS256"}, claims),
        "says RS512": compact(PHONE.key, {**HEADER, "alg": "RS512"}, claims),
        "no alg": compact(PHONE.key, {"typ": "JWT"}, claims),
        "critical": compact(PHONE.key, {**HEADER, "crit": ["b64"]}, claims),
        "no signature": f"{head}.{body}.",
        "other claims": f"{head}.{bare(b'{}')}.{signature}",
        "padded": f"{head}.{body}.{signature}==",
        "two parts": f"{head}.{body}",
        "nothing": "",
        "endless": ONE + "A" * 20_000,
    }


@pytest.mark.parametrize("how", sorted(forged()))
def test_forged_tokens_are_not_signed(how: str) -> None:
    """DEV-02, and every other `alg`: the header chooses nothing."""
    assert not READER.is_signed(forged()[how], PHONE.pem, 1024)


def test_a_key_too_short_for_the_tenant_proves_nothing() -> None:
    """Also one that was registered when shorter ones were still taken."""
    assert not READER.is_signed(ONE, PHONE.pem, 2048)
    longer = Phone.new(2048)
    token = longer.token("auth0|alice", ISSUED)
    assert READER.is_signed(token, longer.pem, 2048)


def test_without_a_key_nothing_is_signed() -> None:
    """Whatever the length of the signature, of which the work depends."""
    assert not READER.is_signed(ONE, None, 1024)
    for octets in (0, 1, 128, 256, 4096):
        token = ONE.rpartition(".")[0] + "." + bare(b"\1" * octets)
        assert not READER.is_signed(token, None, 1024)


@given(
    st.text()
    | st.tuples(st.binary(), st.binary(), st.binary()).map(
        lambda parts: ".".join(map(bare, parts))
    )
)
def test_any_text_can_be_read(text: str) -> None:
    """It says nothing or something, but nothing is raised and nothing is signed."""
    claims = READER.read(text)
    assert claims is None or isinstance(claims.subject, str)
    assert not READER.is_signed(text, PHONE.pem, 1024)
