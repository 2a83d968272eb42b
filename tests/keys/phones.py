"""A telephone made by hand: its key as it writes it, and what it signs.

Contract auth0 §2; the code under test has no part in it. The vector is the contract's.
"""

import hashlib
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.keys.forms import compact, standard

HEADER: Final = {"alg": "RS256", "typ": "JWT"}
BODY: Final = (
    "MIGJAoGBAMJUYSBokgjlvWBARlRSD79d5rZ4dcpy5+1ZzinL/9C8tZC9eTVEWl+j",
    "M6mhkqU8BZlFukST+V387lhRs4/LI2FQtT176J6yurSB9q68K9pye+s8iiX7DGRe",
    "KIcim2sqT9rUaB86lXzHeNnVSvTFJfzzste3UGfrnrkTtWIke18nAgMBAAE=",
)
FINGERPRINT: Final = "70:72:1A:60:50:2A:42:C1:25:A3:B4:1E:BD:E4:0F:A7"
SUBJECT: Final = "auth0|5f7c8ec7c33c6c004bbafe82"
ISSUED: Final = 1700000000
TOKEN: Final = (
    "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9."
    "eyJpc3MiOiJhdXRoMHw1ZjdjOGVjN2MzM2M2YzAwNGJiYWZlODIiLCJzdWIiOiI3MDo3MjoxQTo2MDo1"
    "MDoyQTo0MjpDMToyNTpBMzpCNDoxRTpCRDpFNDowRjpBNyIsImRldmljZSI6IkJvYidzIGlQaG9uZSIs"
    "ImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAwMDMwfQ."
    "XEvemo1R3yMvds5MwKNGXqnn8yHruRSCcSSDpXmIqvPHpqNajBHpHmrg5M2tSLJkqe56_1RQwub6sAfx"
    "VrcI9KSZA2DQQEaxpoR1kEi0AOdfhXl6DXxGvA52R9-QptrYNbw2EskrCo5oHzQzV6D6LjbHrtn3iW7B"
    "3MNMIln8wQw"
)
"""Of `Bob's iPhone`, good for thirty seconds from ISSUED."""


def written(
    body: tuple[str, ...], end: str = "\r", label: str = "RSA PUBLIC KEY"
) -> str:
    """A key as telephones write it: CR within, LF around, nothing at the end."""
    return f"-----BEGIN {label}-----\n{end.join(body)}\n-----END {label}-----"


VECTOR: Final = written(BODY)


@dataclass(frozen=True)
class Phone:
    """A telephone with a key of its own."""

    key: rsa.RSAPrivateKey
    name: str = "Bob's iPhone"

    @classmethod
    def new(cls, bits: int = 1024) -> "Phone":
        """One that has just made its key."""
        return cls(rsa.generate_private_key(65537, bits))

    @property
    def der(self) -> bytes:
        """The public key by PKCS#1."""
        return self.key.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)

    @property
    def pem(self) -> str:
        """The public key as text."""
        digits = standard(self.der)
        return written(tuple(digits[i : i + 64] for i in range(0, len(digits), 64)))

    @property
    def fingerprint(self) -> str:
        """MD5, upper case, in pairs."""
        digest = hashlib.md5(self.der, usedforsecurity=False).hexdigest().upper()
        return ":".join(digest[i : i + 2] for i in range(0, 32, 2))

    def claims(self, user_id: str, now: float, **changes: Any) -> dict[str, Any]:
        """What it says of its user; a change to None leaves a claim out."""
        said = {
            "iss": user_id,
            "sub": self.fingerprint,
            "device": self.name,
            "iat": int(now),
            "exp": int(now) + 30,
            **changes,
        }
        return {name: value for name, value in said.items() if value is not None}

    def token(self, user_id: str, now: float, **changes: Any) -> str:
        """A fresh token."""
        return compact(self.key, HEADER, self.claims(user_id, now, **changes))
