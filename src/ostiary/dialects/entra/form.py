"""Reading a form body strictly, and the trace ids that clients send along.

Nothing here knows what a parameter means, save which must never be in an address.
"""

import uuid
from typing import Final

from ostiary.core.errors import Reason, Refused
from ostiary.core.request import ClientCredential, Trace
from ostiary.dialects.entra.authority import fold_guid, is_guid
from ostiary.dialects.forms import (
    FORM_TYPE,
    MOST_FIELDS,
    SECRETS,
    Form,
    media_type,
    parse_credential,
    parse_pairs,
    query_of,
)
from ostiary.web import HttpRequest

TRACING: Final = frozenset({"client-request-id", "return-client-request-id"})


def parse_form(request: HttpRequest, *, first: str = "grant_type") -> Form:
    """The fields of a form body.

    Raises Refused: a body that is no form lacks its `first` parameter; a field that is
    repeated, in the body or in body and address, or is not UTF-8, or holds NUL, makes
    the request malformed; a secret in the address is refused (contract entra §3.1).
    """
    if media_type(request) != FORM_TYPE:
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
    return parse_credential(request, client_id, secret, assertion, fold=fold_guid)


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
