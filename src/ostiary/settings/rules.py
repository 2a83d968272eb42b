"""Rules that look at several keys of one object of a tenant.

Names that lead nowhere, things that are there twice and the safety of the server
have modules of their own.
"""

import re
from collections.abc import Iterator

from ostiary.settings.application import Application
from ostiary.settings.connection import (
    OPTIONS,
    AdfsOptions,
    Connection,
    LdapOptions,
    Options,
)
from ostiary.settings.duplicates import Finding
from ostiary.settings.problems import KeyPath
from ostiary.settings.tenant import Tenant, TenantDomain
from ostiary.settings.user import User
from ostiary.settings.wording import suggest

RESERVED = frozenset(
    (
        "common",
        "organizations",
        "consumers",
        "adfs",
        "oauth",
        "oauth2",
        "authorize",
        "userinfo",
        "oidc",
        "openid",
        "error",
        "devicelogin",
        "device",
        ".well-known",
        "health",
        "api",
        "admin",
        "agent",
        "static",
        "dbconnections",
        "passwordless",
        "v2",
    )
)
"""First path segments that are no tenants (contract entra §2.1)."""

_ADFS_NEEDS = {
    "oauth": ("authority", "client_id"),
    "ws-trust": ("wstrust_metadata",),
}


_BASE64URL = re.compile(r"(?:[\w+/-]{4})*(?:[\w+/-]{2}(?:==)?|[\w+/-]{3}=?)?", re.ASCII)
"""And base64, which decoders of clients take alike."""


def find_contradictions(tenants: tuple[Tenant, ...]) -> Iterator[Finding]:
    """Find keys of an object that cannot stand together, and forbidden names."""
    for number, tenant in enumerate(tenants):
        place: KeyPath = ("tenants", number)
        yield from _tenant(tenant, place)
        for index, domain in enumerate(tenant.domains):
            yield from _domain(domain, (*place, "domains", index))
        for index, connection in enumerate(tenant.connections):
            yield from _connection(connection, (*place, "connections", index))
        for index, application in enumerate(tenant.applications):
            yield from _application(application, (*place, "applications", index))
        for index, user in enumerate(tenant.users):
            yield from _user(user, (*place, "users", index))


def _tenant(tenant: Tenant, place: KeyPath) -> Iterator[Finding]:
    if tenant.id is None and tenant.name is None:
        yield place, "missing key; required: id or name"
    name = (tenant.name or "").lower()
    if name in RESERVED:
        words = ", ".join(sorted(RESERVED))
        yield (*place, "name"), f"reserved name; allowed: any but {words}"
    if "token" in name:
        # MSAL Go makes its device address by replacing the word (contract §3.9).
        yield (*place, "name"), "must not contain the word token"
    prefix = (tenant.auth0_domain or "").partition("/")[2]
    if prefix.lower() in RESERVED:
        text = f"reserved prefix {prefix!r}; allowed: any but the names of addresses"
        yield (*place, "auth0_domain"), text
    hashing = tenant.password_hash
    if hashing.memory_kib < 8 * hashing.parallelism:
        text = "must be 8 KiB or more for each lane of parallelism (RFC 9106 §3.1)"
        yield (*place, "password_hash", "memory_kib"), text


def _domain(domain: TenantDomain, place: KeyPath) -> Iterator[Finding]:
    managed = domain.authentication == "managed"
    if managed and domain.connection is not None:
        text = "not allowed; only with authentication pass-through or federated"
        yield (*place, "connection"), text
    if domain.authentication == "pass-through" and domain.connection is None:
        text = "missing key; required with authentication pass-through"
        yield (*place, "connection"), text


def _connection(connection: Connection, place: KeyPath) -> Iterator[Finding]:
    strategy, options = connection.strategy, connection.options
    kind = OPTIONS.get(strategy)
    if kind is None:
        # Other strategies may be listed, but a slip of the pen should not pass.
        hint = suggest(strategy, OPTIONS, cutoff=0.75)
        if hint:
            allowed = f"allowed: {', '.join(OPTIONS)} and passive ones"
            yield (*place, "strategy"), f"unknown strategy;{hint} {allowed}"
        return
    if options is None and kind is not Options:
        text = f"missing key; required with strategy {strategy}"
        yield (*place, "options"), text
    if isinstance(options, LdapOptions):
        yield from find_ldap_contradictions(options, (*place, "options"))
    if isinstance(options, AdfsOptions):
        yield from _adfs(options, (*place, "options"))


def find_ldap_contradictions(options: LdapOptions, place: KeyPath) -> Iterator[Finding]:
    """Either agents have what the directory needs, or it stands here."""
    for key in ("urls", "base_dn"):
        if options.agent and getattr(options, key):
            yield (*place, key), "not allowed with agent: true; the agents have it"
        if not options.agent and not getattr(options, key):
            yield (*place, key), "missing key; required unless agent: true"
    for key in ("user_filter", "group_filter"):
        if not _is_filter(getattr(options, key)):
            text = "no LDAP filter; allowed: one in balanced parentheses (RFC 4515)"
            yield (*place, key), text


def _is_filter(text: str | None) -> bool:
    """Whether parentheses enclose the text and each other; values escape theirs."""
    if text is None:
        return True
    depth = 0
    for position, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth <= 0 and position < len(text) - 1:
            return False
    return depth == 0 and text.endswith(")")


def _adfs(options: AdfsOptions, place: KeyPath) -> Iterator[Finding]:
    for key in _ADFS_NEEDS[options.protocol]:
        if getattr(options, key) is None:
            text = f"missing key; required with protocol {options.protocol}"
            yield (*place, key), text
    if options.wstrust_metadata and options.signing_certificate is None:
        text = "missing key; required with wstrust_metadata"
        yield (*place, "signing_certificate"), text


def _application(application: Application, place: KeyPath) -> Iterator[Finding]:
    """A secret that has to be decoded can be."""
    if not application.id_token.secret_encoded:
        return
    for index, secret in enumerate(application.secrets):
        if not _BASE64URL.fullmatch(secret.value.reveal()):
            text = "must be base64url, as id_token.secret_encoded says"
            yield (*place, "secrets", index, "value"), text


def _user(user: User, place: KeyPath) -> Iterator[Finding]:
    has_password, has_hash = user.password is not None, user.password_hash is not None
    if has_password and has_hash:
        text = "not allowed together with password; give one of the two"
        yield (*place, "password_hash"), text
    passwordless = user.password_state == "none"
    if passwordless and (has_password or has_hash):
        text = "none is not allowed together with a password"
        yield (*place, "password_state"), text
