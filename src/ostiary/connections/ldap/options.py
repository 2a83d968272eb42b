"""The options of an LDAP connection, ready to use.

What each means to an operator is told in `ostiary.settings.connection`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from ostiary.connections.upstream import Registered
from ostiary.core.passwords import DirectoryLimit

_PORTS: Final = {"ldap": 389, "ldaps": 636}


@dataclass(frozen=True, slots=True)
class Address:
    """One server of a directory; `tls`: from the first byte on (ldaps)."""

    url: str
    host: str
    port: int
    tls: bool


@dataclass(frozen=True, slots=True)
class LdapSettings:
    """What one connection is told; None stands for a default of the directory's kind.

    lockout: what the operator says of the directory's own lockout.
    """

    name: str
    addresses: tuple[Address, ...]
    base_dn: str
    bind_dn: str | None = None
    bind_password: str = field(default="", repr=False)
    ca: str | None = None
    start_tls: bool = False
    user_filter: str | None = None
    group_filter: str | None = None
    id_attribute: str | None = None
    email_verified: bool = False
    lockout: DirectoryLimit | None = None
    restricted: bool = False


def settings_of(registered: Registered) -> LdapSettings:
    """The settings in a connection's options; raises ValueError."""
    told = registered.options
    urls = told.get("urls") or ()
    if not isinstance(urls, list | tuple) or not urls:
        raise ValueError("urls: missing; the directory's servers")
    bind_dn = _text(told, "bind_dn")
    password = registered.secrets.get("bind_password", "")
    if bind_dn is not None and not password:
        raise ValueError("bind_password: missing; bind_dn needs one")
    return LdapSettings(
        registered.name,
        tuple(_address(str(url)) for url in urls),
        _text(told, "base_dn") or _missing("base_dn"),
        bind_dn,
        password,
        _text(told, "ca"),
        bool(told.get("start_tls")),
        _text(told, "user_filter"),
        _text(told, "group_filter"),
        _text(told, "id_attribute"),
        bool(told.get("email_verified")),
        _lockout(told.get("lockout")),
        registered.restricted,
    )


def _address(url: str) -> Address:
    parts = urlsplit(url)
    port = _PORTS.get(parts.scheme)
    if port is None or not parts.hostname:
        raise ValueError("urls: ldaps://host[:port] or ldap://host[:port]")
    return Address(url, parts.hostname, parts.port or port, parts.scheme == "ldaps")


def _text(told: Mapping[str, object], name: str) -> str | None:
    value = told.get(name)
    return None if value is None else str(value)


def _missing(name: str) -> str:
    raise ValueError(f"{name}: missing")


def _lockout(told: object) -> DirectoryLimit | None:
    if not isinstance(told, Mapping):
        return None
    return DirectoryLimit(int(told["threshold"]), int(told.get("seconds", 1800)))
