# Made from awaited.py: change that, and run `python -m tests.faces`.
"""The PN-Counter on a server: a counter that goes up and down."""

from __future__ import annotations

from redis_crdt.transport.server import ReplicaOperations
from redis_crdt.types.base.counter.blocking import Counter
from redis_crdt.types.pn_counter.operations import PNCounterOperations


class PNCounter(PNCounterOperations, Counter):
    """A counter both ways (Shapiro et al., "A study of CRDTs", 2011, spec. 7)."""

    def increment(self, n: int = 1) -> None:
        """Count ``n`` up. One round trip.

        Raises :class:`InvalidAmount` if ``n`` is negative or no int, :class:`CounterOverflow`
        if what this replica counted up would pass 2**63 - 1.
        """
        self._run(self._increment(n))

    def decrement(self, n: int = 1) -> None:
        """Count ``n`` down. One round trip; raises as :meth:`increment` does."""
        self._run(self._decrement(n))

    def reset(self) -> None:
        """Take away all that the counter stands at: it is then at zero.

        What other regions have counted, and this one has not seen, still counts in full, however
        many reset it at once. One round trip per 500 totals, of which each replica has a few.
        """
        self._drive(self._reset_in_steps())


class OpensPNCounter(ReplicaOperations):
    """Replicas have counters that go up and down."""

    def pn_counter(self, name: str) -> PNCounter:
        """Take up a counter that goes up and down."""
        return self._take_up(PNCounter(self, name))
