"""Reading a form body strictly, and the trace ids that clients send along.

Nothing here knows what a parameter means, save which must never be in an address.
"""

import base64
import binascii
import uuid
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, unquote_plus

from ostiary.core.errors import Reason, Refused
from ostiary.core.request import ClientCredential, Trace
from ostiary.dialects.entra.authority import fold_guid, is_guid
from ostiary.web import HttpRequest

SECRETS: Final = frozenset(
    {"password", "client_secret", "client_assertion", "refresh_token", "assertion"}
)
TRACING: Final = frozenset({"client-request-id", "return-client-request-id"})
MOST_FIELDS: Final = 1000

Form = Mapping[str, str]


def parse_form(request: HttpRequest, *, first: str = "grant_type") -> Form:
    """The fields of a form body.

    Raises Refused: a body that is no form lacks its `first` parameter; a field that is
    repeated, in the body or in body and address, or is not UTF-8, or holds NUL, makes
    the request malformed; a secret in the address is refused (contract entra §3.1).
    """
    content_type = request.headers.get("content-type", "").partition(";")[0]
    if content_type.strip().lower() != "application/x-www-form-urlencoded":
        raise Refused(Reason.PARAMETER_MISSING, name=first)
    fields = parse_pairs(request.body)
    if not fields:
        raise Refused(Reason.PARAMETER_MISSING, name=first)
    for name in query_of(request):
        if name.lower() in SECRETS:
            raise Refused(Reason.CREDENTIAL_IN_QUERY, name=name.lower())
        traced = name.lower() in TRACING or name.lower().startswith("x-")
        if name in fields and not traced:
            raise Refused(Reason.PARAMETER_REPEATED, name=name)
    return fields


def parse_pairs(octets: bytes) -> Form:
    """Name and value pairs, each name once, in UTF-8 and without NUL."""
    fields: dict[str, str] = {}
    try:
        pairs = parse_qsl(
            octets.decode(),
            keep_blank_values=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except (UnicodeDecodeError, ValueError):
        raise Refused(
            Reason.PARAMETER_INVALID, name="body", why="is not a form in UTF-8"
        ) from None
    for name, value in pairs:
        if "\0" in name or "\0" in value:
            raise Refused(Reason.PARAMETER_INVALID, name="body", why="holds a NUL")
        if name in fields:
            raise Refused(Reason.PARAMETER_REPEATED, name=name)
        fields[name] = value
    return fields


def query_of(request: HttpRequest) -> Form:
    """The parameters of the address; what is not UTF-8 in them is replaced."""
    return dict(parse_qsl(request.query, keep_blank_values=True))


def field(form: Form, name: str) -> str | None:
    """A field's value; an empty one counts as absent (contract entra §4.1)."""
    return form.get(name) or None


def required(form: Form, name: str) -> str:
    """A field that must be there. Raises Refused(PARAMETER_MISSING)."""
    value = field(form, name)
    if value is None:
        raise Refused(Reason.PARAMETER_MISSING, name=name)
    return value


def parse_client(request: HttpRequest, form: Form) -> ClientCredential:
    """Client authentication in the body or by HTTP Basic (RFC 6749 §2.3.1)."""
    client_id, secret = field(form, "client_id"), field(form, "client_secret")
    assertion = field(form, "client_assertion")
    header = request.headers.get("authorization", "")
    scheme, _, encoded = header.partition(" ")
    if "authorization" in request.repeated:
        raise Refused(Reason.CLIENT_CREDENTIALS_SEVERAL)
    if scheme.lower() != "basic":
        if client_id is None:
            raise Refused(Reason.PARAMETER_MISSING, name="client_id")
        return ClientCredential(fold_guid(client_id), secret, assertion)
    name, password = _parse_basic(encoded)
    if client_id is not None and fold_guid(client_id) != fold_guid(name):
        raise Refused(Reason.CLIENT_ID_MISMATCH)
    if secret is not None or assertion is not None:
        raise Refused(Reason.CLIENT_CREDENTIALS_SEVERAL)
    return ClientCredential(fold_guid(name), password or None, None, basic=True)


def _parse_basic(encoded: str) -> tuple[str, str]:
    why = "is not HTTP Basic in UTF-8"
    malformed = Refused(Reason.PARAMETER_INVALID, name="Authorization", why=why)
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise malformed from None
    name, colon, secret = text.partition(":")
    name, secret = unquote_plus(name), unquote_plus(secret)
    if not colon or not name or "\0" in name + secret:
        raise malformed
    return name, secret


def trace_of(request: HttpRequest, door: str = "") -> Trace:
    """Ids of this request: ours, and the client's if it sent a GUID (contract §3.2)."""
    offered = [request.headers.get("client-request-id", "")]
    if not is_guid(offered[0]):
        offered.append(_loose_field(request.body.decode("latin-1")))
        offered.append(_loose_field(request.query))
    named = [text.lower() for text in offered if is_guid(text)]
    own = str(uuid.uuid5(uuid.NAMESPACE_OID, request.id))
    return Trace(
        trace_id=request.id,
        correlation_id=named[0] if named else own,
        source=request.source,
        user_agent=request.headers.get("user-agent", ""),
        door=door,
    )


def _loose_field(text: str) -> str:
    for pair in text.split("&")[:MOST_FIELDS]:
        name, _, value = pair.partition("=")
        if name == "client-request-id":
            return value
    return ""
