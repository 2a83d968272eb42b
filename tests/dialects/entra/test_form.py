"""Reading form bodies strictly, client authentication, and trace ids.

Contract entra §3.1, §3.2, §4.1; RFC 6749 §2.3.1; the WHATWG URL standard on forms.
"""

import base64
from dataclasses import replace
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.core.errors import Reason, Refused
from ostiary.core.request import ClientCredential
from ostiary.dialects.entra.form import (
    field,
    parse_client,
    parse_form,
    required,
    trace_of,
)
from ostiary.dialects.forms import SECRETS, Form, parse_pairs
from ostiary.web import HttpRequest

FORM = "application/x-www-form-urlencoded"
GUID = "0f8fad5b-d9cb-469f-a165-70867728950e"
MALFORMED = {
    Reason.PARAMETER_INVALID,
    Reason.PARAMETER_MISSING,
    Reason.PARAMETER_REPEATED,
}
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def posted(
    body: bytes | str = b"",
    query: str = "",
    content_type: str | None = FORM,
    **headers: str,
) -> HttpRequest:
    """A POST with that body."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if content_type is not None:
        named["content-type"] = content_type
    octets = body.encode() if isinstance(body, str) else body
    return HttpRequest(
        id="11111111-0000-4000-8000-000000000000",
        method="POST",
        path="/",
        segments=(),
        raw_path="/",
        query=query,
        headers=named,
        repeated=frozenset(),
        body=octets,
        source="192.0.2.7",
        scheme="https",
    )


def why(request: HttpRequest) -> tuple[Reason, object]:
    """The reason and the parameter of a refused form."""
    with pytest.raises(Refused) as caught:
        parse_form(request)
    return caught.value.reason, caught.value.facts.get("name")


@given(fields=st.dictionaries(TEXT.filter(bool), TEXT, min_size=1, max_size=8))
def test_every_form_reads_back(fields: dict[str, str]) -> None:
    """Encoded either way, `+` and `%20` alike, nothing trimmed (§3.1)."""
    for quoting in (quote_plus, quote):
        body = urlencode(fields, quote_via=quoting)
        assert parse_pairs(body.encode()) == fields


@given(octets=st.binary(max_size=200))
def test_no_body_does_anything_but_read_or_refuse(octets: bytes) -> None:
    """A form without NUL, or a 4xx (promise 14)."""
    outcome = read(octets)
    if isinstance(outcome, Reason):
        assert outcome in MALFORMED
    else:
        assert not any("\0" in name + value for name, value in outcome.items())


def read(octets: bytes) -> Form | Reason:
    """The form, or why it is none."""
    try:
        return parse_form(posted(octets))
    except Refused as refused:
        return refused.reason


@pytest.mark.parametrize(
    "content_type",
    [FORM, f"{FORM};charset=utf-8", f"{FORM}; charset=UTF-8", FORM.upper()],
)
def test_a_form_is_a_form_with_or_without_charset(content_type: str) -> None:
    """Both are sent by real clients (§3.1)."""
    assert parse_form(posted("a=b", content_type=content_type)) == {"a": "b"}


@pytest.mark.parametrize(
    "content_type", [None, "", "application/json", "text/plain", "multipart/form-data"]
)
def test_what_is_no_form_lacks_its_grant_type(content_type: str | None) -> None:
    """900144 naming `grant_type`, as for JSON (§3.1)."""
    request = posted('{"grant_type":"password"}', content_type=content_type)
    assert why(request) == (Reason.PARAMETER_MISSING, "grant_type")


@pytest.mark.parametrize(
    ("body", "query", "name"),
    [
        ("scope=a&scope=b", "", "scope"),
        ("scope=a&scope=a", "", "scope"),
        ("scope=&scope=", "", "scope"),
        ("unknown=1&unknown=2", "", "unknown"),
        ("scope=a&sc%6Fpe=b", "", "scope"),
        ("scope=a", "scope=a", "scope"),
    ],
)
def test_a_parameter_comes_once(body: str, query: str, name: str) -> None:
    """9002313 in body, or body and address (ROPC-05, §3.1)."""
    assert why(posted(body, query)) == (Reason.PARAMETER_REPEATED, name)


@pytest.mark.parametrize("name", sorted(SECRETS))
@pytest.mark.parametrize("many", [0, 200])
def test_a_secret_in_the_address_is_refused(name: str, many: int) -> None:
    """In any case and beside any number of others (ROPC-06, interface §3)."""
    query = "&".join([*(f"p{n}=" for n in range(many)), f"{name.upper()}=x"])
    assert why(posted("grant_type=password", query)) == (
        Reason.CREDENTIAL_IN_QUERY,
        name,
    )


def test_tracing_parameters_may_stand_in_the_address_too() -> None:
    """msal-node sends `client-request-id` in both (§3.2)."""
    names = ("client-request-id", "x-client-SKU", "return-client-request-id")
    body = "&".join(f"{name}=1" for name in names)
    assert set(parse_form(posted(body, body))) == set(names)


@pytest.mark.parametrize("body", ["a=%00", "%00=a", "a=b%00c"])
def test_nul_is_refused(body: str) -> None:
    """In any field (ROPC-10)."""
    assert why(posted(body)) == (Reason.PARAMETER_INVALID, "body")


@pytest.mark.parametrize("body", [b"a=%FF", b"a=%C3", b"a=\xff", b"\xc3=a"])
def test_what_is_not_utf_8_is_refused(body: bytes) -> None:
    """Percent-encoded or raw (§3.1)."""
    assert why(posted(body)) == (Reason.PARAMETER_INVALID, "body")


def test_raw_utf_8_is_read_as_what_it_is() -> None:
    """`curl -d` sends a password as it was typed (WHATWG URL, form parsing)."""
    assert parse_form(posted("password=geheimß")) == {"password": "geheimß"}


def test_a_thousand_fields_are_enough() -> None:
    """More make no form (ROPC-21)."""
    body = "&".join(f"p{n}=1" for n in range(1001))
    assert why(posted(body))[0] is Reason.PARAMETER_INVALID


def test_an_empty_field_counts_as_absent() -> None:
    """Contract entra §4.1; blanks are no absence."""
    form = {"client_secret": "", "password": " "}
    assert field(form, "client_secret") is None
    assert required(form, "password") == " "
    for name in ("client_secret", "scope"):
        with pytest.raises(Refused) as caught:
            required(form, name)
        assert caught.value.facts == {"name": name}


def basic(user: str, password: str) -> str:
    """The header of HTTP Basic with form-encoded halves (RFC 6749 §2.3.1)."""
    text = f"{quote_plus(user)}:{quote_plus(password)}".encode()
    return f"Basic {base64.b64encode(text).decode()}"


@given(secret=TEXT, user=TEXT.filter(bool))
def test_basic_reads_back(secret: str, user: str) -> None:
    """Form-encoded halves in any alphabet; an empty secret counts as absent."""
    read = parse_client(posted(authorization=basic(user, secret)), {})
    assert read == ClientCredential(user, secret or None, basic=True)


@pytest.mark.parametrize(
    "header",
    ["Basic", "Basic ?", "Basic YQ==", "Basic Og==", "Basic /zo=", "Basic JTAwOmI="],
)
def test_basic_that_cannot_be_read_is_malformed(header: str) -> None:
    """No base64, no colon, no name, no UTF-8, a NUL."""
    with pytest.raises(Refused) as caught:
        parse_client(posted(authorization=header), {})
    assert caught.value.reason is Reason.PARAMETER_INVALID


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ({"client_id": "b"}, Reason.CLIENT_ID_MISMATCH),
        ({"client_secret": "s"}, Reason.CLIENT_CREDENTIALS_SEVERAL),
        ({"client_assertion": "a"}, Reason.CLIENT_CREDENTIALS_SEVERAL),
    ],
)
def test_two_ways_at_once_are_refused(form: dict[str, str], reason: Reason) -> None:
    """Header and body, or two names (CLI-04, RFC 6749 §2.3)."""
    with pytest.raises(Refused) as caught:
        parse_client(posted(authorization=basic("a", "s")), form)
    assert caught.value.reason is reason


def test_two_authorization_headers_are_refused() -> None:
    """Whichever came first must not decide (CLI-04)."""
    twice = replace(
        posted(authorization=f"{basic('a', 's')}, {basic('b', 't')}"),
        repeated=frozenset({"authorization"}),
    )
    with pytest.raises(Refused) as caught:
        parse_client(twice, {})
    assert caught.value.reason is Reason.CLIENT_CREDENTIALS_SEVERAL


def test_other_schemes_are_no_client_authentication() -> None:
    """A bearer token in the header does not stand in for a client."""
    known = parse_client(posted(authorization="Bearer x"), {"client_id": "a"})
    assert known == ClientCredential("a")
    with pytest.raises(Refused) as caught:
        parse_client(posted(authorization="Bearer x"), {})
    assert caught.value.facts == {"name": "client_id"}


@pytest.mark.parametrize(
    ("header", "body", "query", "expected"),
    [
        (GUID.upper(), "", "", GUID),
        ("", f"client-request-id={GUID}", "", GUID),
        ("", "", f"a=b&client-request-id={GUID}", GUID),
        ("x", f"client-request-id={GUID}", "", GUID),
        (GUID, f"client-request-id={GUID[::-1]}", "", GUID),
    ],
)
def test_the_clients_own_id_is_kept(
    header: str, body: str, query: str, expected: str
) -> None:
    """From header, else body, else address, when it is a GUID (§3.2, §6.1)."""
    request = posted(body, query, client_request_id=header)
    assert trace_of(request, "door").correlation_id == expected


@pytest.mark.parametrize("header", ["", "x" * 8000, "not-a-guid", "{" + GUID + "}"])
def test_without_a_guid_the_id_is_ours(header: str) -> None:
    """A GUID of our own, stable for the request and not its trace id (ROPC-21)."""
    request = posted(client_request_id=header)
    first, second = trace_of(request), trace_of(request)
    assert first == second
    assert first.correlation_id not in (header, first.trace_id)
    assert len(first.correlation_id) == 36
    assert first.trace_id == request.id
