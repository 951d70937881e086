"""The PN-Counter in memory."""

from __future__ import annotations

from typing import ClassVar

from redis_crdt.types.base.counter.memory import Counter
from redis_crdt.types.base.opener import Opener
from redis_crdt.types.pn_counter.batch import Recordable


class PNCounter(Recordable, Counter):
    """A counter both ways (Shapiro et al., "A study of CRDTs", 2011, spec. 7).

    Each writer has one total for what it counted up and one for down; the value is the
    difference of their sums.
    """

    kind: ClassVar = "pn_counter"

    def increment(self, n: int = 1) -> None:
        """Count ``n`` up.

        Raises :class:`InvalidAmount` if ``n`` is negative or no int, :class:`CounterOverflow`
        if this writer's total would pass 2**63 - 1.
        """
        self._count("+", n)

    def decrement(self, n: int = 1) -> None:
        """Count ``n`` down; raises as :meth:`increment` does."""
        self._count("-", n)


class OpensPNCounter(Opener):
    """Replicas have counters that go up and down."""

    def pn_counter(self, name: str) -> PNCounter:
        """Open a counter that goes up and down."""
        return self._open(PNCounter, name, int)
