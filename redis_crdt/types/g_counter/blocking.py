# Made from awaited.py: change that, and run `python -m tests.faces`.
"""The G-Counter on a server: a counter that only grows."""

from __future__ import annotations

from redis_crdt.types.base.collection.blocking import Collection
from redis_crdt.types.base.counter.operations import CounterOperations, GCounterOperations


class Counter(Collection[int], CounterOperations):
    """What both counters can: be read."""

    def value(self) -> int:
        """Return the count, over all replicas. One round trip."""
        return self._run(self._value())

    def by_replica(self) -> dict[str, int]:
        """Return what each replica has counted. One round trip."""
        return self._run(self._by_replica())


class GCounter(Counter, GCounterOperations):
    """A grow-only counter (Shapiro et al., "A study of CRDTs", 2011, spec. 6)."""

    def increment(self, n: int = 1) -> None:
        """Count ``n`` more. One round trip.

        Raises :class:`InvalidAmount` if ``n`` is negative or no int, :class:`CounterOverflow`
        if this replica's total would pass 2**63 - 1.
        """
        self._run(self._increment(n))
