"""Time-based one-time passwords (RFC 6238) over sealed seeds: port `Seeds`.

Whether a code was used before, and how many were wrong, is told elsewhere.
"""

import base64
import binascii
import hmac
import secrets
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from ostiary.core.factors import Seed
from ostiary.keys.sealing import MasterKey

STEP_SECONDS: Final = 30
DIGITS: Final = 6
SEED_BYTES: Final = 20
"""RFC 4226 §4, R6: 160 bits are recommended."""
AROUND: Final = (-1, 0, 1)
"""Steps that count beside the present one, as clocks differ (RFC 6238 §5.2)."""


@dataclass(frozen=True, slots=True)
class SealedSeeds:
    """Seeds sealed under the master key; six digits of 30 s by HMAC-SHA-1."""

    master: MasterKey

    def new(self, context: str) -> Seed:
        """A new random seed."""
        text = base64.b32encode(secrets.token_bytes(SEED_BYTES)).decode()
        return Seed(text, self.master.seal(text.encode(), context))

    def step_of(self, sealed: str, context: str, code: str, now: float) -> int | None:
        """The time step of which `code` is the password; None when it is wrong.

        Every step is compared, and in constant time, so that time tells nothing.
        """
        key = _key(self.master.open(sealed, context).decode())
        if not key:
            return None
        offered = "".join(code.split()).encode("utf-8", "surrogatepass")
        # Applications show these digits of HMAC-SHA-1 only; seeds brought along may be
        # shorter than RFC 4226 asks for.
        made = TOTP(key, DIGITS, SHA1(), STEP_SECONDS, enforce_key_length=False)  # noqa: S303
        found = None
        for step in (int(now // STEP_SECONDS) + each for each in AROUND):
            right = made.generate(max(0, step) * STEP_SECONDS)
            if hmac.compare_digest(right, offered):
                found = step
        return found


def _key(text: str) -> bytes:
    """The seed's bytes; empty for a text that is not Base32, which no code matches."""
    plain = "".join(text.split()).rstrip("=").upper()
    try:
        return base64.b32decode(plain + "=" * (-len(plain) % 8))
    except (binascii.Error, ValueError):
        return b""
