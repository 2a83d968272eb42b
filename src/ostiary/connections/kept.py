"""Connections that live longer than a request: one for each that is registered.

Made when first asked for, and anew when its settings changed.
"""

import asyncio
from collections.abc import Callable

from ostiary.connections.guarded import GuardedConnection
from ostiary.core.model import ConnectionSettings, Tenant


class KeptConnections:
    """The guarded connections of this process, by tenant and name."""

    def __init__(self) -> None:
        """Keep none yet."""
        self._kept: dict[
            tuple[str, str], tuple[ConnectionSettings, GuardedConnection]
        ] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def get(
        self,
        tenant: Tenant,
        settings: ConnectionSettings,
        make: Callable[[], GuardedConnection],
    ) -> GuardedConnection:
        """The one of these settings; an earlier one is closed."""
        key = tenant.id, settings.name
        found = self._kept.get(key)
        if found is not None and found[0] == settings:
            return found[1]
        made = make()
        self._kept[key] = settings, made
        if found is not None:
            task = asyncio.create_task(found[1].close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
        return made

    async def close(self) -> None:
        """Close them all."""
        kept, self._kept = self._kept, {}
        await asyncio.gather(
            *self._closing, *(connection.close() for _, connection in kept.values())
        )
