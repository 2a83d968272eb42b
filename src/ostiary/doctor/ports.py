"""The listeners: whether they can be had, or are ours already; and port 443.

What is said on them is not judged here.
"""

import ssl
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import httpx

from ostiary.doctor.finding import Finding, fail, ok, warning
from ostiary.serving.listeners import ListenError, open_listeners
from ostiary.settings import Address, Server

REALM_PORT: Final = 443
PATIENCE_SECONDS: Final = 3.0
EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 addresses looked for, not listened on

METADATA: Final = "/common/v2.0/.well-known/openid-configuration"
"""Tells by its issuer whose server it is."""

WAYS_ROUND: Final = (
    "add port 443 to server.listen (as a service: AmbientCapabilities="
    "CAP_NET_BIND_SERVICE; else: sysctl net.ipv4.ip_unprivileged_port_start=443), or "
    "let MSAL Python use the authority …/adfs, or an http_client that keeps the port"
)


def check_ports(server: Server) -> Iterator[Finding]:
    """Every configured address, and the one that MSAL Python asks for the realm."""
    for address in server.listen:
        yield _check_listener(server, address)
    if server.metrics is not None:
        yield _check_metrics(server.metrics.listen)
    yield _check_realm_port(server)


def _check_listener(server: Server, address: Address) -> Finding:
    try:
        _try(address)
    except ListenError as error:
        scheme = "http" if server.tls == "off" else "https"
        if _is_ours(f"{scheme}://{_reached(address)}", server):
            return ok("port", f"{address}: this server answers")
        return fail("port", str(error))
    return ok("port", f"{address} is free")


def _check_metrics(address: Address) -> Finding:
    if EVERYWHERE.get(address.host):
        text = f"{address}: everybody who can reach it may read the metrics"
        return warning("metrics", text, "listen on a private address")
    try:
        _try(address)
    except ListenError as error:
        answer = _ask(f"http://{_reached(address)}/health/live")
        if answer is not None and answer.text == '{"status":"live"}':
            return ok("metrics", f"{address}: this server answers")
        return fail("metrics", str(error))
    return ok("metrics", f"{address} is free")


def _try(address: Address) -> None:
    for listener in open_listeners(str(address)):
        listener.close()


def _check_realm_port(server: Server) -> Finding:
    """MSAL Python drops the port when it asks for a user's realm (contract §2.5)."""
    parts = urlsplit(server.base_url)
    if (parts.port or REALM_PORT) == REALM_PORT:
        return ok("port 443", "clients are given it; MSAL Python finds the realm there")
    if any(address.port == REALM_PORT for address in server.listen):
        return ok("port 443", "in server.listen; MSAL Python finds the realm there")
    host = f"[{parts.hostname}]" if ":" in str(parts.hostname) else parts.hostname
    if _is_ours(f"https://{host}", server):
        return ok("port 443", "this server answers; MSAL Python finds the realm there")
    text = f"MSAL Python drops port {parts.port} and asks for realms at https://{host}/"
    return warning("port 443", f"{text}, where this server is not", WAYS_ROUND)


def _reached(address: Address) -> Address:
    return Address(EVERYWHERE.get(address.host, address.host), address.port)


def _is_ours(origin: str, server: Server) -> bool:
    answer = _ask(origin + METADATA)
    if answer is None or answer.status_code != 200:
        return False
    try:
        issuer = answer.json()["issuer"]
    except (ValueError, LookupError, TypeError):
        return False
    return str(issuer).startswith(server.base_url.rstrip("/") + "/")


def _ask(url: str) -> httpx.Response | None:
    """No secret is sent: only whether it is our server is asked, not its identity."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with httpx.Client(
            verify=context, timeout=PATIENCE_SECONDS, trust_env=False
        ) as client:
            return client.get(url)
    except httpx.HTTPError:
        return None
