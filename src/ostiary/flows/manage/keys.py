"""Signing keys: listed and rotated.

The next key is published long before it signs, the old one until its last token has
expired, so that no reader of tokens meets a key that it cannot know.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from ostiary.core.model import Tenant
from ostiary.flows.facts import StoredKey
from ostiary.flows.manage.administration import Administration
from ostiary.flows.manage.changes import DropKey, PutKey, Write

KEPT_PUBLISHED: Final = 86400
"""Seconds for which a key stays published after its last signature: longer than any
token of ours lives (90 minutes), and than readers keep a key set (24 hours)."""


class KeyState(StrEnum):
    """What a key is for at a moment."""

    CURRENT = "current"
    NEXT = "next"
    RETIRING = "retiring"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class ListedKey:
    """A signing key and its state."""

    key: StoredKey
    state: KeyState


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a rotation did. early: the new key was published for less than a day."""

    current: StoredKey
    upcoming: StoredKey
    early: bool


async def list_keys(admin: Administration, tenant: Tenant) -> list[ListedKey]:
    """The keys of a tenant, oldest first."""
    keys, now = await admin.estate.keys(tenant.id), admin.clock.now()
    current = _current(keys, now)
    return [ListedKey(key, _state(key, current, now)) for key in keys]


def _is_published(key: StoredKey, now: float) -> bool:
    return key.published_until is None or key.published_until > now


def _current(keys: Sequence[StoredKey], now: float) -> StoredKey | None:
    """The published key that began to sign last, as the signer chooses it."""
    ready = [key for key in keys if _is_published(key, now) and key.signs_from <= now]
    return max(ready, key=lambda key: key.signs_from, default=None)


def _state(key: StoredKey, current: StoredKey | None, now: float) -> KeyState:
    if not _is_published(key, now):
        return KeyState.EXPIRED
    if key == current:
        return KeyState.CURRENT
    return KeyState.NEXT if key.signs_from > now else KeyState.RETIRING


async def rotate_keys(admin: Administration, tenant: Tenant) -> Rotation:
    """Sign with the next key from now on, and publish a new next one."""
    now = admin.clock.now()
    listed = await list_keys(admin, tenant)
    waiting = [each.key for each in listed if each.state is KeyState.NEXT]
    known = waiting[0] if waiting else None
    fresh = known or await admin.vault.new_key(tenant.id, signs=True)
    current = replace(fresh, signs_from=now)
    upcoming = await admin.vault.new_key(tenant.id, signs=False)
    writes: list[Write] = [PutKey(current), PutKey(upcoming)]
    for each in listed:
        if each.state is KeyState.CURRENT:
            writes.append(
                PutKey(replace(each.key, published_until=now + KEPT_PUBLISHED))
            )
        elif each.state is KeyState.EXPIRED:
            writes.append(DropKey(tenant.id, each.key.kid))
    event = admin.event("keys.rotate", tenant.id, key=current.kid, next=upcoming.kid)
    await admin.write(event, *writes)
    early = known is None or now - known.created_at < KEPT_PUBLISHED
    return Rotation(current, upcoming, early)
