"""The digest under which long random tokens are stored and compared.

Passwords are none of these; they have their own slow hashes in `connections`.
"""

import hashlib


def sha256_hex(text: str) -> str:
    """SHA-256 of the UTF-8 text, in hex."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
