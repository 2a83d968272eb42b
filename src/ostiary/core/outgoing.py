"""Addresses that tenants' administrators may enter: none of the operator's networks.

Names are resolved elsewhere, and each address that comes of it is judged here.
"""

import ipaddress
import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import Final

Address = IPv4Address | IPv6Address

LONGEST_NAME: Final = 253
"""Octets of a host's name as text (RFC 1035 §2.3.4)."""
_LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*", re.ASCII | re.IGNORECASE)
# What `inet_aton` takes for a number: 2130706433, 0x7f.1, 0177.0.0.1.
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII | re.IGNORECASE)

_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
"""All that IANA has given out for the internet (RFC 4291 §2.4)."""
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
"""RFC 6052 §2.1."""
_NEVER: Final = tuple(
    ipaddress.ip_network(each)
    for each in (
        # Protocol assignments, where a cloud keeps its metadata (RFC 6890 §2.2.2).
        "192.0.0.0/24",
        "192.88.99.0/24",  # 6to4 relays, withdrawn (RFC 7526 §4).
        "168.63.129.16/32",  # A cloud's own, from inside its machines.
        "3fff::/20",  # Documentation (RFC 9637).
    )
)
"""Not the internet's, though `is_global` of some Python says so."""


def is_plain_host(host: str) -> bool:
    """Whether a host is spelled as people spell one: a name or an address.

    Numbers that only `inet_aton` reads, scopes, trailing dots, letters beyond ASCII
    and everything that another parser could take for the end of a host are not
    (security promises, ADM-09).
    """
    if find_literal(host) is not None:
        return True
    if len(host) > LONGEST_NAME or _NAME.fullmatch(host) is None:
        return False
    return _NUMBER.fullmatch(host.rpartition(".")[2]) is None


def find_literal(host: str) -> Address | None:
    """The address that a host is written as, without brackets or scope; or None."""
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return None
    return None if "%" in host else found


def is_allowed(address: str, networks: Sequence[str]) -> bool:
    """Whether an address may be connected to: it is the internet's, or in `networks`.

    networks: CIDR texts, those of `server.outgoing_networks` (interface §3). An IPv4
    address within an IPv6 one is judged as what it is (ADM-09).
    """
    found = find_literal(address)
    return found is not None and _may_reach(found, networks)


def _may_reach(address: Address, networks: Sequence[str]) -> bool:
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if any(address in ipaddress.ip_network(each) for each in networks):
        return True
    inner = _within(address)
    if inner:
        return all(_may_reach(each, networks) for each in inner)
    return _is_public(address)


def _within(address: Address) -> tuple[IPv4Address, ...]:
    """IPv4 addresses that packets for this one go to (RFC 3056, RFC 4380, RFC 6052)."""
    if isinstance(address, IPv4Address):
        return ()
    if address.sixtofour is not None:
        return (address.sixtofour,)
    if address.teredo is not None:
        return address.teredo
    if address in _NAT64:
        return (IPv4Address(int(address) & 0xFFFFFFFF),)
    return ()


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address) and address not in _UNICAST:
        return False
    special = address.is_multicast or address.is_reserved or address.is_unspecified
    if special or not address.is_global:
        return False
    return not any(address in each for each in _NEVER)
