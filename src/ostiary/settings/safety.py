"""What a server must not do: the rules of `mode: production` and of `tls: off`.

Promise 15: insecure settings stop the start. Files are checked where they are used.
"""

import ipaddress
from collections.abc import Iterator

from msgspec import Struct

from ostiary.settings.application import Application
from ostiary.settings.connection import Connection, LdapOptions
from ostiary.settings.duplicates import Finding
from ostiary.settings.problems import KeyPath, Places
from ostiary.settings.secret import Secret, SecretUrl
from ostiary.settings.server import Server
from ostiary.settings.tenant import Tenant

SHORTEST_KEY = 32
"""Bytes."""


def find_unsafe(
    server: Server, tenants: tuple[Tenant, ...], places: Places
) -> Iterator[Finding]:
    """Find what is unsafe always, then what is only in production."""
    local = all(_is_loopback(address.host) for address in server.listen)
    if server.tls == "off" and not local and not server.trusted_proxies:
        text = "off is allowed only with loopback `listen` or with `trusted_proxies`"
        yield ("server", "tls"), text
    if server.mode == "production":
        yield from _server(server, places)
        yield from _literal_secrets(server, ("server",), places)
        for number, tenant in enumerate(tenants):
            place = ("tenants", number)
            yield from _literal_secrets(tenant, place, places)
            for index, connection in enumerate(tenant.connections):
                yield from _plain(connection, (*place, "connections", index))
            for index, application in enumerate(tenant.applications):
                yield from _short(application, (*place, "applications", index))


def _server(server: Server, places: Places) -> Iterator[Finding]:
    if server.base_url.startswith("http://"):
        text = "plain http is refused in production; allowed: https://host[:port]"
        yield ("server", "base_url"), text
    if not places.is_given(("server", "base_url")):
        text = "missing key; required in production: URL"
        yield ("server", "base_url"), text
    if server.tls is None:
        text = "missing key; required in production: mapping or off"
        yield ("server", "tls"), text


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _literal_secrets(value: object, path: KeyPath, places: Places) -> Iterator[Finding]:
    """Find secrets written out in the file; their types tell which they are."""
    match value:
        case Secret() if places.is_literal(path):
            yield (
                path,
                "literal secret; allowed in production: {env: NAME} or {file: PATH}",
            )
        case SecretUrl() if value.has_password and places.is_literal(path):
            yield (
                path,
                "literal password; allowed in production: {env: NAME} or {file: PATH}",
            )
        case Struct():
            for name, key in zip(
                value.__struct_fields__, value.__struct_encode_fields__, strict=True
            ):
                yield from _literal_secrets(getattr(value, name), (*path, key), places)
        case tuple():
            for index, item in enumerate(value):
                yield from _literal_secrets(item, (*path, index), places)


def _short(application: Application, place: KeyPath) -> Iterator[Finding]:
    """Find secrets that sign and have less than 256 bits (RFC 7518 §3.2)."""
    chosen = application.id_token
    if chosen.algorithm != "HS256" or application.public_client:
        return
    for index, secret in enumerate(application.secrets):
        text = secret.value.reveal()
        length = len(text) * 3 // 4 if chosen.secret_encoded else len(text.encode())
        if length < SHORTEST_KEY:
            allowed = f"allowed in production with HS256: {SHORTEST_KEY} or more"
            yield (*place, "secrets", index, "value"), f"{length} bytes; {allowed}"


def _plain(connection: Connection, place: KeyPath) -> Iterator[Finding]:
    """Find upstreams asked without TLS: passwords would travel in the clear."""
    options = connection.options
    for key in ("authority", "wstrust_metadata", "wstrust_endpoint", "webhook"):
        if str(getattr(options, key, None) or "").startswith("http://"):
            text = "plain http is refused in production; allowed: https://…"
            yield (*place, "options", key), text
    if isinstance(options, LdapOptions) and not options.start_tls:
        for index, url in enumerate(options.urls):
            if url.lower().startswith("ldap://"):
                text = (
                    "plain ldap is refused in production; allowed: ldaps:// or "
                    "start_tls: true"
                )
                yield (*place, "options", "urls", index), text
