"""From a user's `password_hash` in the file to the hash that is stored.

Which forms there are, and which of them are refused, is known to `connections`.
"""

from typing import Any

import msgspec

from ostiary.connections.hash_form import UnusableHash
from ostiary.connections.hashes import parse_imported
from ostiary.flows.manage.declaration import NotApplicable
from ostiary.settings.user import CustomPasswordHash


def stored_hash(
    declared: str | CustomPasswordHash | None, path: tuple[str | int, ...]
) -> str | None:
    """The text to store; raises NotApplicable for the key at `path`."""
    if declared is None:
        return None
    try:
        return parse_imported(_as_written(declared))
    except UnusableHash as unusable:
        raise NotApplicable(path, str(unusable)) from None


def _as_written(declared: str | CustomPasswordHash) -> str | dict[str, Any]:
    """The text, or the mapping of plain texts."""
    if isinstance(declared, str):
        return str(declared)
    mapping: dict[str, Any] = msgspec.to_builtins(declared, enc_hook=str)
    return mapping
