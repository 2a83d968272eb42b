"""Our own tokens are known again, and nothing else passes for one."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from contextlib import suppress

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from ostiary.keys.signing import Signer, SigningKey
from ostiary.keys.verifying import InvalidToken, PublicKeyInfo, Why, verify
from tests.keys.forms import JSON, NOW, bare, compact

CLAIMS = {"sub": "frida", "nbf": NOW - 300, "exp": NOW + 3600}


def published(*keys: SigningKey) -> dict[str, PublicKeyInfo]:
    return {key.kid: PublicKeyInfo.of(key) for key in keys}


def refusal(
    token: str, keys: Mapping[str, PublicKeyInfo], now: float = NOW, leeway: float = 0
) -> Why:
    with pytest.raises(InvalidToken) as caught:
        verify(token, keys, now, leeway=leeway)
    return caught.value.why


def forged(key: SigningKey, header: Mapping[str, object], claims: str) -> str:
    """A token with any header and payload, truly signed by the key's RS256."""
    assert isinstance(key.private_key, rsa.RSAPrivateKey)
    return compact(key.private_key, header, claims)


def test_our_tokens_verify(rs256: SigningKey, es256: SigningKey) -> None:
    """What either kind of key has signed comes back as the claims, unchanged."""
    keys = published(rs256, es256)
    for key in (rs256, es256):
        assert verify(Signer().sign(key, CLAIMS), keys, NOW) == CLAIMS


def test_v1_header_verifies(rs256: SigningKey) -> None:
    """Members that we add to a header do not disturb."""
    token = Signer().sign(rs256, CLAIMS, header={"x5t": rs256.kid})
    assert verify(token, published(rs256), NOW) == CLAIMS


def test_other_tenants_key_is_unknown(rs256: SigningKey, es256: SigningKey) -> None:
    """Promise 6: a token signed by a key that is not among those given is refused."""
    token = Signer().sign(rs256, CLAIMS)
    assert refusal(token, published(es256)) is Why.UNKNOWN_KEY
    assert refusal(token, {}) is Why.UNKNOWN_KEY


@pytest.mark.parametrize(
    "alg", ["none", "None", "", "HS256", "PS256", "RS512", 1, None]
)
def test_alg_of_the_header_is_not_obeyed(rs256: SigningKey, alg: object) -> None:
    """Promise 8, RFC 8725 §3.1: even under a true signature the name must fit."""
    token = forged(rs256, {"alg": alg, "kid": rs256.kid}, json.dumps(CLAIMS))
    assert refusal(token, published(rs256)) is Why.WRONG_ALGORITHM


def test_none_with_empty_signature(rs256: SigningKey) -> None:
    """KEY-06: an unsigned token is never accepted, under whatever `alg`."""
    for alg, why in (("none", Why.WRONG_ALGORITHM), ("RS256", Why.BAD_SIGNATURE)):
        header = json.dumps({"alg": alg, "kid": rs256.kid}).encode()
        token = f"{bare(header)}.{bare(json.dumps(CLAIMS).encode())}."
        assert refusal(token, published(rs256)) is why


@pytest.mark.parametrize("claimed", ["HS256", "RS256"])
def test_hmac_by_the_public_key(rs256: SigningKey, claimed: str) -> None:
    """RFC 8725 §2.1: the public key is no shared secret."""
    public = rs256.private_key.public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )
    header = json.dumps({"alg": claimed, "kid": rs256.kid}).encode()
    message = f"{bare(header)}.{bare(json.dumps(CLAIMS).encode())}"
    mac = hmac.digest(public, message.encode(), hashlib.sha256)
    why = refusal(f"{message}.{bare(mac)}", published(rs256))
    assert why is (Why.WRONG_ALGORITHM if claimed == "HS256" else Why.BAD_SIGNATURE)


def test_key_in_the_header_is_not_used(
    rs256: SigningKey, other_rsa_key: rsa.RSAPrivateKey
) -> None:
    """RFC 8725 §3.10: a `jwk` that the token brings along proves nothing."""
    header = {"alg": "RS256", "kid": rs256.kid, "jwk": rs256.jwk(None), "x5c": ["a"]}
    token = compact(other_rsa_key, header, CLAIMS)
    assert refusal(token, published(rs256)) is Why.BAD_SIGNATURE


def test_es256_key_under_rs256_name(rs256: SigningKey, es256: SigningKey) -> None:
    """A key is used with its own algorithm only."""
    token = forged(rs256, {"alg": "RS256", "kid": es256.kid}, json.dumps(CLAIMS))
    assert refusal(token, published(rs256, es256)) is Why.WRONG_ALGORITHM


@pytest.mark.parametrize("kid", [None, 1, [], {}, True])
def test_kid_is_required(rs256: SigningKey, kid: object) -> None:
    """Without a textual `kid` there is no key to try, and none is guessed."""
    token = forged(rs256, {"alg": "RS256", "kid": kid}, json.dumps(CLAIMS))
    assert refusal(token, published(rs256)) is Why.MALFORMED
    token = forged(rs256, {"alg": "RS256"}, json.dumps(CLAIMS))
    assert refusal(token, published(rs256)) is Why.MALFORMED


def test_critical_extensions_are_refused(rs256: SigningKey) -> None:
    """RFC 7515 §4.1.11: what we do not understand must not be passed over."""
    header = {"alg": "RS256", "kid": rs256.kid, "crit": ["b64"], "b64": False}
    token = forged(rs256, header, json.dumps(CLAIMS))
    assert refusal(token, published(rs256)) is Why.MALFORMED


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_changed_part_breaks_the_signature(rs256: SigningKey, part: int) -> None:
    """Every segment is covered: another valid one in its place is noticed."""
    mine = Signer().sign(rs256, CLAIMS).split(".")
    other = Signer().sign(rs256, {"sub": "x"}, header={"x5t": "y"}).split(".")
    mine[part] = other[part]
    assert refusal(".".join(mine), published(rs256)) is Why.BAD_SIGNATURE


def test_padding_is_not_ours(rs256: SigningKey) -> None:
    """Our tokens have one spelling (RFC 7515 §2), so a hash names each of them."""
    token = Signer().sign(rs256, CLAIMS)
    for other in (token + "==", token + "\n", " " + token, token + "."):
        assert refusal(other, published(rs256)) is Why.MALFORMED


@pytest.mark.parametrize(
    ("now", "leeway", "why"),
    [
        (NOW + 3600, 0, Why.EXPIRED),
        (NOW + 3659, 60, None),
        (NOW + 3660, 60, Why.EXPIRED),
        (NOW + 3599.9, 0, None),
        (NOW - 300, 0, None),
        (NOW - 301, 0, Why.NOT_YET_VALID),
        (NOW - 360, 60, None),
        (NOW - 361, 60, Why.NOT_YET_VALID),
    ],
)
def test_times(rs256: SigningKey, now: float, leeway: float, why: Why | None) -> None:
    """RFC 7519 §4.1.4, §4.1.5: not on or after `exp`, not before `nbf`."""
    token, keys = Signer().sign(rs256, CLAIMS), published(rs256)
    if why is None:
        assert verify(token, keys, now, leeway=leeway) == CLAIMS
    else:
        assert refusal(token, keys, now, leeway) is why


@pytest.mark.parametrize(
    "claims",
    [
        "{}",
        '{"exp":null}',
        '{"exp":"4000000000"}',
        '{"exp":true}',
        '{"exp":1e999}',
        '{"exp":' + "9" * 400 + "}",
        '{"exp":4000000000,"nbf":null}',
        '{"exp":4000000000,"exp":4000000001}',
        "[]",
        "",
    ],
)
def test_signed_nonsense_is_malformed(rs256: SigningKey, claims: str) -> None:
    """Times that are no numbers, and payloads that are no objects, are refused."""
    token = forged(rs256, {"alg": "RS256", "kid": rs256.kid}, claims)
    assert refusal(token, published(rs256)) is Why.MALFORMED


@given(st.text() | st.from_regex(r"[A-Za-z0-9_=-]*(\.[A-Za-z0-9_=-]*){2}"))
def test_any_text_is_refused_as_invalid(rs256: SigningKey, text: str) -> None:
    """No input raises anything but InvalidToken."""
    assert refusal(text, published(rs256)) in Why


@given(st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "x"]), JSON))
def test_any_header_is_refused_as_invalid(
    rs256: SigningKey, header: dict[str, object]
) -> None:
    """No JSON header raises anything but InvalidToken."""
    token = f"{bare(json.dumps(header).encode())}.e30.AAAA"
    assert refusal(token, published(rs256)) in Why


@given(st.binary(max_size=80))
def test_any_signature_is_refused(es256: SigningKey, signature: bytes) -> None:
    """Octets that are no point on the curve's scale are a bad signature."""
    message = Signer().sign(es256, CLAIMS).rsplit(".", 1)[0]
    token = f"{message}.{bare(signature)}"
    assert refusal(token, published(es256)) is Why.BAD_SIGNATURE


@given(JSON)
def test_any_signed_payload_answers_or_is_invalid(
    rs256: SigningKey, exp: object
) -> None:
    """Whatever stands in `exp` under a true signature, only two ends are possible."""
    claims = json.dumps({"exp": exp})
    token = forged(rs256, {"alg": "RS256", "kid": rs256.kid}, claims)
    with suppress(InvalidToken):
        assert verify(token, published(rs256), NOW) == json.loads(claims)
