"""Settings that are allowed and yet worth a warning, and files open to others.

What may not be at all stops the start: see `ostiary.settings.safety`.
"""

import ipaddress
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ostiary.app import database_url
from ostiary.doctor.finding import Finding, ok, warning
from ostiary.settings import Server, Settings, Tenant
from ostiary.stores import sqlite_path

LEAST_MEMORY_KIB: Final = 19456
LEAST_WORK: Final = 2 * 19456
"""OWASP's least for argon2id: 19 MiB twice, or more memory in fewer passes."""

MOST_GUESSES: Final = 100
SHORTEST_KEY: Final = 2048


def check_settings(settings: Settings) -> Iterator[Finding]:
    """Choices that make an instance less safe than it could be."""
    found = [*_server(settings.server)]
    for tenant in settings.tenants:
        name = tenant.name or tenant.domains[0].name
        found += (warning("settings", f"{name}: {why}") for why in _tenant(tenant))
    if not any(tenant.password_grant for tenant in settings.tenants):
        text = "no tenant of the file takes passwords"
        found.append(warning("settings", text, "password_grant: true opens the door"))
    yield from found or [ok("settings", "nothing that weakens the defaults")]


def _server(server: Server) -> Iterator[Finding]:
    if server.mode == "development" and not all(
        _is_loopback(address.host) for address in server.listen
    ):
        text = "development mode listens beyond this machine"
        yield warning("settings", text, "use mode: production, or 127.0.0.1")
    for proxy in server.trusted_proxies:
        if ipaddress.ip_network(proxy).prefixlen == 0:
            text = f"trusted_proxies {proxy}: any client may forge its address"
            yield warning("settings", text, "name the proxies alone")


def _tenant(tenant: Tenant) -> Iterator[str]:
    if not tenant.hide_unknown_users:
        yield "hide_unknown_users is off: strangers learn which users exist"
    if tenant.lockout.threshold > MOST_GUESSES:
        yield f"lockout.threshold {tenant.lockout.threshold} lets guessing go far"
    rules = tenant.password_hash
    work = rules.memory_kib * rules.iterations
    if rules.memory_kib < LEAST_MEMORY_KIB // 2 or work < LEAST_WORK:
        yield "password_hash is below 19456 KiB and 2 iterations: guessed quickly"
    if tenant.jsonp:
        yield "jsonp is on: passwords travel in addresses, which are logged"
    if tenant.device_keys.enabled and tenant.device_keys.minimum_bits < SHORTEST_KEY:
        yield f"device_keys.minimum_bits is below {SHORTEST_KEY}"


def check_files(settings: Settings, file: Path) -> Iterator[Finding]:
    """Whether others may read what only the server should."""
    server, before = settings.server, 0
    private = [server.data_dir, server.data_dir / "ca-key.pem"]
    if (url := database_url(server)).startswith("sqlite:"):
        private.append(sqlite_path(url))
    if _holds_secrets(settings):
        private.append(file)
    for path in private:
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
            before += 1
            mode = "700" if path.is_dir() else "600"
            yield warning("files", f"others may read {path}", f"chmod {mode} {path}")
    if not before:
        yield ok("files", "data folder and secrets are their owner's alone")


def _holds_secrets(settings: Settings) -> bool:
    for number, tenant in enumerate(settings.tenants):
        for index, user in enumerate(tenant.users):
            path = ("tenants", number, "users", index, "password")
            if user.password is not None and settings.places.is_literal(path):
                return True
        for index, client in enumerate(tenant.applications):
            path = ("tenants", number, "applications", index, "secrets")
            if client.secrets and settings.places.is_literal((*path, 0, "value")):
                return True
    return False


def _is_loopback(host: str) -> bool:
    try:
        return host.lower() == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
