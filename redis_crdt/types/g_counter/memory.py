"""The G-Counter in memory."""

from __future__ import annotations

from typing import ClassVar

from redis_crdt.types.base.counter.memory import Counter
from redis_crdt.types.base.opener import Opener
from redis_crdt.types.g_counter.batch import Recordable


class GCounter(Recordable, Counter):
    """A grow-only counter (Shapiro et al., "A study of CRDTs", 2011, spec. 6).

    Each writer counts in a total of its own; the value is the sum.
    """

    kind: ClassVar = "g_counter"

    def increment(self, n: int = 1) -> None:
        """Count ``n`` more.

        Raises :class:`InvalidAmount` if ``n`` is negative or no int, :class:`CounterOverflow`
        if this writer's total would pass 2**63 - 1.
        """
        self._count("", n)


class OpensGCounter(Opener):
    """Replicas have counters that only grow."""

    def g_counter(self, name: str) -> GCounter:
        """Open a counter that only grows."""
        return self._open(GCounter, name, int)
