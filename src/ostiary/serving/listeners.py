"""Listening sockets, opened before any worker starts, and plain words when that fails.

Addresses are `HOST:PORT`; TLS and HTTP are spoken elsewhere.
"""

import errno
import os
import re
import socket
from typing import Final

BACKLOG: Final = 2048
"""Connections the kernel keeps for us while every worker is busy or being replaced."""

_ADDRESS: Final = re.compile(
    r"(?:\[(?P<v6>[^\]]+)\]|(?P<v4>[^:\[\]]*)):(?P<port>\d{1,5})"
)

_LOW_PORT: Final = (
    "ports below 1024 need a privilege: start as a service with "
    "AmbientCapabilities=CAP_NET_BIND_SERVICE, or allow them to everybody with "
    "`sysctl net.ipv4.ip_unprivileged_port_start={port}`, or listen on a higher port "
    "and let a firewall rule or proxy lead port {port} there"
)


class ListenError(Exception):
    """An address cannot be listened on; the text is one line for the operator."""


def parse_listen(address: str) -> tuple[str, int]:
    """Read `127.0.0.1:8443`, `[::1]:443` or `:443`; raises ListenError."""
    found = _ADDRESS.fullmatch(address)
    if found is None or int(found["port"]) > 65535:
        raise ListenError(
            f"cannot listen on {address!r}: write HOST:PORT, [IPv6]:PORT or :PORT"
        )
    return found["v6"] or found["v4"], int(found["port"])


def open_listeners(address: str) -> list[socket.socket]:
    """Listen on an address, on each of those that a name stands for.

    An empty host means every interface, IPv6 and IPv4 alike. Raises ListenError.
    """
    host, port = parse_listen(address)
    opened: list[socket.socket] = []
    try:
        if host == "":
            opened.append(_open_everywhere(port))
        else:
            for family, where in _addresses_of(host, port):
                listener = socket.create_server(where, family=family, backlog=BACKLOG)
                opened.append(listener)
    except OSError as error:
        for listener in opened:
            listener.close()
        raise ListenError(
            f"cannot listen on {address}: {explain(error, port)}"
        ) from None
    return opened


def _addresses_of(host: str, port: int) -> list[tuple[int, tuple[str, int]]]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(family, (str(where[0]), port)) for family, _, _, _, where in found]


def _open_everywhere(port: int) -> socket.socket:
    """One socket for IPv6 and IPv4, or for IPv4 alone where there is no IPv6."""
    if socket.has_dualstack_ipv6():
        return socket.create_server(
            ("", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=BACKLOG
        )
    return socket.create_server(("", port), backlog=BACKLOG)


def explain(error: OSError, port: int) -> str:
    """Say what stands in the way, and for low ports the ways round it."""
    if error.errno in (errno.EACCES, errno.EPERM) and port < 1024:
        return _LOW_PORT.format(port=port)
    if error.errno == errno.EADDRINUSE:
        return "another program listens there already"
    if error.errno == errno.EADDRNOTAVAIL:
        return "this machine has no such address"
    if isinstance(error, socket.gaierror):
        return "the name cannot be resolved"
    return os.strerror(error.errno) if error.errno else str(error)
