"""An authenticator application: codes of a seed, computed by hand (RFC 4226, RFC 6238).

Independent of the library that the server uses; no test lives here.
"""

import base64
import hashlib
import hmac
import struct
import time

SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
"""The seed that is declared in the fixtures."""
STEP = 30


def hotp(key: bytes, counter: int, digits: int = 6) -> str:
    """RFC 4226 §5.3: dynamic truncation of HMAC-SHA-1."""
    digest = hmac.new(key, struct.pack(">Q", counter), hashlib.sha1).digest()
    offset = digest[-1] & 0xF
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


def totp(seed: str, at: float | None = None, *, steps: int = 0) -> str:
    """The code of a Base32 seed at a moment in epoch seconds, `steps` later."""
    key = base64.b32decode(seed + "=" * (-len(seed) % 8))
    moment = time.time() if at is None else at
    return hotp(key, int(moment // STEP) + steps)


def other_than(code: str) -> str:
    """A code that is wrong for certain, and for the steps around almost as certain."""
    return str((int(code) + 500_000) % 10**6).zfill(6)
