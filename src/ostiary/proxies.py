"""Which address a request came from, when proxies of ours stand between.

What an address may do is decided elsewhere.
"""

import ipaddress
import re
from collections.abc import Sequence
from typing import Any, Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_PORT: Final = re.compile(r"\[(?P<v6>.*)\](:\d+)?|(?P<v4>[\d.]+):\d+")


class Proxies:
    """The proxies (addresses or networks) whose word counts."""

    def __init__(self, trusted: Sequence[str]) -> None:
        """Believe `trusted` and nobody else."""
        self._networks = [ipaddress.ip_network(p, strict=False) for p in trusted]

    def source(self, client: Sequence[Any] | None, forwarded: str) -> str:
        """Tell the client's address: the nearest hop that is not one of our proxies.

        Every proxy appends whom it heard, so the list is believed from the right, as
        far as our proxies wrote it; left of an entry that is no address, nobody did.
        """
        source = hop = _parse_address(client[0]) if client else None
        entries = reversed(forwarded.split(","))
        while hop is not None and any(hop in network for network in self._networks):
            source, hop = hop, _parse_address(next(entries, "").strip())
        return str(hop or source or "")


def _parse_address(text: str) -> Address | None:
    """Read an address, with or without a port; an IPv4-mapped one becomes IPv4."""
    ported = _PORT.fullmatch(text)
    try:
        bare = (ported["v6"] or ported["v4"]) if ported else text
        address = ipaddress.ip_address(bare)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
