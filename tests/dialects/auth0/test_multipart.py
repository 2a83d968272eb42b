"""dialects.auth0.multipart: parts as browsers and SDKs write them, and nothing else."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.core.errors import Reason, Refused
from ostiary.dialects.auth0.multipart import MOST_PARTS, parse_parts
from ostiary.web import HttpRequest

BOUNDARY = "multipart/form-data; boundary=b"
NAMES = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1)


def request(body: bytes, media: str = BOUNDARY) -> HttpRequest:
    """A POST of that body."""
    headers = {"content-type": media}
    nothing: frozenset[str] = frozenset()
    return HttpRequest(
        "id", "POST", "/", (), "/", "", headers, nothing, body, "192.0.2.7", "https"
    )


@given(st.dictionaries(NAMES, st.binary(max_size=200), max_size=5))
def test_parts_come_back_as_they_were(parts: dict[str, bytes]) -> None:
    """Whatever octets they hold, as an HTTP library of others writes them."""
    if not parts:
        return
    files = {name: (f"{name}.bin", octets) for name, octets in parts.items()}
    made = httpx.Request("POST", "https://d.test", files=files)
    body = made.read()
    assert parse_parts(request(body, made.headers["content-type"])) == parts


@given(st.binary(max_size=300))
def test_noise_is_refused_or_read(body: bytes) -> None:
    """Never anything else than a refusal that says so."""
    for octets in (body, b"--b" + body, b"--b\r\n" + body + b"\r\n--b--\r\n"):
        assert outcome(octets) in (
            "parts",
            Reason.PARAMETER_INVALID,
            Reason.PARAMETER_REPEATED,
        )


def outcome(octets: bytes) -> str:
    """Whether the body was read, or why not."""
    try:
        parse_parts(request(octets))
    except Refused as refused:
        return refused.reason
    return "parts"


def part(name: str, value: bytes = b"x") -> bytes:
    """One part."""
    head = f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
    return head.encode() + value + b"\r\n"


END = b"--b--\r\n"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (part("a") + part("a") + END, Reason.PARAMETER_REPEATED),
        (part("a"), Reason.PARAMETER_INVALID),
        (b"", Reason.PARAMETER_INVALID),
        (b"--b\r\n\r\nx\r\n--b--\r\n", Reason.PARAMETER_INVALID),
        (
            b"".join(part(f"a{n}") for n in range(MOST_PARTS + 1)) + END,
            Reason.PARAMETER_INVALID,
        ),
    ],
    ids=["twice", "cut off", "empty", "no name", "too many"],
)
def test_bodies_that_are_refused(body: bytes, reason: Reason) -> None:
    """Each for its own reason."""
    with pytest.raises(Refused) as caught:
        parse_parts(request(body))
    assert caught.value.reason is reason


@pytest.mark.parametrize(
    "media",
    ["", "application/json", "multipart/form-data", "multipart/mixed; boundary=b"],
)
def test_another_type_is_refused(media: str) -> None:
    """The header is what is wrong."""
    with pytest.raises(Refused) as caught:
        parse_parts(request(part("a") + END, media))
    assert caught.value.facts["name"] == "Content-Type"
