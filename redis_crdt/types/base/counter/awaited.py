"""What counters on a server have in common, for asyncio."""

from __future__ import annotations

from redis_crdt.types.base.collection.awaited import Collection
from redis_crdt.types.base.counter.operations import CounterOperations


class Counter(Collection[int], CounterOperations):
    """What both counters can: be read."""

    async def value(self) -> int:
        """Return the count, over all replicas. One round trip."""
        return await self._run(self._value())

    async def by_replica(self) -> dict[str, int]:
        """Return what each replica has counted. One round trip."""
        return await self._run(self._by_replica())
