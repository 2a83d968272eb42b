"""dialects.auth0.body: one mapping out of JSON or a form, or a refusal."""

import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.core.errors import Reason, Refused
from ostiary.dialects.auth0.body import nested, parse_body, required, text
from ostiary.web import HttpRequest

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
READABLE = st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1)


def asked(body: bytes, kind: str = JSON, query: str = "") -> HttpRequest:
    """A POST of that body."""
    headers = {"content-type": kind} if kind else {}
    path = "/oauth/ro"
    segments = ("oauth", "ro")
    return HttpRequest(
        "id",
        "POST",
        path,
        segments,
        path,
        query,
        headers,
        frozenset(),
        body,
        "192.0.2.7",
        "https",
    )


def reason(request: HttpRequest) -> Reason:
    """Why that request is refused."""
    with pytest.raises(Refused) as refused:
        parse_body(request)
    return refused.value.reason


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"a": "1", "b": null}', JSON),
        (b'{"a": "1"}', "Application/JSON; charset=UTF-8"),
        (b"a=1", FORM),
        (b"a=1", FORM + ";charset=UTF-8"),
    ],
)
def test_json_and_forms_are_read_alike(body: bytes, kind: str) -> None:
    """With and without a charset; null is absent (contract auth0 §0)."""
    assert parse_body(asked(body, kind)) == {"a": "1"}


def test_nothing_sent_is_nothing_said() -> None:
    """An empty POST without a type, as auth0-js 7 makes it."""
    assert parse_body(asked(b"", "")) == {}


@pytest.mark.parametrize(
    ("body", "kind", "why"),
    [
        (b"[]", JSON, Reason.PARAMETER_INVALID),
        (b"{", JSON, Reason.PARAMETER_INVALID),
        (b"", JSON, Reason.PARAMETER_INVALID),
        (b'{"a": NaN}', JSON, Reason.PARAMETER_INVALID),
        (b'{"a": "\\u0000"}', JSON, Reason.PARAMETER_INVALID),
        (b'{"a": "\\ud800"}', JSON, Reason.PARAMETER_INVALID),
        (b'{"a": "\xff"}', JSON, Reason.PARAMETER_INVALID),
        (b"[" * 100_000, JSON, Reason.PARAMETER_INVALID),
        (b'{"a": 1, "a": 2}', JSON, Reason.PARAMETER_REPEATED),
        (b'{"a": {"b": 1, "b": 1}}', JSON, Reason.PARAMETER_REPEATED),
        (b"a=1&a=2", FORM, Reason.PARAMETER_REPEATED),
        (b"a=1&a[b]=2", FORM, Reason.PARAMETER_REPEATED),
        (b"a[b]=1&a[b]=2", FORM, Reason.PARAMETER_REPEATED),
        (b"a=1&a[]=2", FORM, Reason.PARAMETER_REPEATED),
        (b"a[]=1&a=2", FORM, Reason.PARAMETER_REPEATED),
        (b"a[]=1&a[b]=2", FORM, Reason.PARAMETER_REPEATED),
        (b"a[b][]=1&a[b]=2", FORM, Reason.PARAMETER_REPEATED),
        (b"[]=1&[]=2", FORM, Reason.PARAMETER_REPEATED),
        (b"a=%00", FORM, Reason.PARAMETER_INVALID),
        (b"a=%ff", FORM, Reason.PARAMETER_INVALID),
        (b"a=1", "text/plain", Reason.PARAMETER_INVALID),
        (b"a=1", "", Reason.PARAMETER_INVALID),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(
    body: bytes, kind: str, why: Reason
) -> None:
    """Cases A40, ROPC-05 and ROPC-10."""
    assert reason(asked(body, kind)) is why


def test_a_parameter_in_body_and_address_is_refused() -> None:
    """Case ROPC-05."""
    request = asked(b'{"scope": "openid"}', query="scope=openid")
    assert reason(request) is Reason.PARAMETER_REPEATED


@pytest.mark.parametrize(
    "name", ["password", "Password", "client_secret", "otp", "mfa_token"]
)
def test_a_credential_in_the_address_is_refused(name: str) -> None:
    """Case ROPC-06: whatever else is there."""
    request = asked(b"{}", query=f"{name}=hunter2")
    assert reason(request) is Reason.CREDENTIAL_IN_QUERY


def test_brackets_nest() -> None:
    """As auth0-js 7 and old forms write it (contract auth0 §0)."""
    fields = {"authParams[scope]": "openid", "authParams[state]": "1", "a[b][c]": "2"}
    assert nested(fields) == {
        "authParams": {"scope": "openid", "state": "1"},
        "a": {"b": {"c": "2"}},
    }


def test_empty_brackets_list() -> None:
    """The same list as in JSON; it is not one name that came twice."""
    form = asked(b"a[]=otp&b[c][]=1&a[]=oob&b[c][]=2&d[]=", FORM)
    assert parse_body(form) == {"a": ["otp", "oob"], "b": {"c": ["1", "2"]}, "d": [""]}


@pytest.mark.parametrize("odd", ["a]", "[a]", "a[b", "a[b]c", "a]b["])
def test_other_brackets_are_just_a_name(odd: str) -> None:
    """Nothing is guessed from half a bracket."""
    assert nested({odd: "1"}) == {odd: "1"}


def test_a_backslash_is_no_nul() -> None:
    """Only the character itself is refused, not a text that looks like its escape."""
    assert parse_body(asked(rb'{"a": "\\u0000"}')) == {"a": r"\u0000"}


@pytest.mark.parametrize("value", [5, ["x"], {"a": "b"}, True])
def test_a_text_is_a_text(value: object) -> None:
    """Other JSON types are refused where a text is meant; empty is absent."""
    with pytest.raises(Refused) as refused:
        text({"scope": value}, "scope")
    assert refused.value.reason is Reason.PARAMETER_INVALID
    assert text({"scope": ""}, "scope") is None


def test_what_is_missing_is_named() -> None:
    """The wire tells the parameter's name."""
    with pytest.raises(Refused) as refused:
        required({}, "connection")
    assert refused.value.reason is Reason.PARAMETER_MISSING
    assert refused.value.facts == {"name": "connection"}


@given(st.binary(), st.sampled_from([JSON, FORM, "", "text/plain"]))
def test_any_bytes_are_read_or_refused(body: bytes, kind: str) -> None:
    """Never anything but a mapping or Refused."""
    try:
        read = parse_body(asked(body, kind))
    except Refused:
        return
    assert None not in read.values()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | READABLE,
    lambda inner: st.lists(inner) | st.dictionaries(READABLE, inner),
    max_leaves=8,
)


@given(st.dictionaries(READABLE, VALUES))
def test_every_json_object_comes_back_without_its_nulls(written: Any) -> None:
    """Values are not touched."""
    read = parse_body(asked(json.dumps(written).encode()))
    assert read == {name: value for name, value in written.items() if value is not None}


PLAIN = READABLE.filter(lambda text: "[" not in text and "]" not in text)


@given(st.dictionaries(PLAIN, READABLE))
def test_every_plain_form_comes_back(written: dict[str, str]) -> None:
    """In whatever alphabet."""
    body = urlencode(written).encode()
    assert parse_body(asked(body, FORM)) == written


@given(PLAIN, PLAIN, READABLE)
def test_every_nested_form_comes_back(outer: str, inner: str, value: str) -> None:
    """One level of brackets."""
    body = f"{quote(outer)}[{quote(inner)}]={quote(value)}".encode()
    assert parse_body(asked(body, FORM)) == {outer: {inner: value}}
