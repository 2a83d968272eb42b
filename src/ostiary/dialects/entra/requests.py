"""From a form to a `TokenRequest`: what must be there, in the order it is missed.

Contract entra §6.2, steps 1 to 3; nothing is looked up here.
"""

import base64
import json
from typing import Final

from ostiary.core.errors import Reason, Refused
from ostiary.core.names import (
    CLIENT_CREDENTIALS,
    JWT_BEARER_ASSERTION,
    PASSWORD,
    REFRESH_TOKEN,
    SAML_BEARERS,
)
from ostiary.core.passwords import LONGEST_PASSWORD
from ostiary.core.request import ClientCredential, ScopeRequest, TokenRequest
from ostiary.dialects.entra.authority import Surface, Version, parse_tenant
from ostiary.dialects.entra.form import (
    field,
    parse_client,
    required,
    trace_of,
)
from ostiary.dialects.entra.scope import parse_resource, parse_scope
from ostiary.dialects.forms import Form
from ostiary.web import HttpRequest

LONGEST_NAME: Final = 1024
"""Characters of a user name; a longer one is malformed."""


def check_post(request: HttpRequest) -> None:
    """Token endpoints are for POST alone (900561)."""
    if request.method != "POST":
        raise Refused(Reason.METHOD_NOT_ALLOWED)


def parse_token_request(
    request: HttpRequest, form: Form, segment: str, surface: Surface
) -> TokenRequest:
    """A token request in the forms of contract entra §3.4, §3.5, §3.7 and §3.8.

    Raises Refused for the first thing that is wrong; an empty field counts as absent.
    """
    grant_type = required(form, "grant_type")
    client = parse_client(request, form)
    username = password = refresh_token = assertion = None
    if grant_type == PASSWORD:
        username, password = _parse_password(form)
    elif grant_type == REFRESH_TOKEN:
        refresh_token = required(form, "refresh_token")
    elif grant_type in SAML_BEARERS:
        assertion = _parse_assertion(required(form, "assertion"))
    elif grant_type != CLIENT_CREDENTIALS:
        raise Refused(Reason.GRANT_UNSUPPORTED, grant_type=grant_type)
    _check_assertion_type(form, client)
    _check_claims(form)
    return TokenRequest(
        tenant=parse_tenant(segment),
        grant_type=grant_type,
        client=client,
        scope=_parse_target(form, grant_type, surface),
        trace=trace_of(request, f"{surface.name} token"),
        username=username,
        password=password,
        refresh_token=refresh_token,
        assertion=assertion,
    )


def _parse_password(form: Form) -> tuple[str, str]:
    """User name and password, verbatim: nothing is trimmed (contract entra §3.1)."""
    username, password = required(form, "username"), required(form, "password")
    if len(username) > LONGEST_NAME:
        raise Refused(Reason.PARAMETER_INVALID, name="username", why="is too long")
    if len(password.encode()) > LONGEST_PASSWORD:
        raise Refused(Reason.PARAMETER_INVALID, name="password", why="is too long")
    return username, password


def _parse_assertion(text: str) -> str:
    """The XML in base64, of either alphabet, padded or not, in lines or not; "" for
    anything else, which is no assertion (contract entra §3.5).

    Go sends the user's name and password as well: nobody reads them.
    """
    bare = text.replace("\r", "").replace("\n", "").rstrip("=")
    bare = bare.replace("-", "+").replace("_", "/")
    try:
        padded = bare + "=" * (-len(bare) % 4)
        return base64.b64decode(padded, validate=True).decode()
    except ValueError:
        return ""


def _parse_target(form: Form, grant_type: str, surface: Surface) -> ScopeRequest:
    """What is asked for; a malformed scope is told in its turn (contract §6.2, 7)."""
    try:
        return _read_target(form, grant_type, surface)
    except Refused as refused:
        word = str(refused.facts.get("scope", ""))
        return ScopeRequest(names=(word,), fault=refused.reason)


def _read_target(form: Form, grant_type: str, surface: Surface) -> ScopeRequest:
    resource, scope = field(form, "resource"), field(form, "scope")
    if surface.version is Version.V1 or (surface.adfs and resource is not None):
        return parse_resource(resource, scope)
    if resource is not None and scope is None:
        raise Refused(Reason.RESOURCE_PARAMETER)
    return parse_scope(scope, first_resource_wins=grant_type == REFRESH_TOKEN)


def _check_assertion_type(form: Form, client: ClientCredential) -> None:
    if client.assertion is None:
        return
    kind = required(form, "client_assertion_type")
    if kind != JWT_BEARER_ASSERTION:
        why = f"must be {JWT_BEARER_ASSERTION}"
        raise Refused(Reason.PARAMETER_INVALID, name="client_assertion_type", why=why)


def _check_claims(form: Form) -> None:
    """`claims` must be a JSON object; its members are ignored (contract §3.2)."""
    text = field(form, "claims")
    if text is None:
        return
    try:
        well = isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        well = False
    if not well:
        why = "is not a JSON object"
        raise Refused(Reason.PARAMETER_INVALID, name="claims", why=why)
