"""Time and chance of the machine: port `Clock`.

Flows and tests take them as an argument; nobody asks the machine by the way.
"""

import secrets
import time
import uuid


class SystemClock:
    """Port `Clock` of the machine, with randomness fit for secrets."""

    def now(self) -> float:
        """Epoch seconds."""
        return time.time()

    def token(self) -> str:
        """A new unguessable token, URL safe, of 256 bits."""
        return secrets.token_urlsafe(32)

    def guid(self) -> str:
        """A new random GUID in lower case."""
        return str(uuid.uuid4())

    def short_id(self) -> str:
        """A new random id of 22 base64url characters."""
        return secrets.token_urlsafe(16)

    def between(self, low: int, high: int) -> int:
        """A random integer, both ends included."""
        return low + secrets.randbelow(high - low + 1)
