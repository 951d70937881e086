"""The counter map on a server, for asyncio: many counters, in order."""

from __future__ import annotations

from redis_crdt.transport.server import ReplicaOperations
from redis_crdt.types.base.ranked.awaited import Ranked
from redis_crdt.types.counter_map.operations import CounterMapOperations


class CounterMap(CounterMapOperations, Ranked[int]):
    """Counters by key, both ways, in order of what they stand at."""

    async def increment(self, key: str, n: int = 1) -> None:
        """Count ``n`` up. One round trip.

        Raises :class:`InvalidAmount` if ``n`` is negative or no int, :class:`CounterOverflow`
        if what this replica counted up of the key would pass 2**63 - 1, :class:`InvalidValue` if
        the key is no text or too long.
        """
        await self._run(self._increment(key, n))

    async def decrement(self, key: str, n: int = 1) -> None:
        """Count ``n`` down. One round trip; raises as :meth:`increment` does."""
        await self._run(self._decrement(key, n))

    async def value(self, key: str) -> int:
        """Return what the key stands at, over all replicas; 0 if it is not there. One round trip.

        Keys of others are not looked at.
        """
        return await self._run(self._value(key))

    async def remove(self, key: str) -> bool:
        """Remove the key if it is there, and tell whether it was. One round trip.

        What other regions have counted, and this one has not seen, still counts in full.
        """
        return await self._run(self._remove(key))


class OpensCounterMap(ReplicaOperations):
    """Replicas have maps of counters."""

    def counter_map(self, name: str) -> CounterMap:
        """Take up a map from text to counters, in order of what they stand at.

        It takes no partitions, for no one of them could tell a key's rank.
        """
        return self._take_up(CounterMap(self, name))
