"""Values that tests of flows, stores and properties are made of.

No test and no fake lives here; every maker has defaults that suit most tests.
"""

from typing import Final

from ostiary.core.clients import secret_sha256
from ostiary.core.model import (
    Client,
    ClientSecret,
    Domain,
    Permission,
    RefreshRules,
    Resource,
    Rotation,
    Scope,
    Tenant,
    User,
)
from ostiary.core.names import CLIENT_CREDENTIALS, PASSWORD, REFRESH_TOKEN
from ostiary.core.request import ScopeRequest, Trace
from ostiary.core.tokens import RefreshToken
from ostiary.flows.digests import sha256_hex
from ostiary.flows.facts import AuditEvent, Issue

TENANT: Final = "11111111-2222-3333-4444-555555555555"
ELSEWHERE: Final = "99999999-2222-3333-4444-555555555555"
PUBLIC: Final = "6731de76-14a6-49ae-97bc-6eba6914391e"
CONFIDENTIAL: Final = "7731de76-14a6-49ae-97bc-6eba6914391e"
SECRET: Final = "a-long-and-random-client-secret"
DIRECTORY: Final = "Username-Password-Authentication"
ALICE: Final = "aaaaaaaa-0000-4000-8000-000000000001"
HOME: Final = "192.0.2.7"
AWAY: Final = "198.51.100.9"
NOON: Final = 1_800_014_400.0
"""A moment in the middle of a UTC day, in epoch seconds."""
DAY: Final = 86400.0

STRICT: Final = RefreshRules(leeway=0)
LENIENT: Final = RefreshRules(leeway=30)
REUSABLE: Final = RefreshRules(rotation=Rotation.REUSE_ALLOWED)
EVERY_GRANT: Final = frozenset({PASSWORD, REFRESH_TOKEN, CLIENT_CREDENTIALS})
READ_ALICE: Final = Permission("", "User.Read")
TASKS: Final = Resource(
    "api://tasks",
    "7a1d0000-0000-4000-8000-000000000000",
    access_token_version=2,
    scopes=(Scope("Tasks.Read"), Scope("Tasks.Write", admin=True)),
    roles=("Tasks.Read.All",),
)


def tenant(**fields: object) -> Tenant:
    """A tenant whose door for passwords is open."""
    known: dict[str, object] = {
        "id": TENANT,
        "name": "contoso",
        "domains": (Domain("contoso.test"),),
        "password_grant": True,
        "default_directory": DIRECTORY,
        "refresh_tokens": STRICT,
    }
    return Tenant(**{**known, **fields})  # type: ignore[arg-type]


def client(**fields: object) -> Client:
    """A public client with every grant."""
    known: dict[str, object] = {
        "tenant_id": TENANT,
        "client_id": PUBLIC,
        "public": True,
        "grant_types": EVERY_GRANT,
        "permissions": (READ_ALICE,),
    }
    return Client(**{**known, **fields})  # type: ignore[arg-type]


def confidential(**fields: object) -> Client:
    """A confidential client, whose secret is SECRET."""
    known: dict[str, object] = {
        "client_id": CONFIDENTIAL,
        "public": False,
        "secrets": (ClientSecret(secret_sha256(SECRET)),),
    }
    return client(**{**known, **fields})


def user(**fields: object) -> User:
    """Alice, whom nothing keeps from signing in."""
    known: dict[str, object] = {
        "id": ALICE,
        "tenant_id": TENANT,
        "connection": DIRECTORY,
        "username": "alice@contoso.test",
        "email": "alice@contoso.test",
    }
    return User(**{**known, **fields})  # type: ignore[arg-type]


def trace(source: str = HOME, trace_id: str = "trace") -> Trace:
    """Where a request came from."""
    return Trace(trace_id, "correlation", source, "pytest", "v2 token")


def event(outcome: str = "granted", **fields: object) -> AuditEvent:
    """A line of the sign-in log."""
    known: dict[str, object] = {"at": NOON, "trace": trace(), "tenant_id": TENANT}
    return AuditEvent(outcome=outcome, **{**known, **fields})  # type: ignore[arg-type]


def refresh(name: str, **fields: object) -> RefreshToken:
    """A stored refresh token of Alice's session `session`; `name` is the token."""
    known: dict[str, object] = {
        "sha256": sha256_hex(name),
        "session_id": "session",
        "tenant_id": TENANT,
        "client_id": PUBLIC,
        "user_id": ALICE,
        "amr": ("pwd",),
        "scope": ScopeRequest(names=("User.Read",), openid=frozenset({"openid"})),
        "issued_at": NOON,
        "expires_at": NOON + 90 * DAY,
        "by_password": True,
    }
    return RefreshToken(**{**known, **fields})  # type: ignore[arg-type]


def issue(
    new: RefreshToken | None = None,
    spent: RefreshToken | None = None,
    *,
    now: float = NOON,
    rules: RefreshRules = STRICT,
    **fields: object,
) -> Issue:
    """One issue of tokens: `new` is kept, `spent` used up."""
    known: dict[str, object] = {"event": event(at=now), "now": now, "rules": rules}
    return Issue(
        refresh=new,
        spent=spent,
        **{**known, **fields},  # type: ignore[arg-type]
    )
