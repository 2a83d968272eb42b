"""Client assertions in every spelling that clients are known to use."""

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from ostiary.keys.assertions import (
    ClientCertificate,
    InvalidAssertion,
    find_certificate,
    read_assertion,
    verify_signature,
)
from tests.keys.forms import (
    JSON,
    NOW,
    WHO,
    bare,
    compact,
    pem_of,
    standard,
    url,
)

FLOATS: dict[str, object] = {"exp": NOW + 600.916701, "iat": NOW + 0.916701}
INTS: dict[str, object] = {"nbf": int(NOW), "exp": int(NOW) + 600}
STRINGS: dict[str, object] = {"nbf": str(int(NOW)), "exp": str(int(NOW) + 600)}

Spelling = Callable[[bytes], str]


@dataclass(frozen=True)
class Row:
    """One row of contract entra §4.3: how that client spells its assertion."""

    client: str
    alg: str
    thumbprint: str
    spelling: Spelling
    times: dict[str, object]
    chain: str = ""
    padded: bool = False


ROWS = [
    Row("MSAL Python, thumbprint", "RS256", "x5t", url, FLOATS),
    Row("MSAL Python, certificate", "PS256", "x5t#S256", url, FLOATS, chain="lines"),
    Row("azure-identity sync", "RS256", "x5t", url, FLOATS, chain="lines"),
    Row("azure-identity async", "PS256", "x5t#S256", url, INTS, padded=True),
    Row("msal-node, old", "RS256", "x5t", bare, INTS | {"iat": int(NOW)}, chain="one"),
    Row("msal-node", "PS256", "x5t#S256", bare, INTS | {"iat": int(NOW)}),
    Row("ADAL", "RS256", "x5t", url, INTS),
    Row(".NET", "PS256", "x5t#S256", bare, STRINGS),
    Row(".NET, old", "RS256", "x5t", bare, STRINGS),
    Row("Go", "PS256", "x5t#S256", standard, INTS, chain="one"),
    Row("Java", "RS256", "x5t#S256", bare, INTS | {"iat": int(NOW)}, chain="one"),
]


def header_of(row: Row, certificate: x509.Certificate) -> dict[str, object]:
    der = certificate.public_bytes(Encoding.DER)
    sha1 = hashlib.sha1(der, usedforsecurity=False).digest()
    digest = sha1 if row.thumbprint == "x5t" else hashlib.sha256(der).digest()
    header: dict[str, object] = {"typ": "JWT", "alg": row.alg}
    header[row.thumbprint] = row.spelling(digest)
    if row.chain == "lines":
        body = pem_of(certificate).decode().strip().splitlines()[1:-1]
        header["x5c"] = ["\n".join(body)]
    elif row.chain == "one":
        header["x5c"] = [standard(der)]
    return header


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.client)
def test_every_clients_spelling_passes(
    row: Row,
    rsa_key: rsa.RSAPrivateKey,
    x509_certificate: x509.Certificate,
    certificate: ClientCertificate,
    stranger: ClientCertificate,
) -> None:
    """Contract entra §4.3: read, found by thumbprint, proven, times as floats."""
    header = header_of(row, x509_certificate)
    text = compact(rsa_key, header, WHO | row.times, padded=row.padded)
    assertion = read_assertion(text)
    assert find_certificate(assertion, [stranger, certificate]) is certificate
    assert verify_signature(assertion, certificate)
    assert not verify_signature(assertion, stranger)
    assert assertion.header == header
    expected = {name: float(str(value)) for name, value in row.times.items()}
    assert assertion.claims == WHO | expected
    assert all(type(assertion.claims[name]) is float for name in row.times)


def test_padded_signature_covers_the_padded_text(
    rsa_key: rsa.RSAPrivateKey, certificate: ClientCertificate
) -> None:
    """Case 71: the bytes as received are signed; taking the `=` away breaks it."""
    header = {"alg": "PS256", "x5t#S256": url(certificate.sha256)}
    text = compact(rsa_key, header, WHO | INTS, padded=True)
    head, payload, signature = text.split(".")
    assert signature.endswith("==")
    assert "=" in head + payload
    assert verify_signature(read_assertion(text), certificate)
    assert verify_signature(
        read_assertion(f"{head}.{payload}.{signature.rstrip('=')}"), certificate
    )
    stripped = f"{head.rstrip('=')}.{payload.rstrip('=')}.{signature}"
    assert not verify_signature(read_assertion(stripped), certificate)


@pytest.mark.parametrize(
    ("spelled", "seconds"),
    [
        ("1795224127", 1795224127.0),
        ("1795224127.916701", 1795224127.916701),
        ('"1795224127"', 1795224127.0),
        ('"1795224127.5"', 1795224127.5),
        ("1.795224127e9", 1795224127.0),
    ],
)
def test_times_become_floats(
    spelled: str, seconds: float, rsa_key: rsa.RSAPrivateKey
) -> None:
    """Contract entra §4.3: numbers may be int, float or numeric string."""
    for name in ("exp", "nbf", "iat"):
        text = compact(rsa_key, {"alg": "RS256"}, f'{{"{name}":{spelled}}}')
        assert read_assertion(text).claims == {name: seconds}


@pytest.mark.parametrize(
    "spelled",
    [
        "null",
        "true",
        "[]",
        "{}",
        '""',
        '"soon"',
        '" 1795224127"',
        '"1_000"',
        '"nan"',
        '"Infinity"',
        '"1e9"',
        '"٣"',
        '"1795224127\\n"',
        "1e999",
        "-1e999",
        "NaN",
        "Infinity",
        "9" * 400,
    ],
)
def test_times_that_are_no_numbers_are_refused(
    spelled: str, rsa_key: rsa.RSAPrivateKey
) -> None:
    """A time that cannot be compared makes the assertion malformed."""
    text = compact(rsa_key, {"alg": "RS256"}, f'{{"exp":{spelled}}}')
    with pytest.raises(InvalidAssertion):
        read_assertion(text)


@pytest.mark.parametrize("crit", [["exp"], [], ["b64"], "exp", None])
def test_critical_extensions_are_refused(
    crit: object, rsa_key: rsa.RSAPrivateKey
) -> None:
    """RFC 7515 §4.1.11: whatever `crit` holds, we understand none of it."""
    with pytest.raises(InvalidAssertion, match="extensions"):
        read_assertion(compact(rsa_key, {"alg": "RS256", "crit": crit}, WHO))


def test_repeated_names_are_refused(rsa_key: rsa.RSAPrivateKey) -> None:
    """RFC 7519 §4: two `sub`s would let two readers see two clients."""
    with pytest.raises(InvalidAssertion, match="twice"):
        read_assertion(compact(rsa_key, {}, '{"sub":"a","sub":"b"}'))
    head = bare(b'{"alg":"RS256","alg":"none"}')
    with pytest.raises(InvalidAssertion, match="twice"):
        read_assertion(f"{head}.e30.AAAA")


def test_size_is_bounded(rsa_key: rsa.RSAPrivateKey) -> None:
    """16 kB hold any real chain; one character more is refused unread."""
    head, payload = bare(b"{}"), bare(b"{}")
    fitting = "A" * (16 * 1024 - len(head) - len(payload) - 2)
    fitting = fitting[: len(fitting) // 4 * 4]
    assert read_assertion(f"{head}.{payload}.{fitting}").header == {}
    with pytest.raises(InvalidAssertion, match="long"):
        read_assertion(f"{head}.{payload}.{fitting}" + "A" * 4)


def test_repr_shows_nothing(rsa_key: rsa.RSAPrivateKey) -> None:
    """Promise 9: an assertion in a log line or traceback gives nothing away."""
    text = compact(rsa_key, {"alg": "RS256"}, WHO)
    assert repr(read_assertion(text)) == "Assertion()"


def test_errors_never_quote_the_assertion() -> None:
    """Promise 9: no error text repeats what was sent."""
    sent = f"{bare(b'{')}.{bare(json.dumps(WHO).encode())}.c2VjcmV0"
    with pytest.raises(InvalidAssertion) as caught:
        read_assertion(sent)
    assert not any(part in str(caught.value) for part in sent.split("."))


@given(st.text() | st.from_regex(r"[A-Za-z0-9_=-]*(\.[A-Za-z0-9_=-]*){2}"))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text raises anything but InvalidAssertion."""
    with suppress(InvalidAssertion):
        assert read_assertion(text).signing_input.count(b".") == 1


@given(
    st.dictionaries(st.sampled_from(["alg", "kid", "x5t", "x5t#S256", "x5c"]), JSON),
    st.dictionaries(st.sampled_from(["exp", "nbf", "iat", "iss", "aud"]), JSON),
    st.binary(max_size=300),
)
def test_any_json_is_judged_or_refused(
    certificate: ClientCertificate,
    header: dict[str, object],
    claims: dict[str, object],
    signature: bytes,
) -> None:
    """No header, claims or signature make reading, finding or proving go wrong."""
    segments = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    try:
        assertion = read_assertion(".".join(map(bare, segments)))
    except InvalidAssertion:
        return
    assert find_certificate(assertion, [certificate]) is None
    assert not verify_signature(assertion, certificate)
