"""Rows of the table `consents`, put together: one scope a row, one value a client.

Whether a consent allows anything is decided in `core.scopes`.
"""

from collections.abc import Iterable

from ostiary.core.model import Consent, Permission
from ostiary.stores.database import Row

Held = dict[tuple[str, str], frozenset[Permission]]
"""What is allowed, by user id ("" for everybody) and client id."""


def granted_by(rows: Iterable[Row]) -> Held:
    """Rows of `client_id`, `user_id`, `resource` and `scope`, put together."""
    held: dict[tuple[str, str], set[Permission]] = {}
    for row in rows:
        permission = Permission(row["resource"], row["scope"])
        held.setdefault((row["user_id"], row["client_id"]), set()).add(permission)
    return {key: frozenset(permissions) for key, permissions in held.items()}


def consents_of(rows: Iterable[Row]) -> list[Consent]:
    """The same as values, by user and client."""
    return [
        Consent(client_id, user_id, permissions)
        for (user_id, client_id), permissions in sorted(
            granted_by(rows).items(), key=lambda item: item[0]
        )
    ]
