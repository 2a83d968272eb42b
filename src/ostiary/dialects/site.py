"""Where this server is found: what every dialect builds its addresses from.

Taken from the configuration, never from a request (security promise 7).
"""

from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Site:
    """The public address, without a slash at its end.

    pairwise_key: secret from which pairwise subject identifiers are derived.
    """

    base_url: str
    pairwise_key: bytes = field(repr=False)

    @property
    def authority(self) -> str:
        """Host, with the port if the address names one."""
        return urlsplit(self.base_url).netloc

    @property
    def host(self) -> str:
        """Host without a port."""
        return urlsplit(self.base_url).hostname or ""
