"""From a body to a `TokenRequest`: what every door of this dialect reads alike.

Nothing is looked up here; what is missing is told in its turn (contract auth0 §1.5).
"""

from typing import Final

from ostiary.core.errors import Reason, Refused
from ostiary.core.model import Tenant
from ostiary.core.names import JWT_BEARER_ASSERTION
from ostiary.core.passwords import LONGEST_PASSWORD
from ostiary.core.request import ClientCredential, TenantRef, Trace
from ostiary.dialects.auth0.body import Fields, required, text
from ostiary.dialects.auth0.surface import GRANT_TYPES, UNSUPPORTED, Surface
from ostiary.dialects.forms import parse_credential
from ostiary.web import HttpRequest

LONGEST_NAME: Final = 1024
"""Characters of a user name; a longer one is malformed."""
LONGEST_SCOPE: Final = 8192
"""Characters of a scope parameter."""


def trace_of(request: HttpRequest, door: str) -> Trace:
    """Where a request came from; this dialect's clients send no ids of their own."""
    return Trace(
        trace_id=request.id,
        correlation_id=request.id,
        source=request.source,
        user_agent=request.headers.get("user-agent", ""),
        door=f"auth0 {door}",
    )


def tenant_ref(tenant: Tenant) -> TenantRef:
    """The tenant whose domain the request came to."""
    return TenantRef(tenant.id)


def check_legacy_open(tenant: Tenant) -> None:
    """The old pipeline is open at this tenant. Raises Refused(ENDPOINT_DISABLED)."""
    if tenant.options.get("legacy_resource_owner") is not True:
        raise Refused(Reason.ENDPOINT_DISABLED)


def grant_of(fields: Fields, surface: Surface) -> tuple[str, str]:
    """The name in `grant_type` and the grant it stands for; "" when none was sent."""
    sent = text(fields, "grant_type") or ""
    return sent, GRANT_TYPES[surface].get(sent, UNSUPPORTED if sent else "")


def parse_client(request: HttpRequest, fields: Fields) -> ClientCredential:
    """Client authentication in the body or by HTTP Basic (contract auth0 §3.1)."""
    client_id, secret = text(fields, "client_id"), text(fields, "client_secret")
    assertion = text(fields, "client_assertion")
    if assertion is not None:
        _check_assertion_type(fields)
    return parse_credential(request, client_id, secret, assertion)


def _check_assertion_type(fields: Fields) -> None:
    name = "client_assertion_type"
    if required(fields, name) != JWT_BEARER_ASSERTION:
        why = f"must be {JWT_BEARER_ASSERTION}"
        raise Refused(Reason.PARAMETER_INVALID, name=name, why=why)


def parse_username(fields: Fields, *, or_email: bool = False) -> str:
    """The user name, trimmed; at the old door an `email` stands in (contract §1.2)."""
    name = text(fields, "username")
    if name is None and or_email:
        name = text(fields, "email")
    if name is None or not name.strip():
        raise Refused(Reason.PARAMETER_MISSING, name="username")
    if len(name) > LONGEST_NAME:
        raise Refused(Reason.PARAMETER_INVALID, name="username", why="is too long")
    return name.strip()


def parse_password(fields: Fields, name: str = "password") -> str:
    """A password or code, never trimmed."""
    password = required(fields, name)
    if len(password.encode()) > LONGEST_PASSWORD:
        raise Refused(Reason.PARAMETER_INVALID, name=name, why="is too long")
    return password


def parse_scope(fields: Fields) -> str | None:
    """The scope as written. Raises Refused(PARAMETER_INVALID)."""
    value = fields.get("scope")
    if value is not None and not isinstance(value, str):
        raise Refused(Reason.PARAMETER_INVALID, name="scope", why="must be a string")
    if value is not None and len(value) > LONGEST_SCOPE:
        raise Refused(Reason.PARAMETER_INVALID, name="scope", why="is too long")
    return value
