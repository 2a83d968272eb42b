"""Compact JWS: one reading only, or none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.keys.jws import MalformedJws, encode_segment, read_object, split


def test_encoding_of_rfc_7515_appendix_c() -> None:
    """The octets of RFC 7515 appendix C are spelled as it says."""
    assert encode_segment(bytes([3, 236, 255, 224, 193])) == b"A-z_4ME"


def test_example_of_rfc_7515_appendix_a_3() -> None:
    """The ES256 example is taken apart into the octets that the RFC lists."""
    text = (
        "eyJhbGciOiJFUzI1NiJ9."
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
        "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSA"
        "pmWQxfKTUJqPP3-Kg6NU1Q"
    )
    segments = split(text, padded=False)
    assert segments.header == b'{"alg":"ES256"}'
    assert read_object(segments.payload) == {
        "iss": "joe",
        "exp": 1300819380,
        "http://example.com/is_root": True,
    }
    assert segments.signature[:4] == bytes([14, 209, 33, 83])
    assert len(segments.signature) == 64
    assert segments.signing_input == text.rsplit(".", 1)[0].encode()


@given(st.binary(), st.binary(), st.binary())
def test_split_reverses_encoding(header: bytes, payload: bytes, end: bytes) -> None:
    """Whatever octets were encoded come back, padded or not."""
    text = b".".join(map(encode_segment, (header, payload, end))).decode()
    segments = split(text, padded=True)
    assert (segments.header, segments.payload, segments.signature) == (
        header,
        payload,
        end,
    )
    assert segments == split(text, padded=False)


@pytest.mark.parametrize(
    "text",
    ["", ".", "e30.e30", "e30.e30.AA.AA", "e30.e3\n0.AA", "e30.e30.AA ", "é.e30.AA"],
)
def test_malformed_texts_are_refused(text: str) -> None:
    """Anything but three segments of base64url is refused."""
    with pytest.raises(MalformedJws):
        split(text, padded=True)


@pytest.mark.parametrize("signature", ["AB", "AA==", "A+AA", "A/AA", "A"])
def test_other_spellings_are_refused(signature: str) -> None:
    """Spare bits, padding and the other alphabet would give a token two spellings."""
    with pytest.raises(MalformedJws):
        split(f"e30.e30.{signature}", padded=False)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b'"a"',
        b"{",
        b'{"a":1}x',
        b'{"a":1,"a":2}',
        b'{"b":{"a":1,"a":1}}',
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":"\xff"}',
        b'\xef\xbb\xbf{"a":1}',
        '{"a":1}'.encode("utf-16"),
        rb'{"a":"\ud800"}',
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":' + b"[" * 100_000 + b"}",
    ],
)
def test_ambiguous_objects_are_refused(raw: bytes) -> None:
    """What two readers might read differently is not read at all (RFC 8259 §4)."""
    with pytest.raises(MalformedJws):
        read_object(raw)
