# Made from awaited.py: change that, and run `python -m tests.faces`.
"""The G-Counter on a server: a counter that only grows."""

from __future__ import annotations

from redis_crdt.transport.server import ReplicaOperations
from redis_crdt.types.base.counter.blocking import Counter
from redis_crdt.types.g_counter.operations import GCounterOperations


class GCounter(GCounterOperations, Counter):
    """A grow-only counter (Shapiro et al., "A study of CRDTs", 2011, spec. 6)."""

    def increment(self, n: int = 1) -> None:
        """Count ``n`` more. One round trip.

        Raises :class:`InvalidAmount` if ``n`` is negative or no int, :class:`CounterOverflow`
        if this replica's total would pass 2**63 - 1.
        """
        self._run(self._increment(n))


class OpensGCounter(ReplicaOperations):
    """Replicas have counters that only grow."""

    def g_counter(self, name: str) -> GCounter:
        """Take up a counter that only grows."""
        return self._take_up(GCounter(self, name))
