"""Answers of Entra ID and AD FS that nobody thought of: one of the known ends, always.

What known answers mean is tested beside the strategies.
"""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.connections import adfs, entra_errors
from ostiary.connections.openid_profile import LONGEST, MOST_GROUPS, groups_of
from ostiary.connections.openid_tokens import (
    TokenRefused,
    keys_of,
    read_object,
    received,
)
from ostiary.connections.upstream import Away
from ostiary.connections.upstream_http import origin_of, waiting
from ostiary.flows.facts import Rejected

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
WORDS = st.sampled_from(
    ["invalid_grant", "AADSTS50126: x", "AADSTS", "MSIS9659", "MSIS1", "server_error"]
)
REFUSAL = st.fixed_dictionaries(
    {},
    optional={
        "error": WORDS | JSON,
        "error_description": WORDS | JSON,
        "error_codes": st.lists(st.integers() | JSON) | JSON,
    },
)


@given(REFUSAL)
def test_a_refusal_is_a_verdict_or_none(told: dict[str, Any]) -> None:
    """Neither reader stumbles, and details are numbers, never words of the upstream."""
    readers: tuple[Callable[[], Rejected], ...] = (
        lambda: entra_errors.verdict_of(told, None),
        lambda: adfs.refusal_of(told, None),
    )
    for read in readers:
        try:
            assert isinstance(read(), Rejected)
        except Away as away:
            words = away.detail.removeprefix("AADSTS").removeprefix("MSIS")
            assert words.isdigit() or words == "a refusal without a number"
            assert len(words) < 30


@given(st.text() | st.lists(JSON, min_size=3, max_size=3).map(json.dumps))
def test_a_token_is_read_or_refused(text: str) -> None:
    """With no other exception."""
    with pytest.raises(TokenRefused):
        received(text)


@given(st.binary() | JSON.map(json.dumps).map(str.encode))
def test_an_object_is_read_or_refused(raw: bytes) -> None:
    """And what is read can be written again."""
    try:
        value = read_object(raw)
    except TokenRefused:
        return
    assert read_object(json.dumps(value, ensure_ascii=False).encode()) == value


JWK = st.dictionaries(
    st.sampled_from(["kty", "use", "kid", "alg", "n", "e"]),
    st.sampled_from(["RSA", "sig", "AQAB", "x" * 342]) | JSON,
)


@given(st.lists(JWK | JSON))
def test_keys_are_left_out_rather_than_stumbled_over(listed: list[Any]) -> None:
    """Those that are told are signing keys of a decent size."""
    for key in keys_of({"keys": listed}).values():
        assert key.key_size >= 2048


@given(st.dictionaries(st.sampled_from(["a", "b"]), JSON))
def test_groups_are_bounded_and_printable(claims: dict[str, Any]) -> None:
    """Whatever a claim holds; without a claim nothing is known."""
    found = groups_of(claims, "a", "b")

    assert (found is None) is (not claims)
    assert all(each.isprintable() and len(each) <= LONGEST for each in found or ())


def test_no_more_groups_than_can_be_kept() -> None:
    """The first thousand."""
    found = groups_of({"a": [f"g{n}" for n in range(5000)]}, "a")

    assert found == tuple(f"g{n}" for n in range(MOST_GROUPS))


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://a.test", ("https", "a.test", 443)),
        ("https://A.TEST:443/x?y", ("https", "a.test", 443)),
        ("http://a.test:8080/", ("http", "a.test", 8080)),
        ("https://[::1]:5/x", ("https", "::1", 5)),
        ("https://bücher.test/", ("https", "xn--bcher-kva.test", 443)),
    ],
)
def test_origins(address: str, origin: tuple[str, str, int]) -> None:
    """Scheme, host and port, however they are spelled (RFC 6454 §4)."""
    assert origin_of(address) == origin


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a.test",
        "//a.test/",
        "ftp://a.test/",
        "https:///x",
        "https://u@a.test/",
        "https://u:p@a.test/",
        "https://b.test\\@a.test/",
        "https://a.test:99999/",
        "https://a.test:0/",
        "https://a.te\nst/",
        "https://[::1/",
    ],
)
def test_what_is_no_address(address: str) -> None:
    """Nothing in it that two parsers could read differently."""
    with pytest.raises(ValueError, match="not a web address"):
        origin_of(address)


@given(st.text())
def test_an_address_has_the_host_that_is_asked(text: str) -> None:
    """As the client library connects to it."""
    try:
        _, host, _ = origin_of(f"https://{text}")
    except ValueError:
        return
    assert httpx.URL(f"https://{text}").raw_host.decode() == host


@given(st.text())
def test_waiting_is_bounded(text: str) -> None:
    """Between a second and an hour, or not told."""
    seconds = waiting(text)
    assert seconds is None or 1 <= seconds <= 3600
