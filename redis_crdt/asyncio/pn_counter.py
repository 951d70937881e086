"""The PN-Counter on a server, for asyncio: a counter that goes up and down."""

from __future__ import annotations

from redis_crdt.asyncio.g_counter import Counter
from redis_crdt.operations.counters import PNCounterOperations


class PNCounter(Counter, PNCounterOperations):
    """:class:`redis_crdt.PNCounter`, awaited."""

    async def increment(self, n: int = 1) -> None:
        """Count ``n`` up. One round trip."""
        await self._run(self._increment(n))

    async def decrement(self, n: int = 1) -> None:
        """Count ``n`` down. One round trip."""
        await self._run(self._decrement(n))
