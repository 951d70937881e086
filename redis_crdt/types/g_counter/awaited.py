"""The G-Counter on a server, for asyncio: a counter that only grows."""

from __future__ import annotations

from redis_crdt.types.base.collection.awaited import Collection
from redis_crdt.types.base.counter.operations import CounterOperations, GCounterOperations


class Counter(Collection[int], CounterOperations):
    """What both counters can: be read."""

    async def value(self) -> int:
        """Return the count, over all replicas. One round trip."""
        return await self._run(self._value())

    async def by_replica(self) -> dict[str, int]:
        """Return what each replica has counted. One round trip."""
        return await self._run(self._by_replica())


class GCounter(Counter, GCounterOperations):
    """A grow-only counter (Shapiro et al., "A study of CRDTs", 2011, spec. 6)."""

    async def increment(self, n: int = 1) -> None:
        """Count ``n`` more. One round trip.

        Raises :class:`InvalidAmount` if ``n`` is negative or no int, :class:`CounterOverflow`
        if this replica's total would pass 2**63 - 1.
        """
        await self._run(self._increment(n))
