"""Ids of things that are given none: derived from their names, so always the same.

Random ids come from the clock port.
"""

import uuid


def derived_id(*names: str) -> str:
    """The GUID that belongs to these names (RFC 9562 §5.5)."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "ostiary:" + "/".join(names)))
