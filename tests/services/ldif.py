"""LDIF (RFC 2849), for filling directories under test.

Who is in them is told with each directory.
"""

import base64
import hashlib
import os
from collections.abc import Iterable, Mapping


def entry(dn: str, attributes: Mapping[str, str | Iterable[str]]) -> str:
    """One entry; every value in base64, so that no character means anything."""
    lines = [f"dn:: {_encoded(dn)}"]
    for name, values in attributes.items():
        for value in [values] if isinstance(values, str) else values:
            lines.append(f"{name}:: {_encoded(value)}")
    return "\n".join(lines) + "\n\n"


def ssha(password: str) -> str:
    """A salted SHA-1, as directories keep them."""
    salt = os.urandom(8)
    digest = hashlib.sha1(password.encode() + salt, usedforsecurity=False).digest()
    return "{SSHA}" + base64.b64encode(digest + salt).decode()


def _encoded(value: str) -> str:
    return base64.b64encode(value.encode()).decode()
