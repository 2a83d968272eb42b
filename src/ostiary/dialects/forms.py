"""Form fields and HTTP Basic, read strictly: what every dialect shares of RFC 6749.

What a parameter means is each dialect's own business.
"""

import base64
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import parse_qsl, unquote_plus

from ostiary.core.errors import Reason, Refused
from ostiary.core.request import ClientCredential
from ostiary.web import HttpRequest

Form = Mapping[str, str]

FORM_TYPE: Final = "application/x-www-form-urlencoded"
MOST_FIELDS: Final = 1000
SECRETS: Final = frozenset(
    {
        "password",
        "client_secret",
        "client_assertion",
        "refresh_token",
        "assertion",
        "otp",
        "verification_code",
        "mfa_token",
        "mfa_code",
        "binding_code",
        "recovery_code",
    }
)
"""Parameters that never may stand in an address, where logs would keep them."""


def media_type(request: HttpRequest) -> str:
    """The type of the body in lower case, without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def parse_pairs(octets: bytes) -> dict[str, str]:
    """Name and value pairs, each name once, in UTF-8 and without NUL.

    Raises Refused(PARAMETER_INVALID or PARAMETER_REPEATED).
    """
    fields: dict[str, str] = {}
    for name, value in read_pairs(octets):
        if name in fields:
            raise Refused(Reason.PARAMETER_REPEATED, name=name)
        fields[name] = value
    return fields


def read_pairs(octets: bytes) -> list[tuple[str, str]]:
    """Name and value pairs in UTF-8 and without NUL, in their order.

    Raises Refused(PARAMETER_INVALID).
    """
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
    if any("\0" in name or "\0" in value for name, value in pairs):
        raise Refused(Reason.PARAMETER_INVALID, name="body", why="holds a NUL")
    return pairs


def strict_query_of(request: HttpRequest) -> dict[str, str]:
    """The parameters of the address, held to the same rules as a form.

    Raises Refused(PARAMETER_INVALID or PARAMETER_REPEATED).
    """
    return parse_pairs(request.query.encode("latin-1"))


def query_of(request: HttpRequest) -> dict[str, str]:
    """The parameters of the address; what is not UTF-8 in them is replaced."""
    return dict(parse_qsl(request.query, keep_blank_values=True))


def parse_basic(encoded: str) -> tuple[str, str]:
    """Name and secret of HTTP Basic (RFC 6749 §2.3.1: both are form-encoded).

    Raises Refused(PARAMETER_INVALID).
    """
    why = "is not HTTP Basic in UTF-8"
    malformed = Refused(Reason.PARAMETER_INVALID, name="Authorization", why=why)
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except ValueError:  # not ASCII, not Base64, or not UTF-8
        raise malformed from None
    name, colon, secret = text.partition(":")
    name, secret = unquote_plus(name), unquote_plus(secret)
    if not colon or not name or "\0" in name + secret:
        raise malformed
    return name, secret


def parse_credential(
    request: HttpRequest,
    client_id: str | None,
    secret: str | None,
    assertion: str | None,
    *,
    fold: Callable[[str], str] = str,
) -> ClientCredential:
    """Client authentication by body or by HTTP Basic (RFC 6749 §2.3.1).

    `fold` gives a client id the form in which it is registered. Raises Refused.
    """
    header = request.headers.get("authorization", "")
    scheme, _, encoded = header.partition(" ")
    if "authorization" in request.repeated:
        raise Refused(Reason.CLIENT_CREDENTIALS_SEVERAL)
    if scheme.lower() != "basic":
        if client_id is None:
            raise Refused(Reason.PARAMETER_MISSING, name="client_id")
        return ClientCredential(fold(client_id), secret, assertion)
    name, password = parse_basic(encoded)
    if client_id is not None and fold(client_id) != fold(name):
        raise Refused(Reason.CLIENT_ID_MISMATCH)
    if secret is not None or assertion is not None:
        raise Refused(Reason.CLIENT_CREDENTIALS_SEVERAL)
    return ClientCredential(fold(name), password or None, None, basic=True)
