# Made from awaited.py: change that, and run `python -m tests.faces`.
"""What counters on a server have in common."""

from __future__ import annotations

from redis_crdt.types.base.collection.blocking import Collection
from redis_crdt.types.base.counter.operations import CounterOperations


class Counter(Collection[int], CounterOperations):
    """What both counters can: be read."""

    def value(self) -> int:
        """Return the count, over all replicas. One round trip."""
        return self._run(self._value())

    def by_replica(self) -> dict[str, int]:
        """Return what each replica has counted. One round trip."""
        return self._run(self._by_replica())
