"""One request to a token endpoint and its answer, as frozen values.

Values only: a request exists after a dialect parsed it, a grant after rules agreed.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from ostiary.core.errors import Reason, Refused
from ostiary.core.model import Client, ConnectionSettings, Resource, Tenant, User


@dataclass(frozen=True, slots=True)
class TenantRef:
    """The tenant as the request named it.

    `alias` names no tenant; `grant_types` are the grants that may be used there, and
    `home` says that the user's own tenant is meant.
    """

    value: str
    alias: bool = False
    home: bool = False
    grant_types: frozenset[str] = frozenset()


class ClientAuthentication(StrEnum):
    """How a client proved who it is."""

    NONE = "none"
    SECRET = "secret"
    CERTIFICATE = "certificate"


@dataclass(frozen=True, slots=True)
class ClientCredential:
    """What the request brought as client authentication; absent parts are None."""

    client_id: str
    secret: str | None = field(default=None, repr=False)
    assertion: str | None = field(default=None, repr=False)
    basic: bool = False


@dataclass(frozen=True, slots=True)
class ScopeRequest:
    """What was asked for, read from the wire but not yet judged.

    resource: identifier as written, None for the default resource.
    names: scopes of that resource as written. openid: OpenID Connect scopes.
    everything: all that is consented, whatever it is. qualified: lower-case names that
    were written with their resource in front. fault: what is wrong with its form, told
    only once the client is known.
    """

    resource: str | None = None
    names: tuple[str, ...] = ()
    openid: frozenset[str] = frozenset()
    everything: bool = False
    qualified: frozenset[str] = frozenset()
    given: bool = True
    fault: Reason | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """Where a request came from and under which ids it can be found again."""

    trace_id: str
    correlation_id: str
    source: str
    user_agent: str = ""
    door: str = ""


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A request to a token endpoint; exists only after parsing.

    connection: the connection named, None for the tenant's own way of finding it.
    device: a name under which what is issued is filed. assertion: a token by which the
    user is known. fault: what else is wrong with the request, told only once the
    client is known and holds the grant.
    """

    tenant: TenantRef
    grant_type: str
    client: ClientCredential
    scope: ScopeRequest
    trace: Trace
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    connection: str | None = None
    device: str = ""
    assertion: str | None = field(default=None, repr=False)
    mfa_token: str | None = field(default=None, repr=False)
    mfa_code: str | None = field(default=None, repr=False)
    oob_code: str | None = field(default=None, repr=False)
    nonce: str | None = None
    fault: Refused | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """Who a grant found: the user, and by which methods (RFC 8176) they proved it.

    Times in epoch seconds; created_at and updated_at are the account's.
    """

    user: User
    amr: tuple[str, ...]
    authenticated_at: float
    created_at: float = 0.0
    updated_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Access:
    """What is granted: scopes of one resource in their registered spelling."""

    resource: Resource
    default_resource: bool
    scopes: tuple[str, ...] = ()
    openid: frozenset[str] = frozenset()
    roles: tuple[str, ...] = ()
    request: ScopeRequest = ScopeRequest()


@dataclass(frozen=True, slots=True)
class Grant:
    """Everything a dialect needs to write the tokens of one answer."""

    tenant: Tenant
    client: Client
    authentication: ClientAuthentication
    access: Access
    subject: Subject | None
    session_id: str
    token_id: str
    trace: Trace
    issued_at: float
    lifetime: int
    connection: ConnectionSettings | None = None
    """The connection whose user the subject is."""
    asked_by: str = ""
    """The client that asked, when the tokens are for another one."""
    nonce: str | None = None


@dataclass(frozen=True, slots=True)
class Granted:
    """The answer: a grant and its tokens."""

    grant: Grant
    access_token: str = field(repr=False)
    id_token: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    recovery_code: str | None = field(default=None, repr=False)
    """The next one, when one was used."""
